/**
 * Images as detectors' streams pack them: plain, LZ4, or bitshuffle with LZ4 or Zstandard.
 *
 * Source: the framing of the HDF5 filters 32004 and 32008, which DECTRIS' stream V2 takes over: a big-endian u64 of all
 * bytes, a big-endian u32 of bytes a block; then each block behind a big-endian u32 of its packed size. Bitshuffle turns
 * a block of n elements (a multiple of 8) into bit planes, n/8 bytes each, lowest byte and lowest bit first; fewer than
 * eight elements at the end are stored as they are.
 */
import { decompress as unpackZstd } from 'fzstd';
import { DamagedBlock, unpackLz4 } from './lz4.js';

export const PACKINGS = ['none', 'lz4', 'bslz4', 'bszstd'] as const;
export type Packing = (typeof PACKINGS)[number];

/** Bytes of an image with how they are packed. */
export interface PackedBytes {
  readonly packing: Packing;
  /** Bytes of an element that bitshuffle was told; 1 where it is not used. */
  readonly elementBytes: number;
  /** Bytes a block before packing, where no header says so: the blocks then begin at once. */
  readonly blockBytes?: number;
  readonly bytes: Uint8Array;
}

const HEADER_BYTES = 12;
/** Elements that are shuffled together. */
const GROUP = 8;

function readHeader(bytes: Uint8Array, expected: number): number {
  if (bytes.length < HEADER_BYTES) throw new DamagedBlock('the packed image has no header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const total = view.getBigUint64(0);
  if (total !== BigInt(expected))
    throw new DamagedBlock(`the packed image says ${total} bytes, not ${expected}`);
  return view.getUint32(8);
}

/** Goes through the packed blocks of `bytes` from `start`, which unpack to `sizes` bytes each. Gives the place behind the last. */
function eachBlock(
  bytes: Uint8Array,
  start: number,
  sizes: Iterable<number>,
  use: (block: Uint8Array, size: number) => void,
): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = start;
  for (const size of sizes) {
    if (at + 4 > bytes.length) throw new DamagedBlock('the packed image ends before its last block');
    const packed = view.getUint32(at);
    at += 4;
    if (at + packed > bytes.length) throw new DamagedBlock('a block runs past the end of the packed image');
    use(bytes.subarray(at, at + packed), size);
    at += packed;
  }
  return at;
}

function* blockSizes(total: number, block: number): Generator<number> {
  for (let left = total; left > 0; left -= block) yield Math.min(left, block);
}

function unpackZstdBlock(from: Uint8Array, to: Uint8Array): void {
  let filled: Uint8Array;
  try {
    // With an output given, fzstd fills it and gives the part that it filled.
    filled = unpackZstd(from, to);
  } catch (error) {
    throw new DamagedBlock((error as Error).message);
  }
  if (filled.length !== to.length) throw new DamagedBlock(`a Zstandard block gives ${filled.length} bytes`);
}

const UNPACK = {
  bslz4: unpackLz4,
  bszstd: unpackZstdBlock,
} as const;

function unpackPlain({ bytes }: PackedBytes, to: Uint8Array): void {
  if (bytes.length !== to.length)
    throw new DamagedBlock(`the image has ${bytes.length} bytes, not ${to.length}`);
  to.set(bytes);
}

/** How the blocks of an image lie: where the first is, bytes of each, unpacked, and bytes behind the last. */
export interface BlockLayout {
  readonly start: number;
  readonly block: number;
  readonly rest: number;
}

/** Of an image that is packed in blocks and unpacks to `size` bytes. Throws `DamagedBlock`. */
export function blockLayout(
  { bytes, elementBytes, blockBytes, packing }: PackedBytes,
  size: number,
): BlockLayout {
  const stated = blockBytes ?? readHeader(bytes, size);
  const start = blockBytes === undefined ? HEADER_BYTES : 0;
  if (packing === 'lz4') {
    if (stated === 0) throw new DamagedBlock('the packed image has blocks of 0 bytes');
    return { start, block: stated, rest: 0 };
  }
  const unit = GROUP * elementBytes;
  const block = stated - (stated % unit);
  if (block === 0) throw new DamagedBlock(`blocks of ${stated} bytes do not hold eight elements`);
  return { start, block, rest: size % unit };
}

