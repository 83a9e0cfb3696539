/** The labelled frames that can judge a run: those that had no part in making it. */
import { UserError } from '../core/errors.js';
import type { FrameSource } from '../data/frames.js';

export interface UnseenFrames {
  readonly indices: readonly number[];
  /** Of each of them. */
  readonly isHit: readonly boolean[];
  /** Frames that their file declares for training, validation or calibration. */
  readonly leftOut: number;
}

/** Throws `UserError` where a frame has no label, or none are left, or they are not both hits and misses. */
export function unseenFrames(source: FrameSource): UnseenFrames {
  const all = Array.from({ length: source.count }, (_, i) => i);
  const indices = all.filter((i) => (source.label(i).split ?? 'test') === 'test');
  const isHit = indices.map((i) => {
    const { hit } = source.label(i);
    if (hit === null)
      throw new UserError(`frame ${i} is labelled neither a hit nor a miss`, {
        file: source.name,
        field: '--labels',
        remedy: 'give frames with labels, or name their labels with --labels',
      });
    return hit;
  });
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
  return { indices, isHit, leftOut: source.count - indices.length };
}
