/**
 * A wide bank of detectors for training sets that must carry over to instruments never seen: panel layouts, gains,
 * pedestal steps, circular fields, bright panel seams. Every value is drawn; none stands for a product.
 */
import type { Random } from '../../core/random.js';
import { gridMask, type Detector } from './detector.js';

/** Log-uniform in [low, high]. */
export const logUniform = (random: Random, low: number, high: number): number =>
  low * Math.exp(random.uniform() * Math.log(high / low));

/** Uniform in [low, high]. */
export const between = (random: Random, low: number, high: number): number =>
  low + random.uniform() * (high - low);

type Layout = 'plain' | 'grid' | 'strips' | 'tiles' | 'circle' | 'strip-only';

const LAYOUTS: readonly Layout[] = [
  'plain',
  'plain',
  'grid',
  'grid',
  'strips',
  'tiles',
  'circle',
  'strip-only',
];

/** Rectangles (y0, x0, y1, x1) of shifted tiles with irregular gaps. */
function tiles(random: Random, height: number, width: number): (readonly [number, number, number, number])[] {
  const rows = random.integer(2, 8);
  const columns = random.integer(2, 8);
  const margin = random.uniform() < 0.5 ? 0 : Math.round(between(random, 0.02, 0.12) * width);
  const h = (height - 2 * margin) / rows;
  const w = (width - 2 * margin) / columns;
  const out: (readonly [number, number, number, number])[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const jitter = (): number => between(random, 0, 0.08);
      out.push([
        Math.round(margin + h * (row + jitter())),
        Math.round(margin + w * (column + jitter())),
        Math.round(margin + h * (row + 1 - jitter())),
        Math.round(margin + w * (column + 1 - jitter())),
      ]);
    }
  }
  return out;
}

function liveMask(random: Random, layout: Layout, height: number, width: number): Uint8Array | null {
  const unit = Math.max(height, width) / 512;
  const gap = (): number => Math.max(1, Math.round(logUniform(random, 1.5, 14) * unit));
  switch (layout) {
    case 'plain':
      return null;
    case 'grid':
      return gridMask(height, width, [random.integer(1, 4), random.integer(2, 8)], [gap(), gap()]);
    case 'strips':
      return gridMask(height, width, [random.integer(2, 6), 1], [gap() + 2, 0]);
    case 'tiles': {
      const live = new Uint8Array(height * width);
      for (const [y0, x0, y1, x1] of tiles(random, height, width)) {
        for (let y = Math.max(0, y0); y < Math.min(height, y1); y++) {
          live.fill(1, y * width + Math.max(0, x0), y * width + Math.min(width, x1));
        }
      }
      return live;
    }
    case 'circle': {
      const live = new Uint8Array(height * width);
      const radius = 0.5 * Math.min(height, width) * between(random, 0.92, 1.05);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          if (Math.hypot(y - height / 2, x - width / 2) <= radius) live[y * width + x] = 1;
        }
      }
      return live;
    }
    case 'strip-only': {
      const live = new Uint8Array(height * width);
      const first = Math.round(height * between(random, 0.02, 0.35));
      const last = Math.round(height * between(random, 0.65, 0.98));
      const left = Math.round(width * between(random, 0, 0.04));
      for (let y = first; y < last; y++) live.fill(1, y * width + left, (y + 1) * width - left);
      return live;
    }
  }
}

/** Sensitivity with steps between readout blocks and, where asked, double-sized pixels along the seams. */
function responseMap(random: Random, height: number, width: number): Float32Array | null {
  const steps = random.uniform() < 0.4 ? between(random, 0.01, 0.12) : 0;
  const seams = random.uniform() < 0.35;
  if (steps === 0 && !seams) return null;
  const rows = random.pick([1, 2, 2, 4]);
  const columns = random.pick([2, 2, 4]);
  const factors = Array.from({ length: rows * columns }, () => 1 + steps * random.normal());
  const map = new Float32Array(height * width);
  const onSeam = (i: number, size: number, count: number): boolean => {
    const block = size / count;
    const inside = i % block;
    return (inside < 1 && i >= 1) || (inside >= block - 1 && i < size - 1);
  };
  for (let y = 0; y < height; y++) {
    const row = Math.min(rows - 1, Math.floor((y * rows) / height));
    const seamY = seams && onSeam(y, height, rows);
    for (let x = 0; x < width; x++) {
      const column = Math.min(columns - 1, Math.floor((x * columns) / width));
      const seamX = seams && onSeam(x, width, columns);
      map[y * width + x] =
        Math.max(0.2, factors[row * columns + column]!) * (seamY ? 2 : 1) * (seamX ? 2 : 1);
    }
  }
  return map;
}

/** Pedestal steps between readout blocks and a fixed pattern, in ADU. */
function pedestalMap(random: Random, height: number, width: number, size: number): Float32Array | null {
  if (size === 0) return null;
  const rows = random.pick([1, 2, 2, 4, 8]);
  const columns = random.pick([2, 2, 4, 8]);
  const steps = Array.from({ length: rows * columns }, () => size * random.normal());
  const columnPattern = Array.from({ length: width }, () =>
    random.uniform() < 0.5 ? 0 : 0.15 * size * random.normal(),
  );
  const map = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    const row = Math.min(rows - 1, Math.floor((y * rows) / height));
    for (let x = 0; x < width; x++) {
      const column = Math.min(columns - 1, Math.floor((x * columns) / width));
      map[y * width + x] = steps[row * columns + column]! + columnPattern[x]!;
    }
  }
  return map;
}

/** A value computed when it is first asked for. */
function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** One detector of the bank. Its maps are made when a frame first needs them. */
export function variedDetector(index: number, height: number, width: number, random: Random): Detector {
  const side = Math.max(height, width);
  const unit = side / 512;
  const layout = random.pick(LAYOUTS);
  const integrating = random.uniform() < 0.55;
  const gain = integrating ? logUniform(random, 0.25, 20) : 1;
  const offset = integrating && random.uniform() < 0.55 ? logUniform(random, 2, 400) : 0;
  // Noise in photons: good integrating detectors 0.05 to 0.3, old ones several.
  const readNoise = integrating ? gain * logUniform(random, 0.05, 3) : 0;
  const step =
    integrating && random.uniform() < 0.4 ? logUniform(random, 0.1, 1.5) * Math.max(readNoise, 0.5) : 0;
  const lowest = integrating ? Math.max(0.03, (0.3 * readNoise) / gain) : 0.02;
  const live = lazily(() => liveMask(random.fork('live'), layout, height, width));
  const response = lazily(() => responseMap(random.fork('response'), height, width));
  const pedestal = lazily(() => pedestalMap(random.fork('pedestal'), height, width, step));
  return {
    name: `varied-${index}-${layout}`,
    height,
    width,
    pixelMm: 153.6 / side,
    get live() {
      return live();
    },
    get response() {
      return response();
    },
    get pedestal() {
      return pedestal();
    },
    gain,
    offset,
    readNoise,
    spread: random.uniform() < 0.4 ? between(random, 0.3, 1) : 0,
    saturation: random.pick([65535, 65535, 16383, 30000, 4095]),
    hot: Array.from({ length: random.pick([0, 0, 2, 6, 20]) }, () => ({
      index: random.integer(0, height * width - 1),
      value: Math.round(logUniform(random, 20, 60000)),
    })),
    stopRadius: random.uniform() < 0.75 ? logUniform(random, 3, 24) * unit : 0,
    stopArm: random.uniform() < 0.6,
    background: [lowest, Math.max(lowest * 10, logUniform(random, 1, 40))],
    weight: 1,
  };
}
