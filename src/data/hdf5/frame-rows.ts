/** Which value of an array belongs to which frame: one for all, one a frame, one a train or a memory cell. */
import { frameCounts, frameIndices, type FramePart } from './axes.js';

export interface FrameRows {
  readonly count: number;
  /** Where in an array of `length` values the one of a frame stands; null where the array is not of these frames. */
  rowOf(length: number): ((index: number) => number) | null;
}

/** Of `count` frames in `parts`. */
export function rowsOfFrames(parts: readonly FramePart[], count: number): FrameRows {
  const [part] = parts;
  const counts = frameCounts(part!);
  return {
    count,
    rowOf(length) {
      if (length === 1) return () => 0;
      if (length === count) return (index) => index;
      if (parts.length > 1) return null;
      const axis = counts.indexOf(length);
      // Rows behind the last event that was written are no frames.
      return axis < 0 ? null : (index) => frameIndices(part!, index)[axis]!;
    },
  };
}
