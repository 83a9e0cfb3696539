/** The smallest set of regions that turns a decision, on scorers whose every answer is known. */
import { describe, expect, it } from 'vitest';
import { additionWords, removalWords } from '../../src/run/explain/words.js';
import { createRandom } from '../../src/core/random.js';
import {
  flippingRegions,
  provedSmallest,
  subsets,
  sufficientRegions,
  type FewestRegions,
  type RegionQuestion,
} from '../../src/explain/fewest-regions.js';
import { occlude, regionGrid, type Region } from '../../src/explain/occlusion.js';

const SIDE = 24;
const REGIONS = regionGrid(SIDE, SIDE, 8);
const ALL = 2 ** REGIONS.length - 1;
const brightPixel = (r: Region): number => (r.y + 4) * SIDE + r.x + 4;

/** A frame with one bright pixel in every region. */
const FRAME = new Uint16Array(SIDE * SIDE).fill(10);
for (const region of REGIONS) FRAME[brightPixel(region)] = 500;

/** Which regions a frame still has, one bit each. */
const regionsIn = (frame: Uint16Array): number =>
  REGIONS.reduce((bits, region, i) => bits | (frame[brightPixel(region)]! > 100 ? 1 << i : 0), 0);

const bitsOf = (regions: readonly Region[]): number =>
  regions.reduce((bits, region) => bits | (1 << REGIONS.indexOf(region)), 0);

const ones = (bits: number): number => bits.toString(2).replaceAll('0', '').length;

/** The question about FRAME for a score that depends on the regions that are there. */
async function question(
  score: (bits: number) => number,
  threshold: number,
  tries: number,
): Promise<RegionQuestion> {
  const scorer = (frames: readonly Uint16Array[]) => Promise.resolve(frames.map((f) => score(regionsIn(f))));
  const size = [SIDE, SIDE] as const;
  const occlusion = await occlude(scorer, FRAME, size, REGIONS);
  return { scorer, frame: FRAME, size, occlusion, threshold, tries };
}

/** The fewest regions of all sets that `turns`, by trying every one; Infinity for none. */
function fewestOf(turns: (set: number) => boolean): number {
  let best = Infinity;
  for (let set = 1; set <= ALL; set++) if (turns(set)) best = Math.min(best, ones(set));
  return best;
}

