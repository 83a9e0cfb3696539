/**
 * From a file of maps and what the user says of gains to the maps that a calibration takes. Refused, by name: maps of another
 * size, serial number or age than the frames, a gain stage without a map, gains that are no gains.
 */
import { UserError } from '../../core/errors.js';
import type { CommonModeWish } from './common-mode.js';
import { rawDetector, type RawDetector, type RawDetectorName } from './detectors.js';
import type { FloatMaps } from './float-maps.js';
import { factorsOf, gainsOf, type Gains } from './gains.js';
import { checkMapFormats, type MapFormats, type SharedMaps } from './integer-maps.js';
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
  /** Take away what rows have in common; not unless given. */
  readonly commonMode?: CommonModeWish;
  /** Maps that another thread made of the file. */
  readonly loaded?: readonly SharedMaps[];
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
  readonly file: string;
  readonly name: RawDetectorName;
  readonly detector: RawDetector;
  /** Of the detector that they were made of; null where the file does not say it. */
  readonly serial: string | null;
  /** Memory cells, those without a map among them. */
  readonly cells: number;
  /** The maps of memory cell `cell`, read anew; null where the file has none of it. Throws `UserError`. */
  readonly maps: (cell: number) => Promise<FloatMaps | null>;
  /** Formats that the integer maps are to have; made for these maps unless given. */
  readonly formats?: MapFormats;
  readonly commonMode?: CommonModeWish;
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

/** What is being checked: the maps of one memory cell. */
interface Checking {
  readonly detector: RawDetector;
  readonly cell: CellMaps;
  readonly width: number;
  readonly file: string;
  /** ` of memory cell 3`; nothing where there are no cells. */
  readonly where: string;
}

const isStageBad = ({ pedestals, status }: CellMaps, stage: number): boolean =>
  pedestals[stage]!.every((_, i) => isBad(status[stage]!, pedestals[stage]!, i));

function checkStages({ detector, cell, file, where }: Checking): void {
  detector.stages.forEach(({ name }, stage) => {
    if (!isStageBad(cell, stage)) return;
    throw new UserError(`gain stage ${name}${where} has no map: every pixel is bad in it`, {
      file,
      field: 'pedestals',
      remedy: 'give dark frames of every gain stage to vetoc darks',
    });
  });
}

/** Throws where one of `values` of good pixels of `stage` is not as it has to be. */
function checkValues(
  { cell: { pedestals, status }, detector, width, where }: Checking,
  stage: number,
  value: (i: number) => number,
  fits: (value: number) => boolean,
  {
    what,
    because = '',
    ...place
  }: {
    readonly what: string;
    readonly because?: string;
    readonly file?: string;
    readonly field: string;
    readonly remedy: string;
  },
): void {
  const map = pedestals[stage]!;
  let [count, first] = [0, 0];
  for (let i = map.length - 1; i >= 0; i--) {
    if (fits(value(i)) || isBad(status[stage]!, map, i)) continue;
    count += 1;
    first = i;
  }
  if (count === 0) return;
  throw new UserError(
    `${count} good pixels of gain stage ${detector.stages[stage]!.name}${where} have a ${what} that is none, the first at row ${Math.floor(first / width)}, column ${first % width}: ${value(first)}${because}`,
    place,
  );
}

/** Refuses gains that are NaN, 0 or of the wrong sign where a pixel is called good. */
function checkGains(
  checking: Checking,
  gains: Gains,
  place: { readonly file?: string; readonly field: string },
): void {
  checking.detector.stages.forEach(({ sign }, stage) => {
    const gain = gains[stage]!;
    checkValues(
      checking,
      stage,
      (i) => (typeof gain === 'number' ? gain : gain[i]!),
      (value) => Number.isFinite(value) && value !== 0 && (sign === 0 || Math.sign(value) === sign),
      {
        ...place,
        what: 'gain',
        because: sign === -1 ? ' (the ADC falls with charge: gains are below 0)' : '',
        remedy: 'mark such pixels in pixel_status, or give their gains',
      },
    );
  });
}

