/** Reasons in photons: redraws of a frame's noise, frames dealt in two, the fewest photons that would keep a frame. */
import { describe, expect, it, vi } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { fewestPhotons, withSpot } from '../../src/explain/fewest-photons.js';
import { dealt, estimatedMeans, redraw } from '../../src/explain/noise.js';
import { checkNoiseOnSimulated, noiseBins, renoisedFrames } from '../../src/run/explain/check-noise.js';
import type { Progress } from '../../src/run/events.js';
import { flipChance } from '../../src/run/explain/reasons.js';
import { noiseCheckText } from '../../src/text/noise-check.js';
import { brightGraph } from './small-graphs.js';

const SIDE = 64;
const size = [SIDE, SIDE] as const;
const seen = { offset: [0, 0], size } as const;
const drawn = (mean: number, seed: number): Uint16Array => {
  const random = createRandom(seed);
  return Uint16Array.from({ length: SIDE * SIDE }, () => random.poisson(mean));
};
const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);

describe('the means that one frame tells', () => {
  it('are those of the background, also under its own bright noise, and the counts of a spot', () => {
    const pixels = drawn(4, 1);
    const spot = 20 * SIDE + 30;
    pixels[spot] = 90;
    const mask = new Uint8Array(SIDE * SIDE).fill(1);
    mask[7] = 0;
    pixels[7] = 500;
    const means = estimatedMeans({ pixels, size, mask });
    expect([means[spot], means[7], means[spot + 1]]).toEqual([90, 0, pixels[spot + 1]]);
    const others = means.filter((_, i) => Math.abs(i - spot) > 2 * SIDE && i !== 7);
    expect(Math.max(...others)).toBeLessThan(6.5);
    expect(sum(others) / others.length).toBeCloseTo(4, 0);
  });

  it('give frames as noisy as the first: not noise upon noise', () => {
    const pixels = drawn(4, 2);
    const again = redraw(estimatedMeans({ pixels, size, mask: null }), createRandom(3));
    const variance = sum(again.map((count) => (count - 4) ** 2)) / again.length;
    expect(variance).toBeGreaterThan(3.5);
    expect(variance).toBeLessThan(4.6);
  });
});

it('photons dealt in two are two independent draws of half the mean, and none is lost', () => {
  const pixels = Uint16Array.from({ length: SIDE * SIDE }, (_, i) => (i % 2 === 0 ? 40 : 3000));
  const [a, b] = dealt(pixels, createRandom(5));
  expect(a.map((count, i) => count + b[i]!)).toEqual(pixels);
  for (const [parity, count] of [
    [0, 40],
    [1, 3000],
  ] as const) {
    const own = [...a].filter((_, i) => i % 2 === parity);
    const mean = sum(own) / own.length;
    const variance = sum(own.map((one) => (one - count / 2) ** 2)) / own.length;
    expect(Math.abs(mean - count / 2)).toBeLessThan(4 * Math.sqrt(count / 4 / own.length));
    expect(variance / (count / 4)).toBeGreaterThan(0.85);
    expect(variance / (count / 4)).toBeLessThan(1.15);
  }
});

it('the chance of a flip is that of the score: of a sum at its own threshold about one half', async () => {
  const pixels = drawn(5, 8);
  const scorer = (frames: readonly Uint16Array[]) => Promise.resolve(frames.map((f) => sum(f)));
  const frame = { pixels, size, mask: null };
  const mean = sum(estimatedMeans(frame));
  const asked = { count: 400, seed: 1 };
  const at = (threshold: number, keep: boolean) => flipChance(scorer, frame, { keep, threshold }, asked);
  const middle = await at(Math.round(mean), true);
  expect(middle.total).toBe(400);
  expect(middle.low).toBeLessThan(0.5);
  expect(middle.high).toBeGreaterThan(0.5);
  // One standard deviation of the sum below: one in six.
  const below = await at(Math.round(mean - Math.sqrt(mean)), true);
  expect(below.low).toBeLessThan(0.1587);
  expect(below.high).toBeGreaterThan(0.1587);
  expect((await at(0, true)).count).toBe(0);
});

