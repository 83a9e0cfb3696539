/**
 * Simulated frames: pure in (seed, index), true to the class rule, split by crystal.
 */
import { describe, expect, it } from 'vitest';
import { FIRST_HIT_CLASS } from '../../src/data/frames.js';
import type { FramePlan } from '../../src/data/simulate/plan.js';
import { renderExpectation } from '../../src/data/simulate/render.js';
import { simulateFrames } from '../../src/data/simulate/simulate-frames.js';
import { equalBytes, meanOf, momentsOf } from './statistics.js';

const expectationOf = (plan: FramePlan): Float32Array => {
  const out = new Float32Array(plan.detector.height * plan.detector.width);
  renderExpectation(plan, out);
  return out;
};

describe('a simulated series', () => {
  it('is a pure function of (seed, index): any order of reading, any length, the same pixels', async () => {
    const forwards = simulateFrames({ seed: 8, count: 12, height: 128, width: 96 });
    const backwards = simulateFrames({ seed: 8, count: 4000, height: 128, width: 96 });
    for (const index of [11, 3, 7, 0]) {
      const expected = await backwards.read(index);
      const frame = await forwards.read(index);
      expect(equalBytes(frame.pixels, expected.pixels)).toBe(true);
      expect(forwards.label(index)).toEqual(backwards.label(index));
      expect(forwards.meta(index)).toEqual(backwards.meta(index));
      expect(forwards.spots(index)).toEqual(backwards.spots(index));
    }
    const other = await simulateFrames({ seed: 9, count: 12, height: 128, width: 96 }).read(11);
    expect(equalBytes(other.pixels, (await forwards.read(11)).pixels)).toBe(false);
  });

  it('does not let one frame change another that was read before', async () => {
    const source = simulateFrames({ seed: 1, count: 5, height: 64, width: 64 });
    const first = await source.read(0);
    const copy = first.pixels.slice();
    await source.read(1);
    expect(equalBytes(first.pixels, copy)).toBe(true);
    expect(equalBytes((await source.read(0)).pixels, copy)).toBe(true);
  });

  it('never puts one crystal, or one seed, on two sides of a split', () => {
    const source = simulateFrames({
      seed: 2,
      count: 1000,
      height: 64,
      width: 64,
      classWeights: [1, 1, 0, 0, 0],
    });
    const splitOf = new Map<string, Set<string>>();
    const sizes = new Map<string, number>();
    for (let i = 0; i < source.count; i++) {
      const { group, split } = source.label(i);
      splitOf.set(group!, (splitOf.get(group!) ?? new Set()).add(split!));
      sizes.set(split!, (sizes.get(split!) ?? 0) + 1);
    }
    for (const splits of splitOf.values()) expect(splits.size).toBe(1);
    expect(splitOf.size).toBe(200);
    expect(sizes.get('train')! / 1000).toBeCloseTo(0.7, 1);
    expect(sizes.get('test')! / 1000).toBeCloseTo(0.15, 1);
    expect(sizes.get('validation')).toBeGreaterThan(50);
    expect(sizes.get('calibration')).toBeGreaterThan(20);
    const otherSeed = simulateFrames({ seed: 3, count: 5, height: 64, width: 64 });
    expect(otherSeed.label(0).group).not.toBe(source.label(0).group);
  });

  it('meets the class shares in any stretch, down to 0.4 % hits', () => {
    const equal = simulateFrames({ seed: 4, count: 500, height: 64, width: 64 });
    const counts = [0, 0, 0, 0, 0];
    for (let i = 0; i < 60; i++) counts[equal.label(i).label!]! += 1;
    for (const count of counts) expect(Math.abs(count - 12)).toBeLessThanOrEqual(3);
    const rare = simulateFrames({ seed: 4, count: 5000, height: 64, width: 64, hitFraction: 0.004 });
    let hits = 0;
    for (let i = 0; i < 5000; i++) if (rare.label(i).hit === true) hits++;
    expect(hits).toBeGreaterThanOrEqual(18);
    expect(hits).toBeLessThanOrEqual(22);
  });

  it('refuses sizes, fractions and weights out of range, naming the field', () => {
    expect(() => simulateFrames({ seed: 1, count: 0 })).toThrow(/count/);
    expect(() => simulateFrames({ seed: 1, count: 1, height: 8 })).toThrow(/height/);
    expect(() => simulateFrames({ seed: 1.5, count: 1 })).toThrow(/seed/);
    expect(() => simulateFrames({ seed: 1, count: 1, hitFraction: 2 })).toThrow(/hit fraction/);
    expect(() => simulateFrames({ seed: 1, count: 1, classWeights: [1, 2] })).toThrow(/class weights/);
  });

  it('names the geometry when a crystal shows too few spots for any class', () => {
    const source = simulateFrames({
      seed: 1,
      count: 3,
      classWeights: [0, 0, 0, 0, 1],
      settings: {
        distanceMm: [20_000, 20_000],
        randomCellShare: 0,
        crystals: [
          { name: 'small', cell: { a: 10, b: 11, c: 12, alpha: 90, beta: 90, gamma: 90 }, group: 'P212121' },
        ],
      },
    });
    expect(() => source.spots(0)).toThrow(/shows only .* move the detector nearer/);
  });
});