function unpackLz4Image(packed: PackedBytes, to: Uint8Array): void {
  const { start, block } = blockLayout(packed, to.length);
  let out = 0;
  eachBlock(packed.bytes, start, blockSizes(to.length, block), (from, size) => {
    const part = to.subarray(out, out + size);
    // A block that does not shrink is stored.
    if (from.length === size) part.set(from);
    else unpackLz4(from, part);
    out += size;
  });
}

function unpackShuffled(packed: PackedBytes, to: Uint8Array): void {
  const { bytes, elementBytes, packing } = packed;
  const { start, block, rest } = blockLayout(packed, to.length);
  const planes = new Uint8Array(Math.min(block, to.length));
  const unpack = UNPACK[packing as keyof typeof UNPACK];
  let out = 0;
  const at = eachBlock(bytes, start, blockSizes(to.length - rest, block), (from, size) => {
    const part = planes.subarray(0, size);
    unpack(from, part);
    unshuffle(part, to.subarray(out, out + size), elementBytes);
    out += size;
  });
  if (bytes.length !== at + rest) throw new DamagedBlock('the packed image does not end where its blocks do');
  to.set(bytes.subarray(at), out);
}

/** Bit planes back to elements of `elementBytes` bytes; the length is a multiple of 8 elements. */
export function unshuffle(planes: Uint8Array, to: Uint8Array, elementBytes: number): void {
  const groups = planes.length / elementBytes / GROUP;
  for (let byte = 0; byte < elementBytes; byte++) {
    const first = byte * GROUP * groups;
    for (let group = 0; group < groups; group++) {
      const at = first + group;
      // Eight bytes, one of each plane, are an 8×8 matrix of bits: x holds planes 0 to 3, y planes 4 to 7.
      let x =
        planes[at]! |
        (planes[at + groups]! << 8) |
        (planes[at + 2 * groups]! << 16) |
        (planes[at + 3 * groups]! << 24);
      let y =
        planes[at + 4 * groups]! |
        (planes[at + 5 * groups]! << 8) |
        (planes[at + 6 * groups]! << 16) |
        (planes[at + 7 * groups]! << 24);
      const out = group * GROUP * elementBytes + byte;
      if ((x | y) === 0) {
        for (let i = 0; i < GROUP; i++) to[out + i * elementBytes] = 0;
        continue;
      }
      // Transposed by halves: 1×1, then 2×2 blocks within each word, then 4×4 blocks between the two.
      let swap = (x ^ (x >>> 7)) & 0x00aa00aa;
      x ^= swap ^ (swap << 7);
      swap = (y ^ (y >>> 7)) & 0x00aa00aa;
      y ^= swap ^ (swap << 7);
      swap = (x ^ (x >>> 14)) & 0x0000cccc;
      x ^= swap ^ (swap << 14);
      swap = (y ^ (y >>> 14)) & 0x0000cccc;
      y ^= swap ^ (swap << 14);
      const low = (x & 0x0f0f0f0f) | ((y & 0x0f0f0f0f) << 4);
      const high = ((x >>> 4) & 0x0f0f0f0f) | (y & 0xf0f0f0f0);
      for (let i = 0; i < 4; i++) {
        to[out + i * elementBytes] = low >>> (8 * i);
        to[out + (i + 4) * elementBytes] = high >>> (8 * i);
      }
    }
  }
}

const HOW: Readonly<Record<Packing, (packed: PackedBytes, to: Uint8Array) => void>> = {
  none: unpackPlain,
  lz4: unpackLz4Image,
  bslz4: unpackShuffled,
  bszstd: unpackShuffled,
};

/** Unpacks an image of `size` bytes. Throws `DamagedBlock` where the bytes are not such an image. */
export function unpackImage(packed: PackedBytes, size: number): Uint8Array<ArrayBuffer> {
  const to = new Uint8Array(size);
  HOW[packed.packing](packed, to);
  return to;
}
