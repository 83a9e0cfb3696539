import fc from 'fast-check';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { placements, peakPositions } from '../../src/calibrate/geometry.js';
import { countValues, emptyCounts, listBins } from '../../src/statistics/histogram.js';
import { calibrate, type CalibrationFrame } from '../../src/calibrate/observe.js';
import { chooseIntegerBits, OBSERVERS, type Observer } from '../../src/calibrate/observers.js';
import {
  checkRanges,
  emptyStats,
  loadRanges,
  mergeRanges,
  observeAll,
  parseRanges,
  printRanges,
  saveRanges,
  type TensorStats,
} from '../../src/calibrate/ranges.js';
import { nodeId } from '../../src/ir/common.js';
import { createFloatEvaluator, createFloatReference } from '../../src/evaluate/float-reference.js';
import { floatShapes } from '../../src/ir/graph.js';
import { parseGraph, serializeGraph } from '../../src/ir/serialize.js';
import { isWeighted } from '../../src/ir/ops/index.js';
import { randomFrames, randomNetwork } from '../passes/random-networks.js';

const withSpots = (pixels: Uint16Array): CalibrationFrame => ({
  pixels,
  spots: [{ y: 7, x: 12, intensity: 100, snr: 10 }],
});
const frames = randomFrames(9, 4).map(withSpots);

function statsOf(values: readonly number[], peaks: readonly number[] = []): TensorStats {
  const stats = { all: emptyStats(), peaks: emptyStats(), channelSums: new Float64Array(1) };
  observeAll(stats.all, Float32Array.from(values));
  if (peaks.length > 0) observeAll(stats.peaks, Float32Array.from(peaks));
  return stats;
}
const bits = (stats: TensorStats, observer: Observer, width = 8, signed = false, percentile = 99.9): number =>
  chooseIntegerBits(stats, width, signed, { observer, percentile });
const largest = (integer: number, width: number, signed = false): number =>
  (signed ? 2 ** (width - 1) - 1 : 2 ** width - 1) * 2 ** (integer - width);

describe('the histogram', () => {
  it('puts every value into a bin that holds it, 32 bins an octave', () => {
    fc.assert(
      fc.property(fc.float({ min: Math.fround(-1e6), max: Math.fround(1e6), noNaN: true }), (x) => {
        const counts = emptyCounts();
        countValues(counts, Float32Array.of(x));
        const [bin, ...others] = listBins(counts);
        expect(others).toEqual([]);
        if (Math.abs(x) < 2 ** -126) return;
        expect(bin!.low).toBeLessThanOrEqual(x);
        expect(bin!.high).toBeGreaterThanOrEqual(x);
        expect(bin!.high - bin!.low).toBeLessThanOrEqual(Math.abs(x) / 32);
      }),
    );
  });
  it('lists its bins from the smallest value to the largest and counts all', () => {
    const counts = emptyCounts();
    countValues(counts, Float32Array.of(3, -2, 0, -0, 0.1, -100, 3));
    const bins = listBins(counts);
    expect(bins.map((b) => b.count)).toEqual([1, 1, 2, 1, 2]);
    expect(bins.map((b) => b.middle)).toEqual(bins.map((b) => b.middle).toSorted((a, b) => a - b));
  });
  it('says when a value is not finite', () => {
    expect(countValues(emptyCounts(), Float32Array.of(1, Number.NaN))).toBe(false);
    expect(countValues(emptyCounts(), Float32Array.of(1, -Infinity))).toBe(false);
    expect(countValues(emptyCounts(), Float32Array.of(1, -2))).toBe(true);
  });
});

