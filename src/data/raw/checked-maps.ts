/**
 * From a file of maps and what the user says of gains to the maps that a calibration takes. Refused, by name: maps of another
 * size, serial number or age than the frames, a gain stage without a map, gains that are no gains.
 */
import { UserError } from '../../core/errors.js';
import { readStages } from '../calibrate-jungfrau.js';
import { rawDetector, type RawDetector, type RawDetectorName } from './detectors.js';
import type { FloatMaps } from './float-maps.js';
import { checkMapFormats, type MapFormats } from './integer-maps.js';
import { openMaps, type CellMaps, type StoredMaps } from './maps-file.js';

/** How raw words are to be calibrated. */
export interface RawMapsOptions {
  /** A file of maps (maps-file.ts). */
  readonly maps: string;
  /** Gains in ADU a keV, one number a stage or maps as `--gain` takes them; those of the file unless given. */
  readonly gain?: string;
  /** eV; needed where there are gains, for counts of photons. */
  readonly photonEnergyEv?: number;
  /** Days between maps and frames at most; 7 unless given. */
  readonly maxAgeDays?: number;
  /** Formats of the integer maps, for firmware that is built; made for these maps unless given. */
  readonly formats?: MapFormats;
}

/** What is known of the frames that the maps are for. */
export interface FramesForMaps {
  readonly file: string;
  readonly height: number;
  readonly width: number;
  readonly serial: string | null;
  /** When they were written. */
  readonly written: Date | null;
}

/** The serial number that a file's facts state; null where they state none. */
export function serialIn(details: Readonly<Record<string, string | number>> | undefined): string | null {
  const serial = details?.['serialNumber'];
  return serial === undefined ? null : String(serial);
}

export interface CheckedMaps {
  readonly name: RawDetectorName;
  readonly detector: RawDetector;
  readonly maps: FloatMaps;
  /** Formats that the integer maps are to have; made for these maps unless given. */
  readonly formats?: MapFormats;
}

const DAY = 86_400_000;
const MAX_AGE_DAYS = 7;

function checkFrames(stored: StoredMaps, frames: FramesForMaps, maxAgeDays = MAX_AGE_DAYS): void {
  const { file, height, width, serial, made } = stored;
  if (height !== frames.height || width !== frames.width)
    throw new UserError(
      `has maps of ${height}×${width} pixels, the frames of ${frames.file} have ${frames.height}×${frames.width}`,
      {
        file,
        field: '--maps',
        remedy: 'give the maps of this detector',
      },
    );
  if (serial !== null && frames.serial !== null && serial !== frames.serial)
    throw new UserError(
      `has maps of the detector ${serial}, the frames of ${frames.file} are of ${frames.serial}`,
      {
        file,
        field: '--maps',
        remedy: 'give the maps of this detector',
      },
    );
  if (made === null || frames.written === null) return;
  const days = Math.abs(frames.written.getTime() - made.getTime()) / DAY;
  if (days > maxAgeDays)
    throw new UserError(
      `has maps of ${made.toISOString()}, ${days.toFixed(1)} days from the frames of ${frames.file}`,
      {
        file,
        field: '--maps',
        remedy: `give maps of a dark run near them, or allow more days than ${maxAgeDays} with --maps-age`,
      },
    );
}

const isBad = (status: ArrayLike<number>, pedestals: ArrayLike<number>, i: number): boolean =>
  status[i] !== 0 || !Number.isFinite(pedestals[i]!);

function checkStages({ stages }: RawDetector, { pedestals, status }: CellMaps, file: string): void {
  stages.forEach(({ name }, stage) => {
    const map = pedestals[stage]!;
    if (map.some((_, i) => !isBad(status[stage]!, map, i))) return;
    throw new UserError(`gain stage ${name} has no map: every pixel is bad in it`, {
      file,
      field: 'pedestals',
      remedy: 'give dark frames of every gain stage to vetoc darks',
    });
  });
}

