/** The reciprocal of an average whose every sum is to be rounded as a file rounds the quotient. */
import { castNumber, roundHalfEven } from '../fixed/cast.js';
import { fractionBits, lsb, maxMantissa, minMantissa, type Format } from '../fixed/format.js';
import type { StageInput } from '../ir/prove.js';
import type { Reciprocal } from './reciprocal.js';

/** Sums that are tried, each with every reciprocal. */
const MOST_SUMS = 2 ** 20;
const MOST_RECIPROCAL = 2 ** 18;
const MOST_FRACTION = 40;

export interface RoundingReciprocal extends Reciprocal {
  /** Sums whose mean comes out otherwise than that of the file; null where there were too many to try. */
  readonly wrong: number | null;
}

/** Sums as `castNumber` rounds them with `reciprocal` that differ from `expected`; stops beyond `most`. */
function wrongSums(
  { reciprocal, reciprocalFraction }: Reciprocal,
  expected: Int32Array,
  { first, fraction, to }: { readonly first: number; readonly fraction: number; readonly to: Format },
  most: number,
): number {
  let wrong = 0;
  for (let i = 0; i < expected.length && wrong <= most; i++)
    if (castNumber((first + i) * reciprocal, fraction + reciprocalFraction, to) !== expected[i]) wrong++;
  return wrong;
}

/**
 * The reciprocal of `count` of fewest bits that rounds the most sums of `input` as the file does: the quotient in
 * float32, halves to even. A half that no reciprocal but 1/count itself meets stays wrong: `count` is no power of two then.
 */
export function roundingReciprocal(
  count: number,
  { range, format }: StageInput,
  to: Format,
): RoundingReciprocal | null {
  const first = range.low * count;
  const sums = (range.high - range.low) * count + 1;
  if (sums > MOST_SUMS || to.quantization !== 'AP_RND_CONV') return null;
  const unit = lsb(format);
  const scale = 2 ** fractionBits(to);
  const expected = Int32Array.from({ length: sums }, (_, i) => {
    const mean = Math.fround(Math.fround((first + i) * unit) / count);
    return Math.min(Math.max(roundHalfEven(mean * scale), minMantissa(to)), maxMantissa(to));
  });
  const facts = { first, fraction: fractionBits(format), to };
  let best: RoundingReciprocal | null = null;
  for (let reciprocalFraction = 0; reciprocalFraction <= MOST_FRACTION; reciprocalFraction++) {
    const exact = 2 ** reciprocalFraction / count;
    for (const reciprocal of new Set([Math.floor(exact), Math.ceil(exact)])) {
      if (reciprocal < 1 || reciprocal >= MOST_RECIPROCAL) continue;
      const wrong = wrongSums({ reciprocal, reciprocalFraction }, expected, facts, best?.wrong ?? Infinity);
      if (wrong < (best?.wrong ?? Infinity)) best = { reciprocal, reciprocalFraction, wrong };
      if (wrong === 0) return best;
    }
    if (exact >= MOST_RECIPROCAL) break;
  }
  return best;
}
