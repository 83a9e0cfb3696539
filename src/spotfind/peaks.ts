/** The Bragg peaks of a frame: those that its file or the simulator knows, or those that peakfinder8 finds. */
import type { Frame, FrameSource, Spot } from '../data/frames.js';
import { detectorOf } from './detector-file.js';
import { createFrameSpotFinder } from './finder.js';
import { frameGeometry, NOTHING_STATED } from './geometry.js';
import { parseSpotParameters } from './parameters.js';

export interface Peaks {
  /** Peaks of frame `index` of the source, `frame` being its pixels. */
  readonly of: (index: number, frame: Frame) => readonly Spot[];
  /** Where those of all frames so far came from. */
  readonly origin: () => 'true' | 'found' | 'true and found';
}

/** Peaks of the frames of `source`, searched for with the default parameters where they are not known. */
export function createPeaks(source: FrameSource): Peaks {
  const find = createFrameSpotFinder(parseSpotParameters('peakfinder8'), detectorOf(source));
  let known = 0;
  let found = 0;
  return {
    of(index, frame) {
      const spots = source.spots(index);
      if (spots !== null) {
        known += 1;
        return spots;
      }
      found += 1;
      return find(frame, frameGeometry(source.meta(index), NOTHING_STATED, frame.experiment)).spots;
    },
    origin: () => (found === 0 ? 'true' : known === 0 ? 'found' : 'true and found'),
  };
}
