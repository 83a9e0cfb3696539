/** The search for values that bring a sum to a target, against all sums there are. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { nodeId } from '../../src/ir/common.js';
import { findTie, solveSum } from '../../src/verify/drills/solve.js';
import type { Term } from '../../src/verify/drills/sums.js';

describe('the search for sums', () => {
  const term = (weight: number, low: number, high: number, index: number): Term => ({
    source: nodeId('x'),
    index,
    weight,
    range: { low, high },
  });
  /** All sums that `terms` can make. */
  const sums = (terms: readonly Term[], bias: number): readonly number[] =>
    terms.reduce<readonly number[]>(
      (all, { weight, range }) => [
        ...new Set(
          all.flatMap((s) =>
            Array.from({ length: range.high - range.low + 1 }, (_, i) => s + weight * (range.low + i)),
          ),
        ),
      ],
      [bias],
    );

  it('finds a tie where there is one, says none where there is none', () => {
    const random = createRandom(3);
    let [found, none] = [0, 0];
    for (let n = 0; n < 400; n++) {
      const terms = Array.from({ length: random.integer(1, 4) }, (_, i) => {
        const low = random.integer(-3, 1);
        return term(random.pick([-12, -6, -4, -3, 2, 5, 8, 9]), low, low + random.integer(0, 4), i);
      });
      const bias = random.integer(-9, 9);
      const shift = random.integer(1, 5);
      const wish = { side: random.pick([1, -1] as const), odd: random.uniform() < 0.5 };
      const ties = sums(terms, bias).filter(
        (s) =>
          Math.sign(s) === wish.side &&
          ((s % 2 ** shift) + 2 ** shift) % 2 ** shift === 2 ** (shift - 1) &&
          Math.abs(Math.floor(s / 2 ** shift) % 2) === Number(wish.odd),
      );
      const tie = findTie({ terms, bias }, { shift, factor: 1 }, wish, random);
      if (tie.kind === 'found') {
        found += 1;
        expect(ties).toContain(tie.sum);
        expect(terms.reduce((s, t, i) => s + t.weight * tie.values[i]!, bias)).toBe(tie.sum);
        terms.forEach(({ range }, i) => {
          expect(tie.values[i]).toBeGreaterThanOrEqual(range.low);
          expect(tie.values[i]).toBeLessThanOrEqual(range.high);
        });
      }
      if (tie.kind === 'none') {
        none += 1;
        expect(ties).toEqual([]);
      }
    }
    expect(found).toBeGreaterThan(60);
    expect(none).toBeGreaterThan(60);
  });

  it('gives up on a target out of reach', () => {
    const terms = [term(3, 0, 5, 0), term(6, 0, 5, 1)];
    expect(solveSum(terms, 4, createRandom(1))).toBeNull();
    expect(solveSum(terms, 48, createRandom(1))).toBeNull();
    expect(solveSum(terms, 45, createRandom(1))).toEqual([5, 5]);
  });
});
