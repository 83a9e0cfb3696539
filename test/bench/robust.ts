/**
 * What a veto withstands: the recipe trained from several seeds, measured on frames as they are and disturbed, mean and worst of the
 * seeds with the interval of all their frames together. Fixed point, bit for bit what the firmware computes.
 *
 *     npx tsx test/bench/robust.ts FRAMES.h5 [--recipe NAME|FILE] [--seeds 1,2,3] [--folds whole,A,B] [--final] [--keep DIR] [--also OTHER.h5]
 *
 * Fold `whole` trains on the train split; A and B train on two crystals and on some detector styles and measure the others (see
 * accuracy.ts --unseen). Choose by A and B, which measure frames of the *train* split only. --final also measures the test split
 * (of A and B, what they have not seen of it) and, with --also, other labelled frames: to be run once, at the end.
 * --keep holds trained networks: what was killed goes on.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '../../src/core/random.js';
import { UserError } from '../../src/core/errors.js';
import type { FrameSource } from '../../src/data/frames.js';
import { disturbed, seriesRandom, type Strengths } from '../../src/data/nuisances/disturb.js';
import { openFrames } from '../../src/data/open.js';
import { veto, type FixedGraph } from '../../src/ir/graph.js';
import { beginStage, silence } from '../../src/run/events.js';
import { loadRecipe } from '../../src/run/recipe.js';
import { scoreFixed } from '../../src/run/stages/score.js';
import { proportion } from '../../src/statistics/proportion.js';
import { pointAt, vetoCurve } from '../../src/statistics/veto-curve.js';
import { trainedNetworks } from './accuracy/networks.js';
import { HIT_CLASSES, splitParts, unseenParts, type Parts, type Seen } from './accuracy/parts.js';

/** What is done to every frame; the first leaves it as it is. */
const CASES: readonly (readonly [name: string, strengths: Strengths])[] = [
  ['nothing', []],
  ['32 zingers', [['zingers', 32]]],
  ['pedestal + 10', [['pedestal', 10]]],
  ['pedestal + 40', [['pedestal', 40]]],
  ['gain × 3', [['gain', 3]]],
  ['a third of the photons', [['photonsLost', 2 / 3]]],
  ['background + 1', [['background', 1]]],
  ['background + 5', [['background', 5]]],
  ['point spread 1 px', [['pointSpread', 1]]],
  ['binned 2×2', [['binning', 2]]],
  ['powder rings', [['powder', 3]]],
  ['bright row and column', [['brightLines', 30]]],
  ['four dead bands', [['deadPanels', 4]]],
];

const FOLDS: Readonly<Record<string, Seen | null>> = {
  whole: null,
  A: { crystals: ['lysozyme', 'PSII'], styles: ['counting', 'ccd'] },
  B: { crystals: ['hydrogenase', 'thermolysin'], styles: ['panels'] },
};

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};

/** `source` with every frame disturbed. */
const disturbedSource = (source: FrameSource, strengths: Strengths): FrameSource => ({
  ...source,
  read: async (i) => {
    const frame = await source.read(i);
    return { ...frame, pixels: disturbed(frame, strengths, createRandom(2).fork(i), seriesRandom(2)) };
  },
});

interface Measured {
  readonly right: number;
  readonly frames: number;
  readonly rejected: number;
  readonly misses: number;
  readonly hitsLost: number;
  readonly missesKept: number;
}

async function measure(
  graph: FixedGraph,
  source: FrameSource,
  indices: readonly number[],
): Promise<Measured> {
  const progress = beginStage(silence, 'Score');
  const scores = (await scoreFixed(graph, source, indices, progress)).map((row) =>
    veto(row, graph.hitClasses),
  );
  const isHit = indices.map((i) => source.label(i).hit === true);
  const at995 = pointAt(vetoCurve(scores, isHit), 0.995).missesRejected;
  const kept = scores.map((score) => score >= graph.threshold);
  const count = (holds: (k: number) => boolean): number => [...isHit.keys()].filter(holds).length;
  return {
    // A frame is taken for a hit where the largest logit is a hit's.
    right: count((k) => scores[k]! > 0 === isHit[k]!),
    frames: indices.length,
    rejected: at995.count,
    misses: at995.total,
    hitsLost: count((k) => isHit[k]! && !kept[k]!),
    missesKept: count((k) => !isHit[k]! && kept[k]!),
  };
}

