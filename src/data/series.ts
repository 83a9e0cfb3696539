/**
 * Files in a row as one source. From `LAZY_FILES` one-frame files on, only the first is opened before it is read.
 */
import { UserError } from '../core/errors.js';
import type { FrameSource } from './frames.js';
import { lazyFrames } from './lazy.js';
import type { OpenFramesOptions } from './open-options.js';
import { concatenateFrames } from './source.js';
import { formatOf } from './stored.js';

const LAZY_FILES = 32;

/**
 * The frames of `groups`, each opened by `openGroup`; null where none could be opened. With `onBadFile` what cannot be
 * opened is reported and left out, unless `alone` says that nothing else was asked for.
 */
export async function openSeries(
  groups: readonly (readonly string[])[],
  openGroup: (group: readonly string[]) => Promise<FrameSource>,
  { onBadFile }: OpenFramesOptions,
  alone: boolean,
): Promise<FrameSource | null> {
  const sources: FrameSource[] = [];
  try {
    const files = groups.map((group) => group[0]!);
    if (files.length >= LAZY_FILES && (await formatOf(files[0]!)).singleFrame)
      return lazyFrames(files, (file) => openGroup([file]), await openGroup([files[0]!]));
    for (const group of groups) {
      try {
        sources.push(await openGroup(group));
      } catch (error) {
        if (!(error instanceof UserError) || onBadFile === undefined || alone) throw error;
        onBadFile(error);
      }
    }
    return sources.length === 0 ? null : concatenateFrames(sources);
  } catch (error) {
    await Promise.all(sources.map((source) => source.close()));
    throw error;
  }
}
