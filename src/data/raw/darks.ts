/**
 * Maps from dark frames: pedestal and noise of each gain stage, pixels that measure nothing and why, and whether there was
 * light after all.
 *
 * Noise of electronics is as often above as below its mean; photons only add (or, where the ADC falls with charge, only
 * subtract). So light shows as skewness: of weak, even light in most pixels; of spots in pixels far noisier than the others.
 */
import { median, quantile } from '../../statistics/quantile.js';
import type { DarkStage, DarkSums } from './dark-sums.js';
import type { RawDetector } from './detectors.js';
import { PIXEL_STATUS } from './maps-file.js';

/** A pixel needs so many values in a stage. */
export const LEAST_DARKS = 20;
/** Times the usual noise of the detector: a noisy pixel, and a part of it: one that stands still. */
const NOISY = 4;
const STILL = 0.2;
/** Robust standard deviations of the pedestals from their median. */
const OFF = 12;
/** Words of a pixel that may be of another stage than their frame. */
const STRAYS = 0.01;

/** Pixels far noisier than the others are spots, from this share of the detector on. */
const LIT_SHARE = 0.01;
/** Skewness of the middle pixel that no dark frame has, whatever its noise. */
const LIT_SKEWNESS = 0.08;

export interface DarkMaps {
  readonly pedestals: Float32Array;
  readonly rms: Float32Array;
  /** Bits of `PIXEL_STATUS`; 0 is good. */
  readonly status: Uint8Array;
}

/** What is said of a stage. */
export interface DarkFigures {
  readonly stage: string;
  /** Frames whose words are mostly of the stage. */
  readonly frames: number;
  /** Medians of the good pixels, ADU; NaN where there are none. */
  readonly pedestal: number;
  readonly noise: number;
  /** Pixels by reason; one may have several. */
  readonly bad: Readonly<Record<keyof typeof PIXEL_STATUS, number>>;
  readonly badPixels: number;
}

/** A part of the pixels that saw light in dark frames. */
export interface Light {
  readonly stage: string;
  readonly share: number;
  readonly how: 'in most pixels' | 'in spots';
}

/** Values of those pixels that were seen often enough. */
const seen = ({ count }: DarkStage, values: Float64Array): Float64Array =>
  values.filter((_, i) => count[i]! >= LEAST_DARKS);

/** Half of the interquartile range of a normal distribution is 0.6745 of its standard deviation. */
const spreadOf = (values: Float64Array): number =>
  (quantile(values, 0.75) - quantile(values, 0.25)) / 2 / 0.6745;

function statusOf(stage: DarkStage, strays: Uint32Array, frames: number): Uint8Array {
  const means = seen(stage, stage.mean);
  const usual = median(seen(stage, stage.rms));
  const middle = median(means);
  const spread = Math.max(spreadOf(means), usual);
  return Uint8Array.from(stage.count, (count, i) => {
    const rms = stage.rms[i]!;
    return (
      (rms > NOISY * usual ? PIXEL_STATUS.noisy : 0) |
      (count >= LEAST_DARKS && rms < STILL * usual ? PIXEL_STATUS.still : 0) |
      (Math.abs(stage.mean[i]! - middle) > OFF * spread ? PIXEL_STATUS.offset : 0) |
      (count < LEAST_DARKS ? PIXEL_STATUS.unseen : 0) |
      (strays[i]! > STRAYS * frames ? PIXEL_STATUS.otherStage : 0)
    );
  });
}

/** Light that `stage` saw; null for none. */
function lightOf(name: string, stage: DarkStage): Light | null {
  const counts = seen(stage, Float64Array.from(stage.count));
  if (counts.length === 0) return null;
  const rms = seen(stage, stage.rms);
  const usual = median(rms);
  const noisy = rms.filter((value) => value > NOISY * usual).length / rms.length;
  if (noisy > LIT_SHARE) return { stage: name, share: noisy, how: 'in spots' };
  const skewness = seen(stage, stage.skewness);
  // Of few pixels and frames the middle one strays: its error is 1.25 of that of one over the root of their number.
  const error = (4 * 1.25 * Math.sqrt(6 / median(counts))) / Math.sqrt(counts.length);
  const middle = median(skewness);
  if (Math.abs(middle) <= LIT_SKEWNESS + error) return null;
  const share = skewness.filter((value) => value * Math.sign(middle) > 0).length / skewness.length;
  return { stage: name, share, how: 'in most pixels' };
}

export interface DarkResult {
  readonly maps: readonly DarkMaps[];
  readonly figures: readonly DarkFigures[];
  readonly light: Light | null;
}

const figuresOf = (name: string, frames: number, { pedestals, rms, status }: DarkMaps): DarkFigures => {
  const good = (values: Float32Array): Float32Array => values.filter((_, i) => status[i] === 0);
  const withBit = (bit: number): number => status.reduce((n, bits) => n + ((bits & bit) === 0 ? 0 : 1), 0);
  return {
    stage: name,
    frames,
    pedestal: median(good(pedestals)),
    noise: median(good(rms)),
    bad: {
      noisy: withBit(PIXEL_STATUS.noisy),
      still: withBit(PIXEL_STATUS.still),
      offset: withBit(PIXEL_STATUS.offset),
      unseen: withBit(PIXEL_STATUS.unseen),
      otherStage: withBit(PIXEL_STATUS.otherStage),
      gainWords: withBit(PIXEL_STATUS.gainWords),
    },
    badPixels: status.reduce((n, bits) => n + (bits === 0 ? 0 : 1), 0),
  };
};

/**
 * The maps of all gain stages; `framesOf` says how many frames were mostly of each. What `alsoBad` has for a pixel is added to
 * its status in every stage.
 */
export function darkMaps(
  detector: RawDetector,
  sums: DarkSums,
  framesOf: readonly number[],
  alsoBad?: Uint8Array,
): DarkResult {
  const stages = sums.stages();
  const maps = stages.map((stage): DarkMaps => ({
    pedestals: Float32Array.from(stage.mean),
    rms: Float32Array.from(stage.rms),
    status: statusOf(stage, sums.strays, sums.frames).map((bits, i) => bits | (alsoBad?.[i] ?? 0)),
  }));
  return {
    maps,
    figures: maps.map((map, i) => figuresOf(detector.stages[i]!.name, framesOf[i]!, map)),
    light: stages.reduce<Light | null>(
      (found, stage, i) => found ?? lightOf(detector.stages[i]!.name, stage),
      null,
    ),
  };
}
