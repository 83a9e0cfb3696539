/** Judges of frames at equal reduction. */
import { describe, expect, it } from 'vitest';
import { atEqualReduction, judged, parseJudges } from '../../src/run/side-by-side.js';

const truth = {
  hits: [true, true, true, false, false, null],
  indexable: [true, false, true, false, true, null],
};

describe('judges side by side', () => {
  it('keep their highest ranks, and the first of as high ones', () => {
    const ranks = [3, 0, 7, 3, 3, 9];
    const row = atEqualReduction({ judge: 'finder', ranks, words: (rank) => `${rank} spots` }, 3, truth);
    // Kept: 5, 2 and of the three with 3 the first.
    expect(row).toMatchObject({
      keeps: '3 spots',
      framesKept: { count: 3, total: 6 },
      hitsKept: { count: 2, total: 3 },
      missesRejected: { count: 2, total: 2 },
      indexableKept: { count: 2, total: 3 },
    });
    expect(atEqualReduction({ judge: 'finder', ranks, words: String }, 0, truth).keeps).toBe('nothing');
  });

  it('are not asked for patterns where nobody tried to index', () => {
    const untried = { ...truth, indexable: truth.hits.map(() => null) };
    expect(
      judged(
        'labels',
        'hits',
        truth.hits.map((hit) => hit === true),
        untried,
      ).indexableKept,
    ).toBeNull();
  });

  it('are named with commas between', () => {
    expect(parseJudges('peakfinder8, out/other')).toEqual(['peakfinder8', 'out/other']);
    expect(() => parseJudges('peakfinder8,,dispersion')).toThrow(
      /--beside: .*names no judge between two commas/,
    );
  });
});
