/**
 * A histogram of any float32 values in one pass, fixed memory and no range known beforehand.
 *
 * A bin is the top 14 bits of a float32: sign, exponent and 5 bits of mantissa, hence 32 equal bins per octave.
 * Two histograms merge by addition, so frames may be observed in any order and on any number of machines.
 */
import { invariant } from '../core/errors.js';

const SHIFT = 18;
const BINS = 1 << (32 - SHIFT);
const SIGN_BIN = BINS >> 1;

const word = new Uint32Array(1);
const real = new Float32Array(word.buffer);

function fromBits(bits: number): number {
  word[0] = bits;
  return real[0]!;
}

/** Counts by bin; `null` until the first value. */
export type Counts = Float64Array;
export const emptyCounts = (): Counts => new Float64Array(BINS);

/** One bin with something in it: `low ≤ |value| < high` on the side that `low` and `high` have the sign of. */
export interface Bin {
  /** Least and greatest real value of the bin. */
  readonly low: number;
  readonly high: number;
  readonly middle: number;
  readonly count: number;
}

/** Adds every value of `data`; returns false when one of them is not finite. */
export function countValues(counts: Counts, data: Float32Array): boolean {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  let finite = true;
  for (let i = 0; i < bits.length; i++) {
    const b = bits[i]!;
    if ((b & 0x7f800000) === 0x7f800000) finite = false;
    counts[b >>> SHIFT]!++;
  }
  return finite;
}

/** Adds one value. */
export function countValue(counts: Counts, value: number): void {
  real[0] = value;
  counts[word[0]! >>> SHIFT]!++;
}

export function addCounts(into: Counts, other: Counts): void {
  for (let i = 0; i < BINS; i++) into[i]! += other[i]!;
}

/** The bins that hold something, from the smallest value to the largest. Zeros (of either sign) are one bin at 0. */
export function listBins(counts: Counts): readonly Bin[] {
  const bins: Bin[] = [];
  const add = (index: number): void => {
    const count = counts[index]!;
    if (count === 0) return;
    const magnitude = index % SIGN_BIN;
    const near = fromBits(magnitude << SHIFT);
    const far = fromBits((magnitude + 1) << SHIFT);
    if (index < SIGN_BIN) bins.push({ low: near, high: far, middle: (near + far) / 2, count });
    else bins.push({ low: -far, high: -near, middle: -(near + far) / 2, count });
  };
  for (let i = BINS - 1; i > SIGN_BIN; i--) add(i);
  // Zeros and values below 2^-126 (which no format resolves) share the first bin of either sign.
  const zeros = counts[0]! + counts[SIGN_BIN]!;
  if (zeros > 0) bins.push({ low: 0, high: 0, middle: 0, count: zeros });
  for (let i = 1; i < SIGN_BIN; i++) add(i);
  return bins;
}

/** `[bin, count, bin, count, …]`: what a file holds. */
export function sparseCounts(counts: Counts): number[] {
  const pairs: number[] = [];
  counts.forEach((count, bin) => {
    if (count > 0) pairs.push(bin, count);
  });
  return pairs;
}

/** Inverse of `sparseCounts`. */
export function denseCounts(pairs: readonly number[]): Counts {
  invariant(pairs.length % 2 === 0, 'a histogram is a list of pairs');
  const counts = emptyCounts();
  for (let i = 0; i < pairs.length; i += 2) {
    const bin = pairs[i]!;
    invariant(bin >= 0 && bin < BINS, `no histogram bin ${bin}`);
    counts[bin]! += pairs[i + 1]!;
  }
  return counts;
}
