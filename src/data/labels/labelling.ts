/** What every source of labels takes and gives. */
import type { FrameLabel, FrameSource } from '../frames.js';
import type { Note } from '../notes.js';

/** Labels of frames by number, and the classes they count in. Frames that are not told keep what they had. */
export interface Labelling {
  readonly classNames: readonly string[] | null;
  readonly notes: readonly Note[];
  of(index: number): Partial<FrameLabel>;
}

/** The frames to label. */
export interface LabelRequest {
  readonly source: FrameSource;
  /** What the frames were taken from before ranges were: says which places the files have. */
  readonly whole: readonly FrameSource[];
}
