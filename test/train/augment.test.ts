import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { createPreprocessor } from '../../src/evaluate/preprocessor.js';
import { augmentCounts, drawPose, UPRIGHT, writePosed } from '../../src/train/augment.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import type { Augmentation } from '../../src/train/recipe.js';

const SIZE = 16;
/** 32×32 raw pixels as maxima and sums of 2×2. */
const preprocessor = createPreprocessor(
  createNetwork({
    network: 'veto-nano',
    preprocess: preprocessNodes(
      preprocessSchema.parse({ factor: 2, channels: [{ bin: 'max' }, { bin: 'sum', clampMax: 16383 }] }),
      [2 * SIZE, 2 * SIZE],
    ),
    classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
    seed: 1,
  }),
);
const OFF: Augmentation = {
  symmetries: false,
  shift: 0,
  gain: 1,
  pedestal: 0,
  background: 0,
  hotPixels: 0,
  droppedPanel: 0,
};
const [MAX, SUM] = [10, 30];

/** Maxima of 10 and sums of 30 everywhere, or as many of `level`, augmented with `options`. */
function augmented(options: Partial<Augmentation>, seed: number, level = 1): [Uint16Array, Uint16Array] {
  const tensors: [Uint16Array, Uint16Array] = [
    new Uint16Array(SIZE * SIZE).fill(MAX * level),
    new Uint16Array(SIZE * SIZE).fill(SUM * level),
  ];
  augmentCounts(tensors, preprocessor.linear, { ...OFF, ...options }, createRandom(seed));
  return tensors;
}
const seeds = Array.from({ length: 60 }, (_, i) => i);
const mean = (values: Uint16Array): number => values.reduce((a, b) => a + b, 0) / values.length;
const isFlat = (values: Uint16Array): boolean => values.every((v) => v === values[0]);

describe('an augmentation that is switched off', () => {
  it('changes nothing', () => {
    expect(augmented({}, 1)).toEqual([
      new Uint16Array(SIZE * SIZE).fill(MAX),
      new Uint16Array(SIZE * SIZE).fill(SUM),
    ]);
    expect(drawPose(OFF, true, createRandom(1))).toEqual(UPRIGHT);
  });
});

