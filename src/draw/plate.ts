/**
 * A plate: a picture with what is needed to read it by itself, as in a publication: lines of text above, a colour bar
 * at its right, a scale below.
 */
import { drawText, LETTER_WIDTH, LINE_HEIGHT } from './lettering.js';
import { mapColour, type Picture } from './picture.js';

export interface PlateOptions {
  /** Lines above the picture; long ones are broken at words. */
  readonly lines: readonly string[];
  /** Values at the lower and upper end of the colour bar, as text, and what they are in which unit; null for none. */
  readonly bar: { readonly low: string; readonly high: string; readonly name: string } | null;
  /** Picture pixels for one pixel of the frame, for the scale; null for none. */
  readonly pixelsPerPixel: number | null;
}

const MARGIN = 8;
const BAR_WIDTH = 12;
const INK = [30, 34, 40] as const;

export function breakLine(line: string, columns: number): readonly string[] {
  const lines: string[] = [''];
  for (const word of line.split(' ')) {
    const longer = lines.at(-1) === '' ? word : `${lines.at(-1)!} ${word}`;
    if (longer.length <= columns) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.filter((one, i) => i > 0 || one !== '');
}

function fill(
  { rgb, width }: Picture,
  y: number,
  x: number,
  h: number,
  w: number,
  colour: readonly [number, number, number],
): void {
  for (let py = y; py < y + h; py++)
    for (let px = x; px < x + w; px++) rgb.set(colour, 3 * (py * width + px));
}

/** Copies `source` into `target` with its upper left corner at (`y`, `x`); it must fit. */
export function paste(target: Picture, source: Picture, y: number, x: number): void {
  for (let row = 0; row < source.height; row++) {
    const line = source.rgb.subarray(3 * row * source.width, 3 * (row + 1) * source.width);
    target.rgb.set(line, 3 * ((y + row) * target.width + x));
  }
}

export const blank = (height: number, width: number): Picture => ({
  height,
  width,
  rgb: new Uint8Array(3 * height * width).fill(255),
});

/** A round number of frame pixels that is about a fifth of the picture wide. */
function scaleLength(width: number, pixelsPerPixel: number): number {
  const wanted = width / pixelsPerPixel / 5;
  const power = 10 ** Math.floor(Math.log10(Math.max(1, wanted)));
  return [5, 2, 1].map((m) => m * power).find((length) => length <= wanted) ?? 1;
}

export function plate(picture: Picture, { lines, bar, pixelsPerPixel }: PlateOptions): Picture {
  const labels = bar === null ? 0 : LETTER_WIDTH * Math.max(bar.low.length, bar.high.length) + MARGIN;
  const right = bar === null ? 0 : MARGIN + BAR_WIDTH + labels;
  const width = picture.width + 2 * MARGIN + right;
  const text = lines.flatMap((line) => breakLine(line, Math.floor((width - 2 * MARGIN) / LETTER_WIDTH)));
  const top = MARGIN + LINE_HEIGHT * text.length + (text.length === 0 ? 0 : MARGIN / 2);
  const bottom = MARGIN + (pixelsPerPixel === null && bar === null ? 0 : LINE_HEIGHT + 8);
  const whole = blank(top + picture.height + bottom, width);
  text.forEach((line, i) => {
    drawText(whole, line, MARGIN + i * LINE_HEIGHT, MARGIN, INK);
  });
  paste(whole, picture, top, MARGIN);
  if (bar !== null) {
    const x = MARGIN + picture.width + MARGIN;
    for (let i = 0; i < picture.height; i++)
      fill(whole, top + i, x, 1, BAR_WIDTH, mapColour(1 - i / (picture.height - 1)));
    drawText(whole, bar.high, top, x + BAR_WIDTH + 4, INK);
    drawText(whole, bar.low, top + picture.height - 8, x + BAR_WIDTH + 4, INK);
    const name = `colour: ${bar.name}`;
    drawText(
      whole,
      name,
      top + picture.height + 5,
      Math.max(MARGIN, width - MARGIN - LETTER_WIDTH * name.length),
      INK,
    );
  }
  if (pixelsPerPixel !== null) {
    const length = scaleLength(picture.width, pixelsPerPixel);
    const y = top + picture.height + 5;
    fill(whole, y, MARGIN, 3, Math.round(length * pixelsPerPixel), INK);
    drawText(whole, `${length} px`, y + 5, MARGIN, INK);
  }
  return whole;
}

/** Pictures in rows of `columns`, each with its lines above; all cells are as large as the largest. */
export function montage(
  cells: readonly { readonly picture: Picture; readonly lines: readonly string[] }[],
  columns: number,
): Picture {
  const plates = cells.map(({ picture, lines }) =>
    plate(picture, { lines, bar: null, pixelsPerPixel: null }),
  );
  const height = Math.max(0, ...plates.map((one) => one.height));
  const width = Math.max(0, ...plates.map((one) => one.width));
  const across = Math.min(columns, Math.max(1, plates.length));
  const whole = blank(height * Math.ceil(plates.length / across), width * across);
  plates.forEach((one, k) => {
    // Pictures of a row stand on one line, whatever the length of their text.
    const row = Math.floor(k / across) * height;
    paste(whole, one, row + height - one.height, (k % across) * width);
  });
  return whole;
}
