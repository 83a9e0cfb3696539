/**
 * Pictures of frames and maps: grey frames at true contrast, colour maps, overlays, PNG bytes.
 *
 * The colour map is a polynomial-free piecewise-linear map through a few perceptually ordered anchors (dark blue
 * to yellow), so that maps stay readable in print and for colour-blind readers.
 */
import { encode } from 'fast-png';
import { quantile } from '../statistics/quantile.js';
import { invariant } from '../core/errors.js';

/** 8-bit RGB, `height * width * 3`, row-major. */
export interface Picture {
  readonly height: number;
  readonly width: number;
  readonly rgb: Uint8Array;
}

export interface GreyOptions {
  /** Shown as white; by default the 99.5 % quantile of the live pixels. */
  readonly white?: number;
  /** Shown as black; by default the 1 % quantile of the live pixels: a detector's offset is no light. */
  readonly black?: number;
  /** 1 live, 0 masked; masked pixels are shown in dark blue. */
  readonly mask?: Uint8Array | null;
}

/** A frame in grey on a square-root scale, background dark, so that weak Bragg peaks show beside strong ones. */
export function greyPicture(
  pixels: ArrayLike<number>,
  height: number,
  width: number,
  options: GreyOptions = {},
): Picture {
  invariant(pixels.length === height * width, `${pixels.length} pixels for ${height}×${width}`);
  const { mask = null } = options;
  const live = mask === null ? pixels : Float64Array.from(pixels).filter((_, i) => mask[i] !== 0);
  const black = options.black ?? quantile(live, 0.01);
  const span = Math.max((options.white ?? quantile(live, 0.995)) - black, 1e-12);
  const rgb = new Uint8Array(height * width * 3);
  for (let i = 0; i < pixels.length; i++) {
    const level = Math.round(255 * Math.sqrt(Math.min(1, Math.max(0, (pixels[i]! - black) / span))));
    const masked = mask?.[i] === 0;
    rgb[3 * i] = masked ? 16 : level;
    rgb[3 * i + 1] = masked ? 24 : level;
    rgb[3 * i + 2] = masked ? 64 : level;
  }
  return { height, width, rgb };
}

const ANCHORS = [
  [13, 8, 80],
  [94, 2, 150],
  [178, 42, 125],
  [232, 106, 76],
  [252, 176, 50],
  [250, 250, 110],
] as const;

/** RGB of `t` in [0, 1]. */
export function mapColour(t: number): readonly [number, number, number] {
  const position = Math.min(1, Math.max(0, t)) * (ANCHORS.length - 1);
  const i = Math.min(ANCHORS.length - 2, Math.floor(position));
  const mix = position - i;
  const [a, b] = [ANCHORS[i]!, ANCHORS[i + 1]!];
  const channel = (k: 0 | 1 | 2): number => Math.round(a[k] + (b[k] - a[k]) * mix);
  return [channel(0), channel(1), channel(2)];
}

/** A rectangle, `[row, column]` and `[height, width]`, in pixels or parts of them. */
export interface Rectangle {
  readonly offset: readonly [number, number];
  readonly size: readonly [number, number];
}

/**
 * Bilinear resampling of a map to `height × width`, pixel centres aligned. The map covers `ground` of the result, all of it
 * unless given; beyond it its edge goes on.
 */
export function resample(
  map: Float32Array,
  size: readonly [number, number],
  height: number,
  width: number,
  ground: Rectangle = { offset: [0, 0], size: [height, width] },
): Float32Array {
  const [h, w] = size;
  const [top0, left0] = ground.offset;
  const [groundHeight, groundWidth] = ground.size;
  invariant(map.length === h * w, `${map.length} values for ${h}×${w}`);
  const result = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    const sy = Math.min(h - 1, Math.max(0, ((y + 0.5 - top0) * h) / groundHeight - 0.5));
    const y0 = Math.min(h - 1, Math.floor(sy));
    const y1 = Math.min(h - 1, y0 + 1);
    for (let x = 0; x < width; x++) {
      const sx = Math.min(w - 1, Math.max(0, ((x + 0.5 - left0) * w) / groundWidth - 0.5));
      const x0 = Math.min(w - 1, Math.floor(sx));
      const x1 = Math.min(w - 1, x0 + 1);
      const top = map[y0 * w + x0]! + (map[y0 * w + x1]! - map[y0 * w + x0]!) * (sx - x0);
      const bottom = map[y1 * w + x0]! + (map[y1 * w + x1]! - map[y1 * w + x0]!) * (sx - x0);
      result[y * width + x] = top + (bottom - top) * (sy - y0);
    }
  }
  return result;
}

/** A map in [0, 1] laid over a picture of the same size; opacity follows the map so that the frame stays visible. */
export function overlay(picture: Picture, map: Float32Array, opacity = 0.7): Picture {
  invariant(map.length === picture.height * picture.width, 'map and picture differ in size');
  const rgb = picture.rgb.slice();
  for (let i = 0; i < map.length; i++) {
    const t = Math.min(1, Math.max(0, map[i]!));
    const alpha = opacity * Math.sqrt(t);
    const colour = mapColour(t);
    for (let k = 0; k < 3; k++)
      rgb[3 * i + k] = Math.round(rgb[3 * i + k]! * (1 - alpha) + colour[k]! * alpha);
  }
  return { ...picture, rgb };
}

/** A circle of dots about four pixels apart, in place; what leaves the picture is cut off. */
export function drawCircle(
  { rgb, height, width }: Picture,
  y: number,
  x: number,
  radius: number,
  colour: readonly [number, number, number],
): void {
  const dots = Math.max(12, Math.round((2 * Math.PI * radius) / 4));
  for (let k = 0; k < dots; k++) {
    const angle = (2 * Math.PI * k) / dots;
    const py = Math.round(y + radius * Math.sin(angle));
    const px = Math.round(x + radius * Math.cos(angle));
    if (py >= 0 && py < height && px >= 0 && px < width) rgb.set(colour, 3 * (py * width + px));
  }
}

/** Whole-pixel enlargement, so that small frames are not smeared. */
export function enlarge(picture: Picture, factor: number): Picture {
  const { height, width, rgb } = picture;
  const out = new Uint8Array(height * width * factor * factor * 3);
  for (let y = 0; y < height * factor; y++)
    for (let x = 0; x < width * factor; x++) {
      const from = 3 * (Math.floor(y / factor) * width + Math.floor(x / factor));
      out.set(rgb.subarray(from, from + 3), 3 * (y * width * factor + x));
    }
  return { height: height * factor, width: width * factor, rgb: out };
}

/** PNG bytes, 8-bit RGB. */
export const pngBytes = (picture: Picture): Uint8Array =>
  encode({ width: picture.width, height: picture.height, data: picture.rgb, channels: 3, depth: 8 });
