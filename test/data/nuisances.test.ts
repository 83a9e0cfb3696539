import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import {
  disturbed,
  drawStrengths,
  nuisancesSchema,
  seriesRandom,
  type Strengths,
} from '../../src/data/nuisances/disturb.js';
import { NUISANCE_NAMES, NUISANCES, type NuisanceName } from '../../src/data/nuisances/table.js';

const HEIGHT = 48;
const WIDTH = 64;
const SIZE = HEIGHT * WIDTH;
const at = (y: number, x: number): number => y * WIDTH + x;

/** A frame of `level` everywhere; every tenth pixel is dead where `dead`. */
function frame(level: number, dead = false) {
  const mask = dead ? Uint8Array.from({ length: SIZE }, (_, i) => Number(i % 10 !== 3)) : null;
  const pixels = Uint16Array.from({ length: SIZE }, (_, i) => (mask?.[i] === 0 ? 0 : level));
  return { height: HEIGHT, width: WIDTH, pixels, mask };
}
type Given = ReturnType<typeof frame>;

const changed = (given: Given, name: NuisanceName, strength: number, seed = 1): Uint16Array =>
  disturbed(given, [[name, strength]], createRandom(seed), seriesRandom(5));
const total = (pixels: ArrayLike<number>): number =>
  Array.prototype.reduce.call(pixels, (a: unknown, b) => Number(a) + Number(b), 0) as number;
const mean = (pixels: ArrayLike<number>): number => total(pixels) / pixels.length;
/** Places where `pixels` differ from those of `given`. */
const places = (given: Given, pixels: Uint16Array): number[] =>
  [...pixels.keys()].filter((i) => pixels[i] !== given.pixels[i]);

