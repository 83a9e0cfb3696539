/**
 * The masks that HDF5 layouts carry, as arrays of 1 (live) and 0 (masked).
 *
 * - vetoc: `mask` beside the frames' group, 1 = live; `[y,x]`, `[n,y,x]`, or `[style,y,x]` picked by `meta/style`.
 * - NXmx: `pixel_mask` in the detector group, 0 = good, anything else is bad (as dxtbx has it).
 * - CXI: `mask` (a frame each) and `mask_shared` (one) beside the frames; bits as in Cheetah.
 * - European XFEL: `mask` beside the frames, any bit is bad.
 */
import { UserError } from '../../core/errors.js';
import { attributeText } from './columns.js';
import type { PixelArray } from '../pixels.js';
import type { Hdf5DatasetInfo, Hdf5File } from './file.js';

/**
 * Cheetah's bits that make a pixel useless: invalid 1, saturated 2, hot 4, dead 8, shadowed 16, ignore 64, bad 128,
 * missing 512, noisy 1024. The others (peaks, resolution limits, corrected, in the jet) mark but do not spoil.
 */
const CXI_BAD_BITS = 1 | 2 | 4 | 8 | 16 | 64 | 128 | 512 | 1024;
const ANY_BIT = 0xffffffff;

export interface MaskReader {
  /** Where the masks are, for `inspect`; empty when there are none. */
  readonly described: string;
  /** The mask of frame `index`, or null. Shared masks are one array. */
  read(index: number): Uint8Array | null;
}

type OneMask = (index: number) => Uint8Array | null;

function fromBits(values: PixelArray, badBits: number): Uint8Array {
  const live = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) live[i] = (Number(values[i]) & badBits) === 0 ? 1 : 0;
  return live;
}

function fromLive(values: PixelArray): Uint8Array {
  return Uint8Array.from(values as ArrayLike<number>, (value) => (value === 0 ? 0 : 1));
}

function readFrameOf(file: Hdf5File, info: Hdf5DatasetInfo, index: number, frameRank: number): PixelArray {
  const extra = info.shape.length - frameRank;
  const start = info.shape.map((_, axis) => (axis < extra && axis === 0 ? index : 0));
  const count = info.shape.map((size, axis) => (axis < extra ? 1 : size));
  return file.read(info, start, count);
}

/** A mask dataset over the frames: one for all, or one a frame (or a style); null where the shapes do not fit. */
function maskAt(
  file: Hdf5File,
  path: string,
  frameShape: readonly number[],
  toLive: (values: PixelArray) => Uint8Array,
  pick: ((index: number) => number) | null,
  count: number,
): OneMask | null {
  if (file.node(path).kind !== 'dataset') return null;
  const info = file.info(path);
  const rank = frameShape.length;
  const tail = info.shape.slice(-rank);
  const lead = info.shape.slice(0, -rank);
  const fits =
    tail.every((size, axis) => size === frameShape[axis]) && tail.length === rank && lead.length <= 1;
  if (!fits || info.pixelType === null) {
    throw new UserError(`has the shape ${info.shape.join('×')}, but a frame has ${frameShape.join('×')}`, {
      file: file.name,
      field: path,
      remedy: 'give a mask of the frame’s shape with --mask, or ignore the file’s with --mask none',
    });
  }
  const cache = new Map<number, Uint8Array>();
  const perFrame = lead.length === 1 && pick === null;
  if (perFrame && lead[0]! !== 1 && lead[0]! < count) {
    throw new UserError(`has ${lead[0]} masks for ${count} frames`, { file: file.name, field: path });
  }
  return (index) => {
    const at = lead.length === 0 || lead[0] === 1 ? 0 : pick === null ? index : pick(index);
    const known = cache.get(at);
    if (known !== undefined) return known;
    const live = toLive(readFrameOf(file, info, at, rank));
    // Only masks that are shared are worth keeping.
    if (!perFrame || lead[0] === 1) cache.set(at, live);
    return live;
  };
}

/** Which of `[style,y,x]` a frame has. */
function stylePicker(
  file: Hdf5File,
  maskPath: string,
  stylePath: string,
): ((index: number) => number) | null {
  if (file.node(maskPath).kind !== 'dataset' || file.node(stylePath).kind !== 'dataset') return null;
  const styles = file.readAll(stylePath);
  const known = file.info(maskPath).shape[0] ?? 0;
  return (index) => {
    const style = Number(styles?.[index]);
    if (!(style >= 0 && style < known)) {
      throw new UserError(`frame ${index} has the style ${style}, but there are ${known} masks`, {
        file: file.name,
        field: stylePath,
      });
    }
    return style;
  };
}

function joinMasks(masks: readonly OneMask[]): OneMask {
  const [first, second] = masks;
  if (first === undefined) return () => null;
  if (second === undefined) return first;
  let last: readonly (Uint8Array | null)[] = [];
  let joined: Uint8Array | null = null;
  return (index) => {
    const all = masks.map((mask) => mask(index));
    if (joined !== null && all.every((mask, i) => mask === last[i])) return joined;
    const live = all.filter((mask) => mask !== null);
    joined = Uint8Array.from(live[0]!, (_, i) => (live.every((mask) => mask[i] === 1) ? 1 : 0));
    last = all;
    return joined;
  };
}

/** Finds the masks that belong to the frames in `dataset`. */
export function findMasks(
  file: Hdf5File,
  dataset: string,
  frameShape: readonly number[],
  count: number,
): MaskReader {
  const group = dataset.slice(0, dataset.lastIndexOf('/')) || '/';
  const parent = group.slice(0, Math.max(0, group.lastIndexOf('/')));
  const beside = (name: string): string => `${group === '/' ? '' : group}/${name}`;
  const anyBit = group.includes('INSTRUMENT/') || file.node(beside('module_identifier')).kind !== 'missing';
  const cxiBits = anyBit ? ANY_BIT : CXI_BAD_BITS;
  const vetocMask = `${parent}/mask`;
  const style = stylePicker(file, vetocMask, `${parent}/meta/style`);

  const found: { readonly path: string; readonly mask: OneMask }[] = [];
  const add = (
    path: string,
    toLive: (values: PixelArray) => Uint8Array,
    pick: ((index: number) => number) | null = null,
  ): void => {
    const mask = maskAt(file, path, frameShape, toLive, pick, count);
    if (mask !== null) found.push({ path, mask });
  };
  // Other programs mean the opposite by `mask`: only one that says so is read as 1 = live.
  if (
    file.node(vetocMask).kind === 'dataset' &&
    attributeText(file, vetocMask, 'meaning')?.includes('1=live') === true
  ) {
    add(vetocMask, fromLive, style);
  }
  for (const name of ['mask', 'mask_shared']) add(beside(name), (values) => fromBits(values, cxiBits));
  const detectors = ['/entry/instrument/detector', '/entry/instrument/detector/detectorSpecific'];
  const pixelMask = detectors
    .map((path) => `${path}/pixel_mask`)
    .find((path) => file.node(path).kind === 'dataset');
  if (pixelMask !== undefined) add(pixelMask, (values) => fromBits(values, ANY_BIT));
  return {
    described: found.map((one) => one.path).join(', '),
    read: joinMasks(found.map((one) => one.mask)),
  };
}
