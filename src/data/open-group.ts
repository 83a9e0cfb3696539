/**
 * From files that belong together to their frames: stored, calibrated, modules joined, masked.
 */
import { UserError } from '../core/errors.js';
import { calibrateAll } from './calibrate-jungfrau.js';
import type { Glance, RawSource } from './formats/format.js';
import type { FrameSource } from './frames.js';
import type { Masking } from './masked.js';
import { isWhole, type OpenFramesOptions } from './open-options.js';
import { counted } from './raw/counted.js';
import { NO_RULE } from './pixels.js';
import { gainWordsAll } from './raw/cells.js';
import { openStored } from './stored.js';
import { joinModules, modulePlaces } from './xfel-modules.js';

/** Frames, and the files that were opened for them. */
export interface OpenedGroup {
  readonly source: FrameSource;
  readonly files: readonly string[];
  /** Looks at other files for whether they are like this one; null where that cannot be told. */
  readonly glance: Glance | null;
}

/** Opens `files`, in which the frames are at `dataset` or found. The caller closes the source. Throws `UserError`. */
export async function openGroup(
  files: readonly string[],
  dataset: string | null,
  options: OpenFramesOptions,
  masking: Masking,
): Promise<OpenedGroup> {
  const stored = await openFiles(files, dataset, options, masking.stated);
  try {
    const { rawMaps, jungfrau } = options;
    const given = options.gainWords === true ? gainWordsAll(stored) : stored;
    const words = options.words === true ? given.map((raw) => ({ ...raw, rule: NO_RULE })) : given;
    const calibrated = await calibrateAll(words, modulePlaces(stored), jungfrau);
    const joined = joinModules(calibrated, isWhole(options));
    const asStored = rawMaps === undefined || options.words === true;
    const source = await masking.frames(asStored ? joined : await counted(joined, rawMaps));
    const [only, ...others] = stored;
    const glance = others.length === 0 ? (only?.glance ?? null) : null;
    return { source, files: stored.map(({ file }) => file), glance };
  } catch (error) {
    await Promise.all(stored.map((source) => source.close()));
    throw error;
  }
}

/** The stored frames of `files`; with `onBadFile` modules that cannot be opened are reported and left out. */
async function openFiles(
  files: readonly string[],
  dataset: string | null,
  options: OpenFramesOptions,
  stated: string | null,
): Promise<readonly RawSource[]> {
  const { onBadFile } = options;
  const opened: RawSource[] = [];
  for (const [position, file] of files.entries()) {
    try {
      opened.push(await openStored(file, dataset, options, stated));
    } catch (error) {
      const last = position === files.length - 1 && opened.length === 0;
      if (error instanceof UserError && onBadFile !== undefined && !last) {
        onBadFile(error);
        continue;
      }
      await Promise.all(opened.map((source) => source.close()));
      throw error;
    }
  }
  return opened;
}
