/**
 * One HDF5 file, read only: groups, dataset facts, hyperslabs, small arrays and attributes as plain values.
 *
 * Every size is checked before memory is asked for: a header that lies about its dimensions is refused. Failures
 * are `Hdf5Failure` (words without the file name); formats/ turns them into a `UserError` that names the file.
 */
import type { Metadata } from 'h5wasm/node';
import { pixelArray, type PixelArray, type PixelType } from '../pixels.js';
import { Hdf5Failure, loadHdf5, type Hdf5Library, type Hdf5Module } from './library.js';
import { describeFilter } from './words.js';

/** No frame, mask or annotation array may ask for more than this at once. */
export const MAX_READ_BYTES = 512 * 1024 * 1024;
/** More chunks under one frame are a lying header: reading them would take minutes. */
const MAX_CHUNKS = 1 << 18;
const MAX_ATTRIBUTE_BYTES = 16 * 1024 * 1024;

export interface Hdf5DatasetInfo {
  readonly path: string;
  readonly shape: readonly number[];
  /** Null for an axis without limit. */
  readonly maxShape: readonly (number | null)[];
  /** Null when the elements are not plain numbers. */
  readonly pixelType: PixelType | null;
  readonly elementBytes: number;
  readonly isString: boolean;
  /** What the elements are, for messages: `uint16`, `string`, `compound`. */
  readonly typeName: string;
  readonly littleEndian: boolean;
  readonly chunks: readonly number[] | null;
  /** The filter pipeline in words. */
  readonly filters: readonly string[];
  readonly virtualSources: readonly { readonly file: string; readonly dataset: string }[];
}

export type Hdf5Node =
  | { readonly kind: 'group' | 'dataset' | 'type' | 'missing' }
  | { readonly kind: 'danglingSoftLink'; readonly target: string }
  | { readonly kind: 'externalLink'; readonly file: string; readonly target: string };

export type Hdf5Value = PixelArray | readonly string[] | null;

export interface Hdf5File {
  /** The absolute path. */
  readonly path: string;
  /** The file as the user named it, for messages. */
  readonly name: string;
  node(path: string): Hdf5Node;
  children(group: string): readonly string[];
  info(dataset: string): Hdf5DatasetInfo;
  /** Reads the hyperslab [start, start + count) of a dataset of numbers. */
  read(dataset: Hdf5DatasetInfo, start: readonly number[], count: readonly number[]): PixelArray;
  /** Reads a whole small dataset. */
  readAll(dataset: string): Hdf5Value;
  /** An attribute, or null where there is none. */
  attribute(path: string, name: string): Hdf5Value;
  attributeNames(path: string): readonly string[];
  /** Opens another file in the same library; HDF5 then shares it with links and virtual datasets of this one. */
  openOther(path: string): Hdf5File;
  /** Must be awaited before reads that follow a failure: reopens the file when the library had to be replaced. */
  revive(): Promise<void>;
  close(): void;
}

const NUMBER_TYPES: Readonly<Record<string, PixelType>> = {
  'i1s': 'int8', 'i1u': 'uint8', 'i2s': 'int16', 'i2u': 'uint16', 'i4s': 'int32',
  'i4u': 'uint32', 'i8s': 'int64', 'i8u': 'uint64', 'f4': 'float32', 'f8': 'float64',
}; // prettier-ignore

const CLASS_NAMES = ['integer', 'float', 'time', 'string', 'bitfield', 'opaque', 'compound', 'reference', 'enumeration', 'variable-length', 'array']; // prettier-ignore

function numberType(metadata: Metadata): PixelType | null {
  const { type, size, signed } = metadata;
  // Enumerations (h5py's booleans) and bit fields are stored as integers.
  if (type === 0 || type === 8) return NUMBER_TYPES[`i${size}${signed ? 's' : 'u'}`] ?? null;
  if (type === 4) return NUMBER_TYPES[`i${size}u`] ?? null;
  if (type === 1) return NUMBER_TYPES[`f${size}`] ?? null;
  return null;
}

function describeType(metadata: Metadata): string {
  const known = numberType(metadata);
  if (known !== null) return known;
  const name = CLASS_NAMES[metadata.type] ?? 'unknown';
  return metadata.type <= 1 ? `${name} of ${metadata.size} bytes` : name;
}

function product(values: readonly number[]): number {
  return values.reduce((a, b) => a * b, 1);
}

/** Opens `path` (absolute, so that external links resolve beside it). Throws `Hdf5Failure`. */
export async function openHdf5(path: string, name: string): Promise<Hdf5File> {
  return openIn(await loadHdf5(), path, name);
}

function openIn(loaded: Hdf5Library, path: string, name: string): Hdf5File {
  let library = loaded;
  let id = openFile(library, path);
  const run = <T>(call: (module: Hdf5Module) => T): T => library.run(call);
  const infos = new Map<string, Hdf5DatasetInfo>();

  function info(dataset: string): Hdf5DatasetInfo {
    const known = infos.get(dataset);
    if (known !== undefined) return known;
    const found = readInfo(run, id, dataset);
    infos.set(dataset, found);
    return found;
  }

  return {
    path,
    name,
    node: (path) => run((module) => findNode(module, id, path)),
    children: (group) => run((module) => [...module.get_names(id, group, false)]),
    info,
    read: (dataset, start, count) => readSlab(run, id, dataset, start, count),
    readAll(name) {
      const dataset = info(name);
      const start = dataset.shape.map(() => 0);
      if (!dataset.isString) return readSlab(run, id, dataset, start, dataset.shape);
      return readStrings(run, id, dataset);
    },
    attribute: (name, attribute) => readAttribute(run, id, name, attribute),
    attributeNames: (name) => run((module) => [...module.get_attribute_names(id, name)]),
    openOther: (other) => openIn(library, other, other),
    async revive() {
      if (!library.poisoned()) return;
      library = await loadHdf5();
      id = openFile(library, path);
    },
    close() {
      if (!library.poisoned()) run((module) => module.close_file(id));
    },
  };
}

