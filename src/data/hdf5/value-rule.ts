/**
 * Which stored values of an HDF5 file are no measurement, by what the file says: the marks of its pixel type, the largest
 * trusted count, and the smallest.
 *
 * Sources: NXdetector (`saturation_value`, `underload_value`: what lies above and below is invalid); DECTRIS, SIMPLON API
 * (all ones: no pixel there, one less: a bad or overflowed one; `countrate_correction_count_cutoff`).
 */
import { UserError } from '../../core/errors.js';
import { taken, warning, type Note } from '../notes.js';
import { NO_RULE, type PixelArray, type PixelType, type ValueRule } from '../pixels.js';
import { toColumn } from './columns.js';
import { LCLS2_MISSING } from './facility.js';
import type { Hdf5DatasetInfo, Hdf5File } from './file.js';
import { countsPhotons, isDectris, isNxmx, type Nexus } from './nexus.js';

/** Larger than this no list of limits is: then it is a map of pixels. */
const MAX_LIMITS = 256;

/** All ones of each type, and one less, which DECTRIS writes for bad pixels. 64 bits: to the precision of a double. */
const ALL_ONES: Readonly<Partial<Record<PixelType, number>>> = {
  uint8: 2 ** 8 - 1,
  uint16: 2 ** 16 - 1,
  uint32: 2 ** 32 - 1,
  uint64: 2 ** 64,
};
const LOWEST: Readonly<Partial<Record<PixelType, number>>> = {
  int8: -(2 ** 7),
  int16: -(2 ** 15),
  int32: -(2 ** 31),
  int64: -(2 ** 63),
};

/**
 * Marks of the type. A counter of 32 or 64 bits never counts to the end; in plain files of 8 or 16 bits all ones may be
 * saturation and stays, unless the definition says NXmx. Integrating detectors mark errors with the lowest number.
 */
function sentinelsOf(file: Hdf5File, type: PixelType, nexus: Nexus): readonly number[] {
  const sentinels: number[] = [];
  const ones = ALL_ONES[type];
  const wide = type === 'uint32' || type === 'uint64';
  if (ones !== undefined && (wide || isNxmx(nexus) || isDectris(nexus))) {
    sentinels.push(ones);
    if (type === 'uint32' || isDectris(nexus)) sentinels.push(ones - 1);
  }
  const lowest = LOWEST[type];
  if (lowest !== undefined && (type !== 'int8' || isNxmx(nexus))) sentinels.push(lowest);
  if (file.node('/timestamp').kind === 'dataset') sentinels.push(LCLS2_MISSING);
  return sentinels;
}

interface Limit {
  readonly value: number | null;
  /** Of each pixel, where the file has a map of them. */
  readonly map?: Float64Array;
  readonly notes: readonly Note[];
}

interface LimitWords {
  readonly what: string;
  /** Of several numbers (a module each) the one that counts for all. */
  readonly pick: (...values: number[]) => number;
  readonly picked: string;
  /** Whether a number is such a limit. */
  readonly isOne: (value: number) => boolean;
  /** What stands in a map of pixels for a number that is no limit. */
  readonly none: number;
}

const LARGEST: LimitWords = {
  what: 'the largest trusted count',
  pick: Math.min,
  picked: 'smallest',
  isOne: (value) => value > 0,
  none: Infinity,
};
const SMALLEST: LimitWords = {
  what: 'the smallest trusted value',
  pick: Math.max,
  picked: 'largest',
  isOne: () => true,
  none: -Infinity,
};

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** The limit that the dataset at `path` states for frames of `frameShape`. */
function limitAt(file: Hdf5File, path: string, words: LimitWords, frameShape: readonly number[]): Limit {
  const { what, pick, picked, isOne } = words;
  const unused = (text: string): Limit => ({
    value: null,
    notes: [warning('unused', file.name, path, text)],
  });
  const { shape, pixelType } = file.info(path);
  const isMap = shape.length > 1 && product(shape) === product(frameShape) && shape.at(-1) === frameShape.at(-1);
  if (pixelType === null || (product(shape) > MAX_LIMITS && !isMap))
    return unused(`is no single number and was not used as ${what}`);
  const values = toColumn(file.readAll(path)).map(Number);
  if (isMap) {
    const map = Float64Array.from(values, (value) => (Number.isFinite(value) && isOne(value) ? value : words.none));
    if (map.every((limit) => limit === words.none)) return unused(`states nothing and was not used as ${what}`);
    return { value: null, map, notes: [taken('values', file.name, path, `${what} of each pixel`)] };
  }
  if (values.length === 0 || !values.every((value) => Number.isFinite(value)))
    return unused(`is ${values.join(', ') || 'empty'} and was not used as ${what}`);
  const value = pick(...values);
  if (!isOne(value)) return unused(`is ${value}, which states nothing, and was not used as ${what}`);
  const several = values.length > 1 ? `, the ${picked} of ${values.length}` : '';
  return { value, notes: [taken('values', file.name, path, `${what} is ${value}${several}`)] };
} // prettier-ignore

