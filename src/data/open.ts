/**
 * Opening frames: what the user names on a command line becomes one `FrameSource`.
 *
 * The way of a frame, a file a step:
 *
 *     argument      arguments.ts             FILE#/path[0:100]
 *     files         files.ts                 folders, patterns, modules that belong together
 *     stored        stored.ts, formats/      values as they stand in the file, its masks and rules
 *     calibrated    calibrate-jungfrau.ts    words to photons, in floating point
 *                   raw/calibrated.ts        words to counts, in integers as the firmware does
 *     joined        xfel-modules.ts          modules of one event to one frame
 *     masked        masked.ts                uint16, with every mask applied
 *     in a row      series.ts, source.ts     many files as one source; lists and ranges
 *     labelled      labels/                  labels and groups
 *     assembled     assemble.ts              the picture of the detector
 *
 * The steps from stored to masked are open-group.ts; reading threads repeat them from an outline (outline.ts).
 */
import { UserError } from '../core/errors.js';
import { parseFrameArgument, rangeIndices, type FrameArgument } from './arguments.js';
import { assembledFrames, planAssembly, withMovedSpots, type Assembly } from './assemble.js';
import { labelledByFolder, namedFiles } from './files.js';
import type { FrameSource } from './frames.js';
import { readGeometry } from './geometry/geometry.js';
import { indexedFrames } from './labels/indexed-frames.js';
import { groupFrames, labelFrames } from './labels/label-frames.js';
import { framesOfList, isFrameList } from './listed.js';
import { createMasking, defectsOf, type Masking } from './masked.js';
import { maskFrames } from './masking.js';
import { refuseWarnings, withNotes } from './notes.js';
import { openGroup, type OpenedGroup } from './open-group.js';
import type { OpenFramesOptions } from './open-options.js';
import type { Outline, SeriesOutline } from './outline.js';
import { openSeries } from './series.js';
import { concatenateFrames, selectFrames } from './source.js';

export type { OpenFramesOptions } from './open-options.js';

/** Frames, and what a thread needs to read them again. */
export interface OpenedFrames {
  readonly source: FrameSource;
  readonly outline: Outline;
}

/** Opens what `argument` names. The caller closes the source. Throws `UserError`. */
export async function openFrames(
  argument: string | readonly string[],
  options: OpenFramesOptions = {},
): Promise<FrameSource> {
  return (await openOutlined(argument, options)).source;
}

/** The same with the outline of the frames. */
export async function openOutlined(
  argument: string | readonly string[],
  options: OpenFramesOptions,
): Promise<OpenedFrames> {
  const texts = typeof argument === 'string' ? [argument] : argument;
  const geometry = options.geometry === undefined ? null : await readGeometry(options.geometry);
  const masking = createMasking(options, geometry);
  const opened: OpenedArgument[] = [];
  try {
    for (const text of texts) {
      const one = await openArgument(parseFrameArgument(text), options, masking, texts.length === 1);
      if (one !== null) opened.push(one);
    }
    if (opened.length === 0)
      throw new UserError('no frames can be read', { remedy: 'name a file, folder or pattern' });
    refuseFrameMasksOfMany(masking, opened);
    const all = concatenateFrames(opened.map(({ source }) => source));
    const defects = await defectsOf(all, options);
    const sound = defects === null ? all : maskFrames(all, defects);
    const told = await labelled(sound, options, opened.map(({ whole }) => whole)); // prettier-ignore
    const { source, assembly } = assembled(told, options);
    if (source.count === 0)
      throw new UserError('holds no frames', { file: source.name, remedy: 'check what wrote the file' });
    if (options.strict === true) refuseWarnings(source.notes);
    const { height, width } = sound;
    return {
      source,
      outline: { series: opened.map(({ series }) => series), height, width, defects, assembly },
    };
  } catch (error) {
    await Promise.all(opened.map(({ source }) => source.close()));
    throw error;
  }
}

/** Masks a frame are those of one file: of several nobody says which. */
function refuseFrameMasksOfMany(masking: Masking, opened: readonly OpenedArgument[]): void {
  const file = masking.fileOfFrameMasks();
  const files = opened.flatMap(({ series }) => series.groups).length;
  if (file === null || files < 2) return;
  throw new UserError(`holds a mask a frame, but frames of ${files} files are given`, {
    file,
    field: '--mask',
    remedy: 'give one mask for all frames, or the files one by one',
  });
}

interface OpenedArgument {
  readonly source: FrameSource;
  /** Before ranges are taken: labels may name frames that no range has. */
  readonly whole: FrameSource;
  readonly series: SeriesOutline;
}

async function openArgument(
  argument: FrameArgument,
  options: OpenFramesOptions,
  masking: Masking,
  only: boolean,
): Promise<OpenedArgument | null> {
  const { dataset, range } = argument;
  const files = await namedFiles(argument);
  const openOne = (group: readonly string[]): Promise<OpenedGroup> =>
    openGroup(group, dataset, options, masking);
  const alone = only && files.groups.flat().length === 1;
  const series = await openSeries(files.groups, openOne, options, alone);
  if (series === null) return null;
  const { groups } = series;
  try {
    const listed = isFrameList(argument.path) ? await framesOfList(series.source, argument.path) : null;
    const whole =
      listed === null
        ? withNotes(labelledByFolder(series.source, files), files.notes)
        : withNotes(selectFrames(series.source, listed.chosen), listed.notes);
    if (range === null)
      return { source: whole, whole, series: { dataset, groups, chosen: listed?.chosen ?? null } };
    const ranged = rangeIndices(argument, whole.count);
    const chosen = listed === null ? ranged : ranged.map((index) => listed.chosen[index]!);
    return { source: selectFrames(whole, ranged), whole, series: { dataset, groups, chosen } };
  } catch (error) {
    await series.source.close();
    throw error;
  }
}

async function labelled(
  source: FrameSource,
  options: OpenFramesOptions,
  whole: readonly FrameSource[],
): Promise<FrameSource> {
  const { labels, indexed } = options;
  const told = labels === undefined ? source : await labelFrames(source, labels, whole);
  const frames = indexed === undefined ? told : await indexedFrames(told, indexed, whole);
  return options.groups === undefined ? frames : groupFrames(frames, options.groups);
}

function assembled(
  source: FrameSource,
  { assemble }: OpenFramesOptions,
): { readonly source: FrameSource; readonly assembly: Assembly | null } {
  if (assemble !== true) return { source, assembly: null };
  // A picture is one flat panel: what the geometry says of it then stands with each frame.
  const { geometry, ...stored } = source;
  if (geometry === undefined)
    throw new UserError('needs --geometry', { field: '--assemble', remedy: 'give a .geom file' });
  const frameShape = source.frameShape ?? [source.height, source.width];
  const assembly = planAssembly(geometry, frameShape);
  return {
    source: withMovedSpots(assembledFrames(stored, assembly), geometry, frameShape, assembly),
    assembly,
  };
}
