/**
 * What the frame's own photon noise does to its decision. Counts are taken for photons.
 *
 * A redraw needs the mean that each pixel was drawn from, of which one frame shows one draw only. The background is smooth: its mean
 * is that of the live pixels around. A pixel that is brighter than noise can explain keeps its own count, and so do those next to it:
 * that is all that is known of them. Spots that noise explains are noise: to keep them and draw noise besides would count it twice.
 */
import type { Random } from '../core/random.js';
import { applyPoisson, createNoise } from '../data/simulate/noise.js';

/** A frame's pixels with what is known of them. */
export interface NoisyFrame {
  readonly pixels: Uint16Array;
  /** `[height, width]`. */
  readonly size: readonly [number, number];
  /** 1 live, 0 masked; null where all are live. */
  readonly mask: Uint8Array | null;
}

/** Pixels to each side over which the background is averaged. */
const REACH = 3;
/** Pixels around one that is more than noise: the spot that it belongs to. */
const SPOT_RADIUS = 1;
const NOISE_FRAMES = 10;

/** Sums over all rows above and all columns to the left, one row and column larger. */
function summedArea(values: Float64Array, height: number, width: number): Float64Array {
  const sums = new Float64Array((height + 1) * (width + 1));
  for (let y = 0; y < height; y++) {
    let row = 0;
    for (let x = 0; x < width; x++) {
      row += values[y * width + x]!;
      sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1]! + row;
    }
  }
  return sums;
}

/** Means of the open pixels (1) around each pixel; its own count where none is open. */
function localMeans(
  pixels: Uint16Array,
  [height, width]: NoisyFrame['size'],
  open: Float64Array,
): Float64Array {
  const counts = summedArea(
    Float64Array.from(pixels, (count, i) => count * open[i]!),
    height,
    width,
  );
  const numbers = summedArea(open, height, width);
  const over = (sums: Float64Array, y: number, x: number): number => {
    const [top, left] = [Math.max(0, y - REACH), Math.max(0, x - REACH)];
    const [bottom, right] = [Math.min(height, y + REACH + 1), Math.min(width, x + REACH + 1)];
    const at = (py: number, px: number): number => sums[py * (width + 1) + px]!;
    return at(bottom, right) - at(top, right) - at(bottom, left) + at(top, left);
  };
  return Float64Array.from(pixels, (count, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    const number = over(numbers, y, x);
    return number === 0 ? count : over(counts, y, x) / number;
  });
}

/** Whether a count is more than noise on `mean` gives in one frame of ten, of so many pixels (Chernoff's bound). */
const isSpot = (count: number, mean: number, pixels: number): boolean =>
  count > mean &&
  (mean === 0 || count * Math.log(count / mean) - count + mean > Math.log(NOISE_FRAMES * pixels));

/** `open` without the surroundings of pixels that are more than noise on `means`. */
function withoutSpots(
  { pixels, size: [height, width] }: NoisyFrame,
  open: Float64Array,
  means: Float64Array,
): Float64Array {
  const left = open.slice();
  pixels.forEach((count, i) => {
    if (open[i] === 0 || !isSpot(count, means[i]!, pixels.length)) return;
    const [cy, cx] = [Math.floor(i / width), i % width];
    for (let y = Math.max(0, cy - SPOT_RADIUS); y <= Math.min(height - 1, cy + SPOT_RADIUS); y++)
      left.fill(
        0,
        y * width + Math.max(0, cx - SPOT_RADIUS),
        y * width + Math.min(width - 1, cx + SPOT_RADIUS) + 1,
      );
  });
  return left;
}

/** The mean of every pixel as one frame tells it: masked ones 0, those of spots their own count, others that of their surroundings. */
export function estimatedMeans(frame: NoisyFrame): Float64Array {
  const { pixels, size, mask } = frame;
  const isLive = (i: number): boolean => mask === null || mask[i] === 1;
  const live = Float64Array.from(pixels, (_, i) => Number(isLive(i)));
  const background = withoutSpots(frame, live, localMeans(pixels, size, live));
  const means = localMeans(pixels, size, background);
  return Float64Array.from(pixels, (count, i) => (!isLive(i) ? 0 : background[i] === 1 ? means[i]! : count));
}

/** A frame drawn anew from `means`. */
export function redraw(means: Float64Array, random: Random): Uint16Array {
  const counts = Float32Array.from(means);
  applyPoisson(createNoise(random), counts);
  return Uint16Array.from(counts, (count) => Math.min(65_535, count));
}

/**
 * The photons of a frame dealt into two frames, each with probability one half: two independent draws from the same means, half as
 * bright, whatever those means are.
 */
export function dealt(pixels: Uint16Array, random: Random): readonly [Uint16Array, Uint16Array] {
  const first = Uint16Array.from(pixels, (count) => half(count, random));
  return [first, Uint16Array.from(pixels, (count, i) => count - first[i]!)];
}

/** Binomial with one half: bits are photons; beyond a few hundred the normal distribution, rounded. */
function half(count: number, random: Random): number {
  if (count > 512)
    return Math.min(count, Math.max(0, Math.round(count / 2 + (Math.sqrt(count) / 2) * random.normal())));
  let left = count;
  let kept = 0;
  for (; left >= 32; left -= 32) kept += bits(random.uint32());
  return left === 0 ? kept : kept + bits(random.uint32() >>> (32 - left));
}

function bits(word: number): number {
  let rest = word >>> 0;
  let count = 0;
  for (; rest !== 0; rest = (rest & (rest - 1)) >>> 0) count++;
  return count;
}