/**
 * What the detectors of the frames say by one of `names`, each in itself or in its collection. Where nothing tells several
 * detectors apart and they say different things, none of it counts.
 */
function limitOf(file: Hdf5File, nexus: Nexus, names: readonly string[], words: LimitWords, frameShape: readonly number[]): Limit {
  const inside = (path: string, detector: string): boolean => path.startsWith(`${detector}/`);
  const { detectors, collections } = nexus;
  const whole = detectors.filter((path) => !detectors.some((detector) => inside(path, detector)));
  const found = whole.flatMap((detector) => {
    // The channel that is read goes before the detector.
    const parts = [...detectors, ...collections].filter((path) => inside(path, detector));
    const channels = parts.filter((path) => detectors.includes(path));
    const places = [...channels, detector, ...parts.filter((path) => !channels.includes(path))];
    const path = places
      .flatMap((place) => names.map((name) => `${place}/${name}`))
      .find((one) => file.node(one).kind === 'dataset');
    return path === undefined ? [] : [{ path, ...limitAt(file, path, words, frameShape) }];
  });
  const notes = found.flatMap((one) => one.notes);
  const stated = found.filter(({ value }) => value !== null);
  const odd = stated.find(({ value }) => value !== stated[0]!.value);
  const [one] = found.flatMap(({ map }) => (map === undefined ? [] : [map]));
  const map = one === undefined ? {} : { map: one };
  if (odd === undefined) return { value: stated[0]?.value ?? null, ...map, notes };
  const text = `says that ${words.what} is ${odd.value}, but ${stated[0]!.path} says ${stated[0]!.value}, and nothing says which detector saw the frames: neither was used`;
  const warnings = notes.filter(({ kind }) => kind === 'warning');
  return { value: null, notes: [...warnings, warning('unused', file.name, odd.path, text)] };
} // prettier-ignore

/** The rule of the frames in `info`, each of `frameShape`, and where it comes from. */
export function readValueRule(
  file: Hdf5File,
  info: Hdf5DatasetInfo,
  frameShape: readonly number[],
  nexus: Nexus,
): { readonly rule: ValueRule; readonly notes: readonly Note[] } {
  const type = info.pixelType!;
  const stated = limitOf(file, nexus, ['saturation_value'], LARGEST, frameShape);
  const cutoff = limitOf(file, nexus, ['countrate_correction_count_cutoff', 'count_cutoff'], LARGEST, frameShape);
  const under = limitOf(file, nexus, ['underload_value'], SMALLEST, frameShape);
  const tops = [stated, cutoff].flatMap(({ value }) => (value === null ? [] : [value]));
  const neverNegative = type.startsWith('int') && countsPhotons(nexus);
  const map = stated.map ?? cutoff.map;
  return {
    rule: {
      ...NO_RULE,
      sentinels: sentinelsOf(file, type, nexus),
      below: under.value ?? (neverNegative ? 0 : null),
      saturation: tops.length === 0 ? null : Math.min(...tops),
      ...(map === undefined ? {} : { limits: map }),
      ...(under.map === undefined ? {} : { floors: under.map }),
    },
    notes: [...stated.notes, ...cutoff.notes, ...under.notes],
  };
} // prettier-ignore

/**
 * `read`, with a `UserError` where most of a frame is below the smallest trusted value: then that is none of these frames.
 * Counters have pixels without a photon, which a value of 0 or less does not hide.
 */
export function refuseMostBelow(
  file: Hdf5File,
  { below, floors }: ValueRule,
  accept: boolean,
  read: (index: number) => PixelArray,
): (index: number) => PixelArray {
  if (accept || (floors === undefined && (below === null || below <= 0))) return read;
  const least = below ?? -Infinity;
  return (index) => {
    const pixels = read(index);
    let hidden = 0;
    for (let i = 0; i < pixels.length; i++) if (pixels[i]! < Math.max(least, floors?.[i] ?? -Infinity)) hidden++;
    if (2 * hidden <= pixels.length) return pixels;
    throw new UserError(`${hidden} of ${pixels.length} pixels of frame ${index} are below it and would be masked`, {
      file: file.name,
      field: floors === undefined ? `underload_value ${below}` : 'underload_value',
      remedy: 'correct it in the file, or write --mask own to accept it',
    });
  };
} // prettier-ignore
