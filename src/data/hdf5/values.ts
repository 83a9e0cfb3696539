/**
 * Values of datasets and attributes copied out of the HDF5 library's memory, within bounds.
 *
 * Every size is checked before memory is asked for; buffers are zeroed, so that a failed read cannot leave pointers.
 */
import type { Metadata } from 'h5wasm/node';
import { floatsFromHalf, pixelArray, type PixelArray, type PixelType } from '../pixels.js';
import { Hdf5Failure, type Hdf5Module } from './library.js';

/** No frame, mask or annotation array may ask for more than this at once. */
export const MAX_READ_BYTES = 512 * 1024 * 1024;
/** Below this nothing is worth a check. */
const SMALL_BYTES = 16 * 1024 * 1024;
/** Higher than any codec reaches on detector frames; of a blank frame Zstd may make a ten-thousandth. */
const MAX_RATIO = 20_000;
/** More chunks under one frame are a lying header: reading them would take minutes. */
const MAX_CHUNKS = 1 << 18;
const MAX_ATTRIBUTE_BYTES = 16 * 1024 * 1024;

export interface Hdf5DatasetInfo {
  readonly path: string;
  readonly shape: readonly number[];
  /** Null when the elements are not plain numbers. */
  readonly pixelType: PixelType | null;
  readonly elementBytes: number;
  readonly isString: boolean;
  /** What the elements are, for messages: `uint16`, `string`, `compound`. */
  readonly typeName: string;
  readonly chunks: readonly number[] | null;
  readonly virtualSources: readonly { readonly file: string; readonly dataset: string }[];
}

export type Hdf5Value = PixelArray | readonly string[] | null;

/** Runs `call` on the library with the number of the file. */
export type Run = <T>(call: (module: Hdf5Module, id: bigint) => T) => T;

const NUMBER_TYPES: Readonly<Record<string, PixelType>> = {
  'i1s': 'int8', 'i1u': 'uint8', 'i2s': 'int16', 'i2u': 'uint16', 'i4s': 'int32',
  'i4u': 'uint32', 'i8s': 'int64', 'i8u': 'uint64', 'f2': 'float32', 'f4': 'float32', 'f8': 'float64',
}; // prettier-ignore

/** The pixel type of plain numbers, or null; half floats are given as floats. */
export function numberType(metadata: Metadata): PixelType | null {
  const { type, size, signed } = metadata;
  // Enumerations (h5py's booleans) and bit fields are stored as integers.
  if (type === 0 || type === 8) return NUMBER_TYPES[`i${size}${signed ? 's' : 'u'}`] ?? null;
  if (type === 4) return NUMBER_TYPES[`i${size}u`] ?? null;
  if (type === 1) return NUMBER_TYPES[`f${size}`] ?? null;
  return null;
}

/** Values of `type` in `buffer`, each of `bytes` bytes there. */
function numbersOf(type: PixelType, bytes: number, buffer: ArrayBuffer): PixelArray {
  return type === 'float32' && bytes === 2
    ? floatsFromHalf(new Uint16Array(buffer))
    : pixelArray(type, buffer);
}

function product(values: readonly number[]): number {
  return values.reduce((a, b) => a * b, 1);
}

/** The size of the file that a dataset stands in, where that is surely this one (no link on the way); else null. */
export type StoredBytes = (dataset: string) => number | null;

/** Contiguous pixels are in the file, byte by byte; compressed ones cannot be arbitrarily many. */
function checkAgainstFile(dataset: Hdf5DatasetInfo, bytes: number, storedBytes: StoredBytes): void {
  const { path, chunks, virtualSources } = dataset;
  if (virtualSources.length > 0 || bytes < SMALL_BYTES) return;
  const fileBytes = storedBytes(path);
  if (fileBytes === null) return;
  const most = chunks === null ? fileBytes : fileBytes * MAX_RATIO;
  if (bytes <= most) return;
  throw new Hdf5Failure(`${path} says ${bytes} bytes a read, which a file of ${fileBytes} cannot hold`);
}

/** Runs `use` on `bytes` zeroed bytes of the module's memory. */
function withMemory<T>(module: Hdf5Module, bytes: number, use: (pointer: number) => T): T {
  const pointer = module._malloc(Math.max(bytes, 1));
  if (pointer === 0) throw new Hdf5Failure(`${bytes} bytes do not fit into memory`);
  try {
    module.HEAPU8.fill(0, pointer, pointer + bytes);
    return use(pointer);
  } finally {
    module._free(pointer);
  }
}

function checkBytes(bytes: number, what: string): void {
  if (!(bytes <= MAX_READ_BYTES)) {
    throw new Hdf5Failure(`${what} needs ${bytes} bytes at once, more than the limit of ${MAX_READ_BYTES}`);
  }
}

