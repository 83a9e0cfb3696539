/**
 * Rows of per-frame datasets on their way from source files to the file of kept frames, a block at a time.
 */
import type { Hdf5DatasetInfo, Hdf5File } from '../hdf5/file.js';
import { raggedStarts } from '../hdf5/ragged.js';
import type { PixelArray, PixelType } from '../pixels.js';
import type { GrowingDataset, Numbers, NumberType } from './growing-dataset.js';
import type { Hdf5Writer } from './hdf5-writer.js';

export const NUMBER_TYPES: Readonly<Record<PixelType, NumberType>> = {
  int8: 'i1',
  uint8: 'u1',
  int16: 'i2',
  uint16: 'u2',
  int32: 'i4',
  uint32: 'u4',
  int64: 'i8',
  uint64: 'u8',
  float32: 'f4',
  float64: 'f8',
};

/** About so many bytes are held before they are written. */
const BLOCK_BYTES = 262144;

/** Columns up to this size are held whole while a file is read. */
const HELD_BYTES = 4 * 1024 * 1024;

/** A growing dataset whose rows are collected into blocks. */
export interface RowBuffer {
  push(row: PixelArray): void;
  flush(): void;
}

function joined(rows: readonly PixelArray[]): Numbers {
  const first = rows[0]!;
  const length = rows.reduce((sum, row) => sum + row.length, 0);
  const all = new (first.constructor as new (length: number) => Numbers)(length);
  let at = 0;
  for (const row of rows) {
    (all.set as (values: PixelArray, offset: number) => void)(row, at);
    at += row.length;
  }
  return all;
}

export function rowBuffer(
  writer: Hdf5Writer,
  path: string,
  type: PixelType,
  rowShape: readonly number[],
): RowBuffer {
  const rowBytes = rowShape.reduce((a, b) => a * b, Number(NUMBER_TYPES[type][1]));
  const rowsPerBlock = Math.max(1, Math.min(1024, Math.floor(BLOCK_BYTES / Math.max(1, rowBytes))));
  const dataset: GrowingDataset = writer.growing(path, NUMBER_TYPES[type], rowShape, rowsPerBlock, 'gzip');
  let rows: PixelArray[] = [];
  const flush = (): void => {
    if (rows.length > 0) dataset.append(joined(rows));
    rows = [];
  };
  return {
    push(row) {
      rows.push(row);
      if (rows.length >= rowsPerBlock) flush();
    },
    flush,
  };
}

/** One per-frame dataset of the source files, written under the same path. */
export interface CarriedColumn {
  readonly path: string;
  /** Whether `file` has such a dataset: same path, row shape and type. */
  fits(file: Hdf5File): boolean;
  /** Takes row `row` of `file`. */
  take(file: Hdf5File, row: number): void;
  finish(): void;
}

/** The column for datasets like `like`; texts are held until the end, because their length must be known. */
export function carriedColumn(writer: Hdf5Writer, like: Hdf5DatasetInfo): CarriedColumn {
  const { path } = like;
  if (like.isString) return textColumn(writer, like);
  const rowShape = like.shape.slice(1);
  const buffer = rowBuffer(writer, path, like.pixelType!, rowShape);
  const rowOf = rowReader(path);
  return {
    path,
    fits: (file) => hasColumn(file, like),
    take: (file, row) => {
      buffer.push(rowOf(file, row));
    },
    finish: buffer.flush,
  };
}

/** Rows of the dataset `path`, one by one; small datasets are read once a file, since a call a row costs more than the row. */
function rowReader(path: string): (file: Hdf5File, row: number) => PixelArray {
  let held: {
    readonly file: Hdf5File;
    readonly all: PixelArray | null;
    readonly info: Hdf5DatasetInfo;
  } | null = null;
  return (file, row) => {
    if (held?.file !== file) {
      const info = file.info(path);
      const bytes = info.shape.reduce((a, b) => a * b, info.elementBytes);
      held = { file, info, all: bytes <= HELD_BYTES ? (file.readAll(path) as PixelArray) : null };
    }
    const { all, info } = held;
    const rowShape = info.shape.slice(1);
    const length = rowShape.reduce((a, b) => a * b, 1);
    if (all !== null) return all.subarray(row * length, (row + 1) * length);
    return file.read(info, [row, ...rowShape.map(() => 0)], [1, ...rowShape]);
  };
}

/** The values that `lengths` says belong to the rows taken. `lengths` itself is a per-frame column of its own. */
export function raggedColumn(writer: Hdf5Writer, like: Hdf5DatasetInfo, lengths: string): CarriedColumn {
  const { path } = like;
  const rowShape = like.shape.slice(1);
  const buffer = rowBuffer(writer, path, like.pixelType!, rowShape);
  let held: { readonly file: Hdf5File; readonly starts: readonly number[] } | null = null;
  return {
    path,
    fits: (file) => hasColumn(file, like) && file.node(lengths).kind === 'dataset',
    take(file, row) {
      const info = file.info(path);
      if (held?.file !== file) held = { file, starts: raggedStarts(file, info, lengths) };
      const [start, end] = [held.starts[row]!, held.starts[row + 1]!];
      if (end > start)
        buffer.push(file.read(info, [start, ...rowShape.map(() => 0)], [end - start, ...rowShape]));
    },
    finish: buffer.flush,
  };
}

function textColumn(writer: Hdf5Writer, like: Hdf5DatasetInfo): CarriedColumn {
  const rowShape = like.shape.slice(1);
  const rowLength = rowShape.reduce((a, b) => a * b, 1);
  const kept: string[] = [];
  let held: { readonly file: Hdf5File; readonly all: readonly string[] } | null = null;
  return {
    path: like.path,
    fits: (file) => hasColumn(file, like),
    take(file, row) {
      if (held?.file !== file) held = { file, all: file.readAll(like.path) as readonly string[] };
      kept.push(...held.all.slice(row * rowLength, (row + 1) * rowLength));
    },
    finish() {
      writer.strings(like.path, kept, [kept.length / rowLength, ...rowShape]);
    },
  };
}

/** Whether `file` has a dataset like `like`: same path, row shape and type. */
export function hasColumn(file: Hdf5File, like: Hdf5DatasetInfo): boolean {
  if (file.node(like.path).kind !== 'dataset') return false;
  const info = file.info(like.path);
  return (
    info.isString === like.isString &&
    info.pixelType === like.pixelType &&
    String(info.shape.slice(1)) === String(like.shape.slice(1))
  );
}
