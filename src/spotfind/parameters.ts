/**
 * The parameters of the spot finders under the names that their users know.
 *
 * peakfinder8: OM (`adc_threshold`, `minimum_snr`, …), CrystFEL (`threshold`, `min-snr`, `min-pix-count`, …) and
 * Cheetah (`hitfinderADC`, `hitfinderMinSNR`, …). Dispersion: DIALS' PHIL names, with or without their scope.
 * Case and `-` against `_` do not matter. Refuses unknown names, the same parameter twice, and values out of
 * range, naming what is allowed.
 *
 * Cheetah of 2017 counts the seed of a peak twice, so its limits on pixels are one larger than everyone else's:
 * `hitfinderMinPixCount=3` means two pixels. It is converted here.
 */
import { UserError } from '../core/errors.js';
import { DISPERSION_DEFAULTS, LARGEST_KERNEL, type DispersionParameters } from './dispersion.js';
import type { ResolutionLimits } from './layout.js';
import { PEAKFINDER8_DEFAULTS, type Peakfinder8Parameters } from './peakfinder8.js';
import { STRONG_SPOT_DEFAULTS, type StrongSpotParameters } from './strong-spots.js';

export const SPOT_ALGORITHMS = ['peakfinder8', 'dispersion', 'dispersion-extended'] as const;
export type SpotAlgorithm = (typeof SPOT_ALGORITHMS)[number];

/** How many spots make a frame a hit, both ends included. */
export interface HitRule {
  readonly minPeaks: number;
  readonly maxPeaks: number;
}

/** A finder with all that steers it. */
export type SpotFinderSettings = {
  readonly limits: ResolutionLimits;
  readonly hit: HitRule;
} & (
  | { readonly algorithm: 'peakfinder8'; readonly parameters: Peakfinder8Parameters }
  | {
      readonly algorithm: 'dispersion' | 'dispersion-extended';
      readonly parameters: DispersionParameters & StrongSpotParameters;
      /** The smallest spot is what DIALS takes for the kind of detector, and not `minSpotSize`. */
      readonly autoSpotSize: boolean;
    }
);

interface Field {
  /** Names in lower case with underscores; the first is the one shown. */
  readonly names: readonly string[];
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
  /** Subtracted from values given under a Cheetah name. */
  readonly cheetahOffset?: number;
}

const LARGE = 1e9;

const PEAKFINDER8_FIELDS = {
  adcThreshold: { names: ['adc_threshold', 'threshold', 'hitfinderadc'], min: -LARGE, max: LARGE },
  minSnr: { names: ['minimum_snr', 'min_snr', 'hitfinderminsnr'], min: 0, max: LARGE },
  minPixelCount: {
    names: ['min_pixel_count', 'min_pix_count', 'min_pixels', 'hitfinderminpixcount'],
    min: 1,
    max: 1e6,
    whole: true,
    cheetahOffset: 1,
  },
  maxPixelCount: {
    names: ['max_pixel_count', 'max_pix_count', 'max_pixels', 'hitfindermaxpixcount'],
    min: 1,
    max: 1e6,
    whole: true,
    cheetahOffset: 1,
  },
  localBgRadius: {
    names: ['local_bg_radius', 'hitfinderlocalbgradius'],
    min: 1,
    max: 100,
    whole: true,
  },
  maxNumPeaks: { names: ['max_num_peaks'], min: 1, max: 1e6, whole: true },
} as const satisfies Readonly<Record<keyof Peakfinder8Parameters, Field>>;

type DispersionScalars = Omit<DispersionParameters, 'kernelSize'> & StrongSpotParameters;

const DISPERSION_FIELDS = {
  sigmaBackground: { names: ['sigma_background'], min: 0, max: LARGE },
  sigmaStrong: { names: ['sigma_strong'], min: 0, max: LARGE },
  minLocal: { names: ['min_local'], min: 2, max: 1e6, whole: true },
  globalThreshold: { names: ['global_threshold'], min: 0, max: LARGE },
  gain: { names: ['gain'], min: 1e-9, max: LARGE },
  minSpotSize: { names: ['min_spot_size'], min: 1, max: 1e6, whole: true },
  maxSpotSize: { names: ['max_spot_size'], min: 1, max: 1e9, whole: true },
  maxSeparation: { names: ['max_separation'], min: 0, max: LARGE },
  maxStrongPixelFraction: { names: ['max_strong_pixel_fraction'], min: 0, max: 1 },
} as const satisfies Readonly<Record<keyof DispersionScalars, Field>>;