describe('each augmentation on its own', () => {
  it('gain scales maxima and sums alike, up and down, within its limits', () => {
    const factors = seeds.map((seed) => {
      const [max, sum] = augmented({ gain: 3 }, seed, 100);
      expect(isFlat(max) && isFlat(sum)).toBe(true);
      expect(max[0]! / MAX).toBeCloseTo(sum[0]! / SUM, 1);
      return max[0]! / MAX / 100;
    });
    expect(Math.min(...factors)).toBeGreaterThanOrEqual(1 / 3.01);
    expect(Math.max(...factors)).toBeLessThanOrEqual(3.01);
    expect(factors.filter((f) => f > 1).length).toBeGreaterThan(15);
    expect(factors.filter((f) => f < 1).length).toBeGreaterThan(15);
  });

  it('pedestal adds the same to each raw pixel: four times as much to a sum of four', () => {
    const added = seeds.map((seed) => {
      const [max, sum] = augmented({ pedestal: 40 }, seed);
      expect(isFlat(max) && isFlat(sum)).toBe(true);
      expect(Math.abs(sum[0]! - SUM - 4 * (max[0]! - MAX))).toBeLessThanOrEqual(2);
      return max[0]! - MAX;
    });
    expect(Math.min(...added)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...added)).toBeGreaterThan(20);
    expect(Math.max(...added)).toBeLessThanOrEqual(40);
  });

  it('hot pixels stand at the same places in both, at most as many as asked for', () => {
    const counts = seeds.map((seed) => {
      const [max, sum] = augmented({ hotPixels: 3 }, seed);
      const hot = (values: Uint16Array, level: number) =>
        [...values.keys()].filter((i) => values[i] !== level);
      expect(hot(max, MAX)).toEqual(hot(sum, SUM));
      return hot(max, MAX).length;
    });
    expect(new Set(counts)).toEqual(new Set([0, 1, 2, 3]));
  });

  it('a dropped panel is a band of rows or columns without counts', () => {
    const bands = seeds.map((seed) => {
      const [max, sum] = augmented({ droppedPanel: 1 }, seed);
      expect([...max].map((v) => v === 0)).toEqual([...sum].map((v) => v === 0));
      const dead = (index: number, step: number) =>
        Array.from({ length: SIZE }, (_, k) => max[index + k * step]).every((v) => v === 0);
      const rows = Array.from({ length: SIZE }, (_, y) => dead(y * SIZE, 1)).filter(Boolean).length;
      const columns = Array.from({ length: SIZE }, (_, x) => dead(x, SIZE)).filter(Boolean).length;
      expect(max.filter((v) => v === 0)).toHaveLength(SIZE * Math.max(rows, columns));
      return [rows > 0, columns > 0].join();
    });
    expect(new Set(bands)).toEqual(new Set(['true,false', 'false,true']));
    expect(seeds.map((seed) => augmented({ droppedPanel: 0.5 }, seed)[0].includes(0)).filter(Boolean).length)
      .toBeGreaterThan(15); // prettier-ignore
  });

  it.each([
    { level: 1, title: 'few counts' },
    { level: 120, title: 'many counts: backgrounds of more than 700 photons a pixel' },
  ])('background adds photons with their noise, to half of the frames: $title', ({ level }) => {
    const grown = seeds.map((seed) => augmented({ background: 1 }, seed, level));
    const touched = grown.filter(([, sum]) => mean(sum) > SUM * level);
    expect(touched.length).toBeGreaterThan(15);
    expect(touched.length).toBeLessThan(45);
    for (const [max, sum] of touched) {
      // Four raw pixels share what a sum gains; the maximum gains about as much as one of them, or a little more.
      const perPixel = mean(sum) / 4 - (SUM * level) / 4;
      expect(perPixel).toBeLessThan(SUM * level);
      const gained = mean(max) - MAX * level;
      expect(gained).toBeGreaterThan(0.9 * perPixel - 1);
      expect(gained).toBeLessThan(perPixel + 3 * Math.sqrt(perPixel) + 1);
      const variance = sum.reduce((total, v) => total + (v - mean(sum)) ** 2, 0) / sum.length;
      expect(variance).toBeGreaterThan(0.5 * 4 * perPixel);
      expect(variance).toBeLessThan(2 * 4 * perPixel);
      // The noise of a maximum is there as well: not all of its pixels gain the same.
      if (perPixel > 1) expect(isFlat(max)).toBe(false);
    }
  });

  it('symmetries are eight on a square and four elsewhere, shifts within their limit', () => {
    const poses = (square: boolean) =>
      new Set(
        seeds.map((seed) => drawPose({ ...OFF, symmetries: true }, square, createRandom(seed)).symmetry),
      );
    expect([...poses(true)].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect([...poses(false)].sort()).toEqual([0, 1, 2, 3]);
    const shifts = seeds.map((seed) => drawPose({ ...OFF, shift: 2 }, true, createRandom(seed)));
    expect([...new Set(shifts.map((p) => p.down))].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
    expect([...new Set(shifts.map((p) => p.right))].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
    expect(new Set(shifts.map((p) => p.symmetry))).toEqual(new Set([0]));
  });
});

describe('a pose', () => {
  const image = Int32Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const posed = (symmetry: number, down = 0, right = 0): number[] => {
    const out = new Float32Array(9);
    writePosed(image, [3, 3, 1], 1, { symmetry, down, right }, out);
    return [...out];
  };

  it('of the eight gives eight different images of the same pixels', () => {
    const images = Array.from({ length: 8 }, (_, symmetry) => posed(symmetry));
    expect(new Set(images.map(String)).size).toBe(8);
    for (const one of images) expect([...one].sort()).toEqual([...image]);
    expect(posed(4)).toEqual([1, 4, 7, 2, 5, 8, 3, 6, 9]);
  });

  it('moves the image and leaves zeros behind', () => {
    expect(posed(0, 1, 0)).toEqual([0, 0, 0, 1, 2, 3, 4, 5, 6]);
    expect(posed(0, 0, -1)).toEqual([2, 3, 0, 5, 6, 0, 8, 9, 0]);
  });
});
