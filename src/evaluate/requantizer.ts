/** The end of a summing stage, fast: accumulators to mantissas of one format. */
import { castNumber, roundHalfEven, roundShiftNumber } from '../fixed/cast.js';
import { fractionBits, maxMantissa, minMantissa, type Format } from '../fixed/format.js';
import { limitsOf, slopeBelow, slopesOf, type Activation } from '../ir/activations.js';

/** Called with the element index of every value that left its format and was clipped. */
export type OnClip = (element: number) => void;

/** Accumulators to mantissas of one format: activation, one rounding, overflow. */
export interface Requantizer {
  readonly run: (
    sums: Float64Array,
    fraction: (channel: number) => number,
    channels: number,
    output: Int32Array,
    first: number,
    onClip: OnClip | null,
  ) => void;
}

/** `castNumber` for the default modes, without its branches. Exact below 2^53. */
function fastCast(value: number, scale: number, low: number, high: number): number {
  const rounded = roundHalfEven(value * scale);
  return rounded < low ? low : rounded > high ? high : rounded;
}

export function createRequantizer(activation: Activation, to: Format): Requantizer {
  const low = minMantissa(to);
  const high = maxMantissa(to);
  const target = fractionBits(to);
  const fast = to.quantization === 'AP_RND_CONV' && to.overflow === 'AP_SAT';
  const slopes = slopesOf(activation);
  const { positive, fraction: extra } = slopes;
  const clip = limitsOf(activation);
  const isClipped = (value: number, fraction: number): boolean => {
    const shift = fraction - target;
    // A finer target rounds nothing, and a product with a power of two is exact beyond 53 bits as well.
    const rounded = shift <= 0 ? value * 2 ** -shift : roundShiftNumber(value, shift, to.quantization);
    return (
      (rounded > high && (clip === null || clip.max >= high)) ||
      (rounded < low && (clip === null || clip.min < low))
    );
  };
  return {
    run(sums, fraction, channels, output, first, onClip) {
      for (let c = 0; c < channels; c++) {
        const own = fraction(c) + extra;
        const negative = slopeBelow(slopes, c);
        const scale = 2 ** (target - own);
        for (let i = c; i < sums.length; i += channels) {
          const sum = sums[i]!;
          const value = sum < 0 ? sum * negative : sum * positive;
          let mantissa = fast ? fastCast(value, scale, low, high) : castNumber(value, own, to);
          if (onClip !== null && (mantissa === low || mantissa === high || !fast) && isClipped(value, own))
            onClip(first + i);
          if (clip !== null) mantissa = Math.min(Math.max(mantissa, clip.min), clip.max);
          output[first + i] = mantissa;
        }
      }
    },
  };
}