describe('what a nuisance does to a frame', () => {
  it('a pedestal is added to the pixels that count, and to no other', () => {
    const given = frame(7, true);
    const pixels = changed(given, 'pedestal', 40);
    expect([...pixels]).toEqual([...given.pixels].map((v, i) => (given.mask![i] === 1 ? v + 40 : 0)));
  });

  it('zingers are single pixels that differ from frame to frame, hot pixels stay', () => {
    const given = frame(2);
    const zingers = places(given, changed(given, 'zingers', 6));
    expect(zingers).toHaveLength(6);
    expect(places(given, changed(given, 'zingers', 6, 2))).not.toEqual(zingers);
    const hot = places(given, changed(given, 'hotPixels', 6));
    expect(hot).toHaveLength(6);
    expect(places(given, changed(given, 'hotPixels', 6, 2))).toEqual(hot);
    expect(Math.min(...hot.map((i) => changed(given, 'hotPixels', 6)[i]!))).toBeGreaterThanOrEqual(2 + 8);
  });

  it('background has its mean, Poisson spread, and leaves dead pixels alone', () => {
    const given = frame(0, true);
    const pixels = changed(given, 'background', 3);
    const live = [...pixels].filter((_, i) => given.mask![i] === 1);
    // About 2,765 pixels: the mean of 3 is known to 0.033, the variance to 0.09.
    expect(Math.abs(mean(live) - 3)).toBeLessThan(0.14);
    const m = mean(live);
    expect(Math.abs(mean(live.map((v) => (v - m) ** 2)) - 3)).toBeLessThan(0.45);
    expect(total([...pixels].filter((_, i) => given.mask![i] === 0))).toBe(0);
  });

  it.each([5, 400])('of %i photons a pixel a share is lost, and never a photon gained', (photons) => {
    const given = frame(photons);
    const pixels = changed(given, 'photonsLost', 0.7);
    expect(Math.max(...pixels)).toBeLessThanOrEqual(photons);
    const sigma = Math.sqrt((photons * 0.21) / SIZE);
    expect(Math.abs(mean(pixels) - 0.3 * photons)).toBeLessThan(5 * sigma);
  });

  it('a point spread makes a pixel a Gaussian of its sigma', () => {
    const given = frame(0);
    given.pixels[at(20, 30)] = 60000;
    const pixels = changed(given, 'pointSpread', 1);
    const peak = 60000 / (2 * Math.PI);
    expect(pixels[at(20, 30)]! / peak).toBeCloseTo(1, 2);
    expect(pixels[at(21, 30)]! / pixels[at(20, 30)]!).toBeCloseTo(Math.exp(-0.5), 3);
    expect(pixels[at(20, 28)]! / pixels[at(20, 30)]!).toBeCloseTo(Math.exp(-2), 3);
    expect(Math.abs(total(pixels) - 60000)).toBeLessThan(60);
  });

  it('a point spread leaves an even frame even, at its edges too, and sends back what would pass them', () => {
    expect(changed(frame(50), 'pointSpread', 1.5)).toEqual(frame(50).pixels);
    const given = frame(0);
    given.pixels[at(1, 30)] = 60000;
    const pixels = changed(given, 'pointSpread', 1);
    expect(Math.abs(total(pixels) - 60000)).toBeLessThan(60);
    // One row away, and two by way of the edge; in its own row nothing, and three by way of the edge.
    const ratio = (Math.exp(-0.5) + Math.exp(-2)) / (1 + Math.exp(-4.5));
    expect(pixels[at(0, 30)]! / pixels[at(1, 30)]!).toBeCloseTo(ratio, 3);
  });

  it('larger pixels are sums in the middle of the frame, nothing around them', () => {
    const given = frame(3);
    const pixels = changed(given, 'binning', 2);
    expect(total(pixels)).toBe(total(given.pixels));
    expect([pixels[at(12, 16)], pixels[at(35, 47)], pixels[at(11, 16)], pixels[at(12, 15)]]).toEqual([
      12, 12, 0, 0,
    ]);
  });

  it('a detector farther away sees the pattern grow about the middle, photons and all', () => {
    const given = frame(0);
    // A spot at (30, 40), 6 rows and 8 columns from the middle between pixels: twice as far it is 12 and 16 away, of 2 × 2 pixels.
    given.pixels[at(30, 40)] = 8000;
    const pixels = changed(given, 'distance', 2);
    const there = [at(36, 48), at(36, 49), at(37, 48), at(37, 49)];
    expect([...pixels.keys()].filter((i) => pixels[i]! > 0)).toEqual(there);
    expect(there.reduce((sum, i) => sum + pixels[i]!, 0)).toBe(8000);
    // 2,000 each, give or take five sigma of a binomial.
    for (const i of there) expect(Math.abs(pixels[i]! - 2000)).toBeLessThan(200);
    // Of an even frame a quarter is left a pixel, and three quarters of the photons miss the detector.
    const even = changed(frame(400, true), 'distance', 2);
    const live = [...even].filter((_, i) => frame(400, true).mask![i] === 1);
    expect(total([...even].filter((_, i) => frame(400, true).mask![i] === 0))).toBe(0);
    expect(mean(live)).toBeGreaterThan(80);
    expect(mean(live)).toBeLessThan(101);
  });

  it('a gain error is one factor a block, the same from frame to frame', () => {
    const given = frame(10000);
    const pixels = changed(given, 'gainError', 0.1);
    expect(changed(given, 'gainError', 0.1, 2)).toEqual(pixels);
    const blocks = new Set(pixels);
    expect(blocks.size).toBe(32);
    for (const [y, x] of [
      [0, 0],
      [13, 20],
      [47, 63],
    ] as const)
      expect(pixels[at(y, x)]).toBe(pixels[at(12 * Math.floor(y / 12), 8 * Math.floor(x / 8))]);
    const relative = [...blocks].map((v) => v / 10000 - 1);
    expect(Math.sqrt(mean(relative.map((v) => v * v)))).toBeGreaterThan(0.06);
    expect(Math.sqrt(mean(relative.map((v) => v * v)))).toBeLessThan(0.15);
  });

  it('counts are cut to 16 bits and to the saturation', () => {
    expect(changed(frame(40000), 'gain', 3)).toEqual(frame(65535).pixels);
    expect(changed(frame(700), 'saturation', 300)).toEqual(frame(300).pixels);
  });

  it('bands of a sixteenth, a disc and lines lie where they should', () => {
    const given = frame(9);
    const gone = places(given, changed(given, 'deadPanels', 1));
    expect([3 * WIDTH, 3 * HEIGHT, 2 * WIDTH, 2 * HEIGHT, WIDTH, HEIGHT]).toContain(gone.length);
    const stop = places(given, changed(given, 'beamStop', 0.2));
    expect(Math.abs(stop.length - Math.PI * (0.2 * HEIGHT) ** 2)).toBeLessThan(25);
    const lines = changed(given, 'brightLines', 30);
    expect(places(given, lines)).toHaveLength(HEIGHT + WIDTH - 1);
    expect(Math.max(...lines)).toBe(69);
  });

  it('rings have their crests where powder has them', () => {
    const pixels = changed(frame(0), 'powder', 200);
    const ring = Math.round(HEIGHT / 2 + 0.2 * HEIGHT);
    expect(pixels[at(ring, WIDTH / 2)]).toBeGreaterThan(100);
    expect(pixels[at(2, 2)]).toBe(0);
  });

  it('readout noise has its sigma', () => {
    const pixels = changed(frame(1000), 'readoutNoise', 4);
    const m = mean(pixels);
    expect(Math.sqrt(mean([...pixels].map((v) => (v - m) ** 2)))).toBeCloseTo(4, 0);
  });

  it.each(NUISANCE_NAMES)('%s at the strength of none leaves the frame as it is', (name) => {
    if (name === 'pointSpread') return expect(NUISANCES[name].none).toBe(0);
    const given = frame(11, true);
    expect(changed(given, name, NUISANCES[name].none)).toEqual(given.pixels);
  });

  it('the same random numbers give the same frame', () => {
    const all: Strengths = NUISANCE_NAMES.filter((n) => n !== 'saturation').map((n) => [
      n,
      NUISANCES[n].strengths[0],
    ]);
    const twice = [1, 1, 2].map((seed) => disturbed(frame(9), all, createRandom(seed), seriesRandom(5)));
    expect(twice[1]).toEqual(twice[0]);
    expect(twice[2]).not.toEqual(twice[0]);
  });
});

