/**
 * Accuracy against size: finished runs on frames that they have not seen, with their weights and the look-up tables that they are estimated
 * to take; those that no other beats are marked.
 *
 *     npx tsx test/bench/front.ts FRAMES.h5 RUN RUN … [--of whole|A|B] [--target BOARD]
 *
 * FRAMES has labels and a train/test split. Of `whole` (the default) the test split is measured; of A and B, frames whose crystals and styles
 * the runs have not seen (see robust.ts). RUN is the folder of a run, also one of `vetoc quantize`; the seeds of one network are given one
 * after the other and their names tell them apart.
 */
import { basename } from 'node:path';
import { designHls } from '../../src/backends/dataflow/design.js';
import { summarize } from '../../src/backends/hls/summary.js';
import { UserError } from '../../src/core/errors.js';
import { table } from '../../src/core/table.js';
import { openFrames } from '../../src/data/open.js';
import { veto } from '../../src/ir/graph.js';
import { countWeights } from '../../src/passes/prune-weights.js';
import { beginStage, silence } from '../../src/run/events.js';
import { loadRun } from '../../src/run/folder.js';
import { checkFrameSize } from '../../src/run/frames-for-network.js';
import { scoreFixed } from '../../src/run/stages/score.js';
import { proportion, type Proportion } from '../../src/statistics/proportion.js';
import { loadFpga } from '../../src/targets/load.js';
import { FOLDS, splitParts, unseenParts } from './accuracy/parts.js';

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};
const options = process.argv.findIndex((text, i) => i > 2 && text.startsWith('--'));
const [path, ...runs] = process.argv.slice(2, options < 0 ? undefined : options);
if (path === undefined || runs.length === 0)
  throw new UserError('frames and runs are needed', {
    remedy: 'npx tsx test/bench/front.ts FRAMES.h5 RUN …',
  });

interface Point {
  readonly run: string;
  readonly weights: number;
  readonly notZero: number;
  readonly lut: number;
  readonly hitMiss: Proportion;
}

const source = await openFrames(path);
const fold = option('of') ?? 'whole';
const seen = FOLDS[fold];
if (seen === undefined)
  throw new UserError(`there is no fold '${fold}'`, {
    field: '--of',
    remedy: `choose from ${Object.keys(FOLDS).join(', ')}`,
  });
const { test } = seen === null ? splitParts(source) : unseenParts(source, seen);
const points: Point[] = [];
for (const run of runs) {
  const { fixed } = await loadRun(run);
  checkFrameSize(source, fixed);
  const target = await loadFpga(option('target') ?? 'kcu1500');
  const { estimate } = summarize(designHls(fixed, { target }));
  const logits = await scoreFixed(fixed, source, test, beginStage(silence, 'Score'));
  const right = test.filter(
    (i, k) => veto(logits[k]!, fixed.hitClasses) > 0 === (source.label(i).hit === true),
  );
  const { all, nonZero } = countWeights(fixed);
  points.push({
    run: basename(run),
    weights: all,
    notZero: nonZero,
    lut: estimate.total.lut,
    hitMiss: proportion(right.length, test.length),
  });
}
await source.close();
const beaten = (a: Point): boolean =>
  points.some(
    (b) =>
      b !== a &&
      b.lut <= a.lut &&
      b.hitMiss.value >= a.hitMiss.value &&
      (b.lut < a.lut || b.hitMiss.value > a.hitMiss.value),
  );
console.log(`${test.length} frames, fold ${fold}; fixed point; → no other is smaller and as good`);
console.log(
  table(
    ['', 'run', 'weights', 'not 0', 'LUTs, estimated', 'hit/miss % [95 %]'],
    points
      .toSorted((a, b) => a.lut - b.lut)
      .map((p) => [
        beaten(p) ? '' : '→',
        p.run,
        String(p.weights),
        String(p.notZero),
        p.lut.toFixed(0),
        `${(100 * p.hitMiss.value).toFixed(2)} [${(100 * p.hitMiss.low).toFixed(1)}, ${(100 * p.hitMiss.high).toFixed(1)}]`,
      ]),
  ),
);
