/**
 * How the weights of a layer start: random (He et al. 2015, normal, fan-in), or as spot finders.
 */
import type { Random } from '../../core/random.js';

/** `length` weights drawn with the variance that keeps a rectified layer's scale. */
export function heNormal(random: Random, length: number, fanIn: number): Float32Array<ArrayBuffer> {
  const scale = Math.sqrt(2 / fanIn);
  const weights = new Float32Array(length);
  // Not `Float32Array.from`: the references have tens of millions of weights.
  for (let i = 0; i < length; i++) weights[i] = scale * random.normal();
  return weights;
}

export interface Filters {
  readonly weights: Float32Array<ArrayBuffer>;
  readonly bias: Float32Array<ArrayBuffer>;
}

/** Thresholds of the first and last spot filter, in units of one count. */
const SPOT_THRESHOLDS = [0.6, 2.2] as const;
/** One filter in so many starts as a mean instead: the level of the background is worth knowing, too. */
const MEAN_SHARE = 4;

/**
 * Filters that start as spot finders (centre minus mean of the rest, minus a threshold), the last of them as half the
 * mean, each on one input channel in turn, with a tenth of the usual random weights on everything. `units` holds, for
 * every input channel, the network input that one count gives. Weights `[kernel, kernel, inChannels, filters]`.
 */
export function spotFilters(
  random: Random,
  kernel: number,
  units: readonly number[],
  filters: number,
): Filters {
  const area = kernel * kernel;
  const inChannels = units.length;
  const weights = heNormal(random, area * inChannels * filters, area * inChannels);
  const finders = filters - Math.floor(filters / MEAN_SHARE);
  const centre = Math.floor(area / 2);
  for (let i = 0; i < weights.length; i++) {
    const filter = i % filters;
    const channel = Math.floor(i / filters) % inChannels;
    const tap = Math.floor(i / filters / inChannels);
    const finder = tap === centre ? 1 : -1 / (area - 1);
    const start = channel !== filter % inChannels ? 0 : filter < finders ? finder : 0.5 / area;
    weights[i] = start / units[channel]! + 0.1 * weights[i]!;
  }
  const [low, high] = SPOT_THRESHOLDS;
  const threshold = (f: number): number => low + ((high - low) * f) / Math.max(1, finders - 1);
  return {
    weights,
    bias: Float32Array.from({ length: filters }, (_, f) => (f < finders ? -threshold(f) : 0)),
  };
}
