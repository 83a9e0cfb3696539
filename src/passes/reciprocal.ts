/** The constant that average pooling multiplies its exact sum with. */
import { FLOAT32_EXACT } from '../ir/prove.js';

export interface Reciprocal {
  readonly reciprocal: number;
  readonly reciprocalFraction: number;
}

/** More bits than this cannot move a 16-bit result. */
const MOST_BITS = 18;

/**
 * `reciprocal · 2^-reciprocalFraction` nearest to `1 / count`, as precise as keeps a sum of up to `largestSum`
 * (a magnitude, in units of the input) exact in float32 but no less precise than `resultBits` call for, and no
 * wider than it need be. Exact for powers of two.
 */
export function averageReciprocal(count: number, largestSum: number, resultBits: number): Reciprocal {
  const room = Math.max(FLOAT32_EXACT / Math.max(largestSum, 1), 2 ** (resultBits + 1));
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
