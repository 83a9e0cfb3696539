/**
 * How well networks tell hits from misses, float and fixed, beside two established spot finders: one table.
 *
 *     npx tsx test/bench/accuracy.ts FRAMES.h5 [--networks NAME,…] [--recipe NAME|FILE] [--epochs N] [--simulated N] [--seed N]
 *                               [--unseen [--crystals A,B] [--styles A,B]] [--also OTHER.h5] [--keep DIR] [--backend NAME] [--no-finders] [--details]
 *
 * FRAMES has labels of the five DiffraNet classes and a train/test split. Each network is trained by the recipe (default `veto`) on the
 * train split (an eighth of it validates and calibrates), with the simulated frames that the recipe asks for beside it, and measured
 * once on the test split. NAME is one of the registry, or `recipe` for the recipe's own; by default that one and the four veto
 * networks of the registry.
 *
 * With --unseen they are trained on some crystals and detector styles (the `cell` and `style` of the frames' metadata) and
 * measured on frames of none of them; simulated frames of the others are left out, too. --also measures on further labelled
 * frames. The thresholds of the spot finders are fitted on the same training frames. The fixed rows are the bit-exact
 * fixed.onnx: what the firmware computes. --details adds confusion matrices and the rows of each crystal and style. --keep
 * holds trained networks and checkpoints: what was killed goes on.
 */
import { mkdirSync } from 'node:fs';
import { showEvents } from '../../src/cli/console.js';
import { beginStage } from '../../src/run/events.js';
import { evaluateWithGroups } from '../../src/run/evaluation-groups.js';
import { confusionTable, expertTable, groupsTable } from '../../src/text/evaluation.js';
import { scoreFixed } from '../../src/run/stages/score.js';
import { loadRecipe, type Recipe } from '../../src/run/recipe.js';
import { UserError } from '../../src/core/errors.js';
import type { FrameSource } from '../../src/data/frames.js';
import { backendNameSchema } from '../../src/tensorflow/backend-name.js';
import { openFrames } from '../../src/data/open.js';
import { lsb } from '../../src/fixed/format.js';
import { findNode } from '../../src/ir/graph.js';
import { createPeakCounter, fitCountThreshold } from '../../src/spotfind/baseline.js';
import { frameGeometry } from '../../src/spotfind/geometry.js';
import { parseSpotParameters } from '../../src/spotfind/parameters.js';
import { evaluate, type EvaluationInput } from '../../src/statistics/metrics.js';
import { parameterCount } from '../../src/train/parameters.js';
import { predictFloat } from '../../src/train/predict.js';
import { trainedNetworks, type Networks } from './accuracy/networks.js';
import { HIT_CLASSES, splitParts, unseenParts, type Parts } from './accuracy/parts.js';
import { ACCURACY_HEADER, accuracyRow, finderRow } from './accuracy/tables.js';

const OWN = 'recipe';

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};
const flag = (name: string): boolean => process.argv.includes(`--${name}`);

async function askedRecipe(): Promise<Recipe> {
  const recipe = await loadRecipe(option('recipe') ?? 'veto');
  const { training } = recipe;
  return {
    ...recipe,
    seed: Number(option('seed') ?? recipe.seed),
    training: {
      ...training,
      epochs: Number(option('epochs') ?? training.epochs),
      simulated: { ...training.simulated, frames: Number(option('simulated') ?? training.simulated.frames) },
    },
  };
}

async function* pixelsOf(source: FrameSource, indices: readonly number[]): AsyncGenerator<Uint16Array> {
  for (const i of indices) yield (await source.read(i)).pixels;
}

/** Frames that only say hit or miss count as Good or No crystal. */
function classOf(source: FrameSource, i: number): number {
  const { label, hit } = source.label(i);
  return source.classNames?.length === HIT_CLASSES.length ? label! : hit === true ? 3 : 1;
}

