/**
 * Maps of a detector in a file: HDF5, a dataset for each kind, `[stage, y, x]`, or `[cell, stage, y, x]` of a detector with memory
 * cells. The names are psana's; those of others are read, too, with their axes, from one file or several (map-names.ts).
 *
 *     pedestals      float32   ADU
 *     pixel_rms      float32   ADU: the noise of a frame without light
 *     pixel_status   uint8     0 is good; else a bit for each reason (PIXEL_STATUS)
 *     pixel_gain     float64   ADU a keV; not in what dark runs alone give
 *     thresholds     float32   [stage − 1, …]: where a word of gain says the stage
 *     attributes of /: detector, and where they are known serial and made (ISO 8601)
 *
 * Only finite values count; what is read is checked, since a wrong map is not seen in a decision. maps-writer.ts writes what
 * `openMaps` reads.
 */
import { resolve } from 'node:path';
import { UserError } from '../../core/errors.js';
import { openHdf5, type Hdf5File } from '../hdf5/file.js';
import { attributeText } from '../hdf5/columns.js';
import { Hdf5Failure } from '../hdf5/library.js';
import type { PixelArray } from '../pixels.js';
import {
  detectorOfPaths,
  findMaps,
  namesOf,
  type FoundMaps,
  type MapAxis,
  type MapKind,
} from './map-names.js';
import { RAW_DETECTOR_NAMES, rawDetector, type RawDetectorName } from './detectors.js';