describe('the smallest set of regions that turns a decision', () => {
  it.each([1, 2, 3, 4])('is found and proved where %i bright regions must go', async (count) => {
    const q = await question((bits) => ones(bits), REGIONS.length - count + 1, 1000);
    const flip = await flippingRegions(q);
    expect(flip.found?.regions).toHaveLength(count);
    expect(flip.found?.score).toBe(REGIONS.length - count);
    expect(flip.noneUpTo).toBe(count - 1);
    expect(provedSmallest(flip)).toBe(true);
  });

  it('is that of trying every set, for scores that follow no rule', async () => {
    const random = createRandom(11);
    const sizes = new Set<number>();
    for (let k = 0; k < 60; k++) {
      // Few sets score low, so that most decisions need several regions.
      const table = Array.from({ length: ALL + 1 }, () => (random.uniform() < 0.02 ? -1 : 1));
      table[ALL] = 1;
      table[0] = -1;
      const q = await question((bits) => table[bits]!, 0, 10_000);
      const [removal, addition] = [await flippingRegions(q), (await sufficientRegions(q))!];
      expect(removal.found!.regions.length).toBe(fewestOf((set) => table[ALL & ~set]! < 0));
      expect(addition.found!.regions.length).toBe(fewestOf((set) => table[set]! >= 0));
      expect(table[ALL & ~bitsOf(removal.found!.regions)]).toBe(removal.found!.score);
      expect([provedSmallest(removal), provedSmallest(addition)]).toEqual([true, true]);
      sizes.add(removal.found!.regions.length);
    }
    expect([...sizes].sort()).toEqual([1, 2, 3, 4]);
  });

  it('claims no more than was tried when the tries run out, and what it claims is true', async () => {
    const random = createRandom(12);
    let unproved = 0;
    for (let k = 0; k < 60; k++) {
      const table = Array.from({ length: ALL + 1 }, () => (random.uniform() < 0.01 ? -1 : 1));
      table[ALL] = 1;
      table[0] = -1;
      const flip = await flippingRegions(await question((bits) => table[bits]!, 0, random.integer(0, 60)));
      const least = fewestOf((set) => table[ALL & ~set]! < 0);
      expect(least).toBeGreaterThan(flip.noneUpTo);
      expect(flip.found!.score).toBe(-1);
      if (provedSmallest(flip)) expect(flip.found!.regions.length).toBe(least);
      else unproved++;
    }
    expect(unproved).toBeGreaterThan(10);
  });

  it('finds a pair that the order of single effects hides', async () => {
    // Regions 7 and 8 matter only together; 0, 1 and 2 are needed together otherwise.
    const has = (bits: number, ...regions: number[]): boolean => regions.every((i) => (bits >> i) & 1);
    const score = (bits: number): number =>
      (has(bits, 7) || has(bits, 8) ? 0 : -50) +
      [0, 1, 2].reduce((sum, i) => sum + (has(bits, i) ? 4 : 0), 0);
    const q = await question(score, 1, 1000);
    const flip = await flippingRegions(q);
    expect(bitsOf(flip.found!.regions)).toBe((1 << 7) | (1 << 8));
    expect(provedSmallest(flip)).toBe(true);
    // Without tries the three of the fast search stand, and the answer says so.
    const quick = await flippingRegions({ ...q, tries: 0 });
    expect(bitsOf(quick.found!.regions)).toBe(0b111);
    expect([quick.noneUpTo, provedSmallest(quick)]).toEqual([1, false]);
  });

  it('sees a region that is enough alone though taking it away does nothing', async () => {
    const score = (bits: number): number => (bits === 1 << 5 || ones(bits) > 6 ? 1 : -1);
    const enough = (await sufficientRegions(await question(score, 0, 0)))!;
    expect(bitsOf(enough.found!.regions)).toBe(1 << 5);
    expect(provedSmallest(enough)).toBe(true);
  });

  it('says how many sets were tried when none turns the decision, and when no region is needed', async () => {
    const q = await question(() => 5, 0, 1000);
    const flip = await flippingRegions(q);
    expect(flip).toEqual({ found: null, noneUpTo: 1, tried: 2 * REGIONS.length });
    expect(await sufficientRegions(q)).toBeNull();
  });
});

describe('subsets', () => {
  it('are all of them, once, those of the first items first', () => {
    expect([...subsets('abcd'.split(''), 2)].map((s) => s.join(''))).toEqual([
      'ab',
      'ac',
      'bc',
      'ad',
      'bd',
      'cd',
    ]);
    expect([...subsets([...Array(9).keys()], 4)]).toHaveLength(126);
    expect([...subsets(['a'], 2)]).toEqual([]);
  });
});

describe('the words on a set of regions', () => {
  const set = (count: number, noneUpTo: number): FewestRegions => ({
    found: { regions: REGIONS.slice(0, count), score: -3 },
    noneUpTo,
    tried: 40,
  });

  it('say what is proved and what is not', () => {
    expect(removalWords(set(1, 0), true)).toBe(
      'It would not be kept without the region at row 0, column 0: the score would be -3.',
    );
    expect(removalWords(set(3, 2), true)).toContain(
      'row 0, column 16 (proved: no smaller set does it): the score',
    );
    expect(removalWords(set(3, 1), false)).toContain('the smallest set found: no set of one region does it');
    expect(additionWords(set(5, 2), true)).toContain('no set of one to 2 regions does it');
    const none: FewestRegions = { found: null, noneUpTo: 1, tried: 288 };
    expect(removalWords(none, true)).toBe(
      'It stays kept when regions are taken away: of 288 sets of regions that were tried, none changes it (among them every set of one region).',
    );
    expect(additionWords(null, false)).toContain('no region is needed for it');
  });
});
