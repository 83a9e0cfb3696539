/** A mask as the words of a memory. */
import type { Shape } from '../../../ir/common.js';

/** Bits of a mask in stream order, 32 to a word; rows padded to whole words of `lanes` with zeros. */
export function maskWords(live: Uint8Array, [height, width]: Shape, lanes: number): number[] {
  const row = Math.ceil(width / lanes) * lanes;
  const words = new Array<number>(Math.ceil((height * row) / 32)).fill(0);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (live[y * width + x] === 1) {
        const bit = y * row + x;
        const i = Math.floor(bit / 32);
        words[i] = (words[i]! | (1 << (bit % 32))) >>> 0;
      }
  return words;
}
