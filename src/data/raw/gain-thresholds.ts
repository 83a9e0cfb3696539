/**
 * Where a word of gain says the gain stage: half way between what dark frames of the two settings come to, for each pixel and
 * memory cell, as pycalibration has it (ThresholdsDark).
 */
import { median } from '../../statistics/quantile.js';
import type { DarkStage } from './dark-sums.js';
import { PIXEL_STATUS } from './maps-file.js';

/** Standard deviations of the words of both stages that a threshold is to keep them apart by. */
const APART = 3;

export interface GainThresholds {
  /** One less than there are stages; NaN where a pixel was not seen. */
  readonly maps: readonly Float32Array[];
  /** `PIXEL_STATUS` of pixels whose words do not tell the stages apart. */
  readonly status: Uint8Array;
  /** Words of the middle pixel, of each stage. */
  readonly middle: readonly number[];
}

/** Thresholds from the words of gain of each stage. */
export function gainThresholds(gains: readonly DarkStage[]): GainThresholds {
  const status = new Uint8Array(gains[0]!.mean.length);
  const maps = gains.slice(1).map((above, k) => {
    const below = gains[k]!;
    return Float32Array.from(above.mean, (mean, i) => {
      const apart = mean - below.mean[i]!;
      if (!(apart > APART * (above.rms[i]! + below.rms[i]!))) status[i] = PIXEL_STATUS.gainWords;
      return (mean + below.mean[i]!) / 2;
    });
  });
  return { maps, status, middle: gains.map(({ mean }) => median(mean.filter(Number.isFinite))) };
}