export function readSlab(
  run: Run,
  dataset: Hdf5DatasetInfo,
  start: readonly number[],
  count: readonly number[],
  storedBytes: StoredBytes,
): PixelArray {
  const type = dataset.pixelType;
  if (type === null) throw new Hdf5Failure(`${dataset.path} holds ${dataset.typeName}, not numbers`);
  const bytes = product(count) * dataset.elementBytes;
  checkBytes(bytes, dataset.path);
  checkAgainstFile(dataset, bytes, storedBytes);
  if (dataset.chunks !== null) {
    checkBytes(product(dataset.chunks) * dataset.elementBytes, 'a chunk');
    const pieces = product(count.map((n, axis) => Math.ceil(n / dataset.chunks![axis]!) + 1));
    if (pieces > MAX_CHUNKS)
      throw new Hdf5Failure(`${dataset.path} lies in ${pieces} chunks, too many to be right`);
  }
  if (bytes === 0) return pixelArray(type, new ArrayBuffer(0));
  return run((module, id) =>
    withMemory(module, bytes, (pointer) => {
      const [counts, starts] = [count.map(BigInt), start.map(BigInt)];
      const strides = start.map(() => 1n);
      const status =
        dataset.shape.length === 0
          ? module.get_dataset_data(id, dataset.path, null, null, null, BigInt(pointer))
          : module.get_dataset_data(id, dataset.path, counts, starts, strides, BigInt(pointer));
      if (status < 0) throw new Hdf5Failure('reading failed');
      return numbersOf(type, dataset.elementBytes, module.HEAPU8.slice(pointer, pointer + bytes).buffer);
    }),
  );
}

function decodeFixedStrings(bytes: Uint8Array, size: number): readonly string[] {
  const decoder = new TextDecoder();
  const strings: string[] = [];
  for (let at = 0; at + size <= bytes.length; at += size) {
    const field = bytes.subarray(at, at + size);
    const end = field.indexOf(0);
    strings.push(decoder.decode(end < 0 ? field : field.subarray(0, end)).trimEnd());
  }
  return strings;
}

function readPointers(module: Hdf5Module, pointer: number, bytes: number): readonly string[] {
  const pointers = new Uint32Array(module.HEAPU8.slice(pointer, pointer + bytes).buffer);
  return Array.from(pointers, (text) => (text === 0 ? '' : module.UTF8ToString(text)));
}

export function readStrings(run: Run, dataset: Hdf5DatasetInfo): readonly string[] {
  const bytes = product(dataset.shape) * dataset.elementBytes;
  checkBytes(bytes, dataset.path);
  const vlen = run((module, id) => module.get_dataset_metadata(id, dataset.path).vlen);
  return run((module, id) =>
    withMemory(module, bytes, (pointer) => {
      const status = module.get_dataset_data(id, dataset.path, null, null, null, BigInt(pointer));
      if (status < 0) throw new Hdf5Failure('reading failed');
      if (!vlen)
        return decodeFixedStrings(module.HEAPU8.slice(pointer, pointer + bytes), dataset.elementBytes);
      const strings = readPointers(module, pointer, bytes);
      module.reclaim_vlen_memory(id, dataset.path, '', BigInt(pointer));
      return strings;
    }),
  );
}

/** What the attribute `name`, which is there, is of. */
export const attributeMetadata = (run: Run, path: string, name: string): Metadata =>
  run((module, id) => module.get_attribute_metadata(id, path, name));

/** The attribute `name` of `metadata`. */
export function readAttribute(run: Run, path: string, name: string, metadata: Metadata): Hdf5Value {
  const bytes = metadata.size * metadata.total_size;
  const type = numberType(metadata);
  if (metadata.shape === null || (type === null && metadata.type !== 3)) return null;
  if (!(bytes <= MAX_ATTRIBUTE_BYTES)) throw new Hdf5Failure(`the attribute ${name} of ${path} is too large`);
  return run((module, id) =>
    withMemory(module, bytes, (pointer) => {
      const status = module.get_attribute_data(id, path, name, BigInt(pointer));
      if (status < 0) throw new Hdf5Failure(`the attribute ${name} of ${path} cannot be read`);
      const data = module.HEAPU8.slice(pointer, pointer + bytes);
      if (type !== null) return numbersOf(type, metadata.size, data.buffer);
      if (!metadata.vlen) return decodeFixedStrings(data, metadata.size);
      const strings = readPointers(module, pointer, bytes);
      module.reclaim_vlen_memory(id, path, name, BigInt(pointer));
      return strings;
    }),
  );
}
