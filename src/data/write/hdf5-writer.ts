/**
 * Writing one HDF5 file through h5wasm, in bounded memory and never half under its final name.
 *
 * Everything goes to `PATH.partial` beside the target; `commit` closes, syncs and renames it. A kill leaves the
 * partial file, which the next writer of the same path replaces, and the old file untouched. Datasets that grow are
 * written slice by slice. Compression: gzip (any HDF5 reads it), bitshuffle with LZ4 (filter 32008: several times
 * faster, needs the reader's plugin; CrystFEL, DIALS and hdf5plugin have it) or none.
 *
 * Refuses big-endian data and variable-length slices (h5wasm cannot write them).
 */
import { open, rename, rm } from 'node:fs/promises';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type * as H5wasm from 'h5wasm/node';
import { UserError } from '../../core/errors.js';
import { Hdf5Failure, loadHdf5, type Hdf5Library } from '../hdf5/library.js';

export type Numbers =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

export type NumberType = 'i1' | 'u1' | 'i2' | 'u2' | 'i4' | 'u4' | 'i8' | 'u8' | 'f4' | 'f8';

export const COMPRESSIONS = ['gzip', 'bitshuffle', 'none'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export type AttributeValue = string | number | readonly string[] | Numbers;

export interface GrowingDataset {
  readonly path: string;
  readonly count: number;
  /** Adds rows: `values` holds a whole number of them. */
  append(values: Numbers): void;
}

export interface Hdf5Writer {
  readonly path: string;
  /** Makes a group with the groups above it. */
  group(path: string, attributes?: Readonly<Record<string, AttributeValue>>): void;
  attribute(path: string, name: string, value: AttributeValue): void;
  /** A whole small dataset; `shape` [values.length] unless given. */
  dataset(path: string, values: Numbers, shape?: readonly number[], compression?: Compression): void;
  /** Strings of fixed length (UTF-8, padded); `shape` [values.length] unless given. */
  strings(path: string, values: readonly string[], shape?: readonly number[]): void;
  /** A dataset `[0, ...rowShape]` that grows along its first axis, `rowsPerChunk` rows a chunk. */
  growing(
    path: string,
    type: NumberType,
    rowShape: readonly number[],
    rowsPerChunk: number,
    compression: Compression,
  ): GrowingDataset;
  softLink(path: string, target: string): void;
  /** Closes the file and gives it its name. */
  commit(): Promise<void>;
  /** Closes and removes what was written. Does nothing after `commit`. */
  abandon(): Promise<void>;
}

const DTYPES: Readonly<Record<NumberType, string>> = {
  i1: '<b', u1: '<B', i2: '<h', u2: '<H', i4: '<i', u4: '<I', i8: '<q', u8: '<Q', f4: '<f', f8: '<d',
}; // prettier-ignore

const EMPTY: Readonly<Record<NumberType, () => Numbers>> = {
  i1: () => new Int8Array(0),
  u1: () => new Uint8Array(0),
  i2: () => new Int16Array(0),
  u2: () => new Uint16Array(0),
  i4: () => new Int32Array(0),
  u4: () => new Uint32Array(0),
  i8: () => new BigInt64Array(0),
  u8: () => new BigUint64Array(0),
  f4: () => new Float32Array(0),
  f8: () => new Float64Array(0),
};

/** Filter id and options in the form of h5wasm. */
function filterOf(compression: Compression): { compression?: number; compression_opts?: number[] } {
  if (compression === 'gzip') return { compression: 1, compression_opts: [GZIP_LEVEL] };
  if (compression === 'bitshuffle') return { compression: 32008, compression_opts: [0, 2] };
  return {};
}

/** Higher levels take twice the time for a few per cent. */
const GZIP_LEVEL = 1;

const split = (path: string): readonly [string, string] => {
  const at = path.lastIndexOf('/');
  return [at <= 0 ? '/' : path.slice(0, at), path.slice(at + 1)];
};

/** Starts `path` (the folders above are made). Throws `UserError` where the file cannot be written. */
export async function createHdf5(path: string): Promise<Hdf5Writer> {
  const library = await loadHdf5();
  const target = resolve(path);
  const partial = `${target}.partial`;
  const guarded = <T>(use: () => T): T => guard(library, path, use);
  mkdirSync(dirname(target), { recursive: true });
  rmSync(partial, { force: true });
  const file = guarded(() => new library.high.File(partial, 'w'));
  if (file.file_id < 0n) throw new UserError('cannot be written', { file: path, remedy: 'check the folder' });
  let open = true;
  const close = (): void => {
    if (!open) return;
    open = false;
    guarded(() => file.close());
  };

  return {
    path,
    group(name, attributes = {}) {
      guarded(() => makeGroups(file, name));
      for (const [key, value] of Object.entries(attributes))
        guarded(() => setAttribute(file, name, key, value));
    },
    attribute: (name, key, value) => {
      guarded(() => setAttribute(file, name, key, value));
    },
    dataset(name, values, shape = [values.length], compression = 'none') {
      const [group, leaf] = split(name);
      const chunked =
        compression === 'none' || values.length === 0 ? {} : { chunks: [...shape], ...filterOf(compression) };
      guarded(() => {
        parentOf(file, group).create_dataset({ name: leaf, data: values, shape: [...shape], ...chunked });
      });
    },
    strings(name, values, shape = [values.length]) {
      const [group, leaf] = split(name);
      const encoder = new TextEncoder();
      const longest = values.reduce((most, value) => Math.max(most, encoder.encode(value).length), 1);
      guarded(() => {
        parentOf(file, group).create_dataset({
          name: leaf,
          data: [...values],
          shape: [...shape],
          dtype: `S${longest}`,
        });
      });
    },
    growing: (name, type, rowShape, rowsPerChunk, compression) =>
      growingDataset(guarded, file, name, { type, rowShape, rowsPerChunk, compression }),
    softLink(name, linkTarget) {
      const [group, leaf] = split(name);
      guarded(() => parentOf(file, group).create_soft_link(linkTarget, leaf));
    },
    async commit() {
      close();
      await syncAndRename(partial, target, path);
    },
    async abandon() {
      if (!open) return;
      close();
      await rm(partial, { force: true });
    },
  };
}

/** Turns the library's complaints into words about `path`. */
function guard<T>(library: Hdf5Library, path: string, use: () => T): T {
  try {
    return library.run(use);
  } catch (error) {
    if (!(error instanceof Hdf5Failure)) throw error;
    throw new UserError(`cannot be written: ${error.message}`, {
      file: path,
      remedy: 'check that the folder exists, may be written and has space left',
    });
  }
}

async function syncAndRename(partial: string, target: string, path: string): Promise<void> {
  try {
    const handle = await open(partial, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, target);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new UserError(`cannot be put in place: ${problem}`, { file: path });
  }
}

function makeGroups(file: H5wasm.File, path: string): void {
  let at: H5wasm.Group = file;
  for (const name of path.split('/').filter((part) => part !== '')) {
    at = at.keys().includes(name) ? (at.get(name) as H5wasm.Group) : at.create_group(name);
  }
}

function parentOf(file: H5wasm.File, group: string): H5wasm.Group {
  if (group === '/') return file;
  makeGroups(file, group);
  return file.get(group) as H5wasm.Group;
}

function setAttribute(file: H5wasm.File, path: string, name: string, value: AttributeValue): void {
  const object = path === '/' ? file : (file.get(path) as H5wasm.Group | H5wasm.Dataset);
  if (typeof value === 'string') object.create_attribute(name, value);
  else if (typeof value === 'number') {
    if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) object.create_attribute(name, value, [], '<i');
    else object.create_attribute(name, value, [], '<d');
  } else if (ArrayBuffer.isView(value)) object.create_attribute(name, value, value.length === 1 ? [] : null);
  else object.create_attribute(name, [...value]);
}

