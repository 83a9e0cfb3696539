/**
 * One HDF5 file, read only: groups, dataset facts, hyperslabs, small arrays and attributes as plain values.
 *
 * Every size is checked before memory is asked for: a header that lies about its dimensions is refused. Failures
 * are `Hdf5Failure` (words without the file name); formats/ turns them into a `UserError` that names the file.
 */
import { statSync } from 'node:fs';
import type { Metadata } from 'h5wasm/node';
import type { PixelArray } from '../pixels.js';
import { notAFile, resolveLinked } from './linked-files.js';
import { Hdf5Failure, loadHdf5Reader, type Hdf5Library, type Hdf5Module } from './library.js';
import {
  numberType,
  readAttribute,
  readSlab,
  readStrings,
  type Hdf5DatasetInfo,
  type Hdf5Value,
  type Run,
} from './values.js';
import { describeFilter } from './words.js';

export type { Hdf5DatasetInfo, Hdf5Value } from './values.js';

export type Hdf5Node =
  | { readonly kind: 'group' | 'dataset' | 'type' | 'missing' }
  | { readonly kind: 'danglingSoftLink'; readonly target: string }
  | { readonly kind: 'externalLink'; readonly file: string; readonly target: string };

export interface Hdf5File {
  /** The absolute path. */
  readonly path: string;
  /** The file as the user named it, for messages. */
  readonly name: string;
  node(path: string): Hdf5Node;
  children(group: string): readonly string[];
  /** The target of the soft link `path`, or null where it is no soft link. */
  softLink(path: string): string | null;
  /** The file that a part of `path` links to, as an absolute path; null where all of it stands in this one. */
  linkedFile(path: string): string | null;
  info(dataset: string): Hdf5DatasetInfo;
  /** Reads the hyperslab [start, start + count) of a dataset of numbers. */
  read(dataset: Hdf5DatasetInfo, start: readonly number[], count: readonly number[]): PixelArray;
  /**
   * Whether the hyperslab was ever written. HDF5 gives the fill value for what was not, and says nothing: a second
   * read of it, when everything about the file is in the library's cache, then takes no byte from the file.
   */
  isWritten(dataset: Hdf5DatasetInfo, start: readonly number[], count: readonly number[]): boolean;
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

const CLASS_NAMES = ['integer', 'float', 'time', 'string', 'bitfield', 'opaque', 'compound', 'reference', 'enumeration', 'variable-length', 'array']; // prettier-ignore

function describeType(metadata: Metadata): string {
  const known = numberType(metadata);
  if (known !== null) return known;
  const name = CLASS_NAMES[metadata.type] ?? 'unknown';
  return metadata.type <= 1 ? `${name} of ${metadata.size} bytes` : name;
}

/** Opens `path` (absolute, so that external links resolve beside it). Throws `Hdf5Failure`. */
export async function openHdf5(path: string, name: string): Promise<Hdf5File> {
  return openIn(await loadHdf5Reader(), path, name);
}

function openIn(loaded: Hdf5Library, path: string, name: string): Hdf5File {
  let library = loaded;
  let id = openFile(library, path);
  const run = <T>(call: (module: Hdf5Module) => T): T => library.run(call);
  const infos = new Map<string, Hdf5DatasetInfo>();
  const links = externalLinks(run, () => id, path);

  function info(dataset: string): Hdf5DatasetInfo {
    const known = infos.get(dataset);
    if (known !== undefined) return known;
    const found = readInfo(run, id, dataset, path);
    infos.set(dataset, found);
    return found;
  }

  /** A path that goes on below a dataset is an error to HDF5; here it is not there. */
  function node(of: string): Hdf5Node {
    const link = links(of);
    // The library would wait for ever for what a pipe says.
    if (link !== null && notAFile(link.path) !== null) return link.node;
    try {
      return run((module) => findNode(module, id, of));
    } catch (error) {
      const parent = of.slice(0, of.lastIndexOf('/'));
      if (!(error instanceof Hdf5Failure) || library.poisoned() || parent === '') throw error;
      if (node(parent).kind !== 'group') return { kind: 'missing' };
      throw error;
    }
  }

  return {
    path,
    name,
    node,
    children: (group) => run((module) => [...module.get_names(id, group, false)]),
    softLink: (path) => run((module) => module.get_symbolic_link(id, path) as string | null),
    linkedFile: (of) => links(of)?.path ?? null,
    info,
    read: (dataset, start, count) => readSlab(run, id, dataset, start, count),
    isWritten(dataset, start, count) {
      readSlab(run, id, dataset, start, count);
      const before = library.bytesRead();
      readSlab(run, id, dataset, start, count);
      return library.bytesRead() > before;
    },
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
      library = await loadHdf5Reader();
      id = openFile(library, path);
    },
    close() {
      if (!library.poisoned()) run((module) => module.close_file(id));
    },
  };
}

interface ExternalLink {
  readonly node: Extract<Hdf5Node, { kind: 'externalLink' }>;
  readonly path: string;
}

/** Looks for the first external link on the way to an object; what was looked at once is known. */
function externalLinks(run: Run, id: () => bigint, file: string): (path: string) => ExternalLink | null {
  const known = new Map<string, ExternalLink | null>();
  const linkAt = (path: string): ExternalLink | null => {
    try {
      const { filename, obj_path } = run((module) => module.get_external_link(id(), path));
      if (!filename) return null;
      const node = { kind: 'externalLink', file: filename, target: obj_path } as const;
      return { node, path: resolveLinked(file, filename) };
    } catch (error) {
      // The library fails at what is not there; whatever it is, the next call meets it again.
      if (error instanceof Hdf5Failure) return null;
      throw error;
    }
  };
  const find = (path: string): ExternalLink | null => {
    if (path === '' || path === '/') return null;
    const seen = known.get(path);
    if (seen !== undefined) return seen;
    const found = find(path.slice(0, path.lastIndexOf('/'))) ?? linkAt(path);
    known.set(path, found);
    return found;
  };
  return find;
}

/** A file that is being written in SWMR mode opens only when that mode is asked for. */
function openFile(library: Hdf5Library, path: string): bigint {
  let id: bigint;
  try {
    id = library.run((module) => module.open(path, 0, false, -1, -1));
  } catch (error) {
    if (!(error instanceof Hdf5Failure) || !error.message.includes('open for writing')) throw error;
    id = library.run((module) => module.open(path, module.H5F_ACC_SWMR_READ, false, -1, -1));
  }
  if (id < 0n) throw new Hdf5Failure('not an HDF5 file');
  return id;
}

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

/** Whether every part of `path` is a hard link, so that the object stands in this file. */
function isHardLinked(module: Hdf5Module, id: bigint, path: string): boolean {
  const parts = path.split('/').filter((part) => part !== '');
  return parts.every((_, depth) => {
    const here = `/${parts.slice(0, depth + 1).join('/')}`;
    return !module.get_symbolic_link(id, here) && !module.get_external_link(id, here).filename;
  });
}

function readInfo(run: Run, id: bigint, path: string, file: string): Hdf5DatasetInfo {
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
    fileBytes: run((module) => isHardLinked(module, id, path)) ? statSync(file).size : null,
    virtualSources: (metadata.virtual_sources ?? []).map((s) => ({
      file: s.file_name,
      dataset: s.dset_name,
    })),
  };
}
