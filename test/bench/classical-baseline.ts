/**
 * Hit or miss by counting spots: the row of the classical finders in an accuracy table.
 *
 *     npx tsx test/bench/classical-baseline.ts FRAMES.h5
 *
 * FRAMES.h5 carries labels and a split; the threshold is fitted on train and measured on test.
 */
import { openFrames } from '../../src/data/open.js';
import { countAccuracy, createPeakCounter, fitCountThreshold } from '../../src/spotfind/baseline.js';
import { frameGeometry } from '../../src/spotfind/geometry.js';
import { parseSpotParameters, SPOT_ALGORITHMS } from '../../src/spotfind/parameters.js';

/** Probability that a hit counts more spots than a miss, ties half. */
function areaUnderCurve(counts: readonly number[], hits: readonly boolean[]): number {
  const misses = counts.filter((_, i) => !hits[i]);
  const pairs = counts
    .filter((_, i) => hits[i])
    .map((hit) => misses.reduce((sum, miss) => sum + (hit > miss ? 1 : hit === miss ? 0.5 : 0), 0));
  return pairs.reduce((a, b) => a + b, 0) / (pairs.length * misses.length);
}

const file = process.argv[2];
if (file === undefined) throw new Error('name a file of labelled frames');
const source = await openFrames(file);
console.log('finder                threshold  train   test    AUC');
for (const algorithm of SPOT_ALGORITHMS) {
  const count = createPeakCounter(parseSpotParameters(algorithm));
  const counts = { train: [] as number[], test: [] as number[] };
  const hits = { train: [] as boolean[], test: [] as boolean[] };
  for (let index = 0; index < source.count; index++) {
    const { split, hit } = source.label(index);
    if ((split !== 'train' && split !== 'test') || hit === null) continue;
    counts[split].push(count(await source.read(index), frameGeometry(source.meta(index))));
    hits[split].push(hit);
  }
  const fit = fitCountThreshold(counts.train, hits.train);
  const percent = (x: number): string => `${(100 * x).toFixed(1)} %`.padEnd(7);
  console.log(
    `${algorithm.padEnd(21)} ${String(fit.threshold).padEnd(9)}  ${percent(fit.accuracy)} ` +
      `${percent(countAccuracy(counts.test, hits.test, fit.threshold))} ${areaUnderCurve(counts.test, hits.test).toFixed(3)}`,
  );
}
await source.close();