describe('ranges', () => {
  it('are the same whether frames are seen at once, in parts that are merged, or from a file', async () => {
    const graph = randomNetwork(12);
    const all = await calibrate(graph, frames);
    const parts = [
      await calibrate(graph, frames.slice(0, 4)),
      await calibrate(graph, frames.slice(4)),
    ] as const;
    // As text: comparing thousands of histogram bins one by one takes seconds.
    const text = printRanges(all);
    // Sums of channels are added in another order.
    const sums = /"channelSums":\[[^\]]*\]/g;
    expect(printRanges(mergeRanges(...parts)).replace(sums, '')).toBe(text.replace(sums, ''));
    for (const [id, { channelSums }] of mergeRanges(...parts).tensors)
      channelSums.forEach((sum, c) => {
        expect(sum).toBeCloseTo(all.tensors.get(id)!.channelSums[c]!, 6);
      });
    expect(printRanges(parseRanges(text, 'ranges.json'))).toBe(text);
    const path = join(await mkdtemp(join(tmpdir(), 'vetoc-')), 'ranges.json');
    await saveRanges(path, all);
    expect(printRanges(await loadRanges(path))).toBe(text);
  });

  it('hold the extremes of every tensor of the network', async () => {
    const graph = randomNetwork(12);
    const { tensors } = await calibrate(graph, frames);
    const reference = createFloatReference(graph);
    for (const [id, { all }] of tensors) {
      const values = frames.map((f) => reference.tensors(f.pixels).get(id)!);
      expect(all.max).toBe(Math.max(...values.map((v) => Math.max(...v))));
      expect(all.min).toBe(Math.min(...values.map((v) => Math.min(...v))));
    }
  });

  it('are the same by another evaluator', async () => {
    const graph = randomNetwork(12);
    const other = await calibrate(graph, frames, { evaluate: createFloatEvaluator(graph) });
    expect(printRanges(other)).toBe(printRanges(await calibrate(graph, frames)));
  });

  it('leave constant frames out and count them', async () => {
    const graph = randomNetwork(12);
    const blank = withSpots(new Uint16Array(400).fill(7));
    const ranges = await calibrate(graph, [blank, ...frames]);
    expect(ranges.constantFrames).toBe(1);
    const without = await calibrate(graph, frames);
    expect(printRanges({ ...ranges, constantFrames: 0 })).toBe(printRanges(without));
  });

  it('are refused from frames of another size, from constant frames alone, from none, and with NaN', async () => {
    const graph = randomNetwork(12);
    await expect(calibrate(graph, [withSpots(new Uint16Array(30))])).rejects.toThrow(
      /calibration frame 0 has 30 pixels, the network takes 20×20 — calibrate on frames/,
    );
    await expect(calibrate(graph, [withSpots(new Uint16Array(400))])).rejects.toThrow(
      /all 1 calibration frames are constant — /,
    );
    await expect(calibrate(graph, [])).rejects.toThrow(/there are no calibration frames — /);
    const nodes = graph.nodes.map((n) => (isWeighted(n) ? { ...n, weights: n.weights.map(() => 3e38) } : n));
    await expect(calibrate({ ...graph, nodes }, frames)).rejects.toThrow(/gives NaN or infinity at /);
    const large = graph.nodes.map((n) => (isWeighted(n) ? { ...n, weights: n.weights.map(() => 1e8) } : n));
    await expect(calibrate({ ...graph, nodes: large }, frames)).rejects.toThrow(
      /gives values beyond 2\^38 at \w+ — train again/,
    );
  });

  it('are refused from a file that is missing, not JSON, or something else', async () => {
    await expect(loadRanges('/nowhere/ranges.json')).rejects.toThrow(/ranges.json: cannot be read — /);
    const path = join(await mkdtemp(join(tmpdir(), 'vetoc-')), 'x.json');
    await writeFile(path, '{"vetoc": "fixed"}');
    await expect(loadRanges(path)).rejects.toThrow(/x.json: vetoc: /);
    expect(() => parseRanges('{', 'y.json')).toThrow(/y.json: not JSON/);
  });
});

