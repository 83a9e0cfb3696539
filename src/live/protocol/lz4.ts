/** LZ4 blocks, as the detectors' streams carry them. Source: the LZ4 block format description (lz4.org). */

/** A block that is not what it says to be: the message is damaged. */
export class DamagedBlock extends Error {
  override readonly name = 'DamagedBlock';
}

/** A length that goes on in further bytes while they are 255. */
function moreLength(from: Uint8Array, at: number): readonly [length: number, at: number] {
  let length = 0;
  for (;;) {
    const byte = from[at++];
    if (byte === undefined) throw new DamagedBlock('an LZ4 length runs past the end of its block');
    length += byte;
    if (byte !== 255) return [length, at];
  }
}

/**
 * Unpacks one LZ4 block of `from` into all of `to`. Throws `DamagedBlock` where the block does not fill `to` exactly, or
 * refers to what is not there.
 */
export function unpackLz4(from: Uint8Array, to: Uint8Array): void {
  let [at, out] = [0, 0];
  while (at < from.length) {
    const token = from[at++]!;
    let literals = token >>> 4;
    if (literals === 15) {
      const [more, next] = moreLength(from, at);
      literals += more;
      at = next;
    }
    if (at + literals > from.length || out + literals > to.length)
      throw new DamagedBlock('LZ4 literals run past the end of their block');
    if (literals > 24) to.set(from.subarray(at, at + literals), out);
    else for (let i = 0; i < literals; i++) to[out + i] = from[at + i]!;
    at += literals;
    out += literals;
    if (at === from.length) break;
    const distance = from[at]! | ((from[at + 1] ?? 0) << 8);
    at += 2;
    let length = token & 15;
    if (length === 15) {
      const [more, next] = moreLength(from, at);
      length += more;
      at = next;
    }
    length += 4;
    if (distance === 0 || distance > out || out + length > to.length)
      throw new DamagedBlock('an LZ4 match points outside its block');
    copyMatch(to, out, distance, length);
    out += length;
  }
  if (out !== to.length) throw new DamagedBlock(`an LZ4 block gives ${out} bytes, not ${to.length}`);
}

/** Copies `length` bytes from `distance` before `out`; a match may overlap what it writes. */
function copyMatch(to: Uint8Array, out: number, distance: number, length: number): void {
  if (distance === 1) to.fill(to[out - 1]!, out, out + length);
  else if (length > 24 && distance >= length) to.copyWithin(out, out - distance, out - distance + length);
  else for (let i = 0; i < length; i++) to[out + i] = to[out - distance + i]!;
}
