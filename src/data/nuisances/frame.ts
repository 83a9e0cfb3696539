/** Frames whose counts are changed as a detector or a beamline would change them. */
import type { Random } from '../../core/random.js';
import { applyPoisson, createNoise } from '../simulate/noise.js';

/** Counts of one frame while nuisances act on them, as real numbers; they are rounded and cut to 16 bits at the end. */
export interface Counts {
  readonly height: number;
  readonly width: number;
  /** `height * width`, row-major; set to another array or changed in place. */
  values: Float64Array;
  /** 1 for pixels that count, 0 for gaps and dead ones, which stay 0; null: all count. */
  live: Uint8Array | null;
}

const TOP = 65535;

export function toPixels({ values }: Counts): Uint16Array {
  const pixels = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) pixels[i] = Math.min(Math.max(Math.round(values[i]!), 0), TOP);
  return pixels;
}

export const isLive = ({ live }: Counts, i: number): boolean => live === null || live[i] === 1;

/** Adds photons: Poisson with the mean that `meanAt` gives for each live pixel. */
export function addPhotons(frame: Counts, meanAt: (y: number, x: number) => number, random: Random): void {
  const { height, width, values } = frame;
  const photons = new Float32Array(values.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) if (isLive(frame, y * width + x)) photons[y * width + x] = meanAt(y, x);
  applyPoisson(createNoise(random), photons);
  for (let i = 0; i < values.length; i++) values[i]! += photons[i]!;
}

/** Above this many photons a share of them is drawn from a normal distribution. */
const FEW_PHOTONS = 40;

/** `photons` of which each is kept with probability `share`: exact for few, normal for many. */
function thinned(photons: number, share: number, random: Random): number {
  if (share >= 1) return photons;
  let kept = 0;
  if (photons < FEW_PHOTONS) for (let k = 0; k < photons; k++) kept += random.uniform() < share ? 1 : 0;
  else kept = Math.round(photons * share + Math.sqrt(photons * share * (1 - share)) * random.normal());
  return Math.min(photons, Math.max(0, kept));
}

/** Keeps every photon with the probability `share`. */
export function keepPhotons({ values }: Counts, share: number, random: Random): void {
  for (let i = 0; i < values.length; i++) {
    const photons = Math.round(values[i]!);
    if (photons <= 0) continue;
    values[i] = thinned(photons, share, random);
  }
}

/** Index `i` mirrored at the ends of `0..size - 1`, the end pixel standing twice. */
const mirrored = (i: number, size: number): number => {
  const at = ((i % (2 * size)) + 2 * size) % (2 * size);
  return at < size ? at : 2 * size - 1 - at;
};

/** `lines` lines of `size` values, `between` apart, their values `along` apart, under a kernel that is even. */
function blurLines(
  values: Float64Array,
  kernel: readonly number[],
  [lines, between]: readonly [number, number],
  [size, along]: readonly [number, number],
): void {
  const reach = kernel.length - 1;
  // With what the kernel reaches beyond both ends.
  const line = new Float64Array(size + 2 * reach);
  const from = Int32Array.from(line, (_, i) => mirrored(i - reach, size) * along);
  for (let n = 0; n < lines; n++) {
    for (let i = 0; i < line.length; i++) line[i] = values[n * between + from[i]!]!;
    for (let i = 0; i < size; i++) {
      const at = reach + i;
      let sum = kernel[0]! * line[at]!;
      for (let k = 1; k <= reach; k++) sum += kernel[k]! * (line[at - k]! + line[at + k]!);
      values[n * between + i * along] = sum;
    }
  }
}

/** A Gaussian point spread of `sigma` pixels over what was counted, noise and all, in whole counts. */
export function spread({ height, width, values }: Counts, sigma: number): void {
  const weights = Array.from({ length: Math.ceil(4 * sigma) + 1 }, (_, k) =>
    Math.exp(-0.5 * (k / sigma) ** 2),
  );
  const total = weights.reduce((sum, w, k) => sum + (k === 0 ? w : 2 * w), 0);
  const kernel = weights.map((w) => w / total);
  blurLines(values, kernel, [height, width], [width, 1]);
  blurLines(values, kernel, [width, 1], [height, width]);
  for (let i = 0; i < values.length; i++) values[i] = Math.round(values[i]!);
}

/** Sums of `factor` × `factor` pixels in the middle of an empty frame: what a detector of larger pixels would see. */
export function binPixels(frame: Counts, factor: number): void {
  const { height, width, values } = frame;
  const [rows, columns] = [Math.floor(height / factor), Math.floor(width / factor)];
  const [top, left] = [Math.floor((height - rows) / 2), Math.floor((width - columns) / 2)];
  const binned = new Float64Array(values.length);
  const live = new Uint8Array(values.length);
  for (let y = 0; y < rows * factor; y++)
    for (let x = 0; x < columns * factor; x++) {
      const to = (top + Math.floor(y / factor)) * width + left + Math.floor(x / factor);
      const from = y * width + x;
      binned[to]! += values[from]!;
      if (isLive(frame, from)) live[to] = 1;
    }
  frame.values = binned;
  frame.live = live;
}

/** How `size` pixels, magnified `factor` times about their middle, lie on themselves: per pixel its targets and their shares. */
function magnifiedLine(size: number, factor: number): (readonly (readonly [to: number, share: number])[])[] {
  const middle = size / 2;
  return Array.from({ length: size }, (_, i) => {
    const [from, to] = [middle + (i - middle) * factor, middle + (i + 1 - middle) * factor];
    const targets: [number, number][] = [];
    for (let k = Math.max(0, Math.floor(from)); k < Math.min(size, to); k++) {
      const share = (Math.min(k + 1, to) - Math.max(k, from)) / factor;
      if (share > 0) targets.push([k, share]);
    }
    return targets;
  });
}

/**
 * What the detector would count `factor` times as far away: every photon flies on along its ray, so the pattern grows about the
 * middle of the frame, spots and all; what misses the detector is lost, and what a pixel caught is dealt out photon by photon.
 */
export function moveAway(frame: Counts, factor: number, random: Random): void {
  const { height, width, values } = frame;
  const [rows, columns] = [magnifiedLine(height, factor), magnifiedLine(width, factor)];
  const moved = new Float64Array(values.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      let left = Math.round(values[y * width + x]!);
      let rest = 1;
      for (const [ty, sy] of rows[y]!)
        for (const [tx, sx] of columns[x]!) {
          if (left <= 0) break;
          const share = sy * sx;
          const here = thinned(left, share / rest, random);
          moved[ty * width + tx]! += here;
          left -= here;
          rest = Math.max(1e-12, rest - share);
        }
    }
  for (let i = 0; i < moved.length; i++) if (!isLive(frame, i)) moved[i] = 0;
  frame.values = moved;
}