describe('what is observed', () => {
  const graph = randomNetwork(12);

  it('is every tensor of the network but accumulators that only an activation reads', async () => {
    const { tensors } = await calibrate(graph, frames);
    const hidden = graph.nodes.map((n) => n.id).filter((id) => !tensors.has(id));
    expect(hidden).toEqual(['input', 'clamp0', 'norm1']);
  });

  it.each([
    { kind: 'relu' as const },
    { kind: 'clip' as const, min: 0, max: 6 },
    { kind: 'leakyRelu' as const, alpha: 0.1 },
  ])('shows NaN behind $kind too', (activation) => {
    const nodes = graph.nodes.map((n) => {
      if (n.id === 'act1') return { id: n.id, inputs: n.inputs, ...activation };
      return isWeighted(n) && n.id === 'depthwise1' ? { ...n, bias: n.bias.map(() => Number.NaN) } : n;
    });
    const { tensors } = createFloatReference({ ...graph, nodes });
    expect(tensors(frames[0]!.pixels).get(nodeId('act1'))!.every(Number.isNaN)).toBe(true);
  });
});

describe('saved ranges', () => {
  it('are refused for another network, and two networks do not merge', async () => {
    const [graph, other] = [randomNetwork(12), randomNetwork(13)];
    const ranges = await calibrate(graph, frames);
    checkRanges(ranges, graph);
    checkRanges(ranges, { ...graph, name: 'renamed', threshold: graph.threshold + 1 });
    checkRanges(ranges, parseGraph('float', serializeGraph('float', graph), 'graph.json'));
    expect(() => {
      checkRanges(ranges, other, 'old.json');
    }).toThrow(/old.json: these ranges are of another network, or of other passes — calibrate/);
    const nodes = graph.nodes.map((n) =>
      isWeighted(n) ? { ...n, weights: n.weights.map((w) => w * 2) } : n,
    );
    expect(() => {
      checkRanges(ranges, { ...graph, nodes });
    }).toThrow(/another network/);
    const foreign = await calibrate(other, frames);
    expect(() => mergeRanges(ranges, foreign)).toThrow(/the ranges to merge are of two networks — /);
  });
});

describe('peaks on tensors', () => {
  const graph = randomNetwork(12);
  const shapes = floatShapes(graph);

  it('are seen wherever changing the peak pixel changes the tensor most', () => {
    const reference = createFloatReference(graph);
    const base = new Uint16Array(400).fill(4);
    for (const [y, x] of [
      [7, 12],
      [2, 3],
      [15, 9],
    ] as const) {
      const lit = base.slice();
      lit[y * 20 + x] = 200;
      const before = reference.tensors(base);
      reference.visit(lit, (id, tensor, shape) => {
        const under = peakPositions(placements(graph).get(id) ?? null, shape, [
          { y, x, intensity: 1, snr: 1 },
        ]);
        if (under === null || isFlat(shape)) return;
        const change = new Float64Array(under.length);
        tensor.forEach((v, i) => (change[Math.floor(i / shape[2])]! += Math.abs(v - before.get(id)![i]!)));
        const strongest = change.indexOf(Math.max(...change));
        if (change[strongest]! > 0) expect(nearMarked(under, shape[1], strongest)).toBe(true);
      });
    }
  });

  it('cover few positions', () => {
    const [id, shape] = [...shapes].find(([, s]) => s[0] === 10)!;
    const under = peakPositions(placements(graph).get(id)!, shape, [{ y: 7, x: 12, intensity: 1, snr: 1 }])!;
    const marked = under.reduce((a, b) => a + b, 0);
    expect(marked).toBeGreaterThan(0);
    expect(marked).toBeLessThanOrEqual(9);
  });

  it('are nowhere after global pooling', () => {
    expect(placements(graph).get(nodeId('logits'))).toBe(null);
  });
});

const isFlat = (shape: readonly number[]): boolean => shape[0] === 1 && shape[1] === 1;

/** Marked, or one position beside a marked one: a convolution may answer at the edge of its window. */
function nearMarked(under: Uint8Array, width: number, at: number): boolean {
  const [y, x] = [Math.floor(at / width), at % width];
  return under.some(
    (u, i) => u === 1 && Math.abs(Math.floor(i / width) - y) <= 1 && Math.abs((i % width) - x) <= 1,
  );
}

