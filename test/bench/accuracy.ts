/**
 * How well a recipe's network tells hits from misses, float and fixed, beside two established spot finders.
 *
 *     npx tsx test/bench/accuracy.ts FRAMES.h5 [--recipe NAME|FILE] [--network NAME] [--epochs N] [--simulated N] [--unseen]
 *                               [--also OTHER.h5] [--finders] [--seed N] [--checkpoint FILE]
 *
 * FRAMES has labels of the five DiffraNet classes and a train/test split. The network is trained on the train split (an
 * eighth of it validates and calibrates), with the simulated frames that the recipe asks for beside it, and measured
 * once on the test split. With --unseen it is trained on two crystals and two detector styles (the `cell` and `style`
 * of the frames' metadata) and measured on frames of neither; simulated frames of the others are left out, too. --also
 * measures on further labelled frames. --finders adds the spot finders, their thresholds fitted on the same training frames. The fixed
 * column is the bit-exact fixed.onnx: what the firmware computes.
 */
import { loadRecipe, type Recipe } from '../../src/cli/recipe.js';
import { startProgress } from '../../src/cli/console.js';
import { scoreFixed } from '../../src/cli/pipeline/score.js';
import { UserError } from '../../src/core/errors.js';
import type { FrameSource } from '../../src/data/frames.js';
import { openFrames } from '../../src/data/open.js';
import { preprocessNodes } from '../../src/data/preprocess.js';
import { lsb } from '../../src/fixed/format.js';
import { findNode, veto, type FixedGraph, type FloatGraph } from '../../src/ir/graph.js';
import { quantizeNetwork } from '../../src/passes/quantize-network.js';
import { createPeakCounter, fitCountThreshold } from '../../src/spotfind/baseline.js';
import { frameGeometry } from '../../src/spotfind/geometry.js';
import { parseSpotParameters } from '../../src/spotfind/parameters.js';
import { chooseThreshold, evaluate, type EvaluationInput } from '../../src/train/metrics.js';
import { loadNetwork } from '../../src/train/networks/load.js';
import { parameterCount } from '../../src/train/parameters.js';
import { predictFloat } from '../../src/train/predict.js';
import { trainQuantized } from '../../src/train/quantization-aware.js';
import { trainNetwork, type TrainEvent } from '../../src/train/train.js';
import {
  crystalOf,
  HIT_CLASSES,
  joined,
  labelledFrames,
  simulatedBeside,
  splitParts,
  styleOf,
  unseenParts,
  type Parts,
} from './accuracy/parts.js';
import {
  ACCURACY_HEADER,
  accuracyRow,
  confusionTable,
  expertTable,
  finderRow,
  groupTable,
} from './accuracy/tables.js';

const CALIBRATION_FRAMES = 128;
const SEEN = { crystals: ['lysozyme', 'PSII'], styles: ['counting', 'ccd'] };

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
      network: option('network') ?? training.network,
      epochs: Number(option('epochs') ?? training.epochs),
      simulated: { ...training.simulated, frames: Number(option('simulated') ?? training.simulated.frames) },
    },
  };
}

function follow(event: TrainEvent): void {
  if (event.kind !== 'epoch') return;
  const { epoch, loss, accuracy, validation: v } = event.result;
  const percent = (x: number): string => (100 * x).toFixed(1);
  process.stderr.write(
    `epoch ${epoch}/${event.epochs}: loss ${loss.toFixed(3)}, classes ${percent(accuracy)} %; validation loss ${v.loss.toFixed(3)}, ` +
      `hit/miss ${percent(v.hitMissAccuracy)} %, classes ${percent(v.accuracy)} %, rejected ${percent(v.rejection ?? NaN)} %\n`,
  );
}

interface Networks {
  readonly float: FloatGraph;
  readonly fixed: FixedGraph;
}

