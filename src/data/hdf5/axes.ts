/**
 * What the axes of a dataset mean, by the words of its format, and how many frames it holds.
 *
 * Words, in this order: `DIMENSION_LABELS` of the dataset or NeXus' `axes` of its group; the path, at the European XFEL;
 * NXmx (`[frame, module, y, x]`, or a threshold each where the detector has as many). Where there are none, the rank is
 * all there is: what it was taken for is said.
 */
import { UserError } from '../../core/errors.js';
import { checkFrameShape } from '../formats/format.js';
import { taken, warning, type Note } from '../notes.js';
import { PIXEL_BYTES } from '../pixels.js';
import type { Hdf5DatasetInfo, Hdf5File } from './file.js';
import { isNxmx, type Nexus } from './nexus.js';
import { parentOf } from './paths.js';

/** A frame keeps `module`, `slow` and `fast`; of `channel` it takes one. Two axes may count frames (trains, cells). */
export type Axis = 'frame' | 'module' | 'channel' | 'slow' | 'fast';

/** A dataset of frames, one of those that make up a source. */
export interface FramePart {
  readonly info: Hdf5DatasetInfo;
  readonly axes: readonly Axis[];
  /** The number of its first frame in the source. */
  readonly first: number;
  readonly count: number;
  readonly notes: readonly Note[];
}

/** More frames than any experiment writes into one file: a lying header. */
const MAX_FRAMES = 1e9;

/** Names of axes as the field writes them. */
const AXIS_WORDS: readonly (readonly [Axis, RegExp])[] = [
  ['module', /module|panel|quad|asic|segment/i],
  ['channel', /thresh|channel|colou?r|gain|energy.?bin|counter/i],
  [
    'frame',
    /frame|image|event|shot|pulse|train|cell|time|exposure|scan|angle|omega|experiment_identifier|^n$|^z$/i,
  ],
  ['slow', /^(y|slow|ss|row|height|dim_?y)|slow|_y$/i],
  ['fast', /^(x|fast|fs|col|width|dim_?x)|fast|_x$/i],
];

function axisOfWord(word: string): Axis | null {
  return AXIS_WORDS.find(([, pattern]) => pattern.test(word.trim()))?.[0] ?? null;
}

/** NeXus writes `.` for an axis without a name: where the axes before are named, the last two are the pixels'. */
function withPixelAxes(words: readonly string[]): readonly string[] {
  const rank = words.length;
  const [slow, fast] = words.slice(-2);
  if (rank < 3 || slow !== '.' || fast !== '.') return words;
  return [...words.slice(0, -2), 'slow', 'fast'];
}

/** The axes that attributes name, or null where they name none, or not all. Throws on an order that vetoc has not. */
function statedAxes(file: Hdf5File, info: Hdf5DatasetInfo): readonly Axis[] | null {
  const group = parentOf(info.path);
  const rank = info.shape.length;
  const lists = [
    file.attribute(info.path, 'DIMENSION_LABELS'),
    file.attribute(info.path, 'axes'),
    file.attribute(group, 'axes'),
  ].map((value) => {
    const words = value === null ? [] : Array.from(value as ArrayLike<unknown>, String);
    return withPixelAxes(words.length === 1 && rank > 1 ? words[0]!.split(/[:,\s]+/) : words);
  });
  const words = lists.find((list) => list.length === rank && list.every((word) => axisOfWord(word) !== null));
  if (words === undefined) return null;
  const axes = words.map((word) => axisOfWord(word)!);
  const order = axes.map((axis) => ['frame', 'module', 'channel', 'slow', 'fast'].indexOf(axis));
  const inner = axes.slice(-2).join();
  const frames = axes.filter((axis) => axis === 'frame').length;
  const leading = axes.slice(0, frames).every((axis) => axis === 'frame');
  if (
    inner === 'slow,fast' &&
    leading &&
    frames <= 2 &&
    new Set(order).size === rank - Math.max(0, frames - 1)
  )
    return axes;
  throw new UserError(`has the axes ${words.join(', ')}, which are no frames [frame, module, y, x]`, {
    file: file.name,
    field: info.path,
    remedy: 'write the slow and the fast axis of the pixels last',
  });
}

/** European XFEL: raw AGIPD holds signal and gain, raw LPD and DSSC an axis of one; JUNGFRAU a cell of a train a frame. */
function xfelAxes(info: Hdf5DatasetInfo): readonly Axis[] | null {
  if (!info.path.includes('INSTRUMENT/') || info.shape.length !== 4) return null;
  const ofCells = /\/(adc|gain|mask)$/.test(info.path);
  if (ofCells) return ['frame', 'frame', 'slow', 'fast'];
  return info.shape[1]! <= 2 ? ['frame', 'channel', 'slow', 'fast'] : null;
}

/** Energy thresholds that the detector states, `threshold_1_energy` and so on. */
function thresholdsOf(file: Hdf5File, nexus: Nexus): number {
  const names = nexus.detectors.flatMap((path) => [...file.children(path)]);
  return new Set(names.filter((name) => /^threshold_\d+(_energy|_channel)?$|^channel_?\d+$/.test(name))).size;
}

interface Meaning {
  readonly axes: readonly Axis[];
  /** What was guessed, or null. */
  readonly guess: string | null;
  /** Whether no word says what the axes are, and they were taken as everybody writes them. */
  readonly usual?: boolean;
}

