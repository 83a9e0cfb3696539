/**
 * Weights that are integers times powers of two already, as the mantissas that they are; and biases such that a stage
 * rounds every sum as it would with the bias given.
 *
 * A bias need not be a multiple of the accumulator's step u for that. Sums Σ are multiples of u, and what a rounding to
 * steps of s makes of Σ + b changes only where Σ + b crosses a multiple of s/2. Let g be the finer of u and s/2, both
 * powers of two: Σ and the borders are multiples of g, so that all b strictly between two multiples of g lie on the same
 * side of every border, and none of them meets one. The one in the middle, an odd multiple of g/2, stands for all.
 */
import { roundHalfEven } from '../fixed/cast.js';
import { bitsFor } from '../fixed/format.js';
import type { QuantizedWeights } from '../ir/common.js';
import type { WeightedNode } from './rewrite.js';

/** Mantissas of weights are held in so many bits at most. */
const MOST_WEIGHT_BITS = 16;
/** Fractions beyond any that a file of 16-bit integers has. */
const LEAST_FRACTION = -32;
const MOST_FRACTION = 40;

/** The least fraction from `from` on at which all `values` are integers; null where none is. */
function commonFraction(values: Iterable<number>, from: number): number | null {
  let fraction = from;
  for (const value of values) {
    while (!Number.isInteger(value * 2 ** fraction)) if (++fraction > MOST_FRACTION) return null;
  }
  return fraction;
}

function* ofChannel(weights: Float32Array, channel: number, channels: number): Generator<number> {
  for (let i = channel; i < weights.length; i += channels) yield weights[i]!;
}

/** Bits by which the bias of a stage that does not round is finer than its sums. */
const FINER = 3;

/** An accumulator fraction and the bias as an integer there. */
interface ExactBias {
  readonly fraction: number;
  readonly integer: number;
  /** It does not stand for the very bias. */
  readonly isRounded: boolean;
  /** How far the bias is from the nearest that rounds otherwise; infinite where it is the very one. */
  readonly room: number;
}

/** `bias`, or what rounds like it, for sums of `fraction` and borders of `border` fraction bits. */
function biasAt(bias: number, fraction: number, border: number | null): ExactBias {
  const at = (bits: number): number => bias * 2 ** bits + 0;
  if (Number.isInteger(at(fraction)))
    return { fraction, integer: at(fraction), isRounded: false, room: Infinity };
  if (border === null) {
    const finer = fraction + FINER;
    return {
      fraction: finer,
      integer: roundHalfEven(at(finer)),
      isRounded: !Number.isInteger(at(finer)),
      room: Infinity,
    };
  }
  const grid = Math.max(fraction, border);
  if (Number.isInteger(at(grid)))
    return { fraction: grid, integer: at(grid), isRounded: false, room: Infinity };
  const below = Math.floor(at(grid));
  const room = Math.min(at(grid) - below, below + 1 - at(grid)) * 2 ** -grid;
  return { fraction: grid + 1, integer: 2 * below + 1, isRounded: false, room };
}

export interface ExactWeights extends QuantizedWeights {
  /** The fraction at which all weights are integers, by channel: what the file's own sums are multiples of. */
  readonly own: Int32Array;
  /** Some bias is the nearest that there is, not what was given. */
  readonly isBiasRounded: boolean;
  /** How far the biases are from others that round otherwise: sums in floats may be off by less. */
  readonly room: number;
}

/**
 * The weights of `node` as they are, for inputs of `inputFraction` fraction bits and results that are rounded at
 * multiples of `2^-border`, here or with other multiples of it added (null: not rounded). Null where they are no multiples of powers of two of up to 16 bits.
 */
export function exactWeights(
  { weights, bias }: WeightedNode,
  inputFraction: number,
  border: number | null,
): ExactWeights | null {
  const channels = bias.length;
  const own = new Int32Array(channels);
  const fraction = new Int32Array(channels);
  const integers = new Float64Array(channels);
  let isBiasRounded = false;
  let room = Infinity;
  for (let c = 0; c < channels; c++) {
    const common = commonFraction(ofChannel(weights, c, channels), LEAST_FRACTION);
    if (common === null) return null;
    // Weights of 0 alone have no scale of their own: the bias has.
    own[c] = Math.max(common, -inputFraction);
    const exact = biasAt(bias[c]!, own[c]! + inputFraction, border);
    fraction[c] = exact.fraction - inputFraction;
    integers[c] = exact.integer;
    isBiasRounded ||= exact.isRounded;
    room = Math.min(room, exact.room);
  }
  const mantissas = Int32Array.from(weights, (w, i) => w * 2 ** fraction[i % channels]!);
  const width = mantissas.reduce((bits, m) => Math.max(bits, bitsFor(m, m, true)), 2);
  const isHeld = mantissas.every((m, i) => m === weights[i]! * 2 ** fraction[i % channels]!);
  if (width > MOST_WEIGHT_BITS || !isHeld) return null;
  return { mantissas, width, fraction, bias: integers, own, isBiasRounded, room };
}
