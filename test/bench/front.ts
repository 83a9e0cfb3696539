/**
 * Accuracy against size: networks on frames that they have not seen, with their weights and the look-up tables that they are estimated
 * to take; those that no other beats are marked.
 *
 *     npx tsx test/bench/front.ts FRAMES.h5 [--of A|B|whole] [--networks veto-nano,veto-small] [--seed 1] [--keep DIR] [--backend NAME] [--target BOARD]
 *
 * trains the recipe `veto` and small networks alone, taught by it, in fixed point at few bits, at widths that are learned by gradient and at
 * those that a search finds (front/candidates.ts). What lies in DIR (default: out/front) is not trained again; bench:robust keeps its
 * networks there, too.
 *
 *     npx tsx test/bench/front.ts FRAMES.h5 RUN RUN … [--of whole|A|B] [--target BOARD]
 *
 * measures finished runs instead (also those of `vetoc quantize`); the seeds of one network are given one after the other and their names
 * tell them apart. FRAMES has labels and a train/test split. Of `whole` the test split is measured; of A and B (the default, A, where
 * networks are trained) frames of the train split whose crystals and styles they have not seen (see robust.ts).
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
import { pointAt, vetoCurve } from '../../src/statistics/veto-curve.js';
import { loadFpga } from '../../src/targets/load.js';
import { backendNameSchema } from '../../src/tensorflow/backend-name.js';
import { candidates, type Candidate } from './front/candidates.js';
import { FOLDS, splitParts, unseenParts } from './accuracy/parts.js';

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};
const options = process.argv.findIndex((text, i) => i > 2 && text.startsWith('--'));
const [path, ...runs] = process.argv.slice(2, options < 0 ? undefined : options);
if (path === undefined)
  throw new UserError('no frames were named', { remedy: 'npx tsx test/bench/front.ts FRAMES.h5' });

interface Point {
  readonly name: string;
  readonly weights: number;
  readonly notZero: number;
  readonly lut: number;
  readonly hitMiss: Proportion;
  /** Where 99.5 % of the hits are kept. */
  readonly rejected: Proportion;
}

const source = await openFrames(path);
const fold = option('of') ?? (runs.length === 0 ? 'A' : 'whole');
const seen = FOLDS[fold];
if (seen === undefined)
  throw new UserError(`there is no fold '${fold}'`, {
    field: '--of',
    remedy: `choose from ${Object.keys(FOLDS).join(', ')}`,
  });
const parts = seen === null ? splitParts(source) : unseenParts(source, seen);
const measured = seen === null ? parts.test : parts.test.filter((i) => source.label(i).split !== 'test');
const target = await loadFpga(option('target') ?? 'kcu1500');

async function* finished(): AsyncGenerator<Candidate> {
  for (const run of runs) {
    const { fixed } = await loadRun(run);
    checkFrameSize(source, fixed);
    yield { name: basename(run), fixed };
  }
}

const trained = (): AsyncGenerator<Candidate> =>
  candidates({
    ...{ source, parts, seen, fold, target },
    seed: Number(option('seed') ?? 1),
    networks: (option('networks') ?? 'veto-nano,veto-small').split(','),
    keep: option('keep') ?? 'out/front',
    backend: backendNameSchema.parse(option('backend') ?? 'auto'),
  });

const points: Point[] = [];
for await (const { name, fixed } of runs.length === 0 ? trained() : finished()) {
  const { estimate } = summarize(designHls(fixed, { target }));
  const logits = await scoreFixed(fixed, source, measured, beginStage(silence, 'Score'));
  const scores = logits.map((row) => veto(row, fixed.hitClasses));
  const isHit = measured.map((i) => source.label(i).hit === true);
  const right = scores.filter((score, k) => score > 0 === isHit[k]).length;
  const { all, nonZero } = countWeights(fixed);
  points.push({
    name,
    weights: all,
    notZero: nonZero,
    lut: estimate.total.lut,
    hitMiss: proportion(right, measured.length),
    rejected: pointAt(vetoCurve(scores, isHit), 0.995).missesRejected,
  });
  console.error(`${name}: ${right} of ${measured.length} right, ${estimate.total.lut.toFixed(0)} LUTs`);
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
console.log(`${measured.length} frames, fold ${fold}; fixed point; → no other is smaller and as good`);
console.log(
  table(
    ['', 'network', 'weights', 'not 0', 'LUTs, estimated', 'hit/miss % [95 %]', 'rejected at 99.5 % of hits'],
    points
      .toSorted((a, b) => a.lut - b.lut)
      .map((p) => [
        beaten(p) ? '' : '→',
        p.name,
        String(p.weights),
        String(p.notZero),
        p.lut.toFixed(0),
        `${(100 * p.hitMiss.value).toFixed(2)} [${(100 * p.hitMiss.low).toFixed(1)}, ${(100 * p.hitMiss.high).toFixed(1)}]`,
        (100 * p.rejected.value).toFixed(1),
      ]),
  ),
);
