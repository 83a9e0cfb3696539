/**
 * CBF's byte-offset compression: a running sum of 8-bit differences with escapes to 16, 32 and 64 bits.
 *
 * Source: H. J. Bernstein, A. P. Hammersley, International Tables for Crystallography G, 2.3 (imgCIF).
 */
import { UserError } from '../../core/errors.js';
import { PIXEL_BYTES, pixelArray, type PixelArray, type PixelType } from '../pixels.js';

/** Undoes the byte-offset compression. Throws `UserError` when the data end before `pixels` values. */
export function decodeByteOffset(
  file: string,
  packed: Uint8Array,
  type: PixelType,
  pixels: number,
): PixelArray {
  const out = pixelArray(type, new ArrayBuffer(pixels * PIXEL_BYTES[type])) as Int32Array;
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  let at = 0;
  let value = 0;
  for (let i = 0; i < pixels; i++) {
    if (at >= packed.length) throw endsEarly(file, i, pixels);
    let delta = view.getInt8(at);
    at += 1;
    if (delta === -128) {
      if (at + 2 > packed.length) throw endsEarly(file, i, pixels);
      delta = view.getInt16(at, true);
      at += 2;
      if (delta === -32768) {
        if (at + 4 > packed.length) throw endsEarly(file, i, pixels);
        delta = view.getInt32(at, true);
        at += 4;
        if (delta === -2147483648) {
          if (at + 8 > packed.length) throw endsEarly(file, i, pixels);
          delta = Number(view.getBigInt64(at, true));
          at += 8;
        }
      }
    }
    value += delta;
    out[i] = value;
  }
  return out;
}

function endsEarly(file: string, done: number, pixels: number): UserError {
  return new UserError(`the compressed pixels end after ${done} of ${pixels}`, {
    file,
    remedy: 'check that it was copied whole',
  });
}
