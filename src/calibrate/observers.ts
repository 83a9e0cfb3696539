/**
 * Observers: from what calibration saw of a tensor to the integer bits of its power-of-two format.
 *
 * - `min-max`: nothing seen is clipped.
 * - `percentile`: the given share of the values is not clipped.
 * - `mse`: the least expected squared error of rounding and clipping together.
 * - `entropy`: the least Kullback–Leibler divergence between the values and their quantized form (Migacz, "8-bit
 *   inference with TensorRT", 2017), among power-of-two ranges.
 * - `peak-safe`: as `mse`, but no value under a Bragg peak is clipped; min–max where no peaks are known.
 */
import { listBins, type Bin } from '../statistics/histogram.js';
import type { TensorStats, ValueStats } from './ranges.js';

export const OBSERVERS = ['min-max', 'percentile', 'mse', 'entropy', 'peak-safe'] as const;
export type Observer = (typeof OBSERVERS)[number];

export interface ObserverOptions {
  readonly observer: Observer;
  /** For `percentile`: percent of the values, above 50 and up to 100. */
  readonly percentile: number;
}

/** How the mantissas of a format lie: `[minimum, maximum]` in units of the least significant bit. */
interface Grid {
  readonly signed: boolean;
  readonly width: number;
}
const top = (g: Grid): number => (g.signed ? 2 ** (g.width - 1) : 2 ** g.width) - 1;
const bottom = (g: Grid): number => (g.signed ? -(2 ** (g.width - 1)) : 0);

/** Formats outside these integer bits resolve nothing that float32 activations hold. */
const LEAST_INTEGER = -40;
const MOST_INTEGER = 40;

/** The fewest integer bits with which rounding neither `low` nor `high` leaves the grid. */
export function integerBitsFor(low: number, high: number, g: Grid): number {
  for (let integer = LEAST_INTEGER; integer < MOST_INTEGER; integer++) {
    const unit = 2 ** (integer - g.width);
    if (high < (top(g) + 0.5) * unit && (g.signed ? low >= (bottom(g) - 0.5) * unit : true)) return integer;
  }
  return MOST_INTEGER;
}

/** Expected squared error of a bin: uniform within the bin where the grid is finer, at its middle where it is coarser. */
function squaredError(bin: Bin, integer: number, g: Grid): number {
  const unit = 2 ** (integer - g.width);
  const limit = Math.min(Math.max(bin.middle, bottom(g) * unit), top(g) * unit);
  if (limit !== bin.middle) return (bin.middle - limit) ** 2 + (bin.high - bin.low) ** 2 / 12;
  if (bin.high - bin.low >= unit) return unit ** 2 / 12;
  return (bin.middle - Math.round(bin.middle / unit) * unit) ** 2;
}

/** Least expected squared error, from nothing clipped down to one bit of precision; the widest of equals. */
function leastSquaresInteger(stats: ValueStats, g: Grid): number {
  const widest = integerBitsFor(stats.min, stats.max, g);
  const bins = listBins(stats.histogram);
  let best = widest;
  let least = Infinity;
  for (let integer = widest; integer > widest - g.width; integer--) {
    const error = bins.reduce((sum, bin) => sum + bin.count * squaredError(bin, integer, g), 0);
    if (error < least) {
      least = error;
      best = integer;
    }
  }
  return best;
}

/** Uniform bins on the magnitude axis, per sign: as fine as Migacz looks. */
const UNIFORM_BINS = 2048;
/** Migacz tries thresholds down to 128 of 2048 bins: four doublings. */
const ENTROPY_OCTAVES = 4;

/** The histogram on `2 · UNIFORM_BINS` equal bins of [-reach, reach); zeros in the first bin above 0. */
function uniformBins(bins: readonly Bin[], reach: number): Float64Array {
  const uniform = new Float64Array(2 * UNIFORM_BINS);
  const place = (value: number): number => (value / reach) * UNIFORM_BINS + UNIFORM_BINS;
  for (const bin of bins) {
    const first = Math.min(Math.floor(place(bin.low)), uniform.length - 1);
    const last = Math.max(Math.min(Math.ceil(place(bin.high)), uniform.length) - 1, first);
    for (let i = first; i <= last; i++) uniform[i]! += bin.count / (last - first + 1);
  }
  return uniform;
}

