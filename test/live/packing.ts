/** Images as detectors pack them: bitshuffle and LZ4, written here so that tests need nobody else's packer. */
import type { PackedBytes, Packing } from '../../src/live/protocol/bitshuffle.js';

/** The block format ends with so many literals, and its last match begins so many bytes before the end. */
const [LAST_LITERALS, LAST_MATCH] = [5, 12];
const MOST_DISTANCE = 65535;

function putLength(to: number[], length: number): void {
  let left = length;
  for (; left >= 255; left -= 255) to.push(255);
  to.push(left);
}

/** `bytes` as one LZ4 block: at each place the newest place with the same four bytes is taken. */
export function packLz4(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  const newest = new Map<number, number>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let from = 0;
  const put = (to: number, distance: number, length: number): void => {
    const literals = to - from;
    const more = length - 4;
    out.push((Math.min(literals, 15) << 4) | (length === 0 ? 0 : Math.min(more, 15)));
    if (literals >= 15) putLength(out, literals - 15);
    for (let i = from; i < to; i++) out.push(bytes[i]!);
    if (length === 0) return;
    out.push(distance & 255, distance >> 8);
    if (more >= 15) putLength(out, more - 15);
  };
  for (let at = 0; at + LAST_MATCH <= bytes.length;) {
    const key = view.getUint32(at);
    const before = newest.get(key);
    newest.set(key, at);
    if (before === undefined || at - before > MOST_DISTANCE) {
      at += 1;
      continue;
    }
    let length = 4;
    while (at + length < bytes.length - LAST_LITERALS && bytes[before + length] === bytes[at + length])
      length += 1;
    put(at, at - before, length);
    at += length;
    from = at;
  }
  put(bytes.length, 0, 0);
  return Uint8Array.from(out);
}

/** Elements of `width` bytes as bit planes; their number is a multiple of eight. */
export function shuffleBits(block: Uint8Array, width: number): Uint8Array {
  const count = block.length / width;
  const planes = new Uint8Array(block.length);
  for (let i = 0; i < count; i++)
    for (let bit = 0; bit < 8 * width; bit++)
      planes[(bit * count) / 8 + (i >> 3)]! |= ((block[i * width + (bit >> 3)]! >> (bit & 7)) & 1) << (i & 7);
  return planes;
}

const bigEndian = (value: number): Uint8Array => {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value);
  return new Uint8Array(view.buffer);
};

export interface PackOptions {
  readonly packing: Extract<Packing, 'bslz4' | 'lz4'>;
  /** Bytes a block, unpacked. */
  readonly blockBytes: number;
  /** Whether a header says sizes; else the blocks begin at once. */
  readonly header?: boolean;
}

/** `bytes`, elements of `elementBytes`, packed. */
export function packed(
  bytes: Uint8Array,
  elementBytes: number,
  { packing, blockBytes, header = true }: PackOptions,
): PackedBytes {
  const shuffled = packing === 'bslz4';
  const rest = shuffled ? bytes.length % (8 * elementBytes) : 0;
  const whole = bytes.length - rest;
  const parts: Uint8Array[] = header ? [bigEndian(0), bigEndian(bytes.length), bigEndian(blockBytes)] : [];
  for (let from = 0; from < whole; from += blockBytes) {
    const block = bytes.subarray(from, Math.min(whole, from + blockBytes));
    const small = packLz4(shuffled ? shuffleBits(block, elementBytes) : block);
    // A block that does not shrink is stored.
    const stored = !shuffled && small.length >= block.length ? block : small;
    parts.push(bigEndian(stored.length), stored);
  }
  parts.push(bytes.subarray(whole));
  return {
    packing,
    elementBytes: shuffled ? elementBytes : 1,
    ...(header ? {} : { blockBytes }),
    bytes: Buffer.concat(parts),
  };
}
