/** Files that are opened when a frame of them is read: what they say by then is not lost. */
import type { FrameSource } from './frames.js';
import { refuseWarnings, warningsOf } from './notes.js';

/**
 * `source`, opened for a frame: the first one that is read brings the warnings of the file. With `strict` they are errors:
 * closes `source` and throws `UserError`.
 */
export async function openedLate(source: FrameSource, strict = false): Promise<FrameSource> {
  if (strict) {
    try {
      refuseWarnings(source.notes);
    } catch (error) {
      await source.close();
      throw error;
    }
  }
  let warnings = warningsOf(source.notes);
  return {
    ...source,
    async read(index) {
      const frame = await source.read(index);
      if (warnings.length === 0) return frame;
      const notes = warnings;
      warnings = [];
      return { ...frame, notes };
    },
  };
}
