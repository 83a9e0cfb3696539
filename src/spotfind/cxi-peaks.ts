/**
 * Peak lists as CrystFEL and Cheetah read them: `/entry_1/result_1` of a CXI file.
 *
 * One row a frame, as wide as the longest list asks for; only the first `nPeaks` entries of a row mean anything. X is the
 * fast axis, positions are pixel indices (CrystFEL adds half a pixel by itself: `--peaks=cxi`). Peaks beyond
 * `MAX_PEAKS` of a frame are left out, the weakest first. Frames can be written along, so that one file is all
 * that `indexamajig` needs. The file appears under its name when it is complete.
 *
 * Layout: Cheetah's writer (saveCXI.cpp) and CrystFEL's reader (image-cxi peaks).
 */
import { rm } from 'node:fs/promises';
import { emptyBeside, putInPlace } from '../core/files.js';
import type * as H5wasm from 'h5wasm/node';
import { invariant } from '../core/errors.js';
import { loadHdf5, type Hdf5Library } from '../data/hdf5/library.js';
import type { Frame } from '../data/frames.js';
import type { FoundSpot } from './spot.js';

/** Peaks kept of one frame; CrystFEL's own limit is of this order. */
export const MAX_PEAKS = 2048;
const BUFFERED_FRAMES = 32;
/** Rows grow in steps of this many peaks, which is also the width of a chunk. */
const WIDTH_STEP = 256;
const IDENTIFIER_BYTES = 256;
const DETECTOR = '/entry_1/instrument_1/detector_1';
const RESULT = '/entry_1/result_1';

/** One frame's part of the file. */
export interface CxiEntry {
  /** Text that leads back to the frame, such as `file.h5//17`. */
  readonly identifier: string;
  readonly spots: readonly FoundSpot[];
  /** Written to `/entry_1/instrument_1/detector_1/data` when the file has frames. */
  readonly frame: Frame | null;
}

export interface CxiPeakWriter {
  /** Adds the next frame. */
  append(entry: CxiEntry): void;
  /** Completes the file. */
  close(): Promise<void>;
  /** Removes what was written. */
  discard(): Promise<void>;
}

type Column = (spot: FoundSpot) => number;

const COLUMNS: Readonly<Record<string, Column>> = {
  peakXPosRaw: (spot) => spot.x,
  peakYPosRaw: (spot) => spot.y,
  peakXPosAssembled: (spot) => spot.x,
  peakYPosAssembled: (spot) => spot.y,
  peakTotalIntensity: (spot) => spot.intensity,
  peakMaximumValue: (spot) => spot.maximum,
  peakSNR: (spot) => spot.snr,
  peakNPixels: (spot) => spot.pixelCount,
};

/** State of a file being written. */
interface Draft {
  readonly library: Hdf5Library;
  readonly file: H5wasm.File;
  /** Shape of the frames, or null when they are not written. */
  readonly frameShape: readonly [number, number] | null;
  buffer: CxiEntry[];
  written: number;
  width: number;
}

/** Starts a file at `path`; with `frameShape` the frames are written too, as `uint16`. */
export async function createCxiPeakFile(
  path: string,
  frameShape: readonly [number, number] | null,
): Promise<CxiPeakWriter> {
  const library = await loadHdf5();
  const temporary = await emptyBeside(path);
  const file = library.run(() => new library.high.File(temporary, 'w'));
  const draft: Draft = { library, file, frameShape, buffer: [], written: 0, width: WIDTH_STEP };
  library.run(() => {
    createLayout(draft);
  });
  return {
    append(entry) {
      draft.buffer.push(entry);
      if (draft.buffer.length >= BUFFERED_FRAMES) flush(draft);
    },
    async close() {
      flush(draft);
      library.run(() => file.close());
      await putInPlace(temporary, path);
    },
    async discard() {
      library.run(() => file.close());
      await rm(temporary, { force: true });
    },
  };
}

