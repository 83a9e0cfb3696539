/**
 * What every spot finder here reports.
 */
import type { Spot } from '../data/frames.js';

/** A found peak. Positions in pixels of the block, pixel centre = integer (CrystFEL adds 0.5, DIALS too). */
export interface FoundSpot extends Spot {
  /** Index of the panel in the layout. */
  readonly panel: number;
  readonly pixelCount: number;
  /** The largest pixel: above the local background for peakfinder8, raw for the DIALS finders. */
  readonly maximum: number;
  /** Standard deviation of the local background, per pixel. */
  readonly sigma: number;
}

/**
 * Strength over noise with photons' own noise as the least there can be: on a background without any spread (a blank detector,
 * no read noise) a finder's own figure has no limit. Counts are taken for photons.
 */
export const photonSnr = ({ snr, intensity }: Pick<Spot, 'snr' | 'intensity'>): number =>
  Math.min(snr, Math.sqrt(Math.max(intensity, 0)));
