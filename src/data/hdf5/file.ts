/**
 * One HDF5 file, read only: groups, dataset facts, hyperslabs, small arrays and attributes as plain values.
 *
 * Every size is checked before memory is asked for: a header that lies about its dimensions is refused. Reading that does
 * not end is given up after a time. Failures are `Hdf5Failure` (words without the file name); formats/ turns them into a
 * `UserError` that names the file.
 */
import { statSync } from 'node:fs';
import type { Metadata } from 'h5wasm/node';
import { GIVE_UP_SECONDS } from '../../core/time-limit.js';
import type { PixelArray } from '../pixels.js';
import { createHandle } from './handle.js';
import { Hdf5Failure, loadHdf5Reader } from './library.js';
import { createTree, type Hdf5Node, type TreeForm } from './tree.js';
import {
  numberType,
  attributeMetadata,
  readAttribute,
  readSlab,
  readStrings,
  type Hdf5DatasetInfo,
  type Hdf5Value,
  type Run,
} from './values.js';
import { describeFilter } from './words.js';

export type { Hdf5Node } from './tree.js';
export type { Hdf5DatasetInfo, Hdf5Value } from './values.js';

/** The names of all objects of a file, and what is known of where they stand. */
export interface FileForm {
  readonly names: string;
  readonly tree: TreeForm;
  /** Names of the attributes of groups. */
  readonly attributes: ReadonlyMap<string, readonly string[]>;
}

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
  /** What names the object at `path`, whichever of several hard links to it `path` is. Throws `Hdf5Failure` where none is there. */
  identity(path: string): string;
  info(dataset: string): Hdf5DatasetInfo;
  /** The filter pipeline of a dataset in words. */
  filters(dataset: string): readonly string[];
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
  /** Names of all objects, in one look. */
  names(): readonly string[];
  /** What stands where in the file: of two files of equal form everything but values is equal. Null where it has links. */
  form(): FileForm | null;
  /** Whether the file is of `form`; then it is not looked at again for what stands where in it. */
  isOfForm(form: FileForm): boolean;
  /** Opens another file in the same library; HDF5 then shares it with links and virtual datasets of this one. */
  openOther(path: string): Hdf5File;
  /**
   * Runs `call`, in which this and other files may be read, and throws `Hdf5Failure` where it is not done in time. Inside
   * of another such call it is part of that. Reads of what a damaged file may turn into a loop are limited by themselves.
   */
  limited<T>(call: () => T): T;
  /** Must be awaited before reads that follow a failure: the library may have to be replaced. */
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
export async function openHdf5(path: string, name: string, giveUpSeconds?: number): Promise<Hdf5File> {
  const file = await hdf5File(path, name, giveUpSeconds);
  file.limited(() => file.node('/'));
  return file;
}

/** The file at `path` (absolute), which is opened at its first use. Then it may turn out to be no HDF5 file. */
export async function hdf5File(
  path: string,
  name: string,
  giveUpSeconds = GIVE_UP_SECONDS,
): Promise<Hdf5File> {
  await loadHdf5Reader();
  return fileAt(path, name, giveUpSeconds);
}

