/**
 * Reading frames from a dataset: one by one, or all frames of a chunk that spans several at once, and never a frame
 * that was not written.
 */
import { UserError } from '../../core/errors.js';
import { lastAtMost } from '../../core/search.js';
import type { PixelArray } from '../pixels.js';
import { frameCounts, frameIndices, frameShapeOf, type FramePart } from './axes.js';
import type { Hdf5File } from './file.js';

/** Frames of a chunk that spans frames are kept up to this many bytes. */
const BLOCK_BYTES = 64 * 1024 * 1024;

interface Slab {
  readonly start: readonly number[];
  readonly count: readonly number[];
}

/** Where `frames` frames from `from` on stand in the dataset; they differ on the innermost frame axis alone. */
function slabOf(part: FramePart, from: number, frames: number, channel: number): Slab {
  const at = frameIndices(part, from);
  const inner = part.axes.lastIndexOf('frame');
  let seen = 0;
  return {
    start: part.axes.map((axis) => (axis === 'frame' ? at[seen++]! : axis === 'channel' ? channel : 0)),
    count: part.axes.map((axis, i) => {
      if (axis === 'frame') return i === inner ? frames : 1;
      return axis === 'channel' ? 1 : part.info.shape[i]!;
    }),
  };
}

/** The part that frame `index` stands in. */
export const partAt = (parts: readonly FramePart[], index: number): FramePart =>
  parts[lastAtMost(parts.length, (i) => parts[i]!.first, index)]!;

/** A reader of frame `index` of `parts`. Throws `UserError` for frames that were never written. */
export function frameReader(
  file: Hdf5File,
  parts: readonly FramePart[],
  channel: number,
): (index: number) => PixelArray {
  let block: { readonly part: FramePart; readonly from: number; readonly data: PixelArray } | null = null;
  const read = (slab: Slab, part: FramePart): PixelArray => file.read(part.info, slab.start, slab.count);

  return (index) => {
    const part = partAt(parts, index);
    const local = index - part.first;
    const pixels = frameShapeOf(part).reduce((a, b) => a * b, 1);
    const inner = part.axes.lastIndexOf('frame');
    const span = inner < 0 ? 1 : (part.info.chunks?.[inner] ?? 1);
    const fitting = Math.max(1, Math.floor(BLOCK_BYTES / (pixels * part.info.elementBytes)));
    const slab = slabOf(part, local, 1, channel);
    let frame: PixelArray;
    if (span === 1 || fitting === 1) {
      frame = read(slab, part);
    } else {
      const length = frameCounts(part).at(-1)!;
      const place = local % length;
      const step = Math.min(span, fitting);
      const from = local - (place % step);
      if (block === null || block.part !== part || block.from !== from) {
        const frames = Math.min(step, length - (place - (place % step)));
        block = { part, from, data: read(slabOf(part, from, frames, channel), part) };
      }
      frame = block.data.slice((local - from) * pixels, (local - from + 1) * pixels);
    }
    refuseUnwritten(file, part, slab, frame, index);
    return frame;
  };
}

/** Throws where a chunk under the frame was never written: there the frame is one value, which may also be real. */
function refuseUnwritten(
  file: Hdf5File,
  part: FramePart,
  slab: Slab,
  frame: PixelArray,
  index: number,
): void {
  const { info } = part;
  // Small unchunked datasets may stand in the header itself, which the library keeps: no byte would be read.
  const compact = info.chunks === null && info.shape.reduce((a, b) => a * b, info.elementBytes) < 65536;
  if (info.virtualSources.length > 0 || compact) return;
  for (const piece of chunksUnder(part, slab)) {
    if (!isConstant(frame, slab, piece) || file.isWritten(info, piece.start, piece.count)) continue;
    const whole = piece.count.every((n, axis) => n === slab.count[axis]);
    throw new UserError(`frame ${index} was not written${whole ? '' : ' completely'}`, {
      file: file.name,
      field: info.path,
      remedy: 'the file is still being written, or its writer was stopped: pass it over with --skip-bad',
    });
  }
}

function* chunksUnder(part: FramePart, slab: Slab): Generator<Slab> {
  const { chunks } = part.info;
  if (chunks === null) {
    yield slab;
    return;
  }
  const first = slab.start.map((at, axis) => Math.floor(at / chunks[axis]!));
  const last = slab.start.map((at, axis) => Math.floor((at + slab.count[axis]! - 1) / chunks[axis]!));
  const at = [...first];
  for (;;) {
    const start = at.map((n, axis) => Math.max(n * chunks[axis]!, slab.start[axis]!));
    const end = at.map((n, axis) => Math.min((n + 1) * chunks[axis]!, slab.start[axis]! + slab.count[axis]!));
    yield { start, count: end.map((stop, axis) => stop - start[axis]!) };
    let axis = at.length - 1;
    while (axis >= 0 && at[axis] === last[axis]) at[axis] = first[axis--]!;
    if (axis < 0) return;
    at[axis]!++;
  }
}

/** Whether all values of `frame` (which fills `slab`) inside `piece` are the same. */
function isConstant(frame: PixelArray, slab: Slab, piece: Slab): boolean {
  const rank = slab.count.length;
  const offset = (position: readonly number[]): number =>
    position.reduce((sum, at, axis) => sum * slab.count[axis]! + at - slab.start[axis]!, 0);
  const value = frame[offset(piece.start)];
  const same = (other: number | bigint | undefined): boolean => Object.is(other, value);
  const row = piece.count[rank - 1]!;
  const at = [...piece.start];
  for (;;) {
    const from = offset(at);
    for (let i = 0; i < row; i++) if (!same(frame[from + i])) return false;
    let axis = rank - 2;
    while (axis >= 0 && at[axis] === piece.start[axis]! + piece.count[axis]! - 1)
      at[axis] = piece.start[axis--]!;
    if (axis < 0) return true;
    at[axis]!++;
  }
}
