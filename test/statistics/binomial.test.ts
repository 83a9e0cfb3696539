import { describe, expect, it } from 'vitest';
import { binomialCdf, clopperPearson } from '../../src/statistics/binomial.js';

/** P(X ≤ k) term by term, in whole numbers: p = a / b. */
function exactCdf(k: number, n: number, a: bigint, b: bigint): number {
  let choose = 1n;
  let sum = 0n;
  for (let i = 0n; i <= BigInt(k); i++) {
    sum += choose * a ** i * (b - a) ** (BigInt(n) - i);
    choose = (choose * (BigInt(n) - i)) / (i + 1n);
  }
  return Number((sum * 10n ** 18n) / b ** BigInt(n)) / 1e18;
}

describe('the binomial distribution', () => {
  it('is the sum of its terms, in the middle and far out', () => {
    for (const [k, n, a, b] of [
      [0, 1, 1n, 2n],
      [3, 10, 1n, 4n],
      [0, 500, 1n, 100n],
      [7, 500, 1n, 100n],
      [499, 500, 99n, 100n],
      [30, 700, 1n, 50n],
      [200, 400, 1n, 2n],
    ] as const)
      expect(binomialCdf(k, n, Number(a) / Number(b))).toBeCloseTo(exactCdf(k, n, a, b), 12);
  });

  it('gives nothing below zero and all from the number of trials on', () => {
    expect(binomialCdf(-1, 10, 0.5)).toBe(0);
    expect(binomialCdf(10, 10, 0.5)).toBe(1);
    expect(binomialCdf(3, 10, 0)).toBe(1);
    expect(binomialCdf(3, 10, 1)).toBe(0);
  });
});

describe("Clopper and Pearson's interval", () => {
  it('has at its ends the probabilities for which the count is just not too far out', () => {
    const { low, high } = clopperPearson(7, 120, 0.95);
    expect(1 - binomialCdf(6, 120, low)).toBeCloseTo(0.025, 9);
    expect(binomialCdf(7, 120, high)).toBeCloseTo(0.025, 9);
  });

  it('reaches 0 and 1 where nothing and everything was counted', () => {
    expect(clopperPearson(0, 20, 0.95).low).toBe(0);
    expect(clopperPearson(0, 20, 0.95).high).toBeCloseTo(1 - 0.025 ** (1 / 20), 9);
    expect(clopperPearson(20, 20, 0.95)).toMatchObject({ high: 1 });
  });
});
