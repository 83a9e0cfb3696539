/**
 * Simulated frames as the words of an integrating detector, with the truth beside them, and dark frames of every gain stage:
 * all that `vetoc darks` and `vetoc evaluate --raw` ask of a real one.
 */
import { UserError } from '../core/errors.js';
import type { Frame } from '../data/frames.js';
import { rawDetector } from '../data/raw/detectors.js';
import {
  simulatedRawDetector,
  type SimulatedRaw,
  type SimulatedRawDetector,
} from '../data/simulate/raw-detector.js';
import type { SimulatedSource } from '../data/simulate/simulate-frames.js';
import { putCellMaps, putMaps, type MapsToWrite } from '../data/raw/maps-writer.js';
import type { Compression } from '../data/write/growing-dataset.js';
import { createHdf5, type Hdf5Writer } from '../data/write/hdf5-writer.js';
import type { MoreColumns, WriteFramesOptions } from '../data/write/write-frames.js';

/** Dark frames of each gain stage and memory cell. */
export const DARKS_A_STAGE = 60;

export interface RawSimulation {
  /** The same frames as words. */
  readonly source: SimulatedSource;
  readonly options: Pick<WriteFramesOptions, 'more' | 'attributes'>;
  /** Writes dark frames to `file`. */
  writeDarks(file: string, compression: Compression): Promise<void>;
  /** Writes the true maps to `file`, as a file of maps. */
  writeTruth(file: string): Promise<void>;
}

/** Photons as they were, words of gain and memory cells. */
function truthColumns(
  writer: Hdf5Writer,
  detector: SimulatedRawDetector,
  { height, width }: SimulatedSource,
  taken: (index: number) => {
    readonly photons: Uint16Array;
    readonly gains: Uint16Array | null;
    readonly cell: number;
  },
): MoreColumns {
  const photons = writer.growing('/entry/truth/photons', 'u2', [height, width], 1, 'gzip');
  const byWords = detector.detector.select.by === 'thresholds';
  const gains = byWords ? writer.growing('/entry/data/gain', 'u2', [height, width], 1, 'gzip') : null;
  const cells = byWords ? writer.growing('/entry/data/cellId', 'u2', [], 256, 'none') : null;
  return {
    add(index) {
      const one = taken(index);
      photons.append(one.photons);
      if (one.gains !== null) gains?.append(one.gains);
      cells?.append(Uint16Array.of(one.cell));
    },
    finish: () => undefined,
  };
}

/** The maps that the words were made with; pedestals in the middle of their drift. */
function trueMaps(
  writer: Hdf5Writer,
  detector: SimulatedRawDetector,
  { height, width }: SimulatedSource,
): void {
  const { name, cells, gains, thresholds } = detector;
  const flat = (value: number): Float32Array => new Float32Array(height * width).fill(value);
  const mapsOf = (cell: number): MapsToWrite => ({
    pedestals: detector.pedestals(cell),
    pixel_gain: gains,
    pixel_status: gains.map(() => flat(0)),
    ...(thresholds.length > 0 ? { thresholds: thresholds.map(flat) } : {}),
  });
  const [facts, size] = [{ detector: name }, [height, width]] as const;
  if (detector.detector.cells === 1) {
    putMaps(writer, facts, mapsOf(0), size);
    return;
  }
  const put = putCellMaps(writer, facts, size);
  for (let cell = 0; cell < cells; cell++) put(mapsOf(cell));
}

/** Frames of each gain stage one after the other, `DARKS_A_STAGE` of each memory cell. */
function darkFrames(
  writer: Hdf5Writer,
  detector: SimulatedRawDetector,
  size: readonly [number, number],
  compression: Compression,
): void {
  writer.group('/entry/data', { detector: detector.name });
  const packed = compression === 'gzip' ? 'none' : compression;
  const frames = writer.growing('/entry/data/data', 'u2', size, 1, packed);
  const byWords = detector.detector.select.by === 'thresholds';
  const gains = byWords ? writer.growing('/entry/data/gain', 'u2', size, 1, packed) : null;
  const cells: number[] = [];
  for (let stage = 0; stage < detector.detector.stages.length; stage++)
    for (let index = 0; index < DARKS_A_STAGE * detector.cells; index++) {
      const one = detector.dark(stage, index);
      frames.append(one.words);
      if (one.gains !== null) gains?.append(one.gains);
      cells.push(one.cell);
    }
  if (byWords) writer.dataset('/entry/data/cellId', Uint16Array.from(cells));
}

/** Throws `UserError` unless `raw` has `cells` memory cells; where nobody says how many, none is wrong. */
export function checkCells(raw: SimulatedRaw | undefined, cells: number | undefined): void {
  if (cells === undefined) return;
  const { title, cells: most } = raw === undefined ? { title: 'photons', cells: 1 } : rawDetector(raw);
  if (most === 1)
    throw new UserError(`is said of ${title}, without memory cells`, {
      field: '--cells',
      remedy: 'leave it out, or say --raw agipd',
    });
  if (!Number.isInteger(cells) || cells < 1 || cells > most)
    throw new UserError(`${cells} is not a whole number from 1 to ${most}`, { field: '--cells' });
}

/** `photons` as the words of the detector `name`, whose pixels count photons of `energyKev`; `cells` as `checkCells` has them. */
export function rawSimulation(
  photons: SimulatedSource,
  name: SimulatedRaw,
  energyKev: number,
  seed: number,
  cells?: number,
): RawSimulation {
  const { height, width, count } = photons;
  const detector = simulatedRawDetector(name, height * width, energyKev, seed, cells);
  if (
    photons.settings.detectors.some(
      ({ gain, offset, readNoise }) => gain !== 1 || offset !== 0 || readNoise !== 0,
    )
  )
    throw new UserError('is what the raw detector has of its own', {
      field: '--gain, --offset or --read-noise',
      remedy: 'leave it out with --raw',
    });
  const waiting = new Map<
    number,
    ReturnType<SimulatedRawDetector['expose']> & { readonly photons: Uint16Array }
  >();
  const read = async (index: number): Promise<Frame> => {
    const frame = await photons.read(index);
    const taken = detector.expose(frame.pixels, index, count);
    waiting.set(index, { ...taken, photons: frame.pixels });
    return { ...frame, pixels: taken.words, mask: null };
  };
  const take = (index: number) => {
    const one = waiting.get(index)!;
    waiting.delete(index);
    return one;
  };
  return {
    source: { ...photons, read },
    options: {
      more: (writer) => truthColumns(writer, detector, photons, take),
      attributes: { detector: name, photon_energy: 1000 * energyKev },
    },
    async writeDarks(file, compression) {
      const writer = await createHdf5(file);
      try {
        darkFrames(writer, detector, [height, width], compression);
        await writer.commit();
      } finally {
        await writer.abandon();
      }
    },
    async writeTruth(file) {
      const writer = await createHdf5(file);
      try {
        trueMaps(writer, detector, photons);
        await writer.commit();
      } finally {
        await writer.abandon();
      }
    },
  };
}
