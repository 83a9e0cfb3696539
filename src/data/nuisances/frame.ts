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
  return Uint16Array.from(values, (v) => (v <= 0 ? 0 : v >= TOP ? TOP : Math.round(v)));
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

/** Keeps every photon with the probability `share`. */
export function keepPhotons({ values }: Counts, share: number, random: Random): void {
  for (let i = 0; i < values.length; i++) {
    const photons = Math.round(values[i]!);
    if (photons <= 0) continue;
    let kept = 0;
    if (photons < FEW_PHOTONS) for (let k = 0; k < photons; k++) kept += random.uniform() < share ? 1 : 0;
    else kept = Math.round(photons * share + Math.sqrt(photons * share * (1 - share)) * random.normal());
    values[i] = Math.min(photons, Math.max(0, kept));
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
  const line = new Float64Array(size);
  for (let n = 0; n < lines; n++) {
    for (let i = 0; i < size; i++) line[i] = values[n * between + i * along]!;
    for (let i = 0; i < size; i++) {
      let sum = kernel[0]! * line[i]!;
      for (let k = 1; k < kernel.length; k++)
        sum += kernel[k]! * (line[mirrored(i - k, size)]! + line[mirrored(i + k, size)]!);
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