/** The same while the library is loaded, as it is once a file was opened. */
export function fileAt(path: string, name: string, giveUpSeconds: number): Hdf5File {
  const infos = new Map<string, Hdf5DatasetInfo>();
  const attributeNames = new Map<string, readonly string[]>();
  const handle = createHandle(path, () => {
    tree.forget();
    infos.clear();
    attributeNames.clear();
  });
  const run: Run = (call) => {
    const id = handle.id();
    return handle.library().run((module) => call(module, id));
  };
  const tree = createTree(run, path);
  const limited = <T>(call: () => T): T => handle.library().limited(giveUpSeconds, call);

  function info(dataset: string): Hdf5DatasetInfo {
    const known = infos.get(dataset);
    if (known !== undefined) return known;
    const found = readInfo(run, dataset);
    infos.set(dataset, found);
    return found;
  }

  function namesOfAttributes(of: string): readonly string[] {
    const known = attributeNames.get(of);
    if (known !== undefined) return known;
    const names = run((module, id) => [...module.get_attribute_names(id, of)]);
    attributeNames.set(of, names);
    return names;
  }

  const storedBytes = (dataset: string): number | null =>
    tree.isHardLinked(dataset) ? statSync(path).size : null;
  const slab = (dataset: Hdf5DatasetInfo, start: readonly number[], count: readonly number[]): PixelArray =>
    readSlab(run, dataset, start, count, storedBytes);
  /** What is stored in one piece is read in one piece; of other layouts the index may lead in a circle. */
  const guarded = <T>(dataset: Hdf5DatasetInfo, call: () => T): T =>
    dataset.chunks === null && dataset.virtualSources.length === 0 ? call() : limited(call);

  const others = new Map<string, Hdf5File>();
  /**
   * Asks by `here`, or by `there` in the file that `of` stands in. Of text that must be: the library looks for text of variable
   * length in the heap of the file that it was asked of, where behind an external link another text may stand, or none.
   */
  function atHome<T>(of: string, here: () => T, there: (file: Hdf5File, at: string) => T): T {
    const place = tree.elsewhere(of);
    if (place === null) return here();
    const other = others.get(place.file) ?? fileAt(place.file, name, giveUpSeconds);
    others.set(place.file, other);
    return there(other, place.path);
  }

  return {
    path,
    name,
    node: tree.node,
    children: tree.children,
    softLink: tree.softLink,
    linkedFile: tree.linkedFile,
    identity: (of) =>
      atHome(
        of,
        () => `${path} ${run((module, id) => [...module.create_object_reference(id, of)]).join('.')}`,
        (file, at) => file.identity(at),
      ),
    info,
    filters: (dataset) =>
      run((module, id) => module.get_dataset_filters(id, dataset)).map((filter) =>
        describeFilter(filter.id, filter.cd_values),
      ),
    read: (dataset, start, count) => guarded(dataset, () => slab(dataset, start, count)),
    isWritten: (dataset, start, count) =>
      guarded(dataset, () => {
        slab(dataset, start, count);
        const before = handle.library().bytesRead();
        slab(dataset, start, count);
        return handle.library().bytesRead() > before;
      }),
    readAll(of) {
      const dataset = info(of);
      if (dataset.isString)
        return atHome(of, () => limited(() => readStrings(run, dataset)), (file, at) => file.readAll(at)); // prettier-ignore
      const start = dataset.shape.map(() => 0);
      return guarded(dataset, () => slab(dataset, start, dataset.shape));
    },
    attribute(of, attribute) {
      if (!namesOfAttributes(of).includes(attribute)) return null;
      const metadata = attributeMetadata(run, of, attribute);
      const here = (): Hdf5Value => readAttribute(run, of, attribute, metadata);
      return metadata.vlen ? atHome(of, here, (file, at) => file.attribute(at, attribute)) : here();
    },
    attributeNames: namesOfAttributes,
    names: tree.names,
    form() {
      const form = tree.form();
      const ofGroups = [...attributeNames].filter(([at]) => form?.nodes.get(at)?.kind !== 'dataset');
      return form && { names: tree.names().join('\n'), tree: form, attributes: new Map(ofGroups) };
    },
    isOfForm(form) {
      if (tree.names().join('\n') !== form.names) return false;
      if (!form.tree.softGroups.every(([at, target]) => tree.softLink(at) === target)) return false;
      tree.adopt(form.tree);
      for (const [at, names] of form.attributes) attributeNames.set(at, names);
      return true;
    },
    openOther(other) {
      const opened = fileAt(other, other, giveUpSeconds);
      opened.node('/');
      return opened;
    },
    limited,
    async revive() {
      if (handle.library().poisoned()) await loadHdf5Reader();
    },
    close() {
      handle.close();
      for (const other of others.values()) other.close();
      others.clear();
    },
  };
}

function readInfo(run: Run, path: string): Hdf5DatasetInfo {
  const metadata = run((module, id) => module.get_dataset_metadata(id, path));
  const shape = metadata.shape ?? [0];
  if (!shape.every((n) => Number.isSafeInteger(n) && n >= 0)) {
    throw new Hdf5Failure(`the dimensions ${shape.join('×')} cannot be right`);
  }
  return {
    path,
    shape,
    pixelType: numberType(metadata),
    elementBytes: metadata.size,
    isString: metadata.type === 3,
    typeName: describeType(metadata),
    chunks: metadata.chunks,
    virtualSources: (metadata.virtual_sources ?? []).map((s) => ({
      file: s.file_name,
      dataset: s.dset_name,
    })),
  };
}
