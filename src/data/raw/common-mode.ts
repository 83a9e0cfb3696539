/**
 * Common-mode correction of an integrating detector, where it is asked for: what the dark pixels of a row of an ASIC have in common
 * is noise of its read-out, and is taken from all of them (ir/ops/common-mode.ts). Values are then calibrated to a finer
 * unit first, below zero, too, and become counts once the mean is gone.
 */
import { format } from '../../fixed/format.js';
import { fractionBits } from '../../fixed/format.js';
import { reciprocalFractionFor, type CommonModeRule } from '../../ir/ops/common-mode.js';

/** What a word is calibrated to in front of the correction: counts, below zero, too, in units of 1/256. */
export const MEASURED = format(true, 25, 17);

export interface CommonModeWish {
  /** Pixels of a row that share a shift. */
  readonly columns: number;
  /** Counts: pixels within it of zero saw nothing. */
  readonly limit: number;
  /** Fewer of them say nothing. */
  readonly least: number;
}

/** Half of a photon, and a shift of a quarter: a pixel with one photon stays out. */
export const USUAL_LIMIT = 0.75;

/** A quarter of the pixels, unless stated. */
export const usualLeast = (columns: number): number => Math.ceil(columns / 4);

export function commonModeRule({ columns, limit, least }: CommonModeWish): CommonModeRule {
  const mantissa = Math.round(limit * 2 ** fractionBits(MEASURED));
  return { columns, limit: mantissa, least, reciprocalFraction: reciprocalFractionFor(columns, mantissa) };
}

/** The same in double precision: `values` (NaN: no measurement) less the mean of what each segment has within the limit. */
export function withoutCommonMode(
  values: Float64Array,
  { columns, limit, least }: CommonModeWish,
): Float64Array {
  const out = values.slice();
  for (let first = 0; first < values.length; first += columns) {
    const segment = values.subarray(first, first + columns);
    const dark = segment.filter((value) => Math.abs(value) <= limit);
    if (dark.length < least) continue;
    const mean = dark.reduce((a, b) => a + b, 0) / dark.length;
    for (let i = first; i < first + columns; i++) out[i] = values[i]! - mean;
  }
  return out;
}
