/**
 * Writing one HDF5 file through h5wasm, in bounded memory and never half under its final name.
 *
 * Everything goes to `PATH.partial` beside the target; `commit` closes, syncs and renames it. A kill leaves the
 * partial file, which the next writer of the same path replaces, and the old file untouched. Datasets that grow are
 * written slice by slice. Compression: gzip (any HDF5 reads it), bitshuffle with LZ4 (filter 32008: several times
 * faster, needs the reader's plugin; CrystFEL, DIALS and hdf5plugin have it) or none. `packed` datasets are compressed
 * outside of h5wasm.
 *
 * Refuses big-endian data and variable-length slices (h5wasm cannot write them).
 */
import { open, rm } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type * as H5wasm from 'h5wasm/node';
import { invariant, UserError } from '../../core/errors.js';
import { makeFolder, putInPlace, vanished } from '../../core/files.js';
import { temporary } from '../../core/temporary.js';
import { Hdf5Failure, loadHdf5, type Hdf5Library } from '../hdf5/library.js';
import {
  createGrowing,
  filterOf,
  growingDataset,
  makeGroups,
  parentOf,
  splitPath,
  type Compression,
  type GrowingDataset,
  type Numbers,
  type NumberType,
} from './growing-dataset.js';
import { packedDataset, type PackedDataset } from './packed-dataset.js';

export type AttributeValue = string | number | readonly string[] | Numbers;

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
  /** A dataset `[0, ...rowShape]` of uint16 that grows, a row a chunk, shuffled and gzip; needs `packs`. */
  packed(path: string, rowShape: readonly number[]): GrowingDataset;
  softLink(path: string, target: string): void;
  /** Closes the file and gives it its name. */
  commit(): Promise<void>;
  /** Closes and removes what was written. Does nothing after `commit`. */
  abandon(): Promise<void>;
}

export interface CreateOptions {
  /** The file may hold `packed` datasets: it is written in HDF5's oldest form, whose attributes end at 64 kB. */
  readonly packs?: boolean;
}

/** Starts `path` (the folders above are made). Throws `UserError` where the file cannot be written. */
export async function createHdf5(path: string, { packs = false }: CreateOptions = {}): Promise<Hdf5Writer> {
  const library = await loadHdf5();
  const target = resolve(path);
  const partial = temporary(`${target}.partial`);
  const chunks = temporary(`${partial}.chunks`);
  const guarded = <T>(use: () => T): T => guard(library, path, use);
  await makeFolder(dirname(target));
  for (const left of [partial, chunks]) rmSync(left, { force: true });
  const form: H5wasm.FileOptions = packs ? { libver: ['earliest', 'latest'] } : {};
  const file = guarded(() => new library.high.File(partial, 'w', form));
  let packed: PackedDataset | null = null;
  if (file.file_id < 0n) throw new UserError('cannot be written', { file: path, remedy: 'check the folder' });
  let open = true;
  let inPlace = false;
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
      const [group, leaf] = splitPath(name);
      const chunked =
        compression === 'none' || values.length === 0 ? {} : { chunks: [...shape], ...filterOf(compression) };
      guarded(() => {
        parentOf(file, group).create_dataset({ name: leaf, data: values, shape: [...shape], ...chunked });
      });
    },
    strings(name, values, shape = [values.length]) {
      const [group, leaf] = splitPath(name);
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
    packed(name, rowShape) {
      invariant(packs && packed === null, 'one packed dataset, in a file that packs');
      const options = { type: 'u2', rowShape, rowsPerChunk: 1, compression: 'gzip' } as const;
      const dataset = guarded(() => createGrowing(file, name, options));
      const reference = guarded(() => library.module.create_object_reference(file.file_id, name));
      packed = packedDataset(
        {
          path: name,
          rowShape,
          address: Number(Buffer.from(reference).readBigUInt64LE()),
          resize: (rows) => {
            guarded(() => dataset.resize([rows, ...rowShape]));
          },
        },
        chunks,
      );
      return packed;
    },
    softLink(name, linkTarget) {
      const [group, leaf] = splitPath(name);
      guarded(() => parentOf(file, group).create_soft_link(linkTarget, leaf));
    },
    async commit() {
      packed?.seal();
      close();
      await packed?.join(partial);
      await syncAndRename(partial, target, path);
      inPlace = true;
    },
    async abandon() {
      if (inPlace) return;
      packed?.discard();
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
    await putInPlace(partial, target);
  } catch (error) {
    if (error instanceof UserError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw vanished(path);
    const problem = error instanceof Error ? error.message : String(error);
    throw new UserError(`cannot be put in place: ${problem}`, { file: path });
  }
}

function setAttribute(file: H5wasm.File, path: string, name: string, value: AttributeValue): void {
  const object = path === '/' ? file : (file.get(path) as H5wasm.Group | H5wasm.Dataset);
  // A group of the frames' file may be one that was made already, with its attributes.
  if (Object.hasOwn(object.attrs, name)) object.delete_attribute(name);
  if (typeof value === 'string') object.create_attribute(name, value);
  else if (typeof value === 'number') {
    if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) object.create_attribute(name, value, [], '<i');
    else object.create_attribute(name, value, [], '<d');
  } else if (ArrayBuffer.isView(value)) object.create_attribute(name, value, value.length === 1 ? [] : null);
  else object.create_attribute(name, [...value]);
}
