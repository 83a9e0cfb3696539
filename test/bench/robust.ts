/**
 * What a veto withstands: the recipe trained from several seeds, measured on frames as they are and disturbed, mean and worst of the
 * seeds with the interval of all their frames together. Fixed point, bit for bit what the firmware computes.
 *
 *     npx tsx test/bench/robust.ts FRAMES.h5 [--recipe NAME|FILE] [--seeds 1,2,3] [--folds whole,A,B] [--final] [--keep DIR] [--also OTHER.h5] [--backend NAME]
 *
 * Fold `whole` trains on the train split; A and B train on two crystals and on some detector styles and measure the others (see
 * accuracy.ts --unseen). Choose by A and B, which measure frames of the *train* split only. --final also measures the test split
 * (of A and B, what they have not seen of it) and, with --also, other labelled frames: to be run once, at the end.
 * --keep holds trained networks: what was killed goes on.
 *
 *     npx tsx test/bench/robust.ts FRAMES.h5 --runs RUN,RUN,RUN [--of whole|A|B] [--final] [--also OTHER.h5]
 *
 * measures finished runs, one a seed, in place of training: of `whole` (the default) those that `vetoc run` made of the train split.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../src/core/errors.js';
import { openFrames } from '../../src/data/open.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { loadRun } from '../../src/run/folder.js';
import { backendNameSchema } from '../../src/tensorflow/backend-name.js';
import { checkFrameSize } from '../../src/run/frames-for-network.js';
import { loadRecipe } from '../../src/run/recipe.js';
import { trainedNetworks } from './accuracy/networks.js';
import { FOLDS, HIT_CLASSES, splitParts, unseenParts, type Parts, type Seen } from './accuracy/parts.js';
import { printTable } from './robust/measure.js';

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};

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
const backend = backendNameSchema.parse(option('backend') ?? 'auto');
const isTest = (i: number): boolean => source.label(i).split === 'test';

/** The train split's own validation frames do not measure it: a fold without unseen frames measures the test split alone. */
function parts(seen: Seen | null): Parts {
  return seen === null ? splitParts(source) : unseenParts(source, seen);
}

/** Prints what `graphs` do: on unseen frames of the train split, and with --final on the test split and on --also. */
async function judge(fold: string, seen: Seen | null, graphs: readonly FixedGraph[]): Promise<void> {
  const { test } = parts(seen);
  const goals = seen === null ? 'whole' : 'unseen';
  const developed = test.filter((i) => !isTest(i));
  if (developed.length > 0) await printTable(`fold ${fold}, train split`, graphs, source, developed, goals);
  if (!final) return;
  await printTable(`fold ${fold}, test split`, graphs, source, test.filter(isTest), goals);
  const also = option('also');
  if (also === undefined) return;
  const other = await openFrames(also);
  const all = Array.from({ length: other.count }, (_, i) => i);
  await printTable(`fold ${fold}, ${also}`, graphs, other, all, null);
  await other.close();
}

function seenBy(fold: string, field: string): Seen | null {
  const seen = FOLDS[fold];
  if (seen !== undefined) return seen;
  throw new UserError(`there is no fold '${fold}'`, {
    field,
    remedy: `choose from ${Object.keys(FOLDS).join(', ')}`,
  });
}

async function trained(fold: string, seen: Seen | null): Promise<FixedGraph[]> {
  const graphs: FixedGraph[] = [];
  for (const seed of seeds) {
    const folder = keep === null ? null : join(keep, `${fold}-${seed}`);
    if (folder !== null) mkdirSync(folder, { recursive: true });
    const seeded = { ...recipe, seed };
    const request = {
      name: recipe.name,
      source,
      parts: parts(seen),
      recipe: seeded,
      seen,
      keep: folder,
      backend,
    };
    graphs.push((await trainedNetworks(request)).fixed);
  }
  return graphs;
}

const runs = option('runs');
if (runs !== undefined) {
  const fold = option('of') ?? 'whole';
  const seen = seenBy(fold, '--of');
  if (seen === null && !final)
    throw new UserError('what a run of the whole train split has not seen is the test split', {
      field: '--runs',
      remedy: 'say --final to measure that, or --of A where the runs saw that fold alone',
    });
  const graphs: FixedGraph[] = [];
  for (const dir of runs.split(',')) {
    const { fixed } = await loadRun(dir);
    checkFrameSize(source, fixed);
    graphs.push(fixed);
  }
  await judge(fold, seen, graphs);
} else
  for (const fold of (option('folds') ?? 'whole,A,B').split(',')) {
    const seen = seenBy(fold, '--folds');
    if (seen === null && !final) continue;
    await judge(fold, seen, await trained(fold, seen));
  }
await source.close();