/** Refuses gains that are NaN, 0 or of the wrong sign where a pixel is called good. */
function checkGains(
  { stages }: RawDetector,
  { pedestals, status }: CellMaps,
  gains: readonly (number | ArrayLike<number>)[],
  width: number,
  place: { readonly file?: string; readonly field: string },
): void {
  stages.forEach(({ name, sign }, stage) => {
    const gain = gains[stage]!;
    const map = pedestals[stage]!;
    let [count, first] = [0, 0];
    for (let i = map.length - 1; i >= 0; i--) {
      const value = typeof gain === 'number' ? gain : gain[i]!;
      const isGain = Number.isFinite(value) && value !== 0 && (sign === 0 || Math.sign(value) === sign);
      if (isGain || isBad(status[stage]!, map, i)) continue;
      count += 1;
      first = i;
    }
    if (count === 0) return;
    const value = typeof gain === 'number' ? gain : gain[first]!;
    throw new UserError(
      `${count} good pixels of gain stage ${name} have a gain that is none, the first at row ${Math.floor(first / width)}, column ${first % width}: ${value}${sign === -1 ? ' (the ADC falls with charge: gains are below 0)' : ''}`,
      { ...place, remedy: 'mark such pixels in pixel_status, or give their gains' },
    );
  });
}

/** ADU a keV, from `--gain` or the file; null where nobody states them. */
async function gainsOf(
  options: RawMapsOptions,
  stages: number,
  cell: CellMaps,
  pixels: number,
): Promise<{ readonly gains: readonly (number | ArrayLike<number>)[]; readonly field: string } | null> {
  const { gain } = options;
  if (gain === undefined) return cell.gains === null ? null : { gains: cell.gains, field: 'pixel_gain' };
  const numbers = gain.split(',').map(Number);
  if (!numbers.every(Number.isFinite))
    return { gains: await readStages('--gain', gain, 'float64', pixels, stages), field: '--gain' };
  if (numbers.length === stages) return { gains: numbers, field: '--gain' };
  throw new UserError(`has ${numbers.length} numbers, not ${stages}`, {
    field: '--gain',
    remedy: 'give one gain for each gain stage',
  });
}

const factorsOf = (
  gains: readonly (number | ArrayLike<number>)[],
  pixels: number,
  keV: number,
): readonly Float64Array[] =>
  gains.map((gain) =>
    Float64Array.from({ length: pixels }, (_, i) => 1 / ((typeof gain === 'number' ? gain : gain[i]!) * keV)),
  );

/** The maps that `options` names, for `frames`. Throws `UserError`. */
export async function checkedMaps(options: RawMapsOptions, frames: FramesForMaps): Promise<CheckedMaps> {
  const stored = await openMaps(options.maps);
  try {
    const { file, detector: name } = stored;
    const detector = rawDetector(name);
    checkFrames(stored, frames, options.maxAgeDays);
    if (detector.select.by === 'thresholds' || stored.cells > 1)
      throw new UserError(
        `has maps of ${detector.title}, whose frames bring a memory cell and words of gain: files of such frames are not calibrated yet`,
        {
          file,
          field: '--maps',
          remedy: 'use the library (integerMaps, fromWords) with the maps of the cell, or corrected frames',
        },
      );
    const cell = stored.cell(0);
    checkStages(detector, cell, file);
    const pixels = stored.height * stored.width;
    const stated = await gainsOf(options, detector.stages.length, cell, pixels);
    const needsGains = detector.select.stages.length > 1 && detector.stages.length > 1;
    if (stated === null && needsGains)
      throw new UserError('has no gains, and gain stages without gains do not compare', {
        file,
        field: 'pixel_gain',
        remedy: 'give them with --gain, in ADU a keV, or as the dataset pixel_gain',
      });
    if (stated !== null && options.photonEnergyEv === undefined)
      throw new UserError('counts of photons need their energy', {
        field: '--photon-energy',
        remedy: 'give it in eV',
      });
    if (stated !== null)
      checkGains(detector, cell, stated.gains, stored.width, {
        ...(stated.field === '--gain' ? {} : { file }),
        field: stated.field,
      });
    const factors =
      stated === null
        ? [new Float64Array(pixels).fill(1)]
        : factorsOf(stated.gains, pixels, options.photonEnergyEv! / 1000);
    const maps = { pedestals: cell.pedestals, factors, bad: cell.status, thresholds: [] };
    const { formats } = options;
    if (formats === undefined) return { name, detector, maps };
    checkMapFormats(detector, formats);
    return { name, detector, maps, formats };
  } finally {
    stored.close();
  }
}
