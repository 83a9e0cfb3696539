/**
 * The radial background of peakfinder8: for every ring of one pixel, the value above which a pixel is unusual.
 *
 * Five rounds of mean and standard deviation per ring over the pixels strictly between the limits of the round
 * before. The original accumulates in float32, in the order of rows, and the limits here come out the same to
 * the last bit: sums of counts are exact in float32 up to 2^24, and a ring that passes that is summed again with
 * every addition rounded. A ring whose limits did not move gives the same limits for ever, so it is left alone.
 *
 * Source: peakfinder8 in OM, CrystFEL and Cheetah (Barty et al., J. Appl. Cryst. 47 (2014) 1118).
 */
import { roundHalfEven } from '../fixed/cast.js';
import type { DetectorLayout } from './layout.js';

const ROUNDS = 5;
const FLT_MAX = 3.4028234663852886e38;
const FLT_MIN = 1.1754943508222875e-38;
const EXACT_FLOAT32 = 2 ** 24;

/** Pixels of a layout grouped by ring. */
export interface RadialBins {
  readonly binCount: number;
  /** Ring of each pixel; `binCount` for pixels that are masked. */
  readonly binOfPixel: Uint16Array;
  /** Live pixels ordered by ring, then by position; ring `b` is `order[start[b]..start[b + 1]]`. */
  readonly order: Uint32Array;
  readonly start: Uint32Array;
  /** Scratch: the values of one ring. */
  readonly ring: Uint16Array;
}

/** Per ring, with one entry more for masked pixels that no value passes. */
export interface RadialLimits {
  readonly mean: Float32Array;
  /** Pixels above are candidates for peaks. */
  readonly upper: Float32Array;
}

/** Groups the live pixels of `layout` by rounded radius. */
export function createRadialBins(layout: DetectorLayout): RadialBins {
  const { radii, mask } = layout;
  const size = radii.length;
  let largest = 0;
  for (let i = 0; i < size; i++) if (radii[i]! > largest) largest = radii[i]!;
  const binCount = Math.ceil(largest) + 1;
  const binOfPixel = new Uint16Array(size);
  const start = new Uint32Array(binCount + 2);
  for (let i = 0; i < size; i++) {
    const bin = mask !== null && mask[i] === 0 ? binCount : roundHalfEven(radii[i]!);
    binOfPixel[i] = bin;
    start[bin + 1]!++;
  }
  let fullest = 0;
  for (let b = 0; b <= binCount; b++) {
    fullest = Math.max(fullest, start[b + 1]!);
    start[b + 1]! += start[b]!;
  }
  const next = start.slice();
  const order = new Uint32Array(size);
  for (let i = 0; i < size; i++) order[next[binOfPixel[i]!]!++] = i;
  return { binCount, binOfPixel, order, start, ring: new Uint16Array(fullest) };
}

export function createRadialLimits(bins: RadialBins): RadialLimits {
  return { mean: new Float32Array(bins.binCount + 1), upper: new Float32Array(bins.binCount + 1) };
}

/** Fills `into` with the limits of `pixels` at `minSnr` standard deviations, at least `adcThreshold`. */
export function radialLimits(
  pixels: Uint16Array,
  bins: RadialBins,
  minSnr: number,
  adcThreshold: number,
  into: RadialLimits,
): void {
  const { order, start, ring } = bins;
  for (let bin = 0; bin < bins.binCount; bin++) {
    const from = start[bin]!;
    const count = start[bin + 1]! - from;
    for (let k = 0; k < count; k++) ring[k] = pixels[order[from + k]!]!;
    limitRing(ring, count, Math.fround(minSnr), Math.fround(adcThreshold), bin, into);
  }
  into.upper[bins.binCount] = Infinity;
}

/** Number, sum and sum of squares of a ring's values inside the limits. */
interface RingSums {
  n: number;
  sum: number;
  squares: number;
}

const sums: RingSums = { n: 0, sum: 0, squares: 0 };

function limitRing(
  ring: Uint16Array,
  count: number,
  minSnr: number,
  adcThreshold: number,
  bin: number,
  into: RadialLimits,
): void {
  let upper = 1e9;
  let lower = -1e9;
  let mean = 0;
  for (let round = 0; round < ROUNDS; round++) {
    sumExactly(ring, count, lower, upper);
    if (sums.squares >= EXACT_FLOAT32) sumRounded(ring, count, lower, upper);
    const lastUpper = upper;
    const lastLower = lower;
    if (sums.n === 0) {
      mean = 0;
      upper = FLT_MAX;
      lower = FLT_MIN;
    } else {
      mean = Math.fround(sums.sum / sums.n);
      const variance = Math.fround(Math.fround(sums.squares / sums.n) - Math.fround(mean * mean));
      // The original keeps a negative variance (rounding) as if it were the deviation.
      const sigma = variance >= 0 ? Math.fround(Math.sqrt(variance)) : variance;
      const reach = Math.fround(minSnr * sigma);
      upper = Math.max(Math.fround(mean + reach), adcThreshold);
      lower = Math.fround(mean - reach);
    }
    if (upper === lastUpper && lower === lastLower) break;
  }
  into.mean[bin] = mean;
  into.upper[bin] = upper;
}

function sumExactly(ring: Uint16Array, count: number, lower: number, upper: number): void {
  // Values are whole numbers: whole limits let the loop compare integers.
  const least = Math.max(0, Math.floor(lower) + 1);
  const most = Math.min(65535, Math.ceil(upper) - 1);
  let n = 0;
  let sum = 0;
  let squares = 0;
  for (let k = 0; k < count; k++) {
    const v = ring[k]!;
    if (v >= least && v <= most) {
      n++;
      sum += v;
      squares += v * v;
    }
  }
  sums.n = n;
  sums.sum = sum;
  sums.squares = squares;
}

function sumRounded(ring: Uint16Array, count: number, lower: number, upper: number): void {
  let sum = Math.fround(0);
  let squares = Math.fround(0);
  for (let k = 0; k < count; k++) {
    const v = ring[k]!;
    if (!(v > lower && v < upper)) continue;
    sum = Math.fround(sum + v);
    squares = Math.fround(squares + Math.fround(v * v));
  }
  sums.sum = sum;
  sums.squares = squares;
}