async function train(source: FrameSource, parts: Parts, recipe: Recipe): Promise<Networks> {
  const { training, seed, calibration, quantization } = recipe;
  const graph = await loadNetwork({
    network: training.network,
    preprocess: preprocessNodes(recipe.preprocess, [source.height, source.width]),
    classes: { classNames: source.classNames!, hitClasses: HIT_CLASSES },
    seed,
  });
  const { frames, ownRepeats } = training.simulated;
  const own = labelledFrames(source, parts.train);
  const sets = frames === 0 ? [own] : Array.from({ length: ownRepeats }, () => own);
  if (frames > 0) {
    const simulated = simulatedBeside(source, frames, flag('unseen') ? SEEN : null);
    sets.push(labelledFrames(simulated.source, simulated.indices));
  }
  const checkpoint = option('checkpoint');
  const request = {
    graph,
    train: joined(sets),
    validation: labelledFrames(source, parts.validation),
    recipe: training,
    seed,
    onProgress: follow,
    ...(checkpoint === undefined ? {} : { checkpoint }),
  };
  console.log(
    `${parameterCount(graph)} weights; ${parts.train.length} frames train${frames === 0 ? '' : `, ${ownRepeats} times an epoch, beside simulated ones (${request.train.count} in all)`}, ` +
      `${parts.validation.length} validate, ${parts.test.length} test`,
  );
  const trained = await trainNetwork(request);
  const calibrationFrames: { pixels: Uint16Array; spots: null }[] = [];
  for (const i of parts.validation.slice(0, CALIBRATION_FRAMES))
    calibrationFrames.push({ pixels: (await source.read(i)).pixels, spots: null });
  const quantize = { calibration, quantization };
  const float = trained.graph;
  const { fixed } =
    training.quantizationAware.epochs > 0
      ? await trainQuantized({ ...request, graph: float, calibrationFrames, quantize })
      : await quantizeNetwork(float, calibrationFrames, quantize);
  return { float, fixed: await withThreshold(fixed, source, parts, training.keepFraction) };
}

/** The threshold on fixed-point scores that keeps the wanted share of validation hits. */
async function withThreshold(
  fixed: FixedGraph,
  source: FrameSource,
  { validation }: Parts,
  keepFraction: number,
): Promise<FixedGraph> {
  const logits = await scoreFixed(fixed, source, validation, startProgress('Threshold'));
  const scores = logits.map((row) => veto(row, HIT_CLASSES));
  const hits = validation.map((i) => HIT_CLASSES[source.label(i).label!]!);
  return { ...fixed, threshold: Math.ceil(chooseThreshold(scores, hits, keepFraction)) };
}

async function* pixelsOf(source: FrameSource, indices: readonly number[]): AsyncGenerator<Uint16Array> {
  for (const i of indices) yield (await source.read(i)).pixels;
}

/** Rows of both networks, then the tables of the fixed one. */
async function measure(
  title: string,
  { float, fixed }: Networks,
  source: FrameSource,
  indices: readonly number[],
): Promise<void> {
  const labels = indices.map((i) => {
    const { label, hit } = source.label(i);
    // Frames that only say hit or miss count as Good or No crystal.
    return source.classNames?.length === HIT_CLASSES.length ? label! : hit === true ? 3 : 1;
  });
  const base = { labels, hitClasses: HIT_CLASSES };
  const logits = await predictFloat(float, pixelsOf(source, indices));
  const integers = await scoreFixed(fixed, source, indices, startProgress(title));
  const unit = lsb(findNode(fixed, fixed.output).format);
  const input: EvaluationInput = { ...base, logits: integers, threshold: fixed.threshold, unit };
  const exact = evaluate(input);
  console.log(`\n${title}, ${indices.length} frames\n${ACCURACY_HEADER}`);
  console.log(accuracyRow('float', evaluate({ ...base, logits, threshold: float.threshold })));
  console.log(accuracyRow('fixed', exact));
  console.log(`\n${confusionTable(exact, fixed.classNames)}\n\n${expertTable(exact)}`);
  const crystals = indices.map((i) => crystalOf(source, i));
  const styles = indices.map((i) => styleOf(source, i));
  console.log(
    `\n${groupTable('crystal', input, crystals)}\n\n${groupTable('detector style', input, styles)}`,
  );
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
async function measureFinders(source: FrameSource, parts: Parts): Promise<void> {
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

const path = process.argv[2];
if (path === undefined || path.startsWith('--'))
  throw new UserError('no frames were named', { remedy: 'npx tsx test/bench/accuracy.ts FRAMES.h5' });
const source = await openFrames(path);
const recipe = await askedRecipe();
const parts = flag('unseen') ? unseenParts(source, SEEN) : splitParts(source);
const networks = await train(source, parts, recipe);
await measure(flag('unseen') ? 'unseen crystals and styles' : 'test split', networks, source, parts.test);
if (flag('finders')) await measureFinders(source, parts);
const also = option('also');
if (also !== undefined) {
  const other = await openFrames(also);
  await measure(
    also,
    networks,
    other,
    Array.from({ length: other.count }, (_, i) => i),
  );
  await other.close();
}
await source.close();
