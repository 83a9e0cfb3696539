/**
 * What a simulation draws from: every range and probability in one record, with two presets.
 *
 * `standard` is one well-known kind of experiment (three detectors, one lattice, water and air, some ice). `broad`
 * randomises the domain: many detectors, wavelengths, backgrounds from 0.02 to tens of photons, rings without
 * spots, streaks, shadows, several lattices. `worn` is `broad` on detectors that age, under conditions that change from series to series
 * (conditions.ts). `faint` is `standard` at the edge of what can be indexed: few, weak spots at low resolution, often of several
 * lattices. A user's own detector replaces the bank; ranges are overridden one by one.
 */
import { UserError } from '../../core/errors.js';
import type { Random } from '../../core/random.js';
import type { Split } from '../frames.js';
import { CRYSTAL_FORMS, type CrystalForm } from './crystal.js';
import { detectorFromSpec, standardDetectors, type Detector, type DetectorSpec } from './detector.js';
import { variedDetector } from './variety.js';

/** Lowest and highest value, both inclusive. */
export type Range = readonly [number, number];

export type Range3 = readonly [number, number, number];

export interface SimulationSettings {
  readonly height: number;
  readonly width: number;
  /** Å. */
  readonly wavelength: Range;
  /** Fixed distance, mm; null: from `edgeResolution`. */
  readonly distanceMm: Range | null;
  /** d at the middle of the nearer detector edge, Å. */
  readonly edgeResolution: Range;
  /** Closest spots are kept at least this far apart, pixels, by moving the detector back. */
  readonly spotSeparation: Range;
  /** Fixed beam centre [x, y] in pixels, or null: near the middle. */
  readonly beamCentre: readonly [number, number] | null;
  /** Spread of the beam centre about the middle, as a part of the frame (rms). */
  readonly beamScatter: number;
  /** Probability that the beam centre lies far off, even outside. */
  readonly offCentreProbability: number;
  readonly polarization: number;
  /** Share of forms drawn at random instead of from `crystals`. */
  readonly randomCellShare: number;
  readonly crystals: readonly CrystalForm[];
  /** Coherent block, Å; mosaicity and divergence, radians; bandwidth; all rms, log-uniform. */
  readonly sizeAngstrom: Range;
  readonly mosaicity: Range;
  readonly divergence: Range;
  readonly bandwidth: Range;
  readonly crystalPixels: Range;
  readonly multiLatticeProbability: number;
  /** Factor on the background range of every detector. */
  readonly backgroundScale: number;
  /** Most diffuse photons a pixel, on average, for Weak, Good and Strong: on more, such a pattern is not measured. */
  readonly backgroundLimit: Range3;
  /** Probability that a frame without a crystal is far brighter: up to `brightest` photons a pixel. */
  readonly brightMissProbability: number;
  readonly brightest: number;
  readonly iceProbability: { readonly hit: number; readonly miss: number };
  readonly iceStrength: Range;
  readonly powderProbability: { readonly hit: number; readonly miss: number };
  readonly powderStrength: Range;
  /** Probability that rings are made of grains and not smooth. */
  readonly grainProbability: number;
  readonly smallAngleProbability: { readonly hit: number; readonly miss: number };
  readonly lipidProbability: number;
  readonly streakProbability: number;
  readonly shadowProbability: number;
  /** Zingers per 512 × 512 pixels. */
  readonly zingers: number;
  /** Visible spots of Weak, Good and Strong. */
  readonly visibleSpots: readonly [Range, Range, Range];
  readonly classWeights: readonly number[];
  readonly splitWeights: Readonly<Record<Split, number>>;
  readonly framesPerCrystal: number;
  /** Whether detectors age and conditions change: see conditions.ts. */
  readonly worn: boolean;
  readonly detectors: readonly Detector[];
  /** Share of crystals measured under `usual` settings instead of these. */
  readonly usualShare: number;
  readonly usual: SimulationSettings | null;
}

export const VARIETIES = ['standard', 'broad', 'worn', 'faint'] as const;
export type Variety = (typeof VARIETIES)[number];

