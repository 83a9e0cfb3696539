import { describe, expect, it } from 'vitest';
import { CLASS_NAMES } from '../../src/data/frames.js';
import { simulateFrames } from '../../src/data/simulate/simulate-frames.js';
import { withNuisances, withSimulated } from '../../src/train/simulated-frames.js';

const SIZE = [64, 64] as const;
const own = {
  count: 3,
  read: (i: number) => Promise.resolve(new Uint16Array(64 * 64).fill(i)),
  label: (i: number) => i % 2,
};
const options = { frames: 12, variety: 'broad' as const, ownRepeats: 1 };
const five = { classNames: CLASS_NAMES, hitClasses: [false, false, true, true, true] };

describe('simulated frames beside own frames', () => {
  it('come behind them, with their pixels and classes', async () => {
    const both = withSimulated(own, options, SIZE, five, 4);
    const simulated = simulateFrames({ seed: 4, count: 12, height: 64, width: 64, variety: 'broad' });
    expect(both.count).toBe(15);
    expect((await both.read(2)).every((v) => v === 2)).toBe(true);
    expect(await both.read(3)).toEqual((await simulated.read(0)).pixels);
    const labels = Array.from({ length: 15 }, (_, i) => both.label(i));
    expect(labels).toEqual([0, 1, 0, ...Array.from({ length: 12 }, (_, i) => simulated.label(i).label)]);
    expect(new Set(labels.slice(3)).size).toBe(5);
  });

  it('let an epoch hold the own frames several times', async () => {
    const both = withSimulated(own, { ...options, ownRepeats: 2 }, SIZE, five, 4);
    expect(both.count).toBe(18);
    expect(Array.from({ length: 6 }, (_, i) => both.label(i))).toEqual([0, 1, 0, 0, 1, 0]);
    expect((await both.read(5))[0]).toBe(2);
    expect(await both.read(6)).toEqual(await withSimulated(own, options, SIZE, five, 4).read(3));
  });

  it('become hits and misses where there are no other classes, in the order of the classes', () => {
    const two = { classNames: ['hit', 'miss'], hitClasses: [true, false] };
    const both = withSimulated(own, options, SIZE, two, 4);
    const all = withSimulated(own, options, SIZE, five, 4);
    for (let i = 3; i < 15; i++) expect(both.label(i)).toBe(all.label(i) >= 2 ? 0 : 1);
  });

  it('are refused beside classes that they do not have', () => {
    const three = { classNames: ['empty', 'ice', 'crystal'], hitClasses: [false, false, true] };
    expect(() => withSimulated(own, options, SIZE, three, 4)).toThrow(/no classes empty, ice, crystal/);
    expect(withSimulated(own, { ...options, frames: 0 }, SIZE, three, 4)).toBe(own);
  });
});

describe('frames with nuisances', () => {
  const mask = Uint8Array.from({ length: 64 * 64 }, (_, i) => Number(i % 5 !== 0));
  const masked = {
    ...own,
    readMasked: async (i: number) => ({ pixels: await own.read(i), mask }),
  };
  const three = withSimulated(masked, { ...options, frames: 0, ownRepeats: 3 }, SIZE, five, 4);
  const pedestal = { pedestal: { share: 1, low: 10, high: 30 } };

  it('leave the first repetition of the own frames as it is, and change the others, each in its way', async () => {
    const all = withNuisances(three, pedestal, own.count, SIZE, 4);
    expect(all.count).toBe(9);
    expect(await all.read(2)).toEqual(await own.read(2));
    const [once, again] = [await all.read(5), await all.read(8)];
    expect([once[0], again[0]]).toEqual([2, 2]);
    expect(once[1]).toBeGreaterThanOrEqual(12);
    expect(again[1]).not.toBe(once[1]);
    expect([all.label(5), all.label(8)]).toEqual([own.label(2), own.label(2)]);
  });

  it('are the same each time, and others for another seed', async () => {
    const read = async (seed: number): Promise<Uint16Array> =>
      withNuisances(three, pedestal, own.count, SIZE, seed).read(7);
    expect(await read(4)).toEqual(await read(4));
    expect(await read(5)).not.toEqual(await read(4));
  });

  it('are the frames themselves where a recipe names none', () => {
    expect(withNuisances(three, {}, own.count, SIZE, 4)).toBe(three);
  });
});