const percent = (value: number): string => (100 * value).toFixed(1).padStart(6);

/** Mean and worst of seeds, and the 95 % interval of all of them together. */
function spread(
  part: (m: Measured) => number,
  of: (m: Measured) => number,
  all: readonly Measured[],
): string {
  const shares = all.map((m) => part(m) / of(m));
  const sum = (f: (m: Measured) => number): number => all.reduce((s, m) => s + f(m), 0);
  const { low, high } = proportion(sum(part), sum(of));
  const mean = shares.reduce((a, b) => a + b, 0) / shares.length;
  return `${percent(mean)} ${percent(Math.min(...shares))} [${percent(low)},${percent(high)}]`;
}

async function table(
  title: string,
  graphs: readonly FixedGraph[],
  source: FrameSource,
  indices: readonly number[],
) {
  console.log(`\n${title}: ${indices.length} frames, ${graphs.length} seeds`);
  console.log(
    `${'done to every frame'.padEnd(24)}   hit/miss %: mean, worst, interval      rejected at 99.5 % of hits, likewise     hits lost  misses kept`,
  );
  for (const [name, strengths] of CASES) {
    const from = disturbedSource(source, strengths);
    const all: Measured[] = [];
    for (const graph of graphs) all.push(await measure(graph, from, indices));
    const list = (f: (m: Measured) => number): string => all.map(f).join(' ').padStart(10);
    console.log(
      `${name.padEnd(24)} ${spread(
        (m) => m.right,
        (m) => m.frames,
        all,
      )}    ` +
        `${spread(
          (m) => m.rejected,
          (m) => m.misses,
          all,
        )}    ${list((m) => m.hitsLost)}  ${list((m) => m.missesKept)}`,
    );
  }
}

const path = process.argv[2];
if (path === undefined || path.startsWith('--'))
  throw new UserError('no frames were named', { remedy: 'npx tsx test/bench/robust.ts FRAMES.h5' });
const source = await openFrames(path);
if (source.classNames?.length !== HIT_CLASSES.length)
  throw new UserError('does not have the five DiffraNet classes', { file: path, field: 'label' });
const recipe = await loadRecipe(option('recipe') ?? 'veto');
const final = process.argv.includes('--final');
const seeds = (option('seeds') ?? '1,2,3').split(',').map(Number);
const keep = option('keep') ?? null;
const isTest = (i: number): boolean => source.label(i).split === 'test';

/** The train split's own validation frames do not measure it: a fold without unseen frames measures the test split alone. */
function parts(seen: Seen | null): Parts {
  return seen === null ? splitParts(source) : unseenParts(source, seen);
}

for (const fold of (option('folds') ?? 'whole,A,B').split(',')) {
  const seen = FOLDS[fold];
  if (seen === undefined)
    throw new UserError(`there is no fold '${fold}'`, {
      field: '--folds',
      remedy: `choose from ${Object.keys(FOLDS).join(', ')}`,
    });
  if (seen === null && !final) continue;
  const part = parts(seen);
  const graphs: FixedGraph[] = [];
  for (const seed of seeds) {
    const folder = keep === null ? null : join(keep, `${fold}-${seed}`);
    if (folder !== null) mkdirSync(folder, { recursive: true });
    const request = {
      name: recipe.name,
      source,
      parts: part,
      recipe: { ...recipe, seed },
      seen,
      keep: folder,
    };
    graphs.push((await trainedNetworks(request)).fixed);
  }
  const developed = part.test.filter((i) => !isTest(i));
  if (developed.length > 0) await table(`fold ${fold}, train split`, graphs, source, developed);
  if (final) await table(`fold ${fold}, test split`, graphs, source, part.test.filter(isTest));
  const also = option('also');
  if (also === undefined || !final) continue;
  const other = await openFrames(also);
  await table(
    `fold ${fold}, ${also}`,
    graphs,
    other,
    Array.from({ length: other.count }, (_, i) => i),
  );
  await other.close();
}
await source.close();
