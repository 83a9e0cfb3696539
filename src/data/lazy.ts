/**
 * Thousands of one-frame files as one source: each is opened when it is read and closed again.
 */
import { UserError } from '../core/errors.js';
import { UNKNOWN_LABEL, checkFrameIndex } from './formats/format.js';
import type { FrameSource } from './frames.js';

/** `first` is the opened first file and says what shape the others must have; it is closed with the source. */
export function lazyFrames(
  files: readonly string[],
  openOne: (file: string) => Promise<FrameSource>,
  first: FrameSource,
): FrameSource {
  const { height, width } = first;
  return {
    ...first,
    name: `${files[0]} and ${files.length - 1} more`,
    count: files.length,
    async read(index) {
      checkFrameIndex(files[0]!, index, files.length);
      const source = index === 0 ? first : await openOne(files[index]!);
      try {
        if (source.height !== height || source.width !== width) {
          throw new UserError(
            `has ${source.height}×${source.width} pixels, but ${files[0]} has ${height}×${width}`,
            {
              file: files[index]!,
              remedy: 'give files of one detector together',
            },
          );
        }
        if (source.count !== 1) {
          throw new UserError(`holds ${source.count} frames, but ${files[0]} has one`, {
            file: files[index]!,
            remedy: 'name it alone: many files at once are read a frame each',
          });
        }
        return await source.read(0);
      } finally {
        if (index !== 0) await source.close();
      }
    },
    label: () => UNKNOWN_LABEL,
    meta: () => ({}),
    spots: () => null,
    origin: (index) => ({ file: files[index]!, index: 0 }),
  };
}
