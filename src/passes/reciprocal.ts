/** The constant that average pooling multiplies its exact sum with. */
import { FLOAT32_EXACT } from '../ir/prove.js';

export interface Reciprocal {
  readonly reciprocal: number;
  readonly reciprocalFraction: number;
}

/** More bits than this cannot move a 16-bit result. */
const MOST_BITS = 18;

/** What a reciprocal has to stay below. */
const roomFor = (largestSum: number, resultBits: number): number =>
  Math.max(FLOAT32_EXACT / Math.max(largestSum, 1), 2 ** (resultBits + 1));

/**
 * `reciprocal · 2^-reciprocalFraction` nearest to `1 / count`, as precise as keeps a sum of up to `largestSum`
 * (a magnitude, in units of the input) exact in float32 but no less precise than `resultBits` call for, and no
 * wider than it need be. Exact for powers of two.
 */
export function averageReciprocal(count: number, largestSum: number, resultBits: number): Reciprocal {
  const room = roomFor(largestSum, resultBits);
  let best: Reciprocal = { reciprocal: 1, reciprocalFraction: Math.ceil(Math.log2(count)) };
  let least = Infinity;
  for (let fraction = 0; fraction <= 48; fraction++) {
    const reciprocal = Math.round(2 ** fraction / count);
    if (reciprocal < 1) continue;
    if (reciprocal >= room || reciprocal >= 2 ** MOST_BITS) break;
    const error = Math.abs((reciprocal * count) / 2 ** fraction - 1);
    if (error < least) {
      least = error;
      best = { reciprocal, reciprocalFraction: fraction };
    }
  }
  return best;
}

/** Reciprocals of several counts, of one fraction. */
export interface CountedReciprocal extends Reciprocal {
  /** Of `n` at place `n`; 0 where no window counts as many. */
  readonly reciprocals: Int32Array<ArrayBuffer>;
}

/**
 * The same for windows that count some of `counts` elements, `whole` at most: one fraction for all, that with the least of
 * the largest relative errors. The product of a sum with its reciprocal grows with no count, but for rounding.
 */
export function countedReciprocals(
  counts: readonly number[],
  whole: number,
  largestElement: number,
  resultBits: number,
): CountedReciprocal {
  const all = [...new Set(counts)];
  const fewest = Math.min(...all);
  const room = roomFor(largestElement * fewest, resultBits);
  const at = (fraction: number, n: number): number => Math.max(1, Math.round(2 ** fraction / n));
  let best = 0;
  let least = Infinity;
  for (let fraction = 0; fraction <= 48; fraction++) {
    const most = at(fraction, fewest);
    if (most >= room || most >= 2 ** MOST_BITS) break;
    const error = Math.max(...all.map((n) => Math.abs((at(fraction, n) * n) / 2 ** fraction - 1)));
    if (error < least) {
      least = error;
      best = fraction;
    }
  }
  const reciprocals = Int32Array.from({ length: whole + 1 }, (_, n) => (all.includes(n) ? at(best, n) : 0));
  return { reciprocal: at(best, whole), reciprocalFraction: best, reciprocals };
}
