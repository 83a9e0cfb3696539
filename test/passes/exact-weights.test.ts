/** Weights that are mantissas already, and biases that stand for others. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { castNumber, roundReal } from '../../src/fixed/cast.js';
import { format, QUANTIZATIONS } from '../../src/fixed/format.js';
import { nodeId } from '../../src/ir/common.js';
import { exactWeights } from '../../src/passes/exact-weights.js';

const dense = (weights: readonly number[], bias: number) => ({
  id: nodeId('dense'),
  kind: 'dense' as const,
  inputs: [nodeId('x')],
  weights: Float32Array.from(weights),
  bias: Float32Array.of(bias),
});

describe('the bias of a stage whose sums are coarser', () => {
  it('stands for the bias given: every sum is rounded to the same step, whatever the rule', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -4000, max: 4000 }),
        fc.integer({ min: 0, max: 8 }),
        fc.integer({ min: -2, max: 10 }),
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.constantFrom(...QUANTIZATIONS),
        (sum, fraction, target, real, rule) => {
          // Sums of it are exact in doubles.
          const bias = Math.round(real * 2 ** 20) * 2 ** -20;
          const border = rule === 'AP_TRN' || rule === 'AP_TRN_ZERO' ? target : target + 1;
          // One weight of 1, so that sums are whole numbers of the input's steps.
          const exact = exactWeights(dense([1], bias), fraction, border)!;
          const accumulator = sum * exact.mantissas[0]! + exact.bias[0]!;
          const to = format(true, 40, 40 - target, rule);
          const wanted = roundReal((sum * 2 ** -fraction + bias) * 2 ** target, rule);
          expect(castNumber(accumulator, fraction + exact.fraction[0]!, to)).toBe(wanted);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('says how near it is to one that rounds otherwise', () => {
    expect(exactWeights(dense([1], 0.5 + 2 ** -20), 1, 1)!.room).toBe(2 ** -20);
    expect(exactWeights(dense([1], 0.5), 1, 1)!.room).toBe(Infinity);
  });

  it('is the nearest of a finer step where nothing is rounded, and says so', () => {
    const exact = exactWeights(dense([0.5, -0.25], 0.1), 4, null)!;
    expect(exact.isBiasRounded).toBe(true);
    const value = exact.bias[0]! * 2 ** -(exact.fraction[0]! + 4);
    expect(Math.abs(value - 0.1)).toBeLessThanOrEqual(2 ** -(exact.fraction[0]! + 5));
  });
});

describe('weights that are integers times powers of two', () => {
  it('are their own mantissas, at the coarsest scale', () => {
    const { mantissas, fraction, width } = exactWeights(dense([0.75, -1.5, 0], 0), 3, 5)!;
    expect([...mantissas]).toEqual([3, -6, 0]);
    expect(fraction[0]).toBe(2);
    expect(width).toBe(4);
  });

  it('are none where a weight has more bits than 16, or no end', () => {
    expect(exactWeights(dense([1, 2 ** -17], 0), 3, 5)).toBeNull();
    expect(exactWeights(dense([0.1], 0), 3, 5)).toBeNull();
  });
});
