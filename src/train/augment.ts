/**
 * Training frames changed as a detector or a beamline would change them, so that the label stays true.
 *
 * Everything that has a unit acts on counts, before clamp and table: extra background photons, gain, pedestal, hot
 * pixels, dropped panels. Symmetries and shifts act on the finished image. What is drawn depends on the random
 * stream alone, never on the thread or the place in the batch.
 */
import type { LinearTensor, Preprocessor } from '../evaluate/preprocessor.js';
import type { Random } from '../core/random.js';
import { elements, type Shape } from '../ir/common.js';
import type { Augmentation } from './recipe.js';

const TOP = 65535;
const clipped = (value: number): number => (value < TOP ? value : TOP);

/** Above this mean a Poisson variable is drawn at it and stretched to the mean and spread that it should have. */
const MOST_TABULATED = 700;

/** Cumulative probabilities of a Poisson variable, raised to the power `n`: of the largest of `n` such. */
function poissonLevels(mean: number, n: number): readonly number[] {
  const levels: number[] = [];
  let term = Math.exp(-mean);
  let sum = term;
  for (let k = 0; k < 1000; k++) {
    levels.push(sum ** n);
    if (1 - sum < 1e-9) break;
    term *= mean / (k + 1);
    sum += term;
  }
  return levels;
}

/** Draws the largest of `n` Poisson variables, from a number in [0, 1). */
function largestOf(mean: number, n: number): (u: number) => number {
  const tabulated = Math.min(mean, MOST_TABULATED);
  const levels = poissonLevels(tabulated, n);
  const stretch = Math.sqrt(mean / tabulated);
  return (u) => {
    let k = 0;
    while (k < levels.length - 1 && u > levels[k]!) k++;
    return mean === tabulated ? k : Math.round(mean + stretch * (k - tabulated));
  };
}

/**
 * Adds a Poisson background of `mean` photons a raw pixel. For a maximum of n pixels this is an approximation: the
 * brightest pixel gets its share, and the brightest of the other shares may overtake it.
 */
function addBackground(counts: Uint16Array, tensor: LinearTensor, mean: number, random: Random): void {
  if (tensor.mode === 'sum') {
    for (let i = 0; i < counts.length; i++)
      counts[i] = clipped(counts[i]! + random.poisson(mean * tensor.pixels));
    return;
  }
  const own = largestOf(mean, 1);
  const others = largestOf(mean, tensor.pixels);
  for (let i = 0; i < counts.length; i++) {
    const value = counts[i]! + own(random.uniform());
    counts[i] = clipped(Math.max(value, others(random.uniform())));
  }
}

function addHotPixels(tensors: readonly Uint16Array[], most: number, random: Random): void {
  const number = random.integer(0, most);
  for (let k = 0; k < number; k++) {
    const place = random.uniform();
    const value = Math.exp(random.uniform() * Math.log(TOP));
    for (const counts of tensors) {
      const i = Math.floor(place * counts.length);
      counts[i] = clipped(counts[i]! + Math.round(value));
    }
  }
}

/** A band of whole rows or columns reads 0 in all tensors. */
function dropPanel(tensors: readonly Uint16Array[], shapes: readonly Shape[], random: Random): void {
  const rows = random.uniform() < 0.5;
  const start = random.uniform();
  const extent = 0.02 + 0.2 * random.uniform();
  tensors.forEach((counts, t) => {
    const [height, width] = shapes[t]!;
    const size = rows ? height : width;
    const first = Math.floor(start * size);
    const last = Math.min(size, Math.ceil((start + extent) * size));
    for (let a = first; a < last; a++)
      for (let b = 0; b < (rows ? width : height); b++) counts[rows ? a * width + b : b * width + a] = 0;
  });
}

function scaleAndShift(counts: Uint16Array, tensor: LinearTensor, gain: number, pedestal: number): void {
  const offset = Math.round(pedestal * (tensor.mode === 'sum' ? tensor.pixels : 1));
  for (let i = 0; i < counts.length; i++) counts[i] = clipped(Math.round(counts[i]! * gain) + offset);
}