const HIT_FIELDS = {
  minPeaks: {
    names: ['min_num_peaks_for_hit', 'min_peaks', 'hitfindernpeaks'],
    min: 0,
    max: LARGE,
    whole: true,
  },
  maxPeaks: { names: ['max_num_peaks_for_hit', 'hitfindernpeaksmax'], min: 0, max: LARGE, whole: true },
} as const satisfies Readonly<Record<keyof HitRule, Field>>;

const RADIUS_FIELDS = {
  minRadius: { names: ['min_res', 'hitfinderminres'], min: 0, max: LARGE },
  maxRadius: { names: ['max_res', 'hitfindermaxres'], min: 0, max: LARGE },
} as const satisfies Readonly<Record<'minRadius' | 'maxRadius', Field>>;

const ANGSTROM_FIELDS = {
  dMin: { names: ['d_min'], min: 0.01, max: LARGE },
  dMax: { names: ['d_max'], min: 0.01, max: LARGE },
  iceRingWidth: { names: ['ice_rings.width'], min: 0, max: 1 },
} as const satisfies Readonly<Record<'dMin' | 'dMax' | 'iceRingWidth', Field>>;

/** Width in 1/d² when ice rings are left out and no width is given (DIALS' default), Å⁻². */
const ICE_RING_WIDTH = 0.002;

/** Names that `algorithm` knows, one line of help each. */
export function parameterNames(algorithm: SpotAlgorithm): readonly string[] {
  const fields =
    algorithm === 'peakfinder8'
      ? { ...PEAKFINDER8_FIELDS, ...RADIUS_FIELDS, ...ANGSTROM_FIELDS, ...HIT_FIELDS }
      : { ...DISPERSION_FIELDS, ...RADIUS_FIELDS, ...ANGSTROM_FIELDS, ...HIT_FIELDS };
  const names = Object.values(fields).map((field: Field) => field.names[0]!);
  return [...names, 'ice_rings.filter', ...(algorithm === 'peakfinder8' ? [] : ['kernel_size'])];
}

/**
 * Settings from `name=value` texts; what is not named keeps its default.
 * @throws UserError naming the parameter and what is allowed.
 */
export function parseSpotParameters(
  algorithm: SpotAlgorithm,
  assignments: readonly string[] = [],
): SpotFinderSettings {
  const given = readAssignments(algorithm, assignments);
  const limits = parseLimits(given);
  const hit = given.read(HIT_FIELDS, { minPeaks: 0, maxPeaks: Infinity });
  const settings: SpotFinderSettings =
    algorithm === 'peakfinder8'
      ? { algorithm, limits, hit, parameters: given.read(PEAKFINDER8_FIELDS, PEAKFINDER8_DEFAULTS) }
      : {
          algorithm,
          limits,
          hit,
          autoSpotSize: given.isAutomatic(DISPERSION_FIELDS.minSpotSize),
          parameters: parseDispersion(given),
        };
  given.refuseTheRest();
  return settings;
}

function parseDispersion(given: Assignments): DispersionParameters & StrongSpotParameters {
  const { kernelSize, ...scalars } = { ...DISPERSION_DEFAULTS, ...STRONG_SPOT_DEFAULTS };
  return { ...given.read(DISPERSION_FIELDS, scalars), kernelSize: parseKernel(given, kernelSize) };
}

function parseKernel(given: Assignments, fallback: readonly [number, number]): readonly [number, number] {
  const text = given.take(['kernel_size']);
  if (text === null) return fallback;
  const parts = text.value.split(',').map((part) => Number(part.trim()));
  const pair = parts.length === 1 ? [parts[0]!, parts[0]!] : parts;
  if (pair.length !== 2 || !pair.every((n) => Number.isInteger(n) && n >= 1 && n <= LARGEST_KERNEL))
    throw new UserError(`'${text.value}' is no kernel`, {
      field: text.name,
      remedy: `give two whole numbers from 1 to ${LARGEST_KERNEL}, slow and fast, as kernel_size=3,3`,
    });
  return [pair[0]!, pair[1]!];
}

