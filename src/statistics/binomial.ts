/**
 * The binomial distribution, exactly: its distribution function by the incomplete beta function, and the intervals of
 * Clopper & Pearson (Biometrika 26 (1934) 404), whose coverage is never less than asked for.
 */
import { invariant } from '../core/errors.js';
import type { Interval } from './proportion.js';

/** Lanczos' series, g = 7, nine terms: 15 digits for x > 0. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

function logGamma(x: number): number {
  const y = x - 1;
  const t = y + 7.5;
  const series = LANCZOS.slice(1).reduce((sum, c, i) => sum + c / (y + i + 1), LANCZOS[0]!);
  return 0.5 * Math.log(2 * Math.PI) + (y + 0.5) * Math.log(t) - t + Math.log(series);
}

const TINY = 1e-300;

/** The continued fraction of the incomplete beta function, by Lentz' method. */
function betaFraction(a: number, b: number, x: number): number {
  let c = 1;
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1));
  let h = d;
  for (let m = 1; m <= 100_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / nonZero(1 + even * d);
    c = nonZero(1 + even / c);
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonZero(1 + odd * d);
    c = nonZero(1 + odd / c);
    const step = d * c;
    h *= step;
    if (Math.abs(step - 1) < 1e-15) return h;
  }
  invariant(false, `the incomplete beta function of ${a}, ${b} at ${x} does not converge`);
}

const nonZero = (x: number): number => (Math.abs(x) < TINY ? TINY : x);

/** I_x(a, b), the distribution function of Beta(a, b). */
export function betaCdf(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const log = logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x);
  return x < (a + 1) / (a + b + 2)
    ? (Math.exp(log) * betaFraction(a, b, x)) / a
    : 1 - (Math.exp(log) * betaFraction(b, a, 1 - x)) / b;
}

/** P(X ≤ k) for X of `n` trials with probability `p` each. */
export function binomialCdf(k: number, n: number, p: number): number {
  if (k < 0) return 0;
  if (k >= n) return 1;
  return betaCdf(1 - p, n - k, k + 1);
}

/** The smallest x in [0, 1] at which the growing function `f` reaches `level`. */
function solve(f: (x: number) => number, level: number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (f(middle) < level) low = middle;
    else high = middle;
  }
  return high;
}

/** The interval for the probability behind `count` of `total`, at `confidence` (0.95: 2.5 % on either side). */
export function clopperPearson(count: number, total: number, confidence: number): Interval {
  const tail = (1 - confidence) / 2;
  return {
    low: count === 0 ? 0 : solve((p) => betaCdf(p, count, total - count + 1), tail),
    high: count === total ? 1 : solve((p) => betaCdf(p, count + 1, total - count), 1 - tail),
  };
}
