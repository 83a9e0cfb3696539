/**
 * What detectors and beamlines do to frames, in the order in which it happens to a photon: one record each, with the
 * strengths that `vetoc stress` tries. The label of a frame stays true as long as its spots can still be seen.
 *
 * Not here: another wavelength, which moves spots and changes which there are; simulate such frames.
 */
import type { Random } from '../../core/random.js';
import { addPhotons, binPixels, isLive, keepPhotons, moveAway, spread, type Counts } from './frame.js';

export interface Nuisance {
  readonly title: string;
  /** What a strength is, as an axis says it. */
  readonly unit: string;
  /** What leaves a frame as it is. */
  readonly none: number;
  /** Weakest first. */
  readonly strengths: readonly number[];
  /** Changes `frame`; `random` is the frame's own, `series` the same for all frames of a series. */
  readonly apply: (frame: Counts, strength: number, random: Random, series: Random) => void;
}

const logUniform = (random: Random, low: number, high: number): number =>
  low * Math.exp(random.uniform() * Math.log(high / low));

/** Single pixels anywhere, with so many counts more. */
function addSinglePixels({ values }: Counts, count: number, most: number, random: Random): void {
  for (let k = 0; k < count; k++)
    values[random.integer(0, values.length - 1)]! += Math.floor(logUniform(random, 8, most));
}

/** Rings about the middle: radius and width in pixels. */
function addRings(
  frame: Counts,
  rings: readonly { readonly radius: number; readonly width: number }[],
  photons: number,
  random: Random,
): void {
  const [cy, cx] = [frame.height / 2, frame.width / 2];
  const profile = Float64Array.from({ length: Math.ceil(Math.hypot(cy, cx)) + 2 }, (_, r) =>
    rings.reduce((sum, ring) => sum + photons * Math.exp(-(((r - ring.radius) / ring.width) ** 2)), 0),
  );
  const meanAt = (y: number, x: number): number => {
    const r = Math.hypot(y - cy, x - cx);
    const below = Math.floor(r);
    return profile[below]! + (r - below) * (profile[below + 1]! - profile[below]!);
  };
  addPhotons(frame, meanAt, random);
}

/** Rows or columns that read 0. */
function dropLines(frame: Counts, extent: number, random: Random): void {
  const rows = random.uniform() < 0.5;
  const first = random.integer(0, (rows ? frame.height : frame.width) - 1);
  for (let i = 0; i < frame.values.length; i++) {
    const at = (rows ? Math.floor(i / frame.width) : i % frame.width) - first;
    if (at >= 0 && at < extent) frame.values[i] = 0;
  }
}

/** Readout blocks along each side of the frame, each with a gain of its own. */
const BLOCKS = [4, 8] as const;

/** The counts of every block times its own factor, 1 on the average; `sigma` is how far they are from it. */
function missetGains({ height, width, values }: Counts, sigma: number, series: Random): void {
  const [rows, columns] = BLOCKS;
  const factors = Float64Array.from({ length: rows * columns }, () =>
    Math.max(0, 1 + sigma * series.normal()),
  );
  for (let i = 0; i < values.length; i++) {
    const row = Math.floor((Math.floor(i / width) * rows) / height);
    const column = Math.floor(((i % width) * columns) / width);
    values[i] = values[i]! * factors[row * columns + column]!;
  }
}

/** A width or radius as a share of the frame's side. */
const side = ({ height, width }: Counts): number => Math.min(height, width);

