/** Regions taken away and added, peaks added, and the curves over regions. */
import { describe, expect, it } from 'vitest';
import { peaksToTurn } from '../../src/explain/added-peaks.js';
import { insertionDeletion } from '../../src/explain/curves.js';
import { occlude, regionGrid, withoutRegions } from '../../src/explain/occlusion.js';

describe('occlusion', () => {
  const size = [48, 48] as const;
  const frame = new Uint16Array(48 * 48).fill(10);
  for (const [y, x] of [
    [5, 5],
    [20, 41],
  ] as const)
    frame[y * 48 + x] = 500;
  /** Counts bright pixels: a peak finder in one line. */
  const scorer = (frames: readonly Uint16Array[]) =>
    Promise.resolve(frames.map((f) => f.reduce((n, v) => n + (v > 100 ? 1 : 0), 0)));
  const regions = regionGrid(48, 48, 8);

  it('covers the frame once', () => {
    const covered = new Uint8Array(48 * 48);
    for (const r of regions)
      for (let y = r.y; y < r.y + r.height; y++)
        for (let x = r.x; x < r.x + r.width; x++) covered[y * 48 + x]! += 1;
    expect(covered.every((n) => n === 1)).toBe(true);
  });

  it('finds the regions that the score rests on, and no others', async () => {
    const { effects } = await occlude(scorer, frame, size, regions);
    const found = regions.filter((_, i) => effects[i]! > 0);
    expect(found.map((r) => [r.y, r.x])).toEqual([
      [0, 0],
      [16, 40],
    ]);
  });

  it('counts the peaks that a vetoed frame lacked', async () => {
    const blank = new Uint16Array(48 * 48).fill(10);
    const seen = { offset: [8, 0], size: [40, 48] } as const;
    const lacking = (threshold: number) =>
      peaksToTurn(scorer, blank, 48, seen, (s) => s >= threshold, { snr: 150, seed: 1 });
    expect(await lacking(1)).toMatchObject({ count: 1, tried: 64 });
    // A peak of 150 σ has a middle of 112 above the background: one bright pixel each.
    expect(await lacking(3)).toMatchObject({ count: 3 });
    expect((await lacking(1000)).count).toBeNull();
    for (const [y, x] of (await lacking(1)).places) {
      expect(y).toBeGreaterThanOrEqual(8 + 7);
      expect(x).toBeLessThan(48 - 7);
    }
  });

  it('insertion rises and deletion falls at once for the right order, and late for the wrong one', async () => {
    const first = regions.filter((r) => (r.y === 0 && r.x === 0) || (r.y === 16 && r.x === 40));
    const rest = regions.filter((r) => !first.includes(r));
    const right = (await insertionDeletion(scorer, frame, size, [...first, ...rest]))!;
    const wrong = (await insertionDeletion(scorer, frame, size, [...rest, ...first]))!;
    expect(right.insertion).toBeGreaterThan(0.9);
    expect(right.deletion).toBeLessThan(0.1);
    expect(wrong.insertion).toBeLessThan(0.2);
    expect(wrong.deletion).toBeGreaterThan(0.8);
    expect(await insertionDeletion(() => Promise.resolve(Array<number>(20).fill(1)), frame, size, regions)).toBeNull(); // prettier-ignore
  });

  it('fills a region with what surrounds it', () => {
    expect(withoutRegions(frame, size, regions).every((v) => v === 10)).toBe(true);
  });
});