describe.each(['standard', 'broad'] as const)('the class rule (%s)', (variety) => {
  const source = simulateFrames({ seed: 21, count: 60, variety });
  const plans = Array.from({ length: source.count }, (_, i) => source.plan(i));

  it('holds for the truth: Weak 4–20, Good 40–110, Strong 220–600 visible spots, none in misses', () => {
    const ranges = [null, null, [4, 20], [40, 110], [220, 600]] as const;
    for (const plan of plans) {
      const visible = plan.truth.filter((spot) => spot.snr >= 5 && spot.intensity >= 6).length;
      const range = ranges[plan.classIndex];
      if (range === null || range === undefined) {
        expect(plan.truth).toEqual([]);
        continue;
      }
      expect(visible).toBeGreaterThanOrEqual(range[0]);
      expect(visible).toBeLessThanOrEqual(range[1]);
      expect(plan.meta.n_visible).toBe(visible);
      for (const spot of plan.truth) expect(spot.snr).toBeGreaterThanOrEqual(3);
    }
  });

  it('keeps Blank below 0.01 photon a pixel, and gives every other frame a beam', () => {
    for (const plan of plans) {
      const mean = meanOf(expectationOf(plan));
      if (plan.classIndex === 0) expect(mean).toBeLessThan(0.011);
      else expect(mean).toBeGreaterThan(0.0005);
    }
  });

  it('puts the listed photons where the spot is: 3×3 sums of the noise-free image above its background', () => {
    let close = 0;
    let total = 0;
    for (const plan of plans) {
      if (plan.classIndex < FIRST_HIT_CLASS || plan.detector.spread > 0) continue;
      const { width, height } = plan.detector;
      const image = expectationOf(plan);
      const background = expectationOf({ ...plan, spots: plan.scatter.grains });
      for (const spot of plan.truth) {
        if (spot.snr < 5) continue;
        let sum = 0;
        for (let y = Math.max(0, spot.y - 1); y <= Math.min(height - 1, spot.y + 1); y++) {
          for (let x = Math.max(0, spot.x - 1); x <= Math.min(width - 1, spot.x + 1); x++) {
            sum += image[y * width + x]! - background[y * width + x]!;
          }
        }
        total++;
        if (Math.abs(sum - spot.intensity) < 0.25 * spot.intensity) close++;
      }
    }
    expect(total).toBeGreaterThan(1000);
    // The rest lies beside a neighbour, a gap, or a shadow's edge.
    expect(close / total).toBeGreaterThan(0.85);
  });
});

describe('pixels', () => {
  it('have the mean and variance of photon counting about the noise-free image', async () => {
    const source = simulateFrames({
      seed: 5,
      count: 4,
      classWeights: [0, 1, 0, 0, 0],
      detectors: [{ name: 'ideal', pixelMm: 0.3, background: [3, 3] }],
      settings: { zingers: 0 },
    });
    const { pixels } = await source.read(1);
    const image = expectationOf(source.plan(1));
    const pulls = Float64Array.from(pixels, (value, i) => (value - image[i]!) / Math.sqrt(image[i]! + 1e-6));
    const { mean, variance } = momentsOf(pulls);
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(variance).toBeCloseTo(1, 1.7);
  });

  it('follow offset, gain and read noise', async () => {
    const source = simulateFrames({
      seed: 5,
      count: 10,
      classWeights: [1, 0, 0, 0, 0],
      detectors: [{ name: 'noisy', pixelMm: 0.3, offset: 100, gain: 3, readNoise: 4 }],
      settings: { zingers: 0 },
    });
    const { mean, variance } = momentsOf((await source.read(0)).pixels);
    expect(mean).toBeCloseTo(100, 0);
    expect(variance).toBeGreaterThan(15.5);
    expect(variance).toBeLessThan(16.9);
  });

  it('read 0 on dead pixels, which the mask marks, and keep hot pixels in place', async () => {
    const source = simulateFrames({
      seed: 6,
      count: 6,
      detectors: [{ name: 'gaps', pixelMm: 0.3, panels: [2, 4], gap: [6, 6], hotPixels: 5 }],
    });
    const { hot, live } = source.plan(0).detector;
    for (let i = 0; i < source.count; i++) {
      const frame = await source.read(i);
      expect(frame.mask).toBe(live);
      expect(frame.pixels.every((value, p) => live![p] === 1 || value === 0)).toBe(true);
      for (const { index, value } of hot) if (live![index] === 1) expect(frame.pixels[index]).toBe(value);
    }
    expect(meanOf(live!)).toBeLessThan(0.97);
    expect(meanOf(live!)).toBeGreaterThan(0.9);
  });
});