function openFile(library: Hdf5Library, path: string): bigint {
  const id = library.run((module) => module.open(path, 0, false, -1, -1));
  if (id < 0n) throw new Hdf5Failure('not an HDF5 file');
  return id;
}

type Run = <T>(call: (module: Hdf5Module) => T) => T;

function findNode(module: Hdf5Module, id: bigint, name: string): Hdf5Node {
  const type = module.get_type(id, name);
  if (type === module.H5G_GROUP) return { kind: 'group' };
  if (type === module.H5G_DATASET) return { kind: 'dataset' };
  if (type === module.H5G_TYPE) return { kind: 'type' };
  if (type === module.H5G_LINK) {
    return { kind: 'danglingSoftLink', target: module.get_symbolic_link(id, name) };
  }
  if (type === module.H5G_UDLINK) {
    const link = module.get_external_link(id, name);
    return { kind: 'externalLink', file: link.filename, target: link.obj_path };
  }
  return { kind: 'missing' };
}

function readInfo(run: Run, id: bigint, path: string): Hdf5DatasetInfo {
  const metadata = run((module) => module.get_dataset_metadata(id, path));
  const filters = run((module) => module.get_dataset_filters(id, path));
  const shape = metadata.shape ?? [0];
  if (!shape.every((n) => Number.isSafeInteger(n) && n >= 0)) {
    throw new Hdf5Failure(`the dimensions ${shape.join('×')} cannot be right`);
  }
  return {
    path,
    shape,
    maxShape: (metadata.maxshape ?? []).map((n) => (n > Number.MAX_SAFE_INTEGER ? null : n)),
    pixelType: numberType(metadata),
    elementBytes: metadata.size,
    isString: metadata.type === 3,
    typeName: describeType(metadata),
    littleEndian: metadata.littleEndian,
    chunks: metadata.chunks,
    filters: filters.map((filter) => describeFilter(filter.id, filter.cd_values)),
    virtualSources: (metadata.virtual_sources ?? []).map((s) => ({
      file: s.file_name,
      dataset: s.dset_name,
    })),
  };
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

function readSlab(
  run: Run,
  id: bigint,
  dataset: Hdf5DatasetInfo,
  start: readonly number[],
  count: readonly number[],
): PixelArray {
  const type = dataset.pixelType;
  if (type === null) throw new Hdf5Failure(`${dataset.path} holds ${dataset.typeName}, not numbers`);
  const bytes = product(count) * dataset.elementBytes;
  checkBytes(bytes, dataset.path);
  if (dataset.chunks !== null) {
    checkBytes(product(dataset.chunks) * dataset.elementBytes, 'a chunk');
    const pieces = product(count.map((n, axis) => Math.ceil(n / dataset.chunks![axis]!) + 1));
    if (pieces > MAX_CHUNKS)
      throw new Hdf5Failure(`${dataset.path} lies in ${pieces} chunks, too many to be right`);
  }
  if (bytes === 0) return pixelArray(type, new ArrayBuffer(0));
  return run((module) =>
    withMemory(module, bytes, (pointer) => {
      const [counts, starts] = [count.map(BigInt), start.map(BigInt)];
      const strides = start.map(() => 1n);
      const status =
        dataset.shape.length === 0
          ? module.get_dataset_data(id, dataset.path, null, null, null, BigInt(pointer))
          : module.get_dataset_data(id, dataset.path, counts, starts, strides, BigInt(pointer));
      if (status < 0) throw new Hdf5Failure('reading failed');
      return pixelArray(type, module.HEAPU8.slice(pointer, pointer + bytes).buffer);
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

function readStrings(run: Run, id: bigint, dataset: Hdf5DatasetInfo): readonly string[] {
  const bytes = product(dataset.shape) * dataset.elementBytes;
  checkBytes(bytes, dataset.path);
  const vlen = run((module) => module.get_dataset_metadata(id, dataset.path).vlen);
  return run((module) =>
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

function readAttribute(run: Run, id: bigint, path: string, name: string): Hdf5Value {
  const names = run((module) => module.get_attribute_names(id, path));
  if (!names.includes(name)) return null;
  const metadata = run((module) => module.get_attribute_metadata(id, path, name));
  const bytes = metadata.size * metadata.total_size;
  const type = numberType(metadata);
  if (metadata.shape === null || (type === null && metadata.type !== 3)) return null;
  if (!(bytes <= MAX_ATTRIBUTE_BYTES)) throw new Hdf5Failure(`the attribute ${name} of ${path} is too large`);
  return run((module) =>
    withMemory(module, bytes, (pointer) => {
      const status = module.get_attribute_data(id, path, name, BigInt(pointer));
      if (status < 0) throw new Hdf5Failure(`the attribute ${name} of ${path} cannot be read`);
      const data = module.HEAPU8.slice(pointer, pointer + bytes);
      if (type !== null) return pixelArray(type, data.buffer);
      if (!metadata.vlen) return decodeFixedStrings(data, metadata.size);
      const strings = readPointers(module, pointer, bytes);
      module.reclaim_vlen_memory(id, path, name, BigInt(pointer));
      return strings;
    }),
  );
}