/** Why a pixel measures nothing in a stage: bits of `pixel_status`. */
export const PIXEL_STATUS = {
  noisy: 1,
  still: 2,
  offset: 4,
  unseen: 8,
  otherStage: 16,
  gainWords: 32,
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

const OTHER_FILE = 'give a file that vetoc darks wrote, or one with the same names';

const isDetector = (name: string): name is RawDetectorName =>
  RAW_DETECTOR_NAMES.some((known) => known === name);

/** What the first of `files` says that says it. */
const attributeOf = (files: readonly Hdf5File[], name: string): string | null =>
  files.map((hdf5) => attributeText(hdf5, '/', name)).find((text) => text !== null) ?? null;

function detectorOf(files: readonly Hdf5File[], file: string): RawDetectorName {
  const name = attributeOf(files, 'detector') ?? detectorOfPaths(files);
  if (name === null)
    throw new UserError('does not say its detector', {
      file,
      field: 'detector',
      remedy: `${OTHER_FILE}; the attribute detector of / is one of ${RAW_DETECTOR_NAMES.join(', ')}`,
    });
  if (isDetector(name)) return name;
  throw new UserError(`is of '${name}', which is not known`, {
    file,
    field: 'detector',
    remedy: `use one of ${RAW_DETECTOR_NAMES.join(', ')}`,
  });
}

function dateOf(files: readonly Hdf5File[], file: string): Date | null {
  const text = attributeOf(files, 'made');
  if (text === null) return null;
  const made = new Date(text);
  if (!Number.isNaN(made.getTime())) return made;
  throw new UserError(`'${text}' is no time`, {
    file,
    field: 'made',
    remedy: 'write it as 2026-11-30T12:00:00Z',
  });
}

/** Extents of the axes of maps: 1 where there is none. */
type Extents = Readonly<Record<MapAxis, number>>;

/** Extents of `found`, which has maps of `stages` gain stages, or more behind them (ThresholdsDark). Throws `UserError`. */
function extentsOf({ info, axes, hdf5 }: FoundMaps, stages: number): Extents {
  const { shape, pixelType, typeName, path } = info;
  const place = { file: hdf5.name, field: path };
  if (pixelType === null)
    throw new UserError(`holds ${typeName}, not numbers`, { ...place, remedy: OTHER_FILE });
  const extents = { cell: 1, stage: 1, module: 1, y: 1, x: 1 };
  axes.forEach((axis, i) => {
    extents[axis] = shape[i]!;
  });
  const isMore = axes.at(-1) === 'stage' && extents.stage > stages;
  if (shape.length !== axes.length || (extents.stage !== stages && !isMore))
    throw new UserError(`is ${shape.join('×')}, not ${stages} gain stages as ${axes.join(' × ')}`, {
      ...place,
      remedy: 'give a map for each gain stage of this detector',
    });
  return extents;
}

/** The maps of the first `stages` gain stages of `cell`, `[y, x]`, in one read: stages may share a chunk. */
function readMaps(
  { hdf5, info, axes }: FoundMaps,
  { y, x, module }: Extents,
  cell: number,
  stages: number,
): readonly Float64Array[] {
  const start = axes.map((axis) => (axis === 'cell' ? cell : 0));
  const count = axes.map((axis, i) => (axis === 'cell' ? 1 : axis === 'stage' ? stages : info.shape[i]!));
  const values: PixelArray = hdf5.read(info, start, count);
  const step = (axis: MapAxis): number =>
    axes.includes(axis) ? count.slice(axes.indexOf(axis) + 1).reduce((a, b) => a * b, 1) : 0;
  const [stageStep, moduleStep, yStep, xStep] = [step('stage'), step('module'), step('y'), step('x')];
  return Array.from({ length: stages }, (_, stage) => {
    const map = new Float64Array(module * y * x);
    for (let row = 0, i = 0; row < module * y; row++) {
      const first = stage * stageStep + Math.floor(row / y) * moduleStep + (row % y) * yStep;
      for (let column = 0; column < x; column++) map[i++] = Number(values[first + column * xStep]);
    }
    return map;
  });
}

/**
 * Opens a file of maps, or several with a comma between them, which hold a kind of maps each. The caller closes it. Throws
 * `UserError`.
 */
export async function openMaps(file: string): Promise<StoredMaps> {
  const files: Hdf5File[] = [];
  const close = (): void => {
    for (const hdf5 of files) hdf5.close();
  };
  const words = async <T>(name: string, use: () => T | Promise<T>): Promise<T> => {
    try {
      return await use();
    } catch (error) {
      close();
      if (!(error instanceof Hdf5Failure)) throw error;
      throw new UserError(`holds no maps: ${error.message}`, { file: name, remedy: OTHER_FILE });
    }
  };
  for (const name of file.split(',')) files.push(await words(name, () => openHdf5(resolve(name), name)));
  return words(file, () => ({ ...storedMaps(files, file), close }));
}

function storedMaps(files: readonly Hdf5File[], file: string): Omit<StoredMaps, 'close'> {
  const detector = detectorOf(files, file);
  const { stages, cells: most } = rawDetector(detector);
  const find = (kind: MapKind): FoundMaps | null => findMaps(files, kind, most);
  const needed = (kind: MapKind): FoundMaps => {
    const found = find(kind);
    if (found !== null) return found;
    throw new UserError('is missing', {
      file,
      field: kind,
      remedy: `give a file with one of ${namesOf(kind)}`,
    });
  };
  const [pedestals, status] = [needed('pedestals'), needed('pixel_status')];
  const { cell: cells, y, x, module } = extentsOf(pedestals, stages.length);
  if (cells > most)
    throw new UserError(`has maps of ${cells} memory cells, of which ${detector} has ${most}`, {
      file,
      field: 'pedestals',
      remedy: OTHER_FILE,
    });
  const [height, width] = [module * y, x];
  const read = (found: FoundMaps, count: number, cell: number): readonly Float64Array[] => {
    const extents = extentsOf(found, count);
    const place = { file: found.hdf5.name, field: found.info.path, remedy: OTHER_FILE };
    const size = `${extents.module * extents.y}×${extents.x}`;
    if (size !== `${height}×${width}`)
      throw new UserError(`is of ${size} pixels, the pedestals of ${height}×${width}`, place);
    const own = found.axes.includes('cell');
    if (own && extents.cell !== cells)
      throw new UserError(`is of ${extents.cell} memory cells, the pedestals of ${cells}`, place);
    return readMaps(found, extents, own ? cell : 0, count);
  };
  const [gains, thresholds] = [find('pixel_gain'), find('thresholds')];
  return {
    file,
    detector,
    serial: attributeOf(files, 'serial'),
    made: dateOf(files, file),
    height,
    width,
    cells,
    cell: (index) => ({
      pedestals: read(pedestals, stages.length, index),
      status: read(status, stages.length, index),
      gains: gains === null ? null : read(gains, stages.length, index),
      thresholds: thresholds === null ? null : read(thresholds, stages.length - 1, index),
    }),
  };
}
