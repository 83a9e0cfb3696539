/**
 * CBF's packed compression, versions 1 and 2: what each pixel differs from the mean of its neighbours, in blocks of so many
 * bits. cctbx writes CSPAD and Rayonix frames so.
 *
 * The stream has 32 bytes of header (the number of pixels in the first eight), then blocks, the lowest bits first: three
 * bits with the logarithm of the number of pixels, three (version 2: four) with the size of each, then the differences.
 * A pixel is expected to be the one before it in the first row, and else the rounded mean of its neighbour on the left and
 * the three above; in the first column of the two above, in the last of left and above. Of a further image in the section the
 * first pixel is expected as in the image before, and the mean takes in as many pixels of that: the same place in place of the one
 * on the left. Sums wrap in the width of a pixel.
 * Source: J. P. Abrahams' packing, as H. J. Bernstein's CBFlib 0.9.6 writes it. Refuses frames of one column.
 */
import { UserError } from '../../core/errors.js';
import { PIXEL_BYTES, pixelArray, type PixelArray, type PixelType } from '../pixels.js';

/** Bits of a difference by their code; the last code means the bits of a pixel. */
const SIZES = {
  'x-CBF_PACKED': { codeBits: 3, bits: [0, 4, 5, 6, 7, 8, 16] },
  'x-CBF_PACKED_V2': { codeBits: 4, bits: [0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16] },
} as const;

export type PackedVersion = keyof typeof SIZES;

const HEADER_BYTES = 32;

/** Bytes that `pixels` pixels take at least: blocks of 128 of no bits. */
export const leastPackedBytes = (pixels: number): number => HEADER_BYTES + Math.floor((pixels / 128) * 0.75);

/** What a packed section holds: images one after the other. */
export interface PackedImages {
  readonly type: PixelType;
  readonly depth: number;
  readonly height: number;
  readonly width: number;
  /** Whether a pixel of a later image is expected by the image before, too (unless the header says `uncorrelated_sections`). */
  readonly correlated: boolean;
}

/** Undoes the packing of `images`. Throws `UserError` where the data end before, or are of another type. */
export function decodePacked(
  file: string,
  packed: Uint8Array,
  version: PackedVersion,
  images: PackedImages,
): PixelArray {
  const { type, depth, height, width } = images;
  const refuse = (problem: string): never => {
    throw new UserError(problem, { file, field: version, remedy: 'write it with byte offsets or as HDF5' });
  };
  if (type.startsWith('float') || PIXEL_BYTES[type] > 4)
    return refuse(`packs ${type}, which vetoc does not read`);
  if (width < 2) return refuse('packs a frame of one column, which vetoc does not read');
  const pixels = depth * height * width;
  const out = pixelArray(type, new ArrayBuffer(pixels * PIXEL_BYTES[type])) as Int32Array;
  const pixelBits = 8 * PIXEL_BYTES[type];
  const { codeBits, bits } = SIZES[version];
  const read = bitReader(file, packed, pixels);
  const expected = expectation(out, images, 32 - pixelBits);
  for (let i = 0; i < pixels;) {
    const end = Math.min(pixels, i + 2 ** read(3, i));
    const size = bits[read(codeBits, i)] ?? pixelBits;
    for (; i < end; i++) out[i] = expected(i) + signed(read(size, i), size);
  }
  return out;
}

/** What pixel `i` of `out` is expected to be; sums wrap as signed numbers, `spare` bits short of 32. */
function expectation(
  out: Int32Array,
  { height, width, correlated }: PackedImages,
  spare: number,
): (i: number) => number {
  const image = height * width;
  const wrapped = (sum: number): number => (sum << spare) >> spare;
  return (i) => {
    const place = i % image;
    const x = place % width;
    if (place < width) {
      if (x > 0) return out[i - 1]!;
      return i === 0 ? 0 : out[i - image]!;
    }
    const inside = x > 0 && x < width - 1;
    const above = (at: number): number =>
      (x === width - 1 ? 0 : out[at - width + 1]!) + out[at - width]! + (inside ? out[at - width - 1]! : 0);
    const sum = (x === 0 ? 0 : out[i - 1]!) + above(i);
    if (i < image || !correlated) return inside ? (wrapped(sum) + 2) >> 2 : (wrapped(sum) + 1) >> 1;
    const both = sum + (x === 0 ? 0 : out[i - image]!) + above(i - image);
    return inside ? (wrapped(both) + 4) >> 3 : (wrapped(both) + 2) >> 2;
  };
}

/** The lowest `bits` of `value` as a number with a sign. */
const signed = (value: number, bits: number): number =>
  bits === 0 ? 0 : (value << (32 - bits)) >> (32 - bits);

/** Reads so many bits (at most 32), the lowest first; `done` pixels are there, for the message. */
function bitReader(file: string, packed: Uint8Array, pixels: number): (bits: number, done: number) => number {
  let at = HEADER_BYTES;
  let held = 0;
  let count = 0;
  const few = (bits: number, done: number): number => {
    while (count < bits) {
      if (at >= packed.length) {
        throw new UserError(`the packed pixels end after ${done} of ${pixels}`, {
          file,
          remedy: 'check that it was copied whole',
        });
      }
      held |= packed[at++]! << count;
      count += 8;
    }
    const value = held & (2 ** bits - 1);
    held >>>= bits;
    count -= bits;
    return value;
  };
  return (bits, done) => (bits <= 16 ? few(bits, done) : few(16, done) | (few(bits - 16, done) << 16));
}