describe('drawing nuisances', () => {
  const all = nuisancesSchema.parse({
    pedestal: { share: 1, low: 2, high: 20 },
    zingers: { share: 0.25, low: 4, high: 4 },
    gain: { share: 0, low: 2, high: 3 },
  });
  const draws = Array.from({ length: 400 }, (_, i) => drawStrengths(all, createRandom(i)));

  it('brings each as often as its share says, as strong as its range', () => {
    const of = (name: NuisanceName): number[] =>
      draws.flatMap((d) => d.filter(([n]) => n === name).map(([, s]) => s));
    expect(of('pedestal')).toHaveLength(400);
    expect(Math.abs(of('zingers').length - 100)).toBeLessThan(40);
    expect(of('gain')).toEqual([]);
    expect(new Set(of('zingers'))).toEqual(new Set([4]));
    const pedestals = of('pedestal');
    expect(Math.min(...pedestals)).toBeGreaterThanOrEqual(2);
    expect(Math.max(...pedestals)).toBeLessThan(20);
    // Log-uniform: half of them lie below the geometric mean.
    expect(Math.abs(pedestals.filter((s) => s < Math.sqrt(40)).length - 200)).toBeLessThan(50);
  });

  it('does not depend on what else may come', () => {
    const alone = nuisancesSchema.parse({ pedestal: all.pedestal });
    draws.forEach((draw, i) => {
      const [pedestal] = drawStrengths(alone, createRandom(i));
      expect(draw.find(([n]) => n === 'pedestal')).toEqual(pedestal);
    });
  });

  it('refuses what it does not know, and ranges the wrong way round', () => {
    expect(nuisancesSchema.safeParse({ fog: { share: 1, low: 1, high: 2 } }).success).toBe(false);
    expect(nuisancesSchema.safeParse({ gain: { share: 1, low: 3, high: 2 } }).success).toBe(false);
    expect(nuisancesSchema.safeParse({ gain: { share: 2, low: 1, high: 2 } }).success).toBe(false);
  });
});
