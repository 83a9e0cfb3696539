/**
 * Maps of a detector in a file: HDF5, a dataset for each kind, `[stage, y, x]`, or `[cell, stage, y, x]` of a detector with memory
 * cells. The names are psana's; pycalibration calls the first three Offset, Noise and BadPixelsDark.
 *
 *     pedestals      float32   ADU
 *     pixel_rms      float32   ADU: the noise of a frame without light
 *     pixel_status   uint8     0 is good; else a bit for each reason (PIXEL_STATUS)
 *     pixel_gain     float64   ADU a keV; not in what dark runs alone give
 *     thresholds     float32   [stage − 1, …]: where a word of gain says the stage
 *     attributes of /: detector, and where they are known serial and made (ISO 8601)
 *
 * Only finite values count; what is read is checked, since a wrong map is not seen in a decision. Names and types of datasets
 * stand once, in KINDS: `putMaps` writes what `openMaps` reads.
 */
import { resolve } from 'node:path';
import { UserError } from '../../core/errors.js';
import { openHdf5, type Hdf5File } from '../hdf5/file.js';
import { attributeText } from '../hdf5/columns.js';
import { Hdf5Failure } from '../hdf5/library.js';
import type { Hdf5Writer } from '../write/hdf5-writer.js';
import { RAW_DETECTOR_NAMES, rawDetector, type RawDetectorName } from './detectors.js';

/** Why a pixel measures nothing in a stage: bits of `pixel_status`. */
export const PIXEL_STATUS = {
  noisy: 1,
  still: 2,
  offset: 4,
  unseen: 8,
  otherStage: 16,
} as const;

export interface StoredMaps {
  readonly file: string;
  readonly detector: RawDetectorName;
  readonly serial: string | null;
  readonly made: Date | null;
  readonly height: number;
  readonly width: number;
  readonly cells: number;
  /** The maps of one memory cell, a map a stage; `gains` and `thresholds` null where the file has none. */
  cell(index: number): CellMaps;
  close(): void;
}

export interface CellMaps {
  readonly pedestals: readonly Float64Array[];
  readonly status: readonly Float64Array[];
  readonly gains: readonly Float64Array[] | null;
  readonly thresholds: readonly Float64Array[] | null;
}

/** The arrays that hold the maps of each kind. */
const KINDS = {
  pedestals: Float32Array,
  pixel_rms: Float32Array,
  pixel_status: Uint8Array,
  pixel_gain: Float64Array,
  thresholds: Float32Array,
} as const;

/** Maps to be written, of each kind `[cell][stage]`, each map `[y, x]`. */
export type MapsToWrite = Partial<Record<keyof typeof KINDS, readonly (readonly ArrayLike<number>[])[]>>;

export interface MapsFacts {
  readonly detector: RawDetectorName;
  readonly serial?: string | null;
  readonly made?: Date;
}

/** Writes maps and what is known of them; an axis of cells where there is more than one. */
export function putMaps(
  writer: Hdf5Writer,
  { detector, serial = null, made }: MapsFacts,
  maps: MapsToWrite,
  [height, width]: readonly [number, number],
): void {
  writer.attribute('/', 'detector', detector);
  if (made !== undefined) writer.attribute('/', 'made', made.toISOString());
  if (serial !== null) writer.attribute('/', 'serial', serial);
  for (const kind of Object.keys(maps) as (keyof typeof KINDS)[]) {
    const cells = maps[kind]!;
    const stages = cells[0]!.length;
    const values = new KINDS[kind](cells.length * stages * height * width);
    cells.flat().forEach((map, index) => {
      values.set(map, index * height * width);
    });
    const shape = [...(cells.length === 1 ? [] : [cells.length]), stages, height, width];
    writer.dataset(`/${kind}`, values, shape, 'gzip');
  }
}

const OTHER_FILE = 'give a file that vetoc darks wrote, or one with the same names';

const isDetector = (name: string): name is RawDetectorName =>
  RAW_DETECTOR_NAMES.some((known) => known === name);

function detectorOf(hdf5: Hdf5File, file: string): RawDetectorName {
  const name = attributeText(hdf5, '/', 'detector');
  if (name === null)
    throw new UserError('does not say its detector', { file, field: 'detector', remedy: OTHER_FILE });
  if (isDetector(name)) return name;
  throw new UserError(`is of '${name}', which is not known`, {
    file,
    field: 'detector',
    remedy: `use one of ${RAW_DETECTOR_NAMES.join(', ')}`,
  });
}