describe('the fewest photons', () => {
  const dark = { pixels: new Uint16Array(SIDE * SIDE), size, mask: null };

  it('are added whole, as a spot of the width that is asked for', () => {
    for (const sigma of [0.5, 0.8, 2]) {
      const lit = withSpot(dark, { y: 30, x: 20 }, 1001, sigma);
      expect(sum(lit)).toBe(1001);
      const second = sum(lit.map((count, i) => count * (Math.floor(i / SIDE) - 30) ** 2)) / 1001;
      expect(Math.abs(Math.sqrt(second) - sigma)).toBeLessThan(0.15);
    }
  });

  it('are found at the best and the median place, and one photon less does not do', async () => {
    // A network that wants 100 photons in the left half, 300 in the right one.
    const score = (frame: Uint16Array): number => {
      const [left, right] = [0, 1].map((half) =>
        sum(frame.filter((_, i) => Math.floor((i % SIDE) / 32) === half)),
      );
      return Math.max(left! / 100, right! / 300);
    };
    let asked = 0;
    const scorer = (frames: readonly Uint16Array[]) => {
      asked += frames.length;
      return Promise.resolve(frames.map(score));
    };
    const found = await fewestPhotons(scorer, dark, seen, (s) => s >= 1, 0.8);
    expect(found).toMatchObject({ places: 64, best: { photons: 100 }, median: { photons: 100 } });
    expect(found!.best.x).toBeLessThan(32);
    expect(asked).toBeLessThan(64 * 20);
    const mask = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => Number(i % SIDE >= 32));
    const masked = await fewestPhotons(scorer, { ...dark, mask }, seen, (s) => s >= 1, 0.8);
    expect(masked).toMatchObject({ places: 32, best: { photons: 300 } });
  });

  it('are none where nothing turns the decision, or all is masked', async () => {
    const never = (frames: readonly Uint16Array[]) => Promise.resolve(frames.map(() => 0));
    const found = await fewestPhotons(never, dark, seen, () => false, 0.8);
    expect([found!.best.photons, found!.median.photons]).toEqual([null, null]);
    const all = { ...dark, mask: new Uint8Array(SIDE * SIDE) };
    expect(await fewestPhotons(never, all, seen, () => true, 0.8)).toBeNull();
  });
});

it('predicted and observed flips stand side by side, by what was predicted', () => {
  const told = [
    { predicted: 0, flipped: false },
    { predicted: 0.02, flipped: true },
    { predicted: 0.2, flipped: false },
    { predicted: 0.6, flipped: true },
  ];
  const bins = noiseBins(told);
  expect(bins.map(({ observed }) => [observed.count, observed.total])).toEqual([[1, 2], [0, 0], [0, 1], [0, 0], [1, 1]]); // prettier-ignore
  expect(bins[0]!.predicted).toBeCloseTo(0.01, 12);
  const counted = { frames: 4, predicted: 0.82, observed: 2, bins };
  const text = noiseCheckText({ dealt: counted, simulated: { ...counted, observed: 1 } });
  expect(text).toContain('dealt into two: of 4 decisions 0.8 are predicted to be another, 2 are.');
  expect(text).toContain('the simulator knows: of 4 decisions 0.8 are predicted to be another, 1 are.');
});

it('simulated frames are drawn twice from the same means, with the noise of photons and no other', () => {
  const frames = [...renoisedFrames(size, 30)];
  expect(new Set(frames.map(({ index }) => index)).size).toBe(30);
  // Two Poisson numbers of one mean: of their sum each photon is in either with probability one half, so that the square of the
  // difference is the sum on average. Hot pixels, the same in both, are brighter than these.
  const ratios = frames.flatMap(({ draws: [first, second] }) =>
    [...first].flatMap((a, i) => {
      const both = a + second[i]!;
      return both > 0 && both < 200 ? [(a - second[i]!) ** 2 / both] : [];
    }),
  );
  expect(ratios.length).toBeGreaterThan(10_000);
  expect(sum(ratios) / ratios.length).toBeGreaterThan(0.95);
  expect(sum(ratios) / ratios.length).toBeLessThan(1.05);
});

it('the check on simulated frames has as many as were asked for, in one bin each', async () => {
  const progress = { update: vi.fn() };
  const { frames, bins, predicted } = await checkNoiseOnSimulated(brightGraph(SIDE, -52_000), 24, progress as unknown as Progress); // prettier-ignore
  expect([frames, progress.update.mock.calls.length]).toEqual([24, 24]);
  expect(bins.reduce((all, { observed }) => all + observed.total, 0)).toBe(24);
  expect(predicted).toBeGreaterThan(0);
});
