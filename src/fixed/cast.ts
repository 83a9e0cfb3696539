/**
 * Rounding and overflow: the one place that states what assigning a value to a fixed-point format does.
 *
 * `castMantissa` is the definition, in `bigint`, for any width. `castNumber` is the same for mantissas below
 * 2^53, which the IR verifier proves for every stage; a property test holds the two together.
 */
import { invariant } from '../core/errors.js';
import { maxMantissa, minMantissa, type Format, type Overflow, type Quantization } from './format.js';

/** Whether a value with floor `f`, remainder `r` of `2^shift` and sign goes up to `f + 1`. */
function roundsUp(
  mode: Quantization,
  half: -1 | 0 | 1,
  exact: boolean,
  negative: boolean,
  floorIsOdd: boolean,
): boolean {
  switch (mode) {
    case 'AP_TRN':
      return false;
    case 'AP_TRN_ZERO':
      return negative && !exact;
    case 'AP_RND':
      return half >= 0;
    case 'AP_RND_ZERO':
      return half > 0 || (half === 0 && negative);
    case 'AP_RND_MIN_INF':
      return half > 0;
    case 'AP_RND_INF':
      return half > 0 || (half === 0 && !negative);
    case 'AP_RND_CONV':
      return half > 0 || (half === 0 && floorIsOdd);
  }
}

/** `q * 2^-shift` rounded to an integer; a negative shift is exact. */
export function roundShift(q: bigint, shift: number, mode: Quantization): bigint {
  if (shift <= 0) return q << BigInt(-shift);
  const floor = q >> BigInt(shift);
  const remainder = q - (floor << BigInt(shift));
  const middle = 1n << BigInt(shift - 1);
  const half = remainder > middle ? 1 : remainder === middle ? 0 : -1;
  return roundsUp(mode, half, remainder === 0n, q < 0n, (floor & 1n) === 1n) ? floor + 1n : floor;
}

/**
 * The same below 2^53: division by a power of two and `Math.floor` are exact there, and so are both sides of each
 * comparison; the remainder itself is not where the step is 2^54 and more.
 */
export function roundShiftNumber(q: number, shift: number, mode: Quantization): number {
  if (shift <= 0) {
    // `+ 0` turns a negative zero into zero.
    const value = q * 2 ** -shift + 0;
    invariant(Math.abs(value) <= Number.MAX_SAFE_INTEGER, `${q} << ${-shift} leaves 53 bits`);
    return value;
  }
  const step = 2 ** shift;
  const floor = Math.floor(q / step);
  const middle = (2 * floor + 1) * step;
  const half = 2 * q > middle ? 1 : 2 * q === middle ? 0 : -1;
  return (roundsUp(mode, half, floor * step === q, q < 0, floor % 2 !== 0) ? floor + 1 : floor) + 0;
}

/** `x` rounded to an integer; the double is taken as it is. */
export function roundReal(x: number, mode: Quantization): number {
  const floor = Math.floor(x);
  const half = x > floor + 0.5 ? 1 : x === floor + 0.5 ? 0 : -1;
  return (roundsUp(mode, half, x === floor, x < 0, floor % 2 !== 0) ? floor + 1 : floor) + 0;
}

/**
 * The nearest integer to `x`, halves to even: exact for |x| < 2^52. As `roundReal` under AP_RND_CONV, for loops over
 * pixels and weights. Compared, not subtracted: just above -0.5 the difference to -1 would be rounded to a tie.
 */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const middle = floor + 0.5;
  return x > middle || (x === middle && floor % 2 !== 0) ? floor + 1 : floor + 0;
}

/** What `mode` keeps of the rounded `q`; `floor` is `q` before it was rounded up. */
function overflowed(q: bigint, floor: bigint, signed: boolean, width: number, mode: Overflow): bigint {
  const w = BigInt(width);
  const max = signed ? (1n << (w - 1n)) - 1n : (1n << w) - 1n;
  const min = signed ? -(1n << (w - 1n)) : 0n;
  switch (mode) {
    case 'AP_SAT':
      return q > max ? max : q < min ? min : q;
    case 'AP_SAT_ZERO':
      return q > max || q < min ? 0n : q;
    case 'AP_SAT_SYM': {
      // One signed bit has no symmetric range: the vendor's headers keep -1.
      const low = signed && width > 1 ? -max : min;
      return q > max ? max : q < low ? low : q;
    }
    case 'AP_WRAP':
      return signed ? BigInt.asIntN(width, q) : BigInt.asUintN(width, q);
    case 'AP_WRAP_SM':
      return wrapSignMagnitude(q, floor, signed, width);
  }
}

/**
 * Sign-magnitude wrapping with no saturated bits: when the sign that is kept disagrees with the lowest dropped bit,
 * all bits are inverted. As in the vendor's headers, that bit is taken before rounding. Unsigned formats wrap.
 */
function wrapSignMagnitude(q: bigint, floor: bigint, signed: boolean, width: number): bigint {
  if (!signed) return BigInt.asUintN(width, q);
  const kept = BigInt.asIntN(width, q);
  if (kept === q) return q;
  const lowestDropped = (floor >> BigInt(width)) & 1n;
  const sign = (q >> BigInt(width - 1)) & 1n;
  return sign === lowestDropped ? kept : BigInt.asIntN(width, ~q);
}

/** The mantissa of `q * 2^-fraction` in `to`: rounded once, then overflow-handled. Any width. */
export function castMantissa(q: bigint, fraction: number, to: Format): bigint {
  const shift = fraction - (to.width - to.integer);
  const rounded = roundShift(q, shift, to.quantization);
  return overflowed(rounded, roundShift(q, shift, 'AP_TRN'), to.signed, to.width, to.overflow);
}

/** `castMantissa` for integers below 2^53. */
export function castNumber(q: number, fraction: number, to: Format): number {
  // A target much finer than the value overflows beyond 53 bits: rare enough for the slow way.
  if (Math.abs(q) * 2 ** (to.width - to.integer - fraction) > Number.MAX_SAFE_INTEGER)
    return Number(castMantissa(BigInt(q), fraction, to));
  const rounded = roundShiftNumber(q, fraction - (to.width - to.integer), to.quantization);
  const max = maxMantissa(to);
  const min = to.overflow === 'AP_SAT_SYM' && to.signed && to.width > 1 ? -max : minMantissa(to);
  if (rounded >= min && rounded <= max) return rounded;
  if (to.overflow === 'AP_SAT' || to.overflow === 'AP_SAT_SYM') return rounded > max ? max : min;
  return Number(castMantissa(BigInt(q), fraction, to));
}

/** `x` as `mantissa * 2^-fraction`, exactly. */
function dissect(x: number): { readonly mantissa: bigint; readonly fraction: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const stored = bits & 0xfffffffffffffn;
  const magnitude = exponent === 0 ? stored : stored | (1n << 52n);
  return { mantissa: x < 0 ? -magnitude : magnitude, fraction: 1075 - Math.max(exponent, 1) };
}

/**
 * The mantissa of a real number in `to`; `x` must be finite. Exact: the double itself is rounded, never a
 * difference of doubles. Only for weights and thresholds, never below quantize.
 */
export function castReal(x: number, to: Format): number {
  invariant(Number.isFinite(x), `${x} has no fixed-point form`);
  const { mantissa, fraction } = dissect(x);
  return Number(castMantissa(mantissa, fraction, to));
}