function dateOf(hdf5: Hdf5File, file: string): Date | null {
  const text = attributeText(hdf5, '/', 'made');
  if (text === null) return null;
  const made = new Date(text);
  if (!Number.isNaN(made.getTime())) return made;
  throw new UserError(`'${text}' is no time`, {
    file,
    field: 'made',
    remedy: 'write it as 2026-11-30T12:00:00Z',
  });
}

/** Cells, stages, height and width of `dataset`, in which there may be no axis of cells. */
function extentsOf(
  hdf5: Hdf5File,
  file: string,
  dataset: string,
  stages: number,
  cells: number,
): readonly [number, number] {
  const { shape, pixelType, typeName } = hdf5.info(dataset);
  const [height, width] = shape.slice(-2);
  const front = shape.slice(0, -2).join();
  const fits =
    front === (cells === 1 ? String(stages) : `${cells},${stages}`) || front === `${cells},${stages}`;
  if (pixelType === null)
    throw new UserError(`holds ${typeName}, not numbers`, { file, field: dataset, remedy: OTHER_FILE });
  if (!fits || height === undefined || width === undefined)
    throw new UserError(
      `is ${shape.join('×')}, not ${cells === 1 ? '' : `${cells} cells × `}${stages} gain stages × y × x`,
      {
        file,
        field: dataset,
        remedy: 'give a map for each gain stage of this detector',
      },
    );
  return [height, width];
}

/** Opens a file of maps. The caller closes it. Throws `UserError`. */
export async function openMaps(file: string): Promise<StoredMaps> {
  const words = async <T>(use: () => T | Promise<T>): Promise<T> => {
    try {
      return await use();
    } catch (error) {
      if (!(error instanceof Hdf5Failure)) throw error;
      throw new UserError(`holds no maps: ${error.message}`, { file, remedy: OTHER_FILE });
    }
  };
  const hdf5 = await words(() => openHdf5(resolve(file), file));
  try {
    return await words(() => storedMaps(hdf5, file));
  } catch (error) {
    hdf5.close();
    throw error;
  }
}

function storedMaps(hdf5: Hdf5File, file: string): StoredMaps {
  const detector = detectorOf(hdf5, file);
  const { stages, cells: most } = rawDetector(detector);
  const isThere = (dataset: keyof typeof KINDS): boolean => hdf5.node(`/${dataset}`).kind === 'dataset';
  for (const needed of ['pedestals', 'pixel_status'] as const)
    if (!isThere(needed)) throw new UserError('is missing', { file, field: needed, remedy: OTHER_FILE });
  const { shape } = hdf5.info('/pedestals');
  const cells = shape.length === 4 ? shape[0]! : 1;
  if (cells > most)
    throw new UserError(`has maps of ${cells} memory cells, of which ${detector} has ${most}`, {
      file,
      field: 'pedestals',
      remedy: OTHER_FILE,
    });
  const [height, width] = extentsOf(hdf5, file, '/pedestals', stages.length, cells);
  const read = (dataset: keyof typeof KINDS, count: number, cell: number): readonly Float64Array[] => {
    const extents = extentsOf(hdf5, file, `/${dataset}`, count, cells);
    if (extents.join() !== [height, width].join())
      throw new UserError(`is of ${extents.join('×')} pixels, the pedestals of ${height}×${width}`, {
        file,
        field: dataset,
        remedy: OTHER_FILE,
      });
    const info = hdf5.info(`/${dataset}`);
    const front = info.shape.length === 4 ? [cell] : [];
    return Array.from({ length: count }, (_, stage) =>
      Float64Array.from(
        hdf5.read(
          info,
          [...front, stage, 0, 0],
          [...front.map(() => 1), 1, height, width],
        ) as ArrayLike<number>,
      ),
    );
  };
  return {
    file,
    detector,
    serial: attributeText(hdf5, '/', 'serial'),
    made: dateOf(hdf5, file),
    height,
    width,
    cells,
    cell: (index) => ({
      pedestals: read('pedestals', stages.length, index),
      status: read('pixel_status', stages.length, index),
      gains: isThere('pixel_gain') ? read('pixel_gain', stages.length, index) : null,
      thresholds: isThere('thresholds') ? read('thresholds', stages.length - 1, index) : null,
    }),
    close: () => {
      hdf5.close();
    },
  };
}
