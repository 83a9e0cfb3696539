import { describe, expect, it } from 'vitest';
import { histogram } from '../../src/cli/commands/compare.js';
import { mcnemar } from '../../src/passes/mcnemar.js';

describe("McNemar's exact test", () => {
  it('is the two-sided binomial probability', () => {
    expect(mcnemar(0, 0)).toBe(1);
    expect(mcnemar(3, 3)).toBe(1);
    expect(mcnemar(0, 5)).toBeCloseTo(2 / 32, 12);
    expect(mcnemar(1, 9)).toBeCloseTo((2 * 11) / 1024, 12);
    expect(mcnemar(9, 1)).toBe(mcnemar(1, 9));
  });
  it('goes over into the normal approximation without a jump', () => {
    expect(mcnemar(470, 530)).toBeCloseTo(mcnemar(470, 531), 1);
    expect(mcnemar(2000, 1000)).toBeLessThan(1e-20);
  });
});

describe('the histogram of score differences', () => {
  it('counts every value once, also when all are the same', () => {
    const counts = (values: readonly number[]): number =>
      histogram(values).reduce((sum, bin) => sum + bin.count, 0);
    expect(counts([1, 2, 3, -4.5])).toBe(4);
    expect(counts([0, 0])).toBe(2);
  });
});
