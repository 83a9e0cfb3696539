/**
 * Distillation: a network that is trained already tells the one in training not only which class a frame is of, but how much it is
 * like the others (Hinton, Vinyals & Dean, 2015). It sees each training frame once, as it goes into the cache.
 */
import type { LabelledFrames } from './sample-cache.js';

/** A trained network, ready to be asked. */
export interface Teacher {
  /** What tells its weights from others': a training that is resumed has the same teacher. */
  readonly mark: string;
  /** Logits of the classes, in the order of the pupil's. */
  logits(pixels: Uint16Array): Promise<ArrayLike<number>>;
}

export interface Taught {
  /** The same frames: reading one asks the teacher. */
  readonly frames: LabelledFrames;
  /** `[frames, classes]` row-major, filled as frames are read. */
  readonly logits: Float32Array;
}

/** `frames` under `teacher`. */
export function taughtBy(teacher: Teacher, frames: LabelledFrames, classes: number): Taught {
  const logits = new Float32Array(new SharedArrayBuffer(4 * frames.count * classes));
  return {
    logits,
    frames: {
      ...frames,
      read: async (i) => {
        const pixels = await frames.read(i);
        logits.set(Array.from(await teacher.logits(pixels)), i * classes);
        return pixels;
      },
    },
  };
}