describe('observers', () => {
  const values = fc.array(fc.float({ min: Math.fround(-50), max: Math.fround(50), noNaN: true }), {
    minLength: 1,
    maxLength: 50,
  });
  it('min-max clips nothing and wastes no bit', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 2, max: 16 }), (list, width) => {
        fc.pre(list.some((v) => Math.abs(v) > 1e-3));
        const integer = bits(statsOf(list), 'min-max', width, true);
        const unit = 2 ** (integer - width);
        const high = Math.max(...list.map((v) => v / unit));
        const low = Math.min(...list.map((v) => v / unit));
        const limit = 2 ** (width - 1);
        expect(high).toBeLessThan(limit - 0.5);
        expect(low).toBeGreaterThanOrEqual(-limit - 0.5);
        // With one bit less something would be clipped.
        expect(2 * high >= limit - 0.5 || 2 * low < -limit - 0.5).toBe(true);
      }),
    );
  });

  it('mse chooses the least squared error of all formats, as counted value by value', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 2, max: 6 }), (seed, width) => {
        const list = Array.from({ length: 400 }, (_, i) => Math.exp(3 * Math.sin(seed + i * 12.9898)));
        const error = (integer: number): number => {
          const unit = 2 ** (integer - width);
          return list.reduce(
            (s, v) => s + (v - Math.min(Math.round(v / unit), 2 ** width - 1) * unit) ** 2,
            0,
          );
        };
        const chosen = error(bits(statsOf(list), 'mse', width));
        for (let integer = -4; integer <= 8; integer++)
          expect(chosen).toBeLessThanOrEqual(error(integer) * 1.05);
      }),
      { numRuns: 50 },
    );
  });

  // Sparse and bright, as diffraction is: 0.05 % of the values are peaks, a hundred times brighter.
  const background = Array.from({ length: 19_990 }, (_, i) => (i % 97) / 100);
  const peaks = Array.from({ length: 10 }, (_, i) => 60 + i);
  const sparse = statsOf([...background, ...peaks], peaks);

  it('percentile clips every Bragg peak of a sparse frame, and peak-safe none', () => {
    expect(largest(bits(sparse, 'percentile'), 8)).toBeLessThan(2);
    expect(largest(bits(sparse, 'peak-safe', 4), 4)).toBeGreaterThanOrEqual(60);
    for (const width of [2, 4, 8]) {
      const integer = bits(sparse, 'peak-safe', width);
      expect(Math.round(Math.max(...peaks) / 2 ** (integer - width))).toBeLessThanOrEqual(2 ** width - 1);
    }
  });

  it('peak-safe still clips what lies under no peak when that is cheaper', () => {
    const hot = statsOf([...background, ...peaks, 5000], peaks);
    expect(largest(bits(hot, 'min-max'), 8)).toBeGreaterThan(4900);
    expect(bits(hot, 'peak-safe')).toBeGreaterThanOrEqual(bits(sparse, 'peak-safe'));
    const harmless = statsOf([...background, ...background, ...background, 4], [0.5]);
    expect(bits(harmless, 'peak-safe', 4)).toBeLessThan(bits(harmless, 'min-max', 4));
  });

  it('peak-safe without known peaks clips nothing', () => {
    const unknown = statsOf([...background, 70]);
    expect(bits(unknown, 'peak-safe', 4)).toBe(bits(unknown, 'min-max', 4));
  });

  it.each(OBSERVERS)('%s gives a tensor of zeros a format', (observer) => {
    expect(Number.isInteger(bits(statsOf([0, 0, 0]), observer))).toBe(true);
  });

  it('entropy and percentile stay within the octaves of the values', () => {
    for (const observer of ['entropy', 'percentile'] as const) {
      const plain = statsOf(background);
      expect(bits(plain, observer)).toBeLessThanOrEqual(bits(plain, 'min-max'));
      expect(bits(plain, observer)).toBeGreaterThanOrEqual(bits(plain, 'min-max') - 4);
    }
  });
});
