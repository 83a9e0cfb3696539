/** From an image as it came to the pixels that a network sees. */
import { convertToUint16, PIXEL_BYTES, pixelArray } from '../../data/pixels.js';
import type { LiveImage } from '../image.js';
import { DamagedBlock } from '../protocol/lz4.js';
import { createUnpacker, type Unpacker } from '../simd/unpacker.js';
import type { SeriesSetup } from './work.js';

let unpacker: Unpacker | undefined;

/**
 * Unpacked, with what is no measurement masked; counts above 65,535 become 65,535, as everywhere in vetoc. Throws
 * `DamagedBlock` where the image is not what it says to be, or not of `size` (rows, columns).
 */
export function pixelsOf(
  image: LiveImage,
  { rule, mask, overloads }: SeriesSetup,
  [height, width]: readonly [number, number],
): Uint16Array {
  if (image.height !== height || image.width !== width)
    throw new DamagedBlock(
      `it has ${image.height}×${image.width} pixels, the network takes ${height}×${width}`,
    );
  if ('pixels' in image) return image.pixels;
  unpacker ??= createUnpacker();
  const { packed, type } = image;
  const count = height * width;
  const fast = unpacker.pixels(packed, type, count, rule, mask, overloads);
  if (fast !== null) return fast;
  const bytes = unpacker.bytes(packed, count * PIXEL_BYTES[type]);
  return convertToUint16(pixelArray(type, bytes.buffer), rule, mask, 1, overloads).pixels;
}