/** Prints the rows of one network; with --details returns what to print below the table. */
async function networkRows(
  { name, float, fixed }: Networks,
  source: FrameSource,
  indices: readonly number[],
): Promise<string> {
  const base = { labels: indices.map((i) => classOf(source, i)), hitClasses: HIT_CLASSES };
  const logits = await predictFloat(float, pixelsOf(source, indices));
  const integers = await scoreFixed(fixed, source, indices, beginStage(showEvents(), name));
  const unit = lsb(findNode(fixed, fixed.output).format);
  const input: EvaluationInput = { ...base, logits: integers, threshold: fixed.threshold, unit };
  const { evaluation, grouped } = evaluateWithGroups('fixed', input, source, indices, fixed.classNames);
  console.log(accuracyRow(`${name} float`, evaluate({ ...base, logits, threshold: float.threshold })));
  console.log(accuracyRow(`${name} fixed`, evaluation));
  return [
    `${name}, fixed`,
    confusionTable(evaluation, fixed.classNames),
    expertTable(evaluation),
    ...grouped.map((groups) => groupsTable(groups, true)),
  ].join('\n\n');
}

async function countSpots(
  source: FrameSource,
  indices: readonly number[],
  algorithm: 'peakfinder8' | 'dispersion-extended',
): Promise<number[]> {
  const count = createPeakCounter(parseSpotParameters(algorithm));
  const counts: number[] = [];
  for (const i of indices) counts.push(count(await source.read(i), frameGeometry(source.meta(i))));
  return counts;
}

/** Spot counts as the score of a hit, thresholds fitted on the frames that train and validate. */
async function finderRows(source: FrameSource, parts: Parts): Promise<void> {
  const fitted = [...parts.train, ...parts.validation];
  const isHit = (i: number): boolean => HIT_CLASSES[source.label(i).label!]!;
  for (const algorithm of ['peakfinder8', 'dispersion-extended'] as const) {
    const { threshold } = fitCountThreshold(await countSpots(source, fitted, algorithm), fitted.map(isHit));
    const counts = await countSpots(source, parts.test, algorithm);
    const logits = counts.map((n) => [threshold - 0.5, n]);
    const input = {
      logits,
      labels: parts.test.map((i) => Number(isHit(i))),
      hitClasses: [false, true],
      threshold: 0,
    };
    console.log(finderRow(`${algorithm} >= ${threshold}`, evaluate(input)));
  }
}

/** One table: all networks, then what `more` prints; their details below it. */
async function table(
  title: string,
  all: readonly Networks[],
  source: FrameSource,
  indices: readonly number[],
  more: () => Promise<void>,
): Promise<void> {
  console.log(`\n${title}, ${indices.length} frames\n${ACCURACY_HEADER}`);
  const details: string[] = [];
  for (const networks of all) details.push(await networkRows(networks, source, indices));
  await more();
  if (flag('details')) console.log(`\n${details.join('\n\n')}`);
}

const path = process.argv[2];
if (path === undefined || path.startsWith('--'))
  throw new UserError('no frames were named', { remedy: 'npx tsx test/bench/accuracy.ts FRAMES.h5' });
const source = await openFrames(path);
const recipe = await askedRecipe();
const seen = {
  crystals: (option('crystals') ?? 'lysozyme,PSII').split(','),
  styles: (option('styles') ?? 'counting,ccd').split(','),
};
const unseen = flag('unseen');
const parts = unseen ? unseenParts(source, seen) : splitParts(source);
const keep = option('keep') ?? null;
if (keep !== null) mkdirSync(keep, { recursive: true });

const all: Networks[] = [];
for (const name of (option('networks') ?? `${OWN},veto-nano,veto-small,veto-base,veto-large`).split(',')) {
  const network = name === OWN ? recipe.training.network : name;
  const own = name === OWN ? recipe.name : name;
  const backend = backendNameSchema.parse(option('backend') ?? 'auto');
  const request = { name: own, source, parts, keep, seen: unseen ? seen : null, backend };
  const networks = await trainedNetworks({
    ...request,
    recipe: { ...recipe, training: { ...recipe.training, network } },
  });
  console.log(`${own}: ${parameterCount(networks.float)} weights`);
  all.push(networks);
}
const { train, validation, test } = parts;
console.log(`${train.length} frames train, ${validation.length} validate, ${test.length} test`);
const title = unseen
  ? `trained on ${seen.crystals.join(', ')} and ${seen.styles.join(', ')}, measured on the others`
  : 'test split';
await table(title, all, source, test, async () => {
  if (!flag('no-finders')) await finderRows(source, parts);
});
const also = option('also');
if (also !== undefined) {
  const other = await openFrames(also);
  const everything = Array.from({ length: other.count }, (_, i) => i);
  await table(also, all, other, everything, () => Promise.resolve());
  await other.close();
}
await source.close();