/**
 * Kullback–Leibler divergence of the clipped distribution (what is clipped piles up on the outermost bins) from its
 * quantized form (each level's values spread evenly over the bins of the level that hold something).
 */
function divergence(uniform: Float64Array, reach: number, integer: number, g: Grid): number {
  const unit = 2 ** (integer - g.width);
  const clipped = new Float64Array(uniform.length);
  const levels = new Map<number, { mass: number; filled: number }>();
  const levelOf = new Int32Array(uniform.length);
  let total = 0;
  let kept = 0;
  let lowest = -1;
  let highest = -1;
  for (let i = 0; i < uniform.length; i++) {
    levelOf[i] = Math.round((((i + 0.5) / UNIFORM_BINS - 1) * reach) / unit);
    if (levelOf[i]! < bottom(g) || levelOf[i]! > top(g)) continue;
    if (lowest < 0) lowest = i;
    highest = i;
  }
  for (let i = 0; i < uniform.length; i++) {
    total += uniform[i]!;
    clipped[Math.min(Math.max(i, lowest), highest)]! += uniform[i]!;
    if (i < lowest || i > highest || uniform[i] === 0) continue;
    kept += uniform[i]!;
    const level = levels.get(levelOf[i]!) ?? { mass: 0, filled: 0 };
    levels.set(levelOf[i]!, { mass: level.mass + uniform[i]!, filled: level.filled + 1 });
  }
  let sum = 0;
  for (let i = lowest; i <= highest; i++) {
    if (clipped[i] === 0) continue;
    const level = levels.get(levelOf[i]!);
    const q = uniform[i] === 0 || level === undefined ? 1e-9 : level.mass / level.filled / kept;
    sum += (clipped[i]! / total) * Math.log(clipped[i]! / total / q);
  }
  return sum;
}

function entropyInteger(stats: ValueStats, g: Grid): number {
  const widest = integerBitsFor(stats.min, stats.max, g);
  const reach = Math.max(-stats.min, stats.max) * (1 + 2 ** -20);
  const uniform = uniformBins(listBins(stats.histogram), reach);
  let best = widest;
  let least = Infinity;
  for (let integer = widest; integer >= widest - Math.min(ENTROPY_OCTAVES, g.width - 1); integer--) {
    const value = divergence(uniform, reach, integer, g);
    if (value < least) {
      least = value;
      best = integer;
    }
  }
  return best;
}

function percentileInteger(stats: ValueStats, percent: number, g: Grid): number {
  const bins = listBins(stats.histogram);
  const spare = (stats.count * (100 - percent)) / 100;
  let low = stats.min;
  let high = stats.max;
  let below = 0;
  for (const bin of bins) {
    below += bin.count;
    if (below > spare) {
      low = Math.max(stats.min, bin.low);
      break;
    }
  }
  let above = 0;
  for (const bin of bins.toReversed()) {
    above += bin.count;
    if (above > spare) {
      high = Math.min(stats.max, bin.high);
      break;
    }
  }
  return integerBitsFor(Math.min(low, 0), Math.max(high, 0), g);
}

/** Integer bits (`I`, sign included) of the format of `width` bits that `options.observer` chooses for a tensor. */
export function chooseIntegerBits(
  stats: TensorStats,
  width: number,
  signed: boolean,
  options: ObserverOptions,
): number {
  const g: Grid = { signed, width };
  const { all, peaks } = stats;
  if (all.count === 0 || (all.min === 0 && all.max === 0)) return signed ? 1 : 0;
  const { observer } = options;
  switch (observer) {
    case 'min-max':
      return integerBitsFor(all.min, all.max, g);
    case 'percentile':
      return percentileInteger(all, options.percentile, g);
    case 'mse':
      return leastSquaresInteger(all, g);
    case 'entropy':
      return entropyInteger(all, g);
    case 'peak-safe': {
      if (peaks.count === 0) return integerBitsFor(all.min, all.max, g);
      const best = leastSquaresInteger(all, g);
      return Math.max(best, integerBitsFor(peaks.min, peaks.max, g));
    }
  }
}
