/** A frame with its evidence laid over it, as a plate that can be read by itself. */
import { drawText, LETTER_WIDTH } from '../draw/lettering.js';
import { drawCircle, enlarge, greyPicture, overlay, resample, type Picture } from '../draw/picture.js';
import { plate } from '../draw/plate.js';
import type { Rings } from '../spotfind/rings.js';
import type { EvidenceMap } from './grad-cam.js';
import type { Region } from './occlusion.js';
import type { MapPart } from './seen-part.js';

/** Pictures smaller than this are enlarged by whole factors. */
const WANTED_PIXELS = 384;

/** What a picture is made of besides its map. */
export interface PictureParts {
  readonly pixels: Uint16Array;
  /** `[height, width]` of the raw frame. */
  readonly size: readonly [number, number];
  /** 1 live, 0 masked. */
  readonly mask: Uint8Array | null;
  /** Lines above the picture; null for the picture alone, without colour bar and scale, where a page says these. */
  readonly lines: readonly string[] | null;
  /** Resolution shells; null to leave them out. */
  readonly rings: Rings | null;
}

/** The map over the raw frame: values in [0, 1] of the map's maximum, zero outside the part that the network sees. */
export function mapOverFrame(
  { offset, size, ground }: MapPart,
  [height, width]: readonly [number, number],
  map: EvidenceMap,
): Float32Array {
  const fitted = resample(map.values, map.size, size[0], size[1], {
    offset: [ground.offset[0] - offset[0], ground.offset[1] - offset[1]],
    size: ground.size,
  });
  const top = fitted.reduce((a, b) => Math.max(a, b), 0) || 1;
  const full = new Float32Array(height * width);
  for (let y = 0; y < size[0]; y++)
    for (let x = 0; x < size[1]; x++)
      full[(y + offset[0]) * width + x + offset[1]] = fitted[y * size[1] + x]! / top;
  return full;
}

/** Frame in grey, `shade` (0 to 1 over the raw frame) in colour, rings, `framed` regions, and the plate around it. */
function compose(
  parts: PictureParts,
  shade: Float32Array,
  opacity: number,
  framed: readonly Region[],
  bar: { readonly name: string; readonly top: number },
): Picture {
  const [height, width] = parts.size;
  const zoom = Math.max(1, Math.round(WANTED_PIXELS / Math.max(height, width)));
  // What is masked was not seen: it has no colour, whatever a coarse map spreads over it.
  const seen = parts.mask === null ? shade : shade.map((value, i) => (parts.mask![i] === 1 ? value : 0));
  const flat = overlay(greyPicture(parts.pixels, height, width, { mask: parts.mask }), seen, opacity);
  for (const region of framed) drawFrame(flat, region);
  const picture = enlarge(flat, zoom);
  if (framed.length > 1)
    framed.forEach(({ y, x }, k) => {
      drawLabel(picture, String(k + 1), y * zoom + 4, x * zoom + 4);
    });
  if (parts.rings !== null) drawRings(picture, parts.rings, zoom);
  if (parts.lines === null) return picture;
  return plate(picture, {
    lines: parts.lines,
    bar: { low: '0', high: bar.top.toPrecision(3), name: bar.name },
    pixelsPerPixel: zoom,
  });
}

/** The frame in grey with the map in colour. */
export function evidencePicture(parts: PictureParts, seen: MapPart, map: EvidenceMap): Picture {
  const top = map.values.reduce((a, b) => Math.max(a, b), 0);
  return compose(parts, mapOverFrame(seen, parts.size, map), 0.7, [], { name: 'evidence, no unit', top });
}

/** The frame with a value for each region in colour (negative ones as zero), and some regions framed. */
export function regionPicture(
  parts: PictureParts,
  regions: readonly Region[],
  values: readonly number[],
  framed: readonly Region[],
): Picture {
  const [height, width] = parts.size;
  const top = Math.max(1e-12, ...values);
  const shade = new Float32Array(height * width);
  regions.forEach((region, i) => {
    const value = Math.max(0, values[i]! / top);
    for (let y = region.y; y < region.y + region.height; y++)
      shade.fill(value, y * width + region.x, y * width + region.x + region.width);
  });
  return compose(parts, shade, 0.5, framed, { name: 'levels of the score', top });
}

const CYAN = [0, 255, 255] as const;

function dot({ rgb, height, width }: Picture, y: number, x: number): void {
  if (y >= 0 && y < height && x >= 0 && x < width) rgb.set(CYAN, 3 * (y * width + x));
}

/** One pixel of cyan around `region`: told from the colour map by everyone. */
function drawFrame(picture: Picture, { y, x, height: h, width: w }: Region): void {
  for (let i = 0; i < w; i++) {
    dot(picture, y, x + i);
    dot(picture, y + h - 1, x + i);
  }
  for (let i = 0; i < h; i++) {
    dot(picture, y + i, x);
    dot(picture, y + i, x + w - 1);
  }
}

/** Text on a dark ground of its own: it must be read on noise. */
function drawLabel(picture: Picture, label: string, y: number, x: number): void {
  const ground = LETTER_WIDTH * label.length + 2;
  for (let py = y - 2; py < y + 9; py++)
    for (let px = x - 2; px < x + ground - 1; px++)
      if (py >= 0 && py < picture.height && px >= 0 && px < picture.width)
        picture.rgb.fill(0, 3 * (py * picture.width + px), 3 * (py * picture.width + px) + 3);
  drawText(picture, label, y, x, CYAN);
}

/** Dotted circles with their label where they cross the upper right diagonal. */
function drawRings(picture: Picture, { x, y, rings }: Rings, zoom: number): void {
  const [cy, cx] = [(y + 0.5) * zoom, (x + 0.5) * zoom];
  for (const { radius, label } of rings) {
    const r = radius * zoom;
    drawCircle(picture, cy, cx, r, CYAN);
    const at = r * Math.SQRT1_2;
    const left = Math.round(cx + at - (LETTER_WIDTH * label.length) / 2);
    drawLabel(picture, label, Math.round(cy - at - 4), left);
  }
}
