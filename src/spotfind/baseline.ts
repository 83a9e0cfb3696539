/**
 * The classical baseline: a frame is a hit when a spot finder sees enough spots. One number a frame, a threshold
 * fitted on training frames, and the figures every accuracy table needs beside those of a network.
 */
import { invariant } from '../core/errors.js';
import type { Frame } from '../data/frames.js';
import { createFrameSpotFinder } from './finder.js';
import type { FrameGeometry } from './layout.js';
import { parseSpotParameters, type SpotFinderSettings } from './parameters.js';

/** Counts the spots of a frame. Prepared finders are kept between calls; results do not depend on them. */
export type PeakCounter = (frame: Frame, geometry?: FrameGeometry) => number;

export function createPeakCounter(
  settings: SpotFinderSettings = parseSpotParameters('peakfinder8'),
): PeakCounter {
  const find = createFrameSpotFinder(settings);
  return (frame, geometry) => find(frame, geometry).spots.length;
}

/** Spots of one frame under the defaults of peakfinder8. For many frames, `createPeakCounter` once. */
export function countPeaks(frame: Frame, geometry?: FrameGeometry): number {
  return createPeakCounter()(frame, geometry);
}

export interface CountThreshold {
  /** A frame with at least this many spots is a hit. */
  readonly threshold: number;
  /** Accuracy on the frames it was fitted on. */
  readonly accuracy: number;
}

/** The smallest threshold of the highest accuracy on frames of known kind. */
export function fitCountThreshold(counts: readonly number[], hits: readonly boolean[]): CountThreshold {
  invariant(counts.length === hits.length && counts.length > 0, 'one truth for each count');
  const order = counts.map((count, i) => ({ count, hit: hits[i]! })).sort((a, b) => a.count - b.count);
  // Threshold 0 calls everything a hit; moving it past a frame turns that frame into a miss.
  let right = hits.filter((hit) => hit).length;
  let best = { threshold: 0, right };
  order.forEach(({ count, hit }, i) => {
    right += hit ? -1 : 1;
    if (order[i + 1]?.count !== count && right > best.right) best = { threshold: count + 1, right };
  });
  return { threshold: best.threshold, accuracy: best.right / counts.length };
}

/** Fraction of frames that `threshold` calls rightly. */
export function countAccuracy(
  counts: readonly number[],
  hits: readonly boolean[],
  threshold: number,
): number {
  return counts.filter((count, i) => count >= threshold === hits[i]).length / counts.length;
}
