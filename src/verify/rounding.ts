/** What the activation and the one rounding of a stage do to an accumulator: for counting, no witness. */
import { castNumber } from '../fixed/cast.js';
import { fractionBits, maxMantissa, minMantissa, type Format } from '../fixed/format.js';
import type { Activation } from '../ir/common.js';
import { accumulatorFraction, type SourceFacts, type SummingNode } from './trace.js';

export const activationOf = (node: SummingNode): Activation =>
  'activation' in node ? node.activation : { kind: 'none' };

/** `format` with room for every rounded accumulator: what a value is before the overflow. */
export const unbounded = (format: Format): Format => ({
  ...format,
  width: 53,
  integer: 53 - fractionBits(format),
  signed: true,
  overflow: 'AP_SAT',
});

/** The accumulator after the activation, and its fraction. */
function activated(sum: number, fraction: number, activation: Activation): readonly [number, number] {
  if (activation.kind === 'relu') return [Math.max(sum, 0), fraction];
  if (activation.kind !== 'leakyRelu') return [sum, fraction];
  const scale = sum < 0 ? activation.alphaMantissa : 2 ** activation.alphaFraction;
  return [sum * scale, fraction + activation.alphaFraction];
}

export interface Rounded {
  /** Not a value of the format; exactly between two of them. */
  readonly inexact: boolean;
  readonly tie: boolean;
  /** Left the format at its top, at its bottom. */
  readonly above: boolean;
  readonly below: boolean;
}

/** What becomes of the accumulator `sum` in channel `c`. */
export function roundedOf(
  node: SummingNode,
  sources: readonly SourceFacts[],
  c: number,
  sum: number,
): Rounded {
  const { format } = node;
  const [value, fraction] = activated(sum, accumulatorFraction(node, sources, c), activationOf(node));
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
