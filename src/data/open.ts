/**
 * Opening frames: what the user names on a command line becomes one `FrameSource`.
 *
 * The way of a frame, a file a step:
 *
 *     argument      arguments.ts             FILE#/path[0:100]
 *     files         files.ts                 folders, patterns, modules that belong together
 *     stored        stored.ts, formats/      values as they stand in the file, its masks and rules
 *     calibrated    calibrate-jungfrau.ts    words to photons
 *     joined        xfel-modules.ts          modules of one event to one frame
 *     masked        masked.ts                uint16, with every mask applied
 *     in a row      series.ts, source.ts     many files as one source; ranges
 *     labelled      labels/                  labels and groups
 *     assembled     assemble.ts              the picture of the detector
 */
import { UserError } from '../core/errors.js';
import { parseFrameArgument, rangeIndices, type FrameArgument } from './arguments.js';
import { assembleFrames } from './assemble.js';
import { calibrateAll } from './calibrate-jungfrau.js';
import { labelledByFolder, namedFiles } from './files.js';
import type { RawSource } from './formats/format.js';
import type { FrameSource } from './frames.js';
import { readGeometry, type DetectorGeometry } from './geometry/geometry.js';
import { groupFrames, labelFrames } from './labels/label-frames.js';
import { isFrameList, selectListed } from './listed.js';
import { maskedFrames, withoutDefects } from './masked.js';
import { refuseWarnings } from './notes.js';
import type { OpenFramesOptions } from './open-options.js';
import { openSeries } from './series.js';
import { concatenateFrames, selectFrames } from './source.js';
import { openStored } from './stored.js';
import { joinModules } from './xfel-modules.js';

export type { OpenFramesOptions } from './open-options.js';

/** Opens what `argument` names. The caller closes the source. Throws `UserError`. */
export async function openFrames(
  argument: string | readonly string[],
  options: OpenFramesOptions = {},
): Promise<FrameSource> {
  const texts = typeof argument === 'string' ? [argument] : argument;
  const geometry = options.geometry === undefined ? null : await readGeometry(options.geometry);
  const opened: FrameSource[] = [];
  // Before ranges are taken: labels may name frames that no range has.
  const whole: FrameSource[] = [];
  try {
    for (const text of texts) {
      const one = parseFrameArgument(text);
      const source = await openArgument(one, options, geometry, opened.length === 0);
      if (source === null) continue;
      whole.push(source);
      opened.push(one.range === null ? source : selectFrames(source, rangeIndices(one, source.count)));
    }
    if (opened.length === 0)
      throw new UserError('no frames can be read', { remedy: 'name a file, folder or pattern' });
    const sound = await withoutDefects(concatenateFrames(opened), options);
    const frames = assembled(await labelled(sound, options, whole), options);
    if (frames.count === 0)
      throw new UserError('holds no frames', { file: frames.name, remedy: 'check what wrote the file' });
    if (options.strict === true) refuseWarnings(frames.notes);
    return frames;
  } catch (error) {
    await Promise.all(opened.map((source) => source.close()));
    throw error;
  }
}

async function openArgument(
  argument: FrameArgument,
  options: OpenFramesOptions,
  geometry: DetectorGeometry | null,
  first: boolean,
): Promise<FrameSource | null> {
  const files = await namedFiles(argument);
  const openGroup = async (group: readonly string[]): Promise<FrameSource> => {
    const stored = await openFiles(group, argument.dataset, options);
    const calibrated = await calibrateAll(stored, options.jungfrau);
    return maskedFrames(joinModules(calibrated), options, geometry);
  };
  const alone = first && files.groups.flat().length === 1;
  const source = await openSeries(files.groups, openGroup, options, alone);
  if (source === null) return null;
  return isFrameList(argument.path) ? selectListed(source, argument.path) : labelledByFolder(source, files);
}

/** The stored frames of `files`; with `onBadFile` modules that cannot be opened are reported and left out. */
async function openFiles(
  files: readonly string[],
  dataset: string | null,
  options: OpenFramesOptions,
): Promise<readonly RawSource[]> {
  const { onBadFile } = options;
  const opened: RawSource[] = [];
  for (const [position, file] of files.entries()) {
    try {
      opened.push(await openStored(file, dataset, options));
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

async function labelled(
  source: FrameSource,
  options: OpenFramesOptions,
  whole: readonly FrameSource[],
): Promise<FrameSource> {
  const frames = options.labels === undefined ? source : await labelFrames(source, options.labels, whole);
  return options.groups === undefined ? frames : groupFrames(frames, options.groups);
}

function assembled(source: FrameSource, { assemble }: OpenFramesOptions): FrameSource {
  if (assemble !== true) return source;
  // A picture is one flat panel: what the geometry says of it then stands with each frame.
  const { geometry, ...stored } = source;
  if (geometry === undefined)
    throw new UserError('needs --geometry', { field: '--assemble', remedy: 'give a .geom file' });
  return assembleFrames(stored, geometry, source.frameShape ?? [source.height, source.width]);
}