/**
 * About how many counts a raw pixel has besides spots, from the darker nine tenths of a tensor. The largest of n
 * Poisson counts is near (√mean + 0.9)² for n = 16, or mostly 0 where there is less than one count in a block.
 */
export function backgroundLevel(counts: Uint16Array, tensor: LinearTensor): number {
  const sorted = counts.slice().sort();
  const kept = Math.max(1, Math.floor(0.9 * sorted.length));
  let sum = 0;
  for (let i = 0; i < kept; i++) sum += sorted[i]!;
  const mean = sum / kept;
  if (tensor.mode === 'sum' || mean < 1) return mean / tensor.pixels;
  return tensor.pixels === 1 ? mean : Math.max(0, Math.sqrt(mean) - 0.9) ** 2;
}

/** Changes the counts of one sample (one view per linear tensor) in place. */
export function augmentCounts(
  tensors: readonly Uint16Array[],
  linear: readonly LinearTensor[],
  options: Augmentation,
  random: Random,
): void {
  const share = options.background * random.uniform() ** 2;
  // Half of the frames keep their background as it is. A share of what is there: a frame without beam stays one.
  if (share > 0 && random.uniform() < 0.5) {
    const background = share * backgroundLevel(tensors[0]!, linear[0]!);
    tensors.forEach((counts, t) => {
      if (background > 0) addBackground(counts, linear[t]!, background, random);
    });
  }
  if (options.hotPixels > 0) addHotPixels(tensors, options.hotPixels, random);
  const gain = options.gain ** (2 * random.uniform() - 1);
  const pedestal = options.pedestal * random.uniform() ** 2;
  if (gain !== 1 || pedestal > 0)
    tensors.forEach((counts, t) => {
      scaleAndShift(counts, linear[t]!, gain, pedestal);
    });
  if (random.uniform() < options.droppedPanel)
    dropPanel(
      tensors,
      linear.map((t) => t.shape),
      random,
    );
}

/** Where an image lands: one of the eight symmetries of the square, then a shift. */
export interface Pose {
  /** Bit 0: mirror rows; bit 1: mirror columns; bit 2: transpose (square images only). */
  readonly symmetry: number;
  readonly down: number;
  readonly right: number;
}

export const UPRIGHT: Pose = { symmetry: 0, down: 0, right: 0 };

export function drawPose(options: Augmentation, square: boolean, random: Random): Pose {
  const symmetry = options.symmetries ? random.integer(0, square ? 7 : 3) : 0;
  const move = (): number => (options.shift === 0 ? 0 : random.integer(-options.shift, options.shift));
  return { symmetry, down: move(), right: move() };
}

/** Writes `mantissa * lsb` of one image `[h, w, 1]` to `out` in the given pose; what is not covered becomes 0. */
export function writePosed(
  mantissas: ArrayLike<number>,
  shape: Shape,
  lsb: number,
  pose: Pose,
  out: Float32Array,
): void {
  const [height, width] = shape;
  const { symmetry, down, right } = pose;
  for (let y = 0; y < height; y++) {
    const fromY = y - down;
    for (let x = 0; x < width; x++) {
      const fromX = x - right;
      if (fromY < 0 || fromY >= height || fromX < 0 || fromX >= width) {
        out[y * width + x] = 0;
        continue;
      }
      let sy = symmetry & 1 ? height - 1 - fromY : fromY;
      let sx = symmetry & 2 ? width - 1 - fromX : fromX;
      if (symmetry & 4) [sy, sx] = [sx, sy];
      out[y * width + x] = mantissas[sy * width + sx]! * lsb;
    }
  }
}

/** One view per linear tensor into a sample of `stride` counts. */
export function tensorViews(sample: Uint16Array, preprocessor: Preprocessor): Uint16Array[] {
  let offset = 0;
  return preprocessor.linear.map(({ shape }) => {
    const view = sample.subarray(offset, offset + elements(shape));
    offset += view.length;
    return view;
  });
}
