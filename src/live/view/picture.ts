/** A small picture of a frame: blocks of pixels, each as bright as its brightest, so that peaks stay to be seen. */

/** Longest side of a picture. */
const MOST = 160;
/** Share of the blocks that are shown at full brightness. */
const WHITE = 0.998;

export interface Picture {
  readonly rows: number;
  readonly columns: number;
  /** Grey of each block, row by row, base64. */
  readonly grey: string;
}

export function pictureOf(pixels: Uint16Array, height: number, width: number): Picture {
  const block = Math.ceil(Math.max(height, width) / MOST);
  const [rows, columns] = [Math.ceil(height / block), Math.ceil(width / block)];
  const most = new Uint16Array(rows * columns);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / block) * columns;
    for (let x = 0; x < width; x++) {
      const at = row + Math.floor(x / block);
      const value = pixels[y * width + x]!;
      if (value > most[at]!) most[at] = value;
    }
  }
  const white = Math.max(1, most.toSorted()[Math.floor(WHITE * (most.length - 1))]!);
  const grey = Uint8Array.from(most, (value) => Math.round(255 * Math.sqrt(Math.min(1, value / white))));
  return { rows, columns, grey: Buffer.from(grey).toString('base64') };
}
