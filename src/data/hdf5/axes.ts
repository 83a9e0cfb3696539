/**
 * What the axes of a dataset mean, and how many frames it holds.
 */
import { UserError } from '../../core/errors.js';
import { checkFrameShape } from '../formats/format.js';
import { PIXEL_BYTES } from '../pixels.js';
import type { Hdf5DatasetInfo, Hdf5File } from './file.js';

/** A frame keeps `module`, `slow` and `fast`; of `channel` it takes one. */
export type Axis = 'frame' | 'module' | 'channel' | 'slow' | 'fast';

/** A dataset of frames, one of those that make up a source. */
export interface FramePart {
  readonly info: Hdf5DatasetInfo;
  readonly axes: readonly Axis[];
  /** The number of its first frame in the source. */
  readonly first: number;
  readonly count: number;
}

/** More frames than any experiment writes into one file: a lying header. */
const MAX_FRAMES = 1e9;

/** True for files that say they follow the NeXus application definition NXmx. */
export function isNxmx(file: Hdf5File): boolean {
  const path = '/entry/definition';
  if (file.node(path).kind !== 'dataset' || !file.info(path).isString) return false;
  return file.readAll(path)?.[0] === 'NXmx';
}

function axesOf(file: Hdf5File, info: Hdf5DatasetInfo): readonly Axis[] {
  const rank = info.shape.length;
  if (rank === 2) return ['slow', 'fast'];
  if (rank === 3) return ['frame', 'slow', 'fast'];
  if (rank === 4) {
    // AGIPD raw modules hold the analogue and the gain signal; NXmx of 2024 the thresholds of an EIGER2.
    const rawXfel = info.path.includes('INSTRUMENT/') && info.shape[1] === 2;
    return ['frame', rawXfel || isNxmx(file) ? 'channel' : 'module', 'slow', 'fast'];
  }
  if (rank === 5) return ['frame', 'module', 'channel', 'slow', 'fast'];
  throw new UserError(`has ${rank} dimensions (${info.shape.join('×')})`, {
    file: file.name,
    field: info.path,
    remedy: 'name a dataset [n,y,x], [y,x] or [n,module,y,x] with FILE#/path',
  });
}

/** Frames really written: `numEvents` of a CXI file that is being written, or was cut short, can be fewer. */
function countFrames(file: Hdf5File, info: Hdf5DatasetInfo, axes: readonly Axis[]): number {
  const frames = axes[0] === 'frame' ? info.shape[0]! : 1;
  const events = Number(file.attribute(info.path, 'numEvents')?.[0] ?? frames);
  return Math.min(frames, events >= 0 ? events : frames);
}

/** `[y, x]` or `[module, y, x]`. */
export function frameShapeOf(part: Pick<FramePart, 'info' | 'axes'>): readonly number[] {
  return part.info.shape.filter((_, i) => ['module', 'slow', 'fast'].includes(part.axes[i]!));
}

/** Reads and checks one dataset of frames. Throws `UserError`. */
export function planPart(file: Hdf5File, path: string, first: number, channel: number): FramePart {
  const info = file.info(path);
  if (info.pixelType === null) {
    throw new UserError(`holds ${info.typeName}, not integers or floats of 32 or 64 bits`, {
      file: file.name,
      field: path,
      remedy: 'name the frames with FILE#/path/to/dataset',
    });
  }
  const axes = axesOf(file, info);
  const part = { info, axes, first, count: countFrames(file, info, axes) };
  checkFrameShape(file.name, frameShapeOf(part), PIXEL_BYTES[info.pixelType]);
  const channels = info.shape[axes.indexOf('channel')] ?? Infinity;
  if (channel >= channels) {
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
