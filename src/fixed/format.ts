/**
 * Fixed-point formats with the meaning of AMD's `ap_fixed<W,I,Q,O>` and `ap_ufixed<W,I,Q,O>`.
 *
 * A value is an integer mantissa `q` with `0 <= W - I` fraction bits or not: it stands for `q * 2^(I - W)`.
 * `I` counts the sign bit and may be negative or exceed `W`. Source: AMD UG1399, "Arbitrary Precision
 * Fixed-Point Data Types".
 */
import { z } from 'zod';
import { invariant } from '../core/errors.js';

export const QUANTIZATIONS = [
  'AP_RND',
  'AP_RND_ZERO',
  'AP_RND_MIN_INF',
  'AP_RND_INF',
  'AP_RND_CONV',
  'AP_TRN',
  'AP_TRN_ZERO',
] as const;
export const OVERFLOWS = ['AP_SAT', 'AP_SAT_ZERO', 'AP_SAT_SYM', 'AP_WRAP', 'AP_WRAP_SM'] as const;

export type Quantization = (typeof QUANTIZATIONS)[number];
export type Overflow = (typeof OVERFLOWS)[number];

/** The widest format: what a mantissa held in a `number` can carry exactly. */
export const MAX_WIDTH = 53;

export const formatSchema = z
  .strictObject({
    signed: z.boolean(),
    /** Bits in all, sign included. */
    width: z.int().min(1).max(MAX_WIDTH),
    /** Integer bits, sign included; may be negative or larger than `width`. */
    integer: z.int().min(-64).max(128),
    quantization: z.enum(QUANTIZATIONS),
    overflow: z.enum(OVERFLOWS),
  })
  .readonly();
export type Format = z.infer<typeof formatSchema>;

/** A format; rounding half to even and saturation unless said otherwise. */
export function format(
  signed: boolean,
  width: number,
  integer: number,
  quantization: Quantization = 'AP_RND_CONV',
  overflow: Overflow = 'AP_SAT',
): Format {
  invariant(
    Number.isInteger(width) && width >= 1 && width <= MAX_WIDTH,
    `width ${width} is not 1..${MAX_WIDTH}`,
  );
  invariant(Number.isInteger(integer), `integer bits ${integer} is not an integer`);
  return { signed, width, integer, quantization, overflow };
}

/** Fraction bits: the least significant bit weighs `2^-fractionBits`. */
export const fractionBits = (f: Format): number => f.width - f.integer;
/** The value of one least significant bit. */
export const lsb = (f: Format): number => 2 ** (f.integer - f.width);
/** Smallest mantissa that the width can hold (also under `AP_SAT_SYM`, which never produces it). */
export const minMantissa = (f: Format): number => (f.signed ? -(2 ** (f.width - 1)) : 0);
/** Largest mantissa. */
export const maxMantissa = (f: Format): number => (f.signed ? 2 ** (f.width - 1) - 1 : 2 ** f.width - 1);

/** The C++ spelling, all four parameters explicit: `ap_fixed<8,3,AP_RND_CONV,AP_SAT>`. */
export const formatToString = (f: Format): string =>
  `ap_${f.signed ? '' : 'u'}fixed<${f.width},${f.integer},${f.quantization},${f.overflow}>`;

const WRITTEN = /^ap_(u?)fixed<(\d{1,2}),(-?\d{1,2})(?:,(\w+),(\w+))?>$/;

/** The format that `text` spells as `formatToString` does, or without rounding and overflow; null where it spells none. */
export function formatOfString(text: string): Format | null {
  const found = WRITTEN.exec(text.replaceAll(' ', ''));
  if (found === null) return null;
  const [, sign, width, integer, quantization = 'AP_RND_CONV', overflow = 'AP_SAT'] = found;
  const stated = {
    signed: sign === '',
    width: Number(width),
    integer: Number(integer),
    quantization,
    overflow,
  };
  return formatSchema.safeParse(stated).data ?? null;
}

export const sameFormat = (a: Format, b: Format): boolean => formatToString(a) === formatToString(b);

/** Bits of the smallest signed (or, if `low >= 0`, unsigned) integer type that holds all of [low, high]. */
export function bitsFor(low: number, high: number, signed: boolean = low < 0): number {
  invariant(low <= high, `empty interval [${low}, ${high}]`);
  let width = 1;
  if (!signed) {
    invariant(low >= 0, `unsigned interval starts at ${low}`);
    while (2 ** width - 1 < high) width += 1;
    return width;
  }
  while (-(2 ** (width - 1)) > low || 2 ** (width - 1) - 1 < high) width += 1;
  return width;
}

/** Whether a larger value never becomes a smaller mantissa: not so where overflow wraps, or saturates to zero. */
export const keepsOrder = ({ overflow }: Format): boolean =>
  overflow === 'AP_SAT' || overflow === 'AP_SAT_SYM';
