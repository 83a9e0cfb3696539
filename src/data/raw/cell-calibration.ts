/**
 * The integer calibration of all memory cells that a file has maps of, 352 of an AGIPD: made a cell at a time, in formats that
 * hold them all, and held once. Its arrays are shared, so that threads that read frames hold none of their own.
 */
import { UserError } from '../../core/errors.js';
import { writtenAt } from '../../core/files.js';
import { COUNTS } from '../../ir/ops/input.js';
import type { FrameSource } from '../frames.js';
import { countsOf, type Counts } from './calibrated.js';
import {
  checkedMaps,
  serialIn,
  type CheckedMaps,
  type FramesForMaps,
  type RawMapsOptions,
} from './checked-maps.js';
import { rawDetector } from './detectors.js';
import {
  extremesOf,
  integerMaps,
  mapFormats,
  type CellIntegers,
  type Extremes,
  type SharedMaps,
  type MapFormats,
} from './integer-maps.js';

export interface CellCalibration extends Pick<
  SharedMaps,
  'file' | 'name' | 'formats' | 'bound' | 'commonMode'
> {
  /** Whether each frame's memory cell is to be known. */
  readonly hasCells: boolean;
  /** Integer maps of memory cell `cell`. Throws `UserError` where there are none; `frame` says whose cell it is. */
  integers(cell: number, frame: string): CellIntegers;
  /** Counts of a frame of `cell`. Throws `UserError` as `integers` does. */
  counts(cell: number, frame: string, ...words: Parameters<Counts>): Float32Array;
}

const shared = (values: Int32Array): Int32Array => {
  const own = new Int32Array(new SharedArrayBuffer(values.byteLength));
  own.set(values);
  return own;
};

const noMaps = (file: string): UserError =>
  new UserError('has no map of any memory cell: every pixel is bad', { file, field: 'pedestals' });

/** Formats that hold the maps of every cell. */
async function formatsOf(checked: CheckedMaps): Promise<MapFormats> {
  if (checked.formats !== undefined) return checked.formats;
  let extremes: Extremes | undefined;
  for (let cell = 0; cell < checked.cells; cell++) {
    const maps = await checked.maps(cell);
    if (maps !== null) extremes = extremesOf(checked.detector, maps, extremes);
  }
  if (extremes === undefined) throw noMaps(checked.file);
  return mapFormats(checked.detector, extremes, COUNTS);
}

/** `checked` as integers, a cell at a time. Throws `UserError`. */
export async function sharedMaps(checked: CheckedMaps, key: string): Promise<SharedMaps> {
  const { detector, name, file } = checked;
  const formats = await formatsOf(checked);
  const cells: (CellIntegers | null)[] = [];
  let bound = 0;
  for (let cell = 0; cell < checked.cells; cell++) {
    const maps = await checked.maps(cell);
    const made = maps === null ? null : integerMaps(detector, maps, COUNTS, formats);
    bound = Math.max(bound, made?.bound ?? 0);
    cells.push(
      made === null
        ? null
        : {
            pedestals: shared(made.pedestals),
            factors: shared(made.factors),
            thresholds: shared(made.thresholds),
          },
    );
  }
  if (cells.every((cell) => cell === null)) throw noMaps(file);
  const { commonMode } = checked;
  return { key, file, name, formats, bound, cells, ...(commonMode === undefined ? {} : { commonMode }) };
}

/** The calibration with maps that were made, here or in another thread. */
export function cellCalibration(made: SharedMaps): CellCalibration {
  const { file, name, formats, bound, cells, commonMode } = made;
  const detector = rawDetector(name);
  const run = countsOf(detector, formats, commonMode);
  const integers = (cell: number, frame: string): CellIntegers => {
    const found = cells[cell];
    if (found != null) return found;
    throw new UserError(`has no map of memory cell ${cell}, of which ${frame} is`, {
      file,
      field: '--maps',
      remedy: 'give maps of every cell that frames come from: dark frames of all of them to vetoc darks',
    });
  };
  return {
    file,
    name,
    formats,
    bound,
    ...(commonMode === undefined ? {} : { commonMode }),
    hasCells: detector.cells > 1,
    integers,
    counts: (cell, frame, words, gains) => run(integers(cell, frame), words, gains),
  };
}

const known = new WeakMap<RawMapsOptions, Map<string, Promise<SharedMaps>>>();

/** The maps for `frames`, made once for all files of one size and serial number. */
export async function sharedMapsFor(options: RawMapsOptions, frames: FramesForMaps): Promise<SharedMaps> {
  const key = JSON.stringify([frames.height, frames.width, frames.serial]);
  const loaded = options.loaded?.find((one) => one.key === key);
  if (loaded !== undefined) return loaded;
  const made = known.get(options) ?? new Map<string, Promise<SharedMaps>>();
  known.set(options, made);
  const own = made.get(key) ?? checkedMaps(options, frames).then((checked) => sharedMaps(checked, key));
  made.set(key, own);
  return own;
}

/** `options` with all maps that were made for them here: threads then make none. */
export async function withLoadedMaps(options: RawMapsOptions): Promise<RawMapsOptions> {
  return { ...options, loaded: await Promise.all(known.get(options)?.values() ?? []) };
}

/** What is known of frames of `file`. */
export const framesForMaps = (
  file: string,
  [height, width]: readonly [number, number],
  details: FrameSource['details'],
): FramesForMaps => ({ file, height, width, serial: serialIn(details), written: writtenAt([file]) });

/** The calibration for frames of words that were opened as they are, and its maps as they stand in their file. Throws `UserError`. */
export async function openCalibration(
  words: FrameSource,
  options: RawMapsOptions,
): Promise<CellCalibration & { readonly maps: CheckedMaps['maps'] }> {
  const frames = framesForMaps(words.origin(0).file, [words.height, words.width], words.details);
  const { maps } = await checkedMaps(options, frames);
  return { ...cellCalibration(await sharedMapsFor(options, frames)), maps };
}
