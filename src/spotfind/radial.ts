/**
 * The radial background of peakfinder8: for every ring of one pixel, the value above which a pixel is unusual.
 *
 * Five rounds of mean and standard deviation per ring over the pixels strictly between the limits of the round
 * before. The original accumulates in float32 and so does this, in the order of rows: the limits come out the
 * same to the last bit. A ring whose limits did not move gives the same limits for ever, so it is left alone.
 *
 * Source: peakfinder8 in OM, CrystFEL and Cheetah (Barty et al., J. Appl. Cryst. 47 (2014) 1118).
 */
import type { DetectorLayout } from './layout.js';
import { rint, type PixelBlock } from './spot.js';

const ROUNDS = 5;
const FLT_MAX = 3.4028234663852886e38;
const FLT_MIN = 1.1754943508222875e-38;

/** Pixels of a layout grouped by ring. */
export interface RadialBins {
  readonly binCount: number;
  /** Ring of each pixel; `binCount` for pixels that are masked. */
  readonly binOfPixel: Uint16Array;
  /** Live pixels ordered by ring, then by position; ring `b` is `order[start[b]..start[b + 1]]`. */
  readonly order: Uint32Array;
  readonly start: Uint32Array;
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
  let largest = 0;
  for (const radius of radii) if (radius > largest) largest = radius;
  const binCount = Math.ceil(largest) + 1;
  const binOfPixel = new Uint16Array(radii.length);
  const start = new Uint32Array(binCount + 2);
  for (let i = 0; i < radii.length; i++) {
    const bin = mask !== null && mask[i] === 0 ? binCount : rint(radii[i]!);
    binOfPixel[i] = bin;
    start[bin + 1] = start[bin + 1]! + 1;
  }
  for (let b = 0; b <= binCount; b++) start[b + 1] = start[b + 1]! + start[b]!;
  const next = start.slice();
  const order = new Uint32Array(radii.length);
  for (let i = 0; i < radii.length; i++) {
    const bin = binOfPixel[i]!;
    const place = next[bin]!;
    order[place] = i;
    next[bin] = place + 1;
  }
  return { binCount, binOfPixel, order, start };
}

/** Fills `into` with the limits of `pixels` at `minSnr` standard deviations, at least `adcThreshold`. */
export function radialLimits(
  pixels: PixelBlock,
  bins: RadialBins,
  minSnr: number,
  adcThreshold: number,
  into: RadialLimits = createRadialLimits(bins),
): RadialLimits {
  const snr = Math.fround(minSnr);
  const floor = Math.fround(adcThreshold);
  for (let bin = 0; bin < bins.binCount; bin++) limitRing(pixels, bins, bin, snr, floor, into);
  into.upper[bins.binCount] = Infinity;
  return into;
}

export function createRadialLimits(bins: RadialBins): RadialLimits {
  return { mean: new Float32Array(bins.binCount + 1), upper: new Float32Array(bins.binCount + 1) };
}

function limitRing(
  pixels: PixelBlock,
  bins: RadialBins,
  bin: number,
  minSnr: number,
  adcThreshold: number,
  into: RadialLimits,
): void {
  const { order } = bins;
  const from = bins.start[bin]!;
  const to = bins.start[bin + 1]!;
  let upper = Math.fround(1e9);
  let lower = Math.fround(-1e9);
  let mean = 0;
  for (let round = 0; round < ROUNDS; round++) {
    let n = 0;
    let sum = Math.fround(0);
    let squares = Math.fround(0);
    for (let k = from; k < to; k++) {
      const v = pixels[order[k]!]!;
      if (v > lower && v < upper) {
        n++;
        sum = Math.fround(sum + v);
        squares = Math.fround(squares + Math.fround(v * v));
      }
    }
    const lastUpper = upper;
    const lastLower = lower;
    if (n === 0) {
      mean = 0;
      upper = FLT_MAX;
      lower = FLT_MIN;
    } else {
      mean = Math.fround(sum / n);
      const variance = Math.fround(Math.fround(squares / n) - Math.fround(mean * mean));
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