export interface SimulateOptions {
  /** Any integer; the same seed gives the same frames. */
  readonly seed: number;
  readonly count: number;
  /** Pixels; 512 by default, at least 32. */
  readonly height?: number;
  readonly width?: number;
  /** Which preset; `broad` by default. */
  readonly variety?: Variety;
  /** Relative share of Blank, No crystal, Weak, Good, Strong; equal by default. */
  readonly classWeights?: readonly number[];
  /** Part of frames that are hits, 0 to 1; scales `classWeights`. */
  readonly hitFraction?: number;
  /** Own detectors in place of the preset's. */
  readonly detectors?: readonly DetectorSpec[];
  /** Overrides of single settings. */
  readonly settings?: Partial<Omit<SimulationSettings, 'height' | 'width' | 'detectors' | 'classWeights'>>;
}

const BROAD_BANK = 40;

/** The class rule's numbers of visible spots; a frame below 512 × 512 has fewer pixels to put them in. */
function visibleSpots(height: number, width: number): SimulationSettings['visibleSpots'] {
  const scale = Math.min(1, Math.max(0.15, Math.sqrt(height * width) / 512));
  const range = (low: number, high: number): Range => [Math.round(low * scale), Math.round(high * scale)];
  return [[4, Math.max(8, Math.round(20 * scale))], range(40, 110), range(220, 600)];
}

const DEGREE = Math.PI / 180;

function standardSettings(height: number, width: number, random: Random): SimulationSettings {
  return {
    height,
    width,
    wavelength: [1.25, 1.35],
    distanceMm: null,
    edgeResolution: [1.55, 4.2],
    spotSeparation: [3, 5],
    beamCentre: null,
    beamScatter: 0.028,
    offCentreProbability: 0,
    polarization: 0.95,
    randomCellShare: 0.2,
    crystals: CRYSTAL_FORMS,
    sizeAngstrom: [500, 3000],
    mosaicity: [0.005 * DEGREE, 0.12 * DEGREE],
    divergence: [1e-5, 3e-4],
    bandwidth: [1e-4, 1.5e-3],
    crystalPixels: [0.05, 0.2],
    multiLatticeProbability: 0,
    backgroundScale: 1,
    backgroundLimit: [10, 10, 10],
    brightMissProbability: 0,
    brightest: 1000,
    iceProbability: { hit: 0.08, miss: 0.19 },
    iceStrength: [0.3, 12],
    powderProbability: { hit: 0, miss: 0 },
    powderStrength: [0.5, 20],
    grainProbability: 0,
    smallAngleProbability: { hit: 0, miss: 0 },
    lipidProbability: 0,
    streakProbability: 0,
    shadowProbability: 0,
    zingers: 8,
    visibleSpots: visibleSpots(height, width),
    classWeights: [1, 1, 1, 1, 1],
    splitWeights: { train: 0.7, test: 0.15, validation: 0.1, calibration: 0.05 },
    framesPerCrystal: 5,
    worn: false,
    detectors: standardDetectors(height, width, random),
    usualShare: 0,
    usual: null,
  };
}

function broadSettings(height: number, width: number, random: Random): SimulationSettings {
  const standard = standardSettings(height, width, random);
  const varied = Array.from({ length: BROAD_BANK }, (_, i) =>
    variedDetector(i, height, width, random.fork(`varied ${i}`)),
  );
  return {
    ...standard,
    wavelength: [0.7, 2],
    edgeResolution: [1.4, 6],
    beamScatter: 0.05,
    offCentreProbability: 0.25,
    randomCellShare: 0.5,
    sizeAngstrom: [400, 4000],
    mosaicity: [0.01 * DEGREE, 0.5 * DEGREE],
    bandwidth: [1e-4, 1e-2],
    crystalPixels: [0.08, 1],
    multiLatticeProbability: 0.12,
    iceProbability: { hit: 0.12, miss: 0.2 },
    iceStrength: [0.2, 15],
    backgroundLimit: [3, 10, 60],
    brightMissProbability: 0.15,
    brightest: 5000,
    powderProbability: { hit: 0.05, miss: 0.4 },
    powderStrength: [0.3, 40],
    grainProbability: 0.4,
    smallAngleProbability: { hit: 0.15, miss: 0.25 },
    lipidProbability: 0.15,
    streakProbability: 0.12,
    shadowProbability: 0.15,
    detectors: [...standard.detectors.map((d) => ({ ...d, weight: 0.2 * d.weight * BROAD_BANK })), ...varied],
    usualShare: 0.6,
    usual: standard,
  };
}

