/** What rows have in common, taken away: the op by hand, what is refused of it, and that all who compute it agree. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { MEASURED, withoutCommonMode } from '../../src/data/raw/common-mode.js';
import { wordCalibration } from '../../src/data/raw/calibrated.js';
import { RAW_DETECTORS } from '../../src/data/raw/detectors.js';
import { calibrateWords, type FloatMaps } from '../../src/data/raw/float-maps.js';
import { format } from '../../src/fixed/format.js';
import { nodeId } from '../../src/ir/common.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { parseGraph, printGraph, serializeGraph } from '../../src/ir/serialize.js';
import { accumulatorWidth, reciprocals } from '../../src/ir/ops/common-mode.js';
import { verifyFixedGraph } from '../../src/ir/verify.js';
import { fromWords, RAW_IDS } from '../../src/passes/from-words.js';
import { interpretDrill } from '../../src/simulate/interpret.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import { createDrills } from '../../src/verify/drills/make.js';
import { runDrills } from '../../src/verify/drills/run.js';
import { expectAgreement } from './raw-agreement.js';
import { smallGraph } from './small-graphs.js';

const COUNTS = nodeId('input');
const FORMATS = { pedestal: format(false, 16, 14), factor: format(true, 16, 4) };
const graphOf = (size: readonly [number, number], columns: number, limit = 0.75, least = 2): FixedGraph =>
  fromWords(smallGraph(size, 1000, []), RAW_DETECTORS.jungfrau, FORMATS, { columns, limit, least });

/** What the op makes of a row of counts, in units of 1/256. */
const corrected = (row: readonly number[], columns: number, limit = 0.75, least = 2): number[] => {
  const graph = graphOf([1, row.length], columns, limit, least);
  const given = new Map(graph.nodes.map((n) => [n.id, new Int32Array(row.length)]));
  given.set(
    RAW_IDS.measured,
    Int32Array.from(row, (value) => Math.round(256 * value)),
  );
  return [...interpretDrill(graph, { given, stages: new Set([COUNTS]) }).tensors.get(COUNTS)!];
};

describe('commonMode, worked out by hand', () => {
  it('takes the mean of the dark pixels of a segment from all of them', () => {
    // Dark: 0.5, 0.75, 0.25; the other segment has a mean of -0.5, which lifts 2.25 over a half.
    expect(corrected([0.5, 0.75, 0.25, 3.25, -0.5, -0.5, 2.25, -0.5], 4)).toEqual([0, 0, 0, 3, 0, 0, 3, 0]);
    // In one segment of eight it is a mean of 0, and every pixel rounds by itself, half to even.
    expect(corrected([0.5, 0.75, 0.25, 3.25, -0.5, -0.5, 2.25, -0.5], 8)).toEqual([0, 1, 0, 3, 0, 0, 2, 0]);
  });

  it('leaves a segment as it is where too few pixels are dark', () => {
    expect(corrected([0.5, 1, 1.625, 1.375], 4, 0.75, 1)).toEqual([0, 0, 1, 1]);
    expect(corrected([0.5, 1, 1.625, 1.375], 4, 0.75, 2)).toEqual([0, 1, 2, 1]);
  });

  it('counts a pixel at the limit and none beyond it, and no pixel that measures nothing', () => {
    const beyond = 0.75 + 1 / 256;
    expect(corrected([0.75, 0.75, 1.375, 1.375], 4)).toEqual([0, 0, 1, 1]);
    expect(corrected([beyond, beyond, 1.375, 1.625], 4)).toEqual([1, 1, 1, 2]);
    // With the zeros the mean would be 0.25, and 0.75 would stay 1 − 0.25 = 0.5, and 1.625 round to 1.
    expect(corrected([0, 0.5, 0, 0.5, 0, 0, 1.625, 1.875], 8)).toEqual([0, 0, 0, 0, 0, 0, 1, 1]);
  });

  it('has a mean within an eighth of its last place, for every number of pixels', () => {
    const graph = graphOf([1, 1024], 1024);
    const node = graph.nodes.find((one) => one.kind === 'commonMode')!;
    const unit = 2 ** node.reciprocalFraction;
    reciprocals(node).forEach((r, n) => {
      if (n < node.least) expect(r).toBe(0);
      else expect(Math.abs(r / unit - 1 / n) * n * node.limit).toBeLessThanOrEqual(1 / 8);
    });
    expect(node.accumulatorWidth).toBe(accumulatorWidth(node, MEASURED));
    expect(node.accumulatorWidth).toBeLessThanOrEqual(53);
  });
});

