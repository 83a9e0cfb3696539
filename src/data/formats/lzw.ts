/**
 * LZW of TIFF 6.0 (section 13): codes of 9 to 12 bits, most significant bit first, with early change.
 *
 * Written here because the decoders of the libraries follow damaged codes without end; this one stops at the bytes that
 * the page needs, and gives what it has where the codes make no sense.
 */
const CLEAR = 256;
const END = 257;
const MAX_CODES = 4096;

/** At most `needed` bytes of `packed`. */
export function unpackLzw(packed: Uint8Array, needed: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(needed);
  // Each code is a string that stands in the output already: where, and how long it is.
  const starts = new Int32Array(MAX_CODES);
  const lengths = new Int32Array(MAX_CODES);
  let [next, bits, bit, done] = [END + 1, 9, 0, 0];
  while (done < needed && bit + bits <= 8 * packed.length) {
    const byte = bit >> 3;
    const word = (packed[byte]! << 16) | ((packed[byte + 1] ?? 0) << 8) | (packed[byte + 2] ?? 0);
    const code = (word >> (24 - (bit & 7) - bits)) & ((1 << bits) - 1);
    bit += bits;
    if (code === END) break;
    if (code === CLEAR) {
      [next, bits] = [END + 1, 9];
      continue;
    }
    const start = done;
    if (code < CLEAR) out[done++] = code;
    else if (code < next) {
      // The newest code may reach one byte into what is being written: byte by byte, that is there in time.
      for (let i = 0; i < lengths[code]! && done < needed; i++) out[done++] = out[starts[code]! + i]!;
    } else break;
    if (next < MAX_CODES) {
      // The string of this code with the first byte of the one that follows.
      starts[next] = start;
      lengths[next] = done - start + 1;
      next++;
    }
    // The newest code is one ahead of those that the encoder has: it widens when it has all but the last of a width.
    if (next >= 1 << bits && bits < 12) bits++;
  }
  return out.subarray(0, done);
}