/** Refuses thresholds on words of gain that are no word, or do not rise from stage to stage, where a pixel is called good. */
function checkThresholds(checking: Checking): readonly ArrayLike<number>[] {
  const { detector, cell, file } = checking;
  if (detector.select.by === 'bits') return [];
  const { thresholds } = cell;
  if (thresholds === null)
    throw new UserError('is missing, and the gain stage is what a word of gain is above', {
      file,
      field: 'thresholds',
      remedy:
        'make the maps with vetoc darks from dark frames of each gain setting, or give ThresholdsDark beside them',
    });
  thresholds.forEach((map, k) => {
    const below = thresholds[k - 1];
    for (const stage of detector.stages.keys())
      checkValues(
        checking,
        stage,
        (i) => (below !== undefined && map[i]! <= below[i]! ? NaN : map[i]!),
        (value) => value >= 0 && value <= 65535,
        { file, field: 'thresholds', what: 'threshold', remedy: 'mark such pixels in pixel_status' },
      );
  });
  return thresholds;
}

/** The maps of one memory cell as a calibration takes them. Throws `UserError`. */
async function floatMaps(checking: Checking, options: RawMapsOptions): Promise<FloatMaps> {
  const { detector, cell, file } = checking;
  checkStages(checking);
  const thresholds = checkThresholds(checking);
  const pixels = cell.pedestals[0]!.length;
  const stated = await gainsOf(options, detector.stages.length, cell, pixels);
  if (stated === null && detector.stages.length > 1)
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
    checkGains(checking, stated.gains, {
      ...(stated.field === '--gain' ? {} : { file }),
      field: stated.field,
    });
  const factors =
    stated === null
      ? [new Float64Array(pixels).fill(1)]
      : factorsOf(stated.gains, pixels, options.photonEnergyEv! / 1000);
  return { pedestals: cell.pedestals, factors, bad: cell.status, thresholds };
}

/** Opens the file for `use`, and closes it. */
async function withMaps<T>(file: string, use: (stored: StoredMaps) => T | Promise<T>): Promise<T> {
  const stored = await openMaps(file);
  try {
    return await use(stored);
  } finally {
    stored.close();
  }
}

/**
 * The maps that `options` names, for `frames`. A memory cell in which no stage has a good pixel has no map; one in which some
 * have is checked when it is read. Throws `UserError`.
 */
export function checkedMaps(options: RawMapsOptions, frames: FramesForMaps): Promise<CheckedMaps> {
  return withMaps(options.maps, async (opened) => {
    const { file, detector: name, cells, width, serial } = opened;
    const detector = rawDetector(name);
    checkFrames(opened, frames, options.maxAgeDays);
    const mapsOf = async (stored: StoredMaps, index: number): Promise<FloatMaps | null> => {
      const cell = stored.cell(index);
      if (cells > 1 && detector.stages.every((_, stage) => isStageBad(cell, stage))) return null;
      const where = cells > 1 ? ` of memory cell ${index}` : '';
      return floatMaps({ detector, cell, width, file, where }, options);
    };
    await mapsOf(opened, 0);
    const { formats, commonMode } = options;
    if (commonMode !== undefined && width % commonMode.columns !== 0)
      throw new UserError(`${commonMode.columns} columns do not divide the ${width} of a frame`, {
        field: '--common-mode',
        remedy: 'give the columns of an ASIC, or of the frame',
      });
    if (formats !== undefined) checkMapFormats(detector, formats);
    return {
      file,
      name,
      detector,
      serial,
      cells,
      maps: (cell) => withMaps(options.maps, (stored) => mapsOf(stored, cell)),
      ...(formats === undefined ? {} : { formats }),
      ...(commonMode === undefined ? {} : { commonMode }),
    };
  });
}
