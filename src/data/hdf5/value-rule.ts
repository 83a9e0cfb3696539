/**
 * Which stored values of an HDF5 file are no measurement, by what the file says: the marks of its pixel type, the largest
 * trusted count, and the smallest.
 *
 * Sources: NXdetector (`saturation_value`, `underload_value`: what lies above and below is invalid); DECTRIS, SIMPLON API
 * (all ones: no pixel there, one less: a bad or overflowed one; `countrate_correction_count_cutoff`).
 */
import { taken, warning, type Note } from '../notes.js';
import { NO_RULE, type PixelType, type ValueRule } from '../pixels.js';
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
  readonly notes: readonly Note[];
}

/** The limit that the first of `paths` states; several numbers (a module each) are joined by `pick`. */
function limitAt(
  file: Hdf5File,
  paths: readonly string[],
  pick: (...values: number[]) => number,
  what: string,
): Limit {
  const path = paths.find((one) => file.node(one).kind === 'dataset');
  if (path === undefined) return { value: null, notes: [] };
  const unused = (text: string): Limit => ({
    value: null,
    notes: [warning('unused', file.name, path, text)],
  });
  const { shape, pixelType } = file.info(path);
  if (pixelType === null || shape.reduce((a, b) => a * b, 1) > MAX_LIMITS)
    return unused(`is no single number and was not used as ${what}`);
  const values = toColumn(file.readAll(path)).map(Number);
  if (values.length === 0 || !values.every((value) => Number.isFinite(value)))
    return unused(`is ${values.join(', ') || 'empty'} and was not used as ${what}`);
  const value = pick(...values);
  return { value, notes: [taken('values', file.name, path, `${what} is ${value}`)] };
}

/** The rule of the frames in `info`, and where it comes from. */
export function readValueRule(
  file: Hdf5File,
  info: Hdf5DatasetInfo,
  nexus: Nexus,
): { readonly rule: ValueRule; readonly notes: readonly Note[] } {
  const type = info.pixelType!;
  const places = [...nexus.detectors, ...nexus.collections];
  const at = (...names: string[]): readonly string[] =>
    places.flatMap((place) => names.map((name) => `${place}/${name}`));
  const stated = limitAt(file, at('saturation_value'), Math.min, 'the largest trusted count');
  const cutoff = limitAt(
    file,
    at('countrate_correction_count_cutoff', 'count_cutoff'),
    Math.min,
    'the largest trusted count',
  );
  const under = limitAt(file, at('underload_value'), Math.max, 'the smallest trusted value');
  const tops = [stated, cutoff].flatMap(({ value }) => (value !== null && value > 0 ? [value] : []));
  const neverNegative = type.startsWith('int') && countsPhotons(nexus);
  return {
    rule: {
      ...NO_RULE,
      sentinels: sentinelsOf(file, type, nexus),
      below: under.value ?? (neverNegative ? 0 : null),
      saturation: tops.length === 0 ? null : Math.min(...tops),
    },
    notes: [...stated.notes, ...cutoff.notes, ...under.notes],
  };
}