/** Hits of few spots, at low resolution and on more background, every third of several lattices. */
function faintSettings(height: number, width: number, random: Random): SimulationSettings {
  const standard = standardSettings(height, width, random);
  const scale = standard.visibleSpots[1][0] / 40;
  const range = (low: number, high: number): Range => [
    Math.max(3, Math.round(low * scale)),
    Math.max(6, Math.round(high * scale)),
  ];
  return {
    ...standard,
    edgeResolution: [2.5, 9],
    spotSeparation: [3, 7],
    mosaicity: [0.02 * DEGREE, 0.3 * DEGREE],
    multiLatticeProbability: 0.35,
    iceProbability: { hit: 0.25, miss: 0.25 },
    backgroundScale: 2,
    randomCellShare: 0,
    visibleSpots: [range(3, 8), range(8, 20), range(20, 60)],
  };
}

const PRESETS: Readonly<
  Record<Variety, (height: number, width: number, random: Random) => SimulationSettings>
> = {
  standard: standardSettings,
  broad: broadSettings,
  worn: (height, width, random) => {
    const broad = broadSettings(height, width, random);
    const usual = broad.usual === null ? null : { ...broad.usual, worn: true };
    return { ...broad, worn: true, usual };
  },
  faint: faintSettings,
};

function checkOptions(options: SimulateOptions, height: number, width: number): void {
  const whole = (value: number, low: number, high: number, field: string): void => {
    if (Number.isInteger(value) && value >= low && value <= high) return;
    throw new UserError(`${value} is not a whole number from ${low} to ${high}`, { field });
  };
  whole(options.seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 'seed');
  whole(options.count, 1, 100_000_000, 'count');
  whole(height, 32, 16384, 'height');
  whole(width, 32, 16384, 'width');
  const fraction = options.hitFraction;
  if (fraction !== undefined && !(fraction >= 0 && fraction <= 1)) {
    throw new UserError(`${fraction} is not between 0 and 1`, { field: 'hit fraction' });
  }
  const weights = options.classWeights;
  if (
    weights !== undefined &&
    (weights.length !== 5 || weights.some((w) => !(w >= 0)) || !weights.some((w) => w > 0))
  ) {
    throw new UserError('class weights must be five numbers from 0 up, not all 0', {
      field: 'class weights',
    });
  }
}

/** Class shares with the hits' total set to `fraction`. */
function withHitFraction(weights: readonly number[], fraction: number | undefined): readonly number[] {
  if (fraction === undefined) return weights;
  const share = (part: readonly number[], total: number): number[] => {
    const sum = part.reduce((a, b) => a + b, 0);
    return part.map((weight) => (sum > 0 ? (weight / sum) * total : total / part.length));
  };
  return [...share(weights.slice(0, 2), 1 - fraction), ...share(weights.slice(2), fraction)];
}

/** All settings of a simulation. Throws `UserError` on values out of range. */
export function resolveSettings(options: SimulateOptions, random: Random): SimulationSettings {
  const height = options.height ?? 512;
  const width = options.width ?? 512;
  checkOptions(options, height, width);
  const preset = PRESETS[options.variety ?? 'broad'](height, width, random);
  const own = options.detectors?.map((spec) =>
    detectorFromSpec(spec, height, width, random.fork(`own ${spec.name}`)),
  );
  const resolve = (settings: SimulationSettings): SimulationSettings => ({
    ...settings,
    ...options.settings,
    classWeights: withHitFraction(options.classWeights ?? settings.classWeights, options.hitFraction),
    detectors: own ?? settings.detectors,
    usual: settings.usual === null ? null : resolve(settings.usual),
  });
  return resolve(preset);
}