function parseLimits(given: Assignments): ResolutionLimits {
  const none = { minRadius: NaN, maxRadius: NaN, dMin: NaN, dMax: NaN, iceRingWidth: NaN };
  const filter = given.take(['ice_rings.filter']);
  if (filter !== null && !/^(true|false)$/i.test(filter.value))
    throw new UserError(`'${filter.value}' is neither true nor false`, { field: filter.name });
  const read = given.read({ ...RADIUS_FIELDS, ...ANGSTROM_FIELDS }, none);
  const known = (value: number): number | null => (Number.isNaN(value) ? null : value);
  const ice = filter?.value.toLowerCase() === 'true' ? (known(read.iceRingWidth) ?? ICE_RING_WIDTH) : null;
  return {
    minRadius: known(read.minRadius),
    maxRadius: known(read.maxRadius),
    dMin: known(read.dMin),
    dMax: known(read.dMax),
    iceRingWidth: ice,
  };
}

interface Assignment {
  /** As the user wrote it. */
  readonly name: string;
  readonly value: string;
}

/** The user's `name=value` texts, from which fields are taken until none should be left. */
interface Assignments {
  /** Removes and returns the assignment to one of `names`; refuses two. */
  take(names: readonly string[]): Assignment | null;
  /** Numbers for all of `fields`, from the assignments or `defaults`. */
  read<K extends string>(
    fields: Readonly<Record<K, Field>>,
    defaults: Readonly<Record<K, number>>,
  ): Readonly<Record<K, number>>;
  /** Whether `field` is not assigned, or as `auto`, which is then taken. */
  isAutomatic(field: Field): boolean;
  refuseTheRest(): void;
}

const SCOPES = /^(spotfinder\.)?((threshold\.)?(dispersion|dispersion_extended)\.|filter\.|threshold\.)?/;

function readAssignments(algorithm: SpotAlgorithm, texts: readonly string[]): Assignments {
  const left = texts.map((text) => {
    const [, name, value] = /^\s*([^=\s]+)\s*=\s*(.+?)\s*$/.exec(text) ?? [];
    if (name === undefined || value === undefined)
      throw new UserError(`'${text}' is no parameter`, { remedy: 'write name=value' });
    return { name, value, key: name.toLowerCase().replaceAll('-', '_').replace(SCOPES, '') };
  });
  function take(names: readonly string[]): Assignment | null {
    const found = left.filter((one) => names.includes(one.key));
    if (found.length > 1)
      throw new UserError(`the same parameter is given as ${found.map((one) => one.name).join(' and ')}`, {
        field: found[0]!.name,
        remedy: 'give it once',
      });
    if (found.length === 0) return null;
    left.splice(left.indexOf(found[0]!), 1);
    return found[0]!;
  }
  return {
    take,
    read(fields, defaults) {
      const result: Record<string, number> = { ...defaults };
      for (const key in fields) {
        const assignment = take(fields[key].names);
        if (assignment !== null) result[key] = parseNumber(assignment, fields[key]);
      }
      return result as typeof defaults;
    },
    isAutomatic({ names }) {
      const at = left.findIndex((one) => names.includes(one.key) && one.value.toLowerCase() === 'auto');
      if (at >= 0) left.splice(at, 1);
      return !left.some((one) => names.includes(one.key));
    },
    refuseTheRest() {
      if (left.length === 0) return;
      throw new UserError(`is no parameter of ${algorithm}`, {
        field: left[0]!.name,
        remedy: `use one of ${parameterNames(algorithm).join(', ')}`,
      });
    },
  };
}

function parseNumber({ name, value }: Assignment, field: Field): number {
  const isCheetah = name.toLowerCase().startsWith('hitfinder');
  const number = Number(value) - (isCheetah ? (field.cheetahOffset ?? 0) : 0);
  const fits =
    number >= field.min && number <= field.max && (field.whole !== true || Number.isInteger(number));
  if (fits) return number;
  const kind = field.whole === true ? 'a whole number' : 'a number';
  throw new UserError(`'${value}' is not allowed`, {
    field: name,
    remedy: `give ${kind} from ${field.min} to ${field.max}`,
  });
}
