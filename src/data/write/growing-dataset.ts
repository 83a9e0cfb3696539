/**
 * Datasets of numbers that grow along their first axis, written through h5wasm slice by slice.
 */
import type * as H5wasm from 'h5wasm/node';

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

export interface GrowingDataset {
  readonly path: string;
  readonly count: number;
  /** Adds rows: `values` holds a whole number of them. */
  append(values: Numbers): void;
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
export function filterOf(compression: Compression): { compression?: number; compression_opts?: number[] } {
  if (compression === 'gzip') return { compression: 1, compression_opts: [GZIP_LEVEL] };
  if (compression === 'bitshuffle') return { compression: 32008, compression_opts: [0, 2] };
  return {};
}

/** A 512×512 frame takes 3 ms at level 1, and 7 ms at level 3 to become 13 % smaller (test/bench/simulate.ts). */
const GZIP_LEVEL = 1;

export const splitPath = (path: string): readonly [string, string] => {
  const at = path.lastIndexOf('/');
  return [at <= 0 ? '/' : path.slice(0, at), path.slice(at + 1)];
};

export function makeGroups(file: H5wasm.File, path: string): void {
  let at: H5wasm.Group = file;
  for (const name of path.split('/').filter((part) => part !== '')) {
    at = at.keys().includes(name) ? (at.get(name) as H5wasm.Group) : at.create_group(name);
  }
}

export function parentOf(file: H5wasm.File, group: string): H5wasm.Group {
  if (group === '/') return file;
  makeGroups(file, group);
  return file.get(group) as H5wasm.Group;
}

interface GrowingOptions {
  readonly type: NumberType;
  readonly rowShape: readonly number[];
  readonly rowsPerChunk: number;
  readonly compression: Compression;
}

export function createGrowing(file: H5wasm.File, path: string, options: GrowingOptions): H5wasm.Dataset {
  const { type, rowShape, rowsPerChunk, compression } = options;
  const [group, leaf] = splitPath(path);
  return parentOf(file, group).create_dataset({
    name: leaf,
    data: EMPTY[type](),
    dtype: DTYPES[type],
    shape: [0, ...rowShape],
    maxshape: [null, ...rowShape],
    chunks: [rowsPerChunk, ...rowShape],
    ...filterOf(compression),
  });
}

export function growingDataset(
  guarded: <T>(use: () => T) => T,
  file: H5wasm.File,
  path: string,
  options: GrowingOptions,
): GrowingDataset {
  const { rowShape } = options;
  const rowLength = rowShape.reduce((a, b) => a * b, 1);
  const dataset = guarded(() => createGrowing(file, path, options));
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
