/**
 * Reading one mask dataset of an HDF5 file: one mask for all frames, one a frame, one a memory cell, or one a style.
 *
 * Refuses masks of another shape than a frame, too few of them, and one that hides more than half of a frame.
 */
import { UserError } from '../../core/errors.js';
import type { PixelArray } from '../pixels.js';
import { shared } from '../shared-masks.js';
import { frameCounts, frameIndices, frameShapeOf, type FramePart } from './axes.js';
import type { Hdf5DatasetInfo, Hdf5File } from './file.js';
import type { Polarity } from './mask-meaning.js';

export const ANY_BIT = 0xffffffff;

/** The mask of a frame, or null. */
export type OneMask = (index: number) => Uint8Array | null;

/** A mask dataset, and how it is meant. */
export interface FoundMask {
  readonly path: string;
  readonly nonzero: Polarity;
  readonly badBits: number;
  readonly pick: ((index: number) => number) | null;
  /** Whether hiding most of a frame is what such masks do: a module without its event. */
  readonly mayHideMost: boolean;
}

/** 1 where live. Values of floats that are NaN mask, whatever the polarity. */
function liveOf(values: PixelArray, { nonzero, badBits }: FoundMask): Uint8Array {
  const live = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i]);
    const set = Number.isInteger(value) ? (value & badBits) !== 0 || Math.abs(value) > ANY_BIT : true;
    live[i] = Number.isNaN(value) || set === (nonzero === 'bad') ? 0 : 1;
  }
  return live;
}

function refuseMost(file: Hdf5File, path: string, live: Uint8Array): void {
  const count = live.reduce((sum, one) => sum + one, 0);
  if (2 * count >= live.length) return;
  throw new UserError(`hides ${live.length - count} of ${live.length} pixels as a mask`, {
    file: file.name,
    field: path,
    remedy: 'write --mask own:live if its not zero means live, --mask own to accept it, or --mask none',
  });
}

interface Placing {
  /** Where the mask of frame `index` stands on the leading axes. */
  readonly at: (index: number) => readonly number[];
  /** Whether frames share masks, so that they are worth keeping. */
  readonly shared: boolean;
}

/** How the masks of `info` belong to frames; null where the shapes do not fit. */
function placing(part: FramePart, info: Hdf5DatasetInfo, pick: FoundMask['pick']): Placing | null {
  const frameShape = frameShapeOf(part);
  const tail = info.shape.slice(-frameShape.length);
  const lead = info.shape.slice(0, -frameShape.length);
  if (tail.length !== frameShape.length || !tail.every((size, axis) => size === frameShape[axis]))
    return null;
  if (lead.every((size) => size === 1)) return { at: () => lead.map(() => 0), shared: true };
  const frames = frameCounts(part);
  if (lead.length === 1 && pick !== null) return { at: (index) => [pick(index)], shared: true };
  if (lead.length === 1 && frames.length === 2 && lead[0] === frames[1])
    return { at: (index) => [frameIndices(part, index)[1]!], shared: true };
  if (lead.length === 1) return { at: (index) => [index], shared: false };
  if (lead.length !== frames.length) return null;
  return { at: (index) => frameIndices(part, index), shared: false };
}

/** The reader of one mask dataset for `count` frames like those of `part`. Throws `UserError` where it does not fit. */
export function maskReader(
  file: Hdf5File,
  part: FramePart,
  count: number,
  mask: FoundMask,
  accept: boolean,
): OneMask {
  const info = file.info(mask.path);
  const frameShape = frameShapeOf(part);
  const place = info.pixelType === null ? null : placing(part, info, mask.pick);
  if (place === null) {
    throw new UserError(`has the shape ${info.shape.join('×')}, but a frame has ${frameShape.join('×')}`, {
      file: file.name,
      field: mask.path,
      remedy: 'give a mask of the frame’s shape with --mask, or ignore the file’s with --mask none',
    });
  }
  const held = info.shape.slice(0, -frameShape.length).reduce((a, b) => a * b, 1);
  if (!place.shared && held < count) {
    throw new UserError(`has ${held} masks for ${count} frames`, { file: file.name, field: mask.path });
  }
  const cache = new Map<string, Uint8Array>();
  return (index) => {
    const at = place.at(index);
    const known = cache.get(String(at));
    if (known !== undefined) return known;
    const start = [...at, ...frameShape.map(() => 0)];
    const read = liveOf(file.read(info, start, [...at.map(() => 1), ...frameShape]), mask);
    const live = place.shared ? shared(read) : read;
    if (!accept && !mask.mayHideMost) refuseMost(file, mask.path, live);
    // Only masks that are shared are worth keeping.
    if (place.shared) cache.set(String(at), live);
    return live;
  };
}

/** All of `masks` at once. */
export function joinMasks(masks: readonly OneMask[]): OneMask {
  const [first, second] = masks;
  if (first === undefined) return () => null;
  if (second === undefined) return first;
  let last: readonly (Uint8Array | null)[] = [];
  let joined: Uint8Array | null = null;
  return (index) => {
    const all = masks.map((mask) => mask(index));
    if (joined !== null && all.every((mask, i) => mask === last[i])) return joined;
    const live = all.filter((mask) => mask !== null);
    joined = shared(Uint8Array.from(live[0]!, (_, i) => (live.every((mask) => mask[i] === 1) ? 1 : 0)));
    last = all;
    return joined;
  };
}