describe('what is refused', () => {
  const graph = graphOf([2, 8], 4);
  const change = (fields: object) => () =>
    verifyFixedGraph({
      ...graph,
      nodes: graph.nodes.map((node) => (node.kind === 'commonMode' ? { ...node, ...fields } : node)),
    });

  it('is a width that does not follow, a segment that does not divide the row, more pixels than there are', () => {
    const { accumulatorWidth: width } = graph.nodes.find((one) => one.kind === 'commonMode')!;
    expect(change({ accumulatorWidth: width - 1 })).toThrow(/input: accumulators need \d\d bits, not \d\d/);
    expect(change({ columns: 3 })).toThrow(/input: segments of 3 pixels in 2×8×1/);
    expect(change({ least: 5 })).toThrow(/input: 5 of 4 pixels/);
    expect(change({ limit: 2 ** 24, reciprocalFraction: 30 })).toThrow(/more than 53 bits/);
  });
});

it('is the same when it is read again', () => {
  const graph = graphOf([2, 8], 4);
  expect(parseGraph('fixed', serializeGraph('fixed', graph), 'it')).toEqual(graph);
  expect(printGraph('fixed', graph)).toContain('commonMode');
});

describe.each([
  [[9, 8], 8],
  [[5, 12], 3],
  [[3, 20], 1],
  [[4, 20], 20],
] as const)('frames of %j in segments of %d', (size, columns) => {
  const graph = graphOf(size, columns, 2, Math.ceil(columns / 3));

  it('are computed by the evaluator and by ONNX Runtime as by the interpreter, drills too', async () => {
    const { ort } = await expectAgreement(graph);
    const { witnesses } = await runDrills(graph, createInterpreter(graph), [ort], { most: 30, seed: 1 });
    expect(witnesses[0]).toMatchObject({ mismatches: 0, failed: null, skipped: null });
    await ort.close();
  });

  it('are drilled to both ends of the sums, and to too few pixels', () => {
    const made = [...createDrills(graph, { most: 40, seed: 1 }).drills];
    const texts = made
      .flatMap(({ aims }) => aims)
      .filter(({ stage }) => stage === COUNTS)
      .map(({ text }) => text);
    const least = Math.ceil(columns / 3);
    for (const text of [
      'every pixel at the limit above zero',
      'every pixel at the limit below zero',
      `${least - 1} pixels at the limit above zero`,
      `${least} pixels at the limit below zero`,
      'both ends of the format, the others at the limit above zero',
      'pairs on ties',
      'no measurement',
    ])
      expect(texts).toContain(text);
  });
});

it('gives the counts of a frame whose rows were shifted back as they were', () => {
  const [height, width, columns] = [32, 128, 32];
  const pixels = height * width;
  const random = createRandom(3);
  const gain = 41 * 9.5;
  const maps: FloatMaps = {
    pedestals: [2500, 14800, 14700].map((mean) =>
      Float64Array.from({ length: pixels }, () => mean + 200 * random.normal()),
    ),
    factors: [gain, -1.44 * 9.5, -0.106 * 9.5].map((value) => new Float64Array(pixels).fill(1 / value)),
    bad: [0, 1, 2].map(() => Uint8Array.from({ length: pixels }, () => Number(random.uniform() < 0.02))),
    thresholds: [],
  };
  const photons = Uint16Array.from({ length: pixels }, () =>
    random.uniform() < 0.1 ? random.integer(1, 20) : 0,
  );
  const noise = Float64Array.from({ length: pixels }, () => 24 * random.normal());
  const words = (shift: (segment: number) => number): Uint16Array =>
    Uint16Array.from(photons, (count, i) =>
      Math.round(maps.pedestals[0]![i]! + count * gain + noise[i]! + shift(Math.floor(i / columns))),
    );
  // Up to 0.6 photons, a row of an ASIC: beyond what the rounding to counts bears.
  const shifts = Float64Array.from(
    { length: pixels / columns },
    () => 0.6 * gain * (2 * random.uniform() - 1),
  );
  const wish = { columns, limit: 0.85, least: 8 };
  const detector = RAW_DETECTORS.jungfrau;
  const { integers, counts: plain } = wordCalibration(detector, maps);
  const { counts } = wordCalibration(detector, maps, integers, wish);
  const still = words(() => 0);
  const shifted = words((segment) => shifts[segment]!);
  const apart = (a: Float32Array, b: Float32Array): number =>
    a.reduce((n, value, i) => n + (Number.isNaN(value) || value === b[i] ? 0 : 1), 0);
  expect(apart(plain(shifted), plain(still))).toBeGreaterThan(0.02 * pixels);
  expect(apart(counts(shifted), plain(still))).toBeLessThan(0.002 * pixels);
  // What is masked is masked as before, and double precision says the same but for a tie or a pixel at the limit.
  const real = withoutCommonMode(calibrateWords(detector, maps, shifted), wish);
  const made = counts(shifted);
  const masks = (values: Float32Array | Float64Array): boolean[] => Array.from(values, Number.isNaN);
  expect(masks(made)).toEqual(masks(plain(shifted)));
  let other = 0;
  real.forEach((value, i) => {
    if (Number.isNaN(value)) return;
    expect(Math.abs(made[i]! - Math.max(value, 0))).toBeLessThan(0.5 + 0.04);
    if (Math.round(Math.max(value, 0)) !== made[i]) other += 1;
  });
  expect(other).toBeLessThan(0.002 * pixels);
});