function axesOf(file: Hdf5File, info: Hdf5DatasetInfo, nexus: Nexus, channel: number | null): Meaning {
  const rank = info.shape.length;
  const certain = (...axes: Axis[]): Meaning => ({ axes, guess: null });
  if (rank === 2) return certain('slow', 'fast');
  const stated = statedAxes(file, info) ?? xfelAxes(info);
  if (stated !== null) return certain(...stated);
  if (rank === 3) return { axes: ['frame', 'slow', 'fast'], guess: null, usual: true };
  if (rank === 4) {
    const thresholds = isNxmx(nexus) && thresholdsOf(file, nexus) === info.shape[1];
    if (channel !== null || thresholds) return certain('frame', 'channel', 'slow', 'fast');
    const axes: Axis[] = ['frame', 'module', 'slow', 'fast'];
    // NeXus: the last two axes are an image, the others a scan.
    if (!isNxmx(nexus) && file.attribute(info.path, 'interpretation')?.[0] === 'image')
      return certain('frame', 'frame', 'slow', 'fast');
    if (isNxmx(nexus) || nexus.detectors.length > 0 || info.path.includes('INSTRUMENT/'))
      return certain(...axes);
    return { axes, guess: `axis 1 of ${info.shape.join('×')} was taken for modules` };
  }
  if (rank === 5) {
    const axes: Axis[] = ['frame', 'module', 'channel', 'slow', 'fast'];
    return { axes, guess: `axes 1 and 2 of ${info.shape.join('×')} were taken for modules and channels` };
  }
  throw new UserError(`has ${rank} dimensions (${info.shape.join('×')})`, {
    file: file.name,
    field: info.path,
    remedy: 'name a dataset [n,y,x], [y,x] or [n,module,y,x] with FILE#/path',
  });
}

/** Sizes of the axes that count frames, slowest first; empty for a single image. */
export function frameCounts({ info, axes }: Pick<FramePart, 'info' | 'axes'>): readonly number[] {
  return info.shape.filter((_, i) => axes[i] === 'frame');
}

/** Where frame `index` of a part stands on the axes that count frames. */
export function frameIndices(part: Pick<FramePart, 'info' | 'axes'>, index: number): readonly number[] {
  const [, inner] = frameCounts(part);
  return inner === undefined ? [index] : [Math.floor(index / inner), index % inner];
}

/** Frames really written: `numEvents` of a CXI file that is being written, or was cut short, can be fewer. */
export function countFrames(file: Hdf5File, part: Pick<FramePart, 'info' | 'axes'>): number {
  const frames = frameCounts(part).reduce((a, b) => a * b, 1);
  const events = Number(file.attribute(part.info.path, 'numEvents')?.[0] ?? frames);
  return Math.min(frames, events >= 0 ? events : frames);
}

/** Says where a CXI file states more frames than it holds. */
function countNotes(file: Hdf5File, info: Hdf5DatasetInfo, axes: readonly Axis[]): readonly Note[] {
  const held = frameCounts({ info, axes }).reduce((a, b) => a * b, 1);
  const events = Number(file.attribute(info.path, 'numEvents')?.[0] ?? held);
  if (!(events > held)) return [];
  return [warning('frames', file.name, info.path, `says that it holds ${events} events, and holds ${held}`)];
}

/** Says which of several channels is read where nobody chose one. The words of raw AGIPD say it: signal, then gain. */
function channelNotes(
  file: Hdf5File,
  info: Hdf5DatasetInfo,
  axes: readonly Axis[],
  channel: number | null,
): readonly Note[] {
  const channels = info.shape[axes.indexOf('channel')] ?? 1;
  if (channels < 2 || channel !== null || xfelAxes(info) !== null) return [];
  const text = `channel 0 of ${channels} is read: --channel takes another`;
  return [warning('frames', file.name, info.path, text)];
}

/** `[y, x]` or `[module, y, x]`. */
export function frameShapeOf(part: Pick<FramePart, 'info' | 'axes'>): readonly number[] {
  return part.info.shape.filter((_, i) => ['module', 'slow', 'fast'].includes(part.axes[i]!));
}

/** Reads and checks one dataset of frames. Throws `UserError`. */
export function planPart(
  file: Hdf5File,
  nexus: Nexus,
  path: string,
  first: number,
  channel: number | null,
): FramePart {
  const info = file.info(path);
  if (info.pixelType === null) {
    throw new UserError(`holds ${info.typeName}, not integers or floats of 16, 32 or 64 bits`, {
      file: file.name,
      field: path,
      remedy: 'name the frames with FILE#/path/to/dataset',
    });
  }
  const { axes, guess, usual } = axesOf(file, info, nexus, channel);
  const said = `axis 0 of ${info.shape.join('×')} counts the frames: no words say otherwise`;
  const notes = [
    ...(guess !== null ? [warning('frames', file.name, path, `${guess}: no words say what it is`)] : []),
    ...(usual === true ? [taken('frames', file.name, path, said)] : []),
    ...countNotes(file, info, axes),
    ...channelNotes(file, info, axes, channel),
  ];
  const part = { info, axes, first, count: countFrames(file, { info, axes }), notes };
  checkFrameShape(file.name, frameShapeOf(part), PIXEL_BYTES[info.pixelType]);
  const channels = info.shape[axes.indexOf('channel')] ?? Infinity;
  if ((channel ?? 0) >= channels) {
    throw new UserError(`has ${channels} channels, not a channel ${channel}`, {
      file: file.name,
      field: path,
    });
  }
  if (part.count > MAX_FRAMES) {
    throw new UserError(`says that it holds ${part.count} frames`, { file: file.name, field: path });
  }
  return part;
}

/** Throws where parts are frames of another shape or type than the first. */
export function checkSameFrames(file: Hdf5File, parts: readonly FramePart[]): void {
  const [head, ...rest] = parts;
  for (const part of rest) {
    const same =
      part.info.pixelType === head!.info.pixelType &&
      String(frameShapeOf(part)) === String(frameShapeOf(head!));
    if (same) continue;
    throw new UserError(`has other frames than ${head!.info.path}`, {
      file: file.name,
      field: part.info.path,
    });
  }
}
