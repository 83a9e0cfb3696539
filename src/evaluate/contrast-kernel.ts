/** Contrast, fast, on the counts of an image `[height, width, channels]`. */
import type { Shape } from '../ir/common.js';
import { CONTRAST_DIRECTIONS, type Contrast } from '../ir/ops/contrast.js';

type Counts = Int32Array | Uint32Array | Uint16Array;

/** How far every pixel of `input` stands above its surroundings in `around`; see `ir/ops/contrast.ts`. */
export function contrast(
  { distance, causal }: Contrast,
  input: Counts,
  [height, width, channels]: Shape,
  output: Counts,
  around: Counts = input,
): void {
  const left = causal === true ? distance : 0;
  let to = 0;
  const pairs = CONTRAST_DIRECTIONS.map(([down, right]) => ({
    down: down * distance,
    right: Math.abs(right * distance),
    offset: (down * width + right) * distance * channels,
  }));
  for (let y = 0; y < height - left; y++) {
    const rowsToEdge = Math.min(y, height - 1 - y);
    for (let x = 0; x < width - left; x++) {
      const columnsToEdge = Math.min(x, width - 1 - x);
      for (let c = 0; c < channels; c++) {
        const at = (y * width + x) * channels + c;
        let level = 0;
        for (const { down, right, offset } of pairs) {
          // A neighbour outside the image reads 0, and then its pair counts nothing.
          if (down > rowsToEdge || right > columnsToEdge) continue;
          const [one, other] = [around[at - offset]!, around[at + offset]!];
          const darker = one < other ? one : other;
          if (darker > level) level = darker;
        }
        const pixel = input[at]!;
        output[to++] = pixel > level ? pixel - level : 0;
      }
    }
  }
}
