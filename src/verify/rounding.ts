/** What the activation and the one rounding of a stage do to an accumulator: for counting, no witness. */
import { castNumber } from '../fixed/cast.js';
import { fractionBits, maxMantissa, minMantissa, type Format } from '../fixed/format.js';
import { activated, slopesOf } from '../ir/activations.js';
import type { SummingNode } from '../ir/ops/index.js';
import { activationOf } from '../ir/prove.js';

/** `format` with room for every rounded accumulator: what a value is before the overflow. */
export const unbounded = (format: Format): Format => ({
  ...format,
  width: 53,
  integer: 53 - fractionBits(format),
  signed: true,
  overflow: 'AP_SAT',
});

export interface Rounded {
  /** Not a value of the format; exactly between two of them. */
  readonly inexact: boolean;
  readonly tie: boolean;
  /** Left the format at its top, at its bottom. */
  readonly above: boolean;
  readonly below: boolean;
}

/** What becomes of the accumulator `sum` of channel `c` whose least significant bit weighs `2^-accumulatorFraction`. */
export function roundedOf(node: SummingNode, accumulatorFraction: number, sum: number, c: number): Rounded {
  const { format } = node;
  const slopes = slopesOf(activationOf(node));
  const value = activated(slopes, sum, c);
  const fraction = accumulatorFraction + slopes.fraction;
  const scaled = value * 2 ** (fractionBits(format) - fraction);
  const rest = scaled - Math.floor(scaled);
  // The rounding itself may carry a value over the top: ask the format without its overflow.
  const rounded = castNumber(value, fraction, unbounded(format));
  return {
    inexact: rest !== 0,
    tie: rest === 0.5,
    above: rounded > maxMantissa(format),
    below: rounded < minMantissa(format),
  };
}