interface GrowingOptions {
  readonly type: NumberType;
  readonly rowShape: readonly number[];
  readonly rowsPerChunk: number;
  readonly compression: Compression;
}

function growingDataset(
  guarded: <T>(use: () => T) => T,
  file: H5wasm.File,
  path: string,
  options: GrowingOptions,
): GrowingDataset {
  const { type, rowShape, rowsPerChunk, compression } = options;
  const [group, leaf] = split(path);
  const rowLength = rowShape.reduce((a, b) => a * b, 1);
  const dataset = guarded(() =>
    parentOf(file, group).create_dataset({
      name: leaf,
      data: EMPTY[type](),
      dtype: DTYPES[type],
      shape: [0, ...rowShape],
      maxshape: [null, ...rowShape],
      chunks: [rowsPerChunk, ...rowShape],
      ...filterOf(compression),
    }),
  );
  let count = 0;
  return {
    path,
    get count() {
      return count;
    },
    append(values) {
      const rows = values.length / rowLength;
      if (!Number.isInteger(rows))
        throw new RangeError(`${values.length} values are no whole rows of ${rowLength}`);
      if (rows === 0) return;
      guarded(() => {
        dataset.resize([count + rows, ...rowShape]);
        dataset.write_slice(
          [[count, count + rows], ...rowShape.map((n): [number, number] => [0, n])],
          values,
        );
      });
      count += rows;
    },
  };
}