export const NUISANCES = {
  photonsLost: {
    title: 'photons lost',
    unit: 'share of the photons',
    none: 0,
    strengths: [0.1, 0.3, 0.5, 0.67, 0.8],
    apply: (frame, strength, random) => {
      keepPhotons(frame, 1 - strength, random);
    },
  },
  background: {
    title: 'background',
    unit: 'photons a pixel more',
    none: 0,
    strengths: [0.1, 0.3, 1, 2, 5],
    apply: (frame, strength, random) => {
      addPhotons(frame, () => strength, random);
    },
  },
  powder: {
    title: 'powder rings',
    unit: 'photons a pixel on their crests',
    none: 0,
    strengths: [0.5, 1, 3, 10, 30],
    apply: (frame, strength, random) => {
      const rings = [0.18, 0.2, 0.29, 0.33].map((share) => ({ radius: share * side(frame), width: 2 }));
      addRings(frame, rings, strength, random);
    },
  },
  ice: {
    title: 'ice rings',
    unit: 'photons a pixel on their crests',
    none: 0,
    strengths: [0.5, 1, 3, 10, 30],
    apply: (frame, strength, random) => {
      // The three strongest rings of hexagonal ice lie as 1 : 1.06 : 1.13.
      const first = side(frame) * (0.25 + 0.15 * random.uniform());
      const rings = [1, 1.06, 1.13].map((ratio) => ({ radius: ratio * first, width: 0.008 * side(frame) }));
      addRings(frame, rings, strength, random);
    },
  },
  distance: {
    title: 'detector farther away',
    unit: 'times the distance',
    none: 1,
    strengths: [1.25, 1.5, 2, 3],
    apply: (frame, strength, random) => {
      moveAway(frame, strength, random);
    },
  },
  pointSpread: {
    title: 'point spread',
    unit: 'pixels, sigma',
    none: 0,
    strengths: [0.4, 0.6, 0.8, 1, 1.5],
    apply: (frame, strength) => {
      spread(frame, strength);
    },
  },
  binning: {
    title: 'larger pixels',
    unit: 'pixels a side summed',
    none: 1,
    strengths: [2, 3, 4],
    apply: (frame, strength) => {
      binPixels(frame, Math.max(1, Math.round(strength)));
    },
  },
  zingers: {
    title: 'zingers',
    unit: 'single pixels a frame, 8 to 3,000 counts',
    none: 0,
    strengths: [4, 8, 16, 32, 64, 128],
    apply: (frame, strength, random) => {
      addSinglePixels(frame, Math.round(strength), 3000, random);
    },
  },
  hotPixels: {
    title: 'hot pixels',
    unit: 'pixels that stay, 8 to 30,000 counts',
    none: 0,
    strengths: [4, 8, 16, 32, 64, 128],
    apply: (frame, strength, _random, series) => {
      addSinglePixels(frame, Math.round(strength), 30000, series);
    },
  },
  gain: {
    title: 'gain',
    unit: 'times the counts',
    none: 1,
    strengths: [1.5, 2, 3, 5, 10],
    apply: ({ values }, strength) => {
      for (let i = 0; i < values.length; i++) values[i]! *= strength;
    },
  },
  gainError: {
    title: 'gain error between blocks',
    unit: 'relative, sigma over 4 × 8 blocks',
    none: 0,
    strengths: [0.02, 0.05, 0.1, 0.2, 0.4],
    apply: (frame, strength, _random, series) => {
      missetGains(frame, strength, series);
    },
  },
  readoutNoise: {
    title: 'readout noise',
    unit: 'counts, sigma',
    none: 0,
    strengths: [0.3, 1, 2, 4],
    apply: (frame, strength, random) => {
      const { values } = frame;
      for (let i = 0; i < values.length; i++)
        if (isLive(frame, i)) values[i] = Math.max(0, values[i]! + strength * random.normal());
    },
  },
  pedestal: {
    title: 'pedestal',
    unit: 'counts more on every live pixel',
    none: 0,
    strengths: [2, 5, 10, 20, 40, 80],
    apply: (frame, strength) => {
      const { values } = frame;
      for (let i = 0; i < values.length; i++) if (isLive(frame, i)) values[i]! += strength;
    },
  },
  brightLines: {
    title: 'bright row and column',
    unit: 'counts more',
    none: 0,
    strengths: [3, 10, 30, 100, 300],
    apply: ({ height, width, values }, strength, random) => {
      const row = random.integer(0, height - 1);
      const column = random.integer(0, width - 1);
      for (let x = 0; x < width; x++) values[row * width + x]! += strength;
      for (let y = 0; y < height; y++) values[y * width + column]! += strength;
    },
  },
  deadPanels: {
    title: 'dead rows and columns',
    unit: 'bands of a sixteenth of the frame',
    none: 0,
    strengths: [1, 2, 4, 6],
    apply: (frame, strength, random) => {
      for (let k = 0; k < Math.round(strength); k++) dropLines(frame, Math.ceil(side(frame) / 16), random);
    },
  },
  beamStop: {
    title: 'beam stop',
    unit: 'radius as a share of the side',
    none: 0,
    strengths: [0.02, 0.05, 0.1, 0.2],
    apply: (frame, strength) => {
      const { height, width, values } = frame;
      for (let i = 0; i < values.length; i++)
        if (Math.hypot(Math.floor(i / width) - height / 2, (i % width) - width / 2) < strength * side(frame))
          values[i] = 0;
    },
  },
  saturation: {
    title: 'saturation',
    unit: 'counts at most',
    none: 65535,
    strengths: [4000, 1000, 300, 100, 30],
    apply: ({ values }, strength) => {
      for (let i = 0; i < values.length; i++) values[i] = Math.min(values[i]!, strength);
    },
  },
} as const satisfies Readonly<Record<string, Nuisance>>;

export type NuisanceName = keyof typeof NUISANCES;
export const NUISANCE_NAMES = Object.keys(NUISANCES) as readonly NuisanceName[];
export const nuisance = (name: NuisanceName): Nuisance => NUISANCES[name];