function createLayout({ file, frameShape }: Draft): void {
  for (const group of ['/entry_1', '/entry_1/instrument_1', `${DETECTOR}`, RESULT]) file.create_group(group);
  file.create_dataset({ name: '/cxi_version', data: new Int32Array([140]), shape: [], dtype: '<i' });
  const row = { maxshape: [null], shape: [0], chunks: [1024] };
  file.create_dataset({ name: `${RESULT}/nPeaks`, data: new Int32Array(0), dtype: '<i', ...row });
  for (const name of Object.keys(COLUMNS))
    file.create_dataset({
      name: `${RESULT}/${name}`,
      data: new Float32Array(0),
      dtype: '<f',
      shape: [0, WIDTH_STEP],
      maxshape: [null, MAX_PEAKS],
      chunks: [BUFFERED_FRAMES, WIDTH_STEP],
      compression: 1,
    });
  file.create_dataset({
    name: '/entry_1/experiment_identifier',
    data: [],
    dtype: `S${IDENTIFIER_BYTES}`,
    ...row,
  });
  if (frameShape === null) return;
  file.create_dataset({
    name: `${DETECTOR}/data`,
    data: new Uint16Array(0),
    dtype: '<H',
    shape: [0, ...frameShape],
    maxshape: [null, ...frameShape],
    chunks: [1, ...frameShape],
    compression: 1,
  });
  file.create_soft_link(DETECTOR, '/entry_1/data_1');
}

function flush(draft: Draft): void {
  const { library, buffer } = draft;
  if (buffer.length === 0) return;
  draft.buffer = [];
  library.run(() => {
    writeRows(draft, buffer);
  });
  draft.written += buffer.length;
}

function writeRows(draft: Draft, entries: readonly CxiEntry[]): void {
  const from = draft.written;
  const to = from + entries.length;
  const lists = entries.map((entry) => strongest(entry.spots));
  const longest = Math.max(...lists.map((list) => list.length));
  draft.width = Math.max(draft.width, Math.ceil(longest / WIDTH_STEP) * WIDTH_STEP);
  const { width } = draft;
  extend(draft, `${RESULT}/nPeaks`, [to]).write_slice(
    [[from, to]],
    Int32Array.from(lists, (list) => list.length),
  );
  for (const [name, value] of Object.entries(COLUMNS)) {
    const block = new Float32Array(lists.length * width);
    lists.forEach((list, row) => {
      list.forEach((spot, k) => (block[row * width + k] = value(spot)));
    });
    const rows = [[from, to] as [number, number], [0, width] as [number, number]];
    extend(draft, `${RESULT}/${name}`, [to, width]).write_slice(rows, block);
  }
  extend(draft, '/entry_1/experiment_identifier', [to]).write_slice(
    [[from, to]],
    entries.map((entry) => entry.identifier),
  );
  if (draft.frameShape !== null) writeFrames(draft, entries, draft.frameShape);
}

function writeFrames(
  draft: Draft,
  entries: readonly CxiEntry[],
  [height, width]: readonly [number, number],
): void {
  const data = extend(draft, `${DETECTOR}/data`, [draft.written + entries.length, height, width]);
  entries.forEach(({ frame }, row) => {
    invariant(frame?.height === height && frame.width === width, 'a frame of another shape');
    const at = draft.written + row;
    data.write_slice([[at, at + 1], [], []], frame.pixels);
  });
}

function extend(draft: Draft, path: string, shape: number[]): H5wasm.Dataset {
  const dataset = draft.file.get(path) as H5wasm.Dataset;
  dataset.resize(shape);
  return dataset;
}

function strongest(spots: readonly FoundSpot[]): readonly FoundSpot[] {
  if (spots.length <= MAX_PEAKS) return spots;
  return [...spots].sort((a, b) => b.intensity - a.intensity).slice(0, MAX_PEAKS);
}
