/**
 * Weights as mantissas with a power-of-two scale for each output channel, by least squares.
 *
 * For a channel of weights w the scale 2^-f minimises Σ (w − q·2^-f)², where q is w·2^f rounded half to even and
 * clamped to the width. The error is not monotonic in f, so every f between "nothing is clipped" and "the largest
 * weight is clipped to half a bit" is tried. (Below and above lie only worse ones; see the test.)
 */
import { invariant } from '../core/errors.js';
import { roundHalfEven } from '../fixed/cast.js';

/** The least weight of `width` bits that is used. Of int8 it is −127: symmetric kernels (TensorRT's) have no −128. */
export const leastWeight = (width: number): number => (width === 8 ? -127 : -(2 ** (width - 1)));

/** The mantissa of `width` bits nearest to `w · 2^fraction`. */
export function weightMantissa(w: number, fraction: number, width: number): number {
  return Math.min(Math.max(roundHalfEven(w * 2 ** fraction), leastWeight(width)), 2 ** (width - 1) - 1);
}

function squaredError(weights: ArrayLike<number>, fraction: number, width: number): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    const error = weights[i]! - weightMantissa(weights[i]!, fraction, width) * 2 ** -fraction;
    sum += error * error;
  }
  return sum;
}

/** Fraction bits of the best scale of one channel, not above `most`; `most` where every weight is 0. */
export function bestWeightFraction(weights: ArrayLike<number>, width: number, most = 60): number {
  let largest = 0;
  for (let i = 0; i < weights.length; i++) largest = Math.max(largest, Math.abs(weights[i]!));
  if (largest === 0) return most;
  // With this many fraction bits the largest weight needs between half and all of the width.
  const full = width - 1 - Math.ceil(Math.log2(largest));
  let best = Math.min(full - 1, most);
  let least = squaredError(weights, best, width);
  for (let fraction = best + 1; fraction <= Math.min(full + width, most); fraction++) {
    const error = squaredError(weights, fraction, width);
    if (error < least) {
      least = error;
      best = fraction;
    }
  }
  return best;
}

/** Largest bias mantissa that a scale may produce: far below the bounds of a proof, far above the noise. */
const MOST_BIAS = 2 ** 22;

export interface ChannelWeights {
  /** In the layer's own order: weight `i` belongs to output channel `i % channels`. */
  readonly mantissas: Int32Array<ArrayBuffer>;
  readonly fraction: Int32Array<ArrayBuffer>;
}

/** Mantissas and scale for the weights of one channel; no fraction above `most`. */
export type ChannelRounder = (
  weights: Float32Array,
  channel: number,
  most: number,
) => { readonly mantissas: Int32Array; readonly fraction: number };

/** Every weight to the nearest mantissa, at the scale of least squared error. */
export const roundToNearest =
  (width: number): ChannelRounder =>
  (weights, _channel, most) => {
    const fraction = bestWeightFraction(weights, width, most);
    return { mantissas: Int32Array.from(weights, (w) => weightMantissa(w, fraction, width)), fraction };
  };

/**
 * Quantizes the weights of a layer channel by channel. `inputFraction` is that of what it reads: a channel whose
 * weights are tiny beside its bias gets no finer scale than the bias at accumulator resolution allows.
 */
export function quantizeWeights(
  weights: Float32Array,
  bias: Float32Array,
  width: number,
  inputFraction: number,
  round: ChannelRounder = roundToNearest(width),
): ChannelWeights {
  const channels = bias.length;
  const terms = weights.length / channels;
  invariant(Number.isInteger(terms), `${weights.length} weights for ${channels} channels`);
  const mantissas = new Int32Array(weights.length);
  const fraction = new Int32Array(channels);
  for (let c = 0; c < channels; c++) {
    const own = Float32Array.from({ length: terms }, (_, k) => weights[k * channels + c]!);
    const size = Math.abs(bias[c]!);
    const most = size === 0 ? 60 : Math.floor(Math.log2(MOST_BIAS / size)) - inputFraction;
    if (own.every((w) => w === 0)) {
      // Any scale will do: one that keeps 16 bits of the bias is enough.
      fraction[c] = Math.min(most - 6, width);
      continue;
    }
    const rounded = round(own, c, most);
    fraction[c] = rounded.fraction;
    rounded.mantissas.forEach((q, k) => (mantissas[k * channels + c] = q));
  }
  return { mantissas, fraction };
}

/** Biases at the accumulator's resolution, rounded half to even. */
export const quantizeBias = (
  bias: ArrayLike<number>,
  fraction: Int32Array,
  inputFraction: number,
): Float64Array<ArrayBuffer> =>
  Float64Array.from(fraction, (f, c) => roundHalfEven(bias[c]! * 2 ** (f + inputFraction)));
