/** The labelled frames that can judge a run: those that had no part in making it. */
import { UserError } from '../core/errors.js';
import type { FrameSource } from '../data/frames.js';

export interface UnseenFrames {
  readonly indices: readonly number[];
  /** Of each of them. */
  readonly isHit: readonly boolean[];
  /** Whether each can be indexed; null where nobody knows. */
  readonly indexable: readonly (boolean | null)[];
  /** Frames that their file declares for training, validation or calibration. */
  readonly leftOut: number;
  /** Frames that nobody is sure of: neither hits nor misses. */
  readonly unknown: number;
}

/** Throws `UserError` where no frame has a label, or none are left, or they are not both hits and misses. */
export function unseenFrames(source: FrameSource): UnseenFrames {
  const all = Array.from({ length: source.count }, (_, i) => i);
  const unseen = all.filter((i) => (source.label(i).split ?? 'test') === 'test');
  const indices = unseen.filter((i) => source.label(i).hit !== null);
  if (unseen.length > 0 && indices.length === 0)
    throw new UserError('has frames that are labelled neither hits nor misses', {
      file: source.name,
      field: '--labels',
      remedy: 'give frames with labels, or name their labels with --labels',
    });
  const isHit = indices.map((i) => source.label(i).hit === true);
  for (const [what, wanted] of [
    ['hits', true],
    ['misses', false],
  ] as const)
    if (!isHit.includes(wanted))
      throw new UserError(`there are no ${what} among the ${indices.length} frames that can judge the run`, {
        file: source.name,
        field: '--frames',
        remedy: 'give frames of both that had no part in training',
      });
  return {
    indices,
    isHit,
    indexable: indices.map((i) => source.label(i).indexable ?? null),
    leftOut: source.count - unseen.length,
    unknown: unseen.length - indices.length,
  };
}
