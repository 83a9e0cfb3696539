/**
 * What a thread has to know to read frames that another one opened: files and numbers of frames, without the headers.
 *
 * Each header is read once, by the thread that opens the frames for the user. Those that read for it open a file when a
 * frame of it is asked for.
 */
import { assembledFrames, type Assembly } from './assemble.js';
import type { FrameSource } from './frames.js';
import { readGeometry } from './geometry/geometry.js';
import { createMasking } from './masked.js';
import { openedLate } from './late.js';
import { maskFrames } from './masking.js';
import { openGroup } from './open-group.js';
import type { OpenFramesOptions } from './open-options.js';
import { sleepingFrames, type FileGroup } from './sleeping.js';
import { concatenateFrames, selectFrames } from './source.js';

/** What one argument of the user came to. */
export interface SeriesOutline {
  readonly dataset: string | null;
  readonly groups: readonly FileGroup[];
  /** The frames that are meant, among those of all groups; null where all are. */
  readonly chosen: readonly number[] | null;
}

export interface Outline {
  readonly series: readonly SeriesOutline[];
  /** Of a frame before it is assembled. */
  readonly height: number;
  readonly width: number;
  /** The mask of hot and dead pixels, 1 live; null where it was not asked for. */
  readonly defects: Uint8Array | null;
  /** The picture of the detector; null where the stored layout was asked for. */
  readonly assembly: Assembly | null;
}

/** The pixels of `outline`, without labels and facts. The caller closes the source. Throws `UserError`. */
export async function openOutline(outline: Outline, options: OpenFramesOptions): Promise<FrameSource> {
  const { height, width, defects, assembly } = outline;
  const geometry = options.geometry === undefined ? null : await readGeometry(options.geometry);
  const masking = createMasking(options, geometry);
  const series = outline.series.map(({ groups, dataset, chosen }) => {
    const open = async (files: readonly string[]): Promise<FrameSource> =>
      openedLate((await openGroup(files, dataset, options, masking)).source, options.strict);
    const source = sleepingFrames(groups, { height, width, assumed: false, open });
    return chosen === null ? source : selectFrames(source, chosen);
  });
  const all = concatenateFrames(series);
  const sound = defects === null ? all : maskFrames(all, defects);
  return assembly === null ? sound : assembledFrames(sound, assembly);
}
