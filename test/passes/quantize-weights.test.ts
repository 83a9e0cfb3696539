import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bestWeightFraction,
  quantizeBias,
  quantizeWeights,
  weightMantissa,
} from '../../src/passes/quantize-weights.js';
import { averageReciprocal } from '../../src/passes/reciprocal.js';

const errorAt = (weights: readonly number[], fraction: number, width: number): number =>
  weights.reduce((sum, w) => sum + (w - weightMantissa(w, fraction, width) * 2 ** -fraction) ** 2, 0);

const floats = fc.array(fc.float({ min: -8, max: 8, noNaN: true, noDefaultInfinity: true }), {
  minLength: 1,
  maxLength: 12,
});

describe('the scale of a channel of weights', () => {
  it('is never beaten by any other power of two', () => {
    fc.assert(
      fc.property(floats, fc.integer({ min: 2, max: 8 }), (weights, width) => {
        fc.pre(weights.some((w) => Math.abs(w) > 1e-6));
        const chosen = errorAt(weights, bestWeightFraction(weights, width), width);
        let least = Infinity;
        for (let fraction = -8; fraction <= 40; fraction++)
          least = Math.min(least, errorAt(weights, fraction, width));
        expect(chosen).toBeLessThanOrEqual(least * (1 + 1e-12));
      }),
      { numRuns: 400 },
    );
  });

  it('is never beaten on any pair of weights of a grid, down to two bits', () => {
    const grid = Array.from({ length: 33 }, (_, i) => (i - 16) / 10);
    for (const width of [2, 3, 4])
      for (const a of grid)
        for (const b of grid) {
          if (a === 0 && b === 0) continue;
          const chosen = errorAt([a, b], bestWeightFraction([a, b], width), width);
          let least = Infinity;
          for (let fraction = -6; fraction <= 16; fraction++)
            least = Math.min(least, errorAt([a, b], fraction, width));
          expect(chosen).toBeLessThanOrEqual(least + 1e-15);
        }
  });

  it('finds the best mantissas for it by brute force too, at two and three bits', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -2, max: 2, noNaN: true }), { minLength: 1, maxLength: 3 }),
        fc.constantFrom(2, 3),
        (weights, width) => {
          fc.pre(weights.some((w) => Math.abs(w) > 1e-6));
          const chosen = errorAt(weights, bestWeightFraction(weights, width), width);
          const limit = 2 ** (width - 1);
          for (let fraction = -4; fraction <= 30; fraction++) {
            // The mantissas are independent given the scale: the least error is the sum of least errors.
            const least = weights.reduce((sum, w) => {
              const errors = Array.from(
                { length: 2 * limit },
                (_, k) => (w - (k - limit) * 2 ** -fraction) ** 2,
              );
              return sum + Math.min(...errors);
            }, 0);
            expect(chosen).toBeLessThanOrEqual(least + 1e-12);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('quantized weights', () => {
  it('keep every channel with its own scale and within its width', () => {
    const weights = Float32Array.from(
      { length: 24 },
      (_, i) => ((i % 3) + 1) * 10 ** ((i % 3) - 2) * Math.sin(i),
    );
    const { mantissas, fraction } = quantizeWeights(weights, Float32Array.of(0, 0.5, 0), 6, 8);
    expect(new Set(fraction).size).toBeGreaterThan(1);
    mantissas.forEach((q, i) => {
      expect(Math.abs(q)).toBeLessThanOrEqual(32);
      expect(Math.abs(q * 2 ** -fraction[i % 3]! - weights[i]!)).toBeLessThan(0.1 * 10 ** ((i % 3) - 2) * 3);
    });
  });

  it('give a channel of tiny weights no scale at which its bias would overflow', () => {
    const bias = Float32Array.of(3, 0);
    const { fraction } = quantizeWeights(Float32Array.of(1e-12, 1), bias, 8, 8);
    const [first] = quantizeBias(bias, fraction, 8);
    expect(Math.abs(first!)).toBeLessThan(2 ** 22);
    expect(Math.abs(first!)).toBeGreaterThan(2 ** 12);
  });
});

describe('the reciprocal of an average', () => {
  it('is exact for powers of two, and near 1/count within the bits of the result otherwise', () => {
    expect(averageReciprocal(16, 16 * 255, 8)).toEqual({ reciprocal: 1, reciprocalFraction: 4 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4096 }), fc.integer({ min: 2, max: 16 }), (count, bits) => {
        const { reciprocal, reciprocalFraction } = averageReciprocal(count, count * (2 ** bits - 1), bits);
        const error = Math.abs((reciprocal * count) / 2 ** reciprocalFraction - 1);
        // Half a step of the result at most.
        expect(error * 2 ** bits).toBeLessThanOrEqual(0.5);
      }),
      { numRuns: 500 },
    );
  });
});
