/** The page of a dark run: pedestals and noise of each gain stage as pictures, and the pixels that measure nothing, by reason. */
import type { DarkFigures, DarkMaps } from '../data/raw/darks.js';
import { PIXEL_STATUS } from '../data/raw/maps-file.js';
import { html, htmlTable, type Html } from '../draw/html.js';
import { greyPicture, pngBytes, type Picture } from '../draw/picture.js';
import { page, pictureFigure } from './page.js';

/** Figures of each stage of one memory cell. */
export interface CellFigures {
  readonly cell: number;
  readonly figures: readonly DarkFigures[];
}

export interface DarkStory {
  readonly title: string;
  /** What the frames are called. */
  readonly name: string;
  readonly size: readonly [height: number, width: number];
  readonly frames: number;
  readonly maps: readonly DarkMaps[];
  readonly figures: readonly DarkFigures[];
  /** Of a detector with memory cells those of each; `maps` and `figures` are then of all together. */
  readonly cells: readonly CellFigures[];
}

type Reason = keyof typeof PIXEL_STATUS;

/** Why a pixel is bad, in words. */
export const BAD_PIXELS: Readonly<Record<Reason, string>> = {
  noisy: 'noisier than four times the middle pixel',
  still: 'does not vary: dead, or at an end of its ADC',
  offset: 'pedestal far from that of the others',
  unseen: 'seen too rarely in this gain stage',
  otherStage: 'in another gain stage than its frame',
  gainWords: 'its words of gain do not tell the stages apart',
};
const REASONS = Object.keys(BAD_PIXELS) as readonly Reason[];

/** Pixels named one by one; of more only their number. */
const MOST_NAMED = 40;
const PICTURE = 512;

/** Means of blocks, so that a picture has at most `PICTURE` rows and columns; bad pixels left out. */
function shrunk(values: Float32Array, status: Uint8Array, [height, width]: DarkStory['size']): Picture {
  const factor = Math.max(1, Math.ceil(Math.max(height, width) / PICTURE));
  const [h, w] = [Math.ceil(height / factor), Math.ceil(width / factor)];
  const sums = new Float64Array(h * w);
  const counts = new Uint8Array(h * w);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (status[y * width + x] !== 0) continue;
      const to = Math.floor(y / factor) * w + Math.floor(x / factor);
      sums[to]! += values[y * width + x]!;
      counts[to]! = Math.min(counts[to]! + 1, 255);
    }
  const live = counts.map((count) => (count === 0 ? 0 : 1));
  return greyPicture(
    sums.map((sum, i) => (counts[i] === 0 ? 0 : sum / counts[i]!)),
    h,
    w,
    { mask: live },
  );
}

function namedPixels(status: Uint8Array, bit: number, width: number): string {
  const places: string[] = [];
  for (let i = 0; i < status.length && places.length <= MOST_NAMED; i++)
    if ((status[i]! & bit) !== 0) places.push(`(${Math.floor(i / width)}, ${i % width})`);
  return places.length > MOST_NAMED ? `${places.slice(0, MOST_NAMED).join(' ')} …` : places.join(' ');
}

function stageSection(figures: DarkFigures, map: DarkMaps, size: DarkStory['size']): Html {
  const { stage, frames, pedestal, noise, bad, badPixels } = figures;
  const share = ((100 * badPixels) / (size[0] * size[1])).toFixed(3);
  const rows = REASONS.filter((reason) => bad[reason] > 0).map((reason) => [
    BAD_PIXELS[reason],
    bad[reason],
    html`<span class="wrap">${namedPixels(map.status, PIXEL_STATUS[reason], size[1])}</span>`,
  ]);
  return html`<h2>Gain stage ${stage}</h2>
    <p>
      ${frames} frames. The middle good pixel has a pedestal of ${pedestal.toFixed(1)} ADU and a noise of ${noise.toFixed(2)} ADU;
      ${badPixels} pixels (${share} %) are bad.
    </p>
    ${rows.length === 0 ? '' : htmlTable(['why a pixel is bad', 'pixels', 'row, column'], rows)}
    <div class="pictures large">
      ${pictureFigure({ png: pngBytes(shrunk(map.pedestals, map.status, size)), caption: `${stage}: pedestals, from black (low) to white (high)` })}
      ${pictureFigure({ png: pngBytes(shrunk(map.rms, map.status, size)), caption: `${stage}: noise` })}
    </div>`;
}

/** A row a memory cell. */
function cellTable(cells: readonly CellFigures[]): Html {
  const [first] = cells;
  if (first === undefined) return html``;
  const header = first.figures.flatMap(({ stage }) => [`${stage}: pedestal`, 'noise', 'bad']);
  const rows = cells.map(({ cell, figures }) => [
    cell,
    ...figures.flatMap(({ pedestal, noise, badPixels }) => [
      pedestal.toFixed(1),
      noise.toFixed(2),
      badPixels,
    ]),
  ]);
  return html`<h2>Memory cells</h2>
    <p>Pictures and pixels above are of all ${cells.length} cells together: means, and what is bad in any cell.</p>
    ${htmlTable(['memory cell', ...header], rows)}`;
}

export const darksPage = ({ title, name, size, frames, maps, figures, cells }: DarkStory): string =>
  page(
    title,
    html`<h1>${title}</h1>
      <p class="lead">${frames} dark frames of ${size[0]} × ${size[1]} pixels: ${name}</p>
      <p class="soft">Rows and columns count from 0; a pixel may be bad for several reasons. Blue is bad.</p>
      ${figures.map((one, stage) => stageSection(one, maps[stage]!, size))} ${cellTable(cells)}`,
  );
