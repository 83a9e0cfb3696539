/**
 * The files behind a virtual dataset. HDF5 fills what it cannot open with zeros and says nothing; here every source
 * is opened first, held open (which also makes reading many times faster), and named when it is missing or broken.
 */
import { existsSync } from 'node:fs';
import { UserError } from '../../core/errors.js';
import type { Hdf5DatasetInfo, Hdf5File } from './file.js';
import { refuseNode } from './find.js';
import { notAFile, resolveLinked } from './linked-files.js';
import { Hdf5Failure } from './library.js';
import { warning, type Note } from '../notes.js';

/** Sources held open at once; the others are opened when they are needed, and checked to exist. */
const MAX_HELD = 128;

export interface VirtualSources {
  /** Why each source that cannot be read cannot. */
  readonly broken: readonly UserError[];
  /** Values that no source can fill, since all of them together hold fewer; 0 where that is not known. */
  readonly unfilled: number;
  close(): void;
}

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Values of `info` less those that its sources hold. */
function unfilledOf(file: Hdf5File, info: Hdf5DatasetInfo, held: ReadonlyMap<string, Hdf5File>): number {
  let filled = 0;
  for (const { file: name, dataset } of info.virtualSources) {
    // A numbered series, or more files than are held open: how many values there are is not known.
    const source = name === '.' ? file : held.get(resolveLinked(file.path, name));
    if (source === undefined || dataset.includes('%') || source.node(dataset).kind !== 'dataset') return 0;
    filled += size(source.info(dataset).shape);
  }
  return info.virtualSources.length === 0 ? 0 : Math.max(0, size(info.shape) - filled);
}

/** Says where places of a virtual dataset stay empty. */
export const unfilledNotes = (file: Hdf5File, info: Hdf5DatasetInfo, unfilled: number): readonly Note[] =>
  unfilled === 0
    ? []
    : [
        warning(
          'frames',
          file.name,
          info.path,
          `is virtual, and its sources fill all but ${unfilled} of its ${size(info.shape)} values: those read as live zeros, or what else the file fills with, unless a mask hides them`,
        ),
      ];

/** Opens what `info` refers to. Names with `%b` are numbered series: the first is checked. */
export function openVirtualSources(file: Hdf5File, info: Hdf5DatasetInfo): VirtualSources {
  const broken: UserError[] = [];
  const held = new Map<string, Hdf5File>();
  for (const source of info.virtualSources) {
    const problem =
      source.file === '.' ? checkSelf(file, source.dataset) : checkSource(file, info, source, held);
    if (problem !== null) broken.push(problem);
  }
  return {
    broken,
    unfilled: broken.length > 0 ? 0 : unfilledOf(file, info, held),
    close: () => held.forEach((one) => one.close()),
  };
}

function checkSelf(file: Hdf5File, dataset: string): UserError | null {
  const node = file.node(dataset);
  if (node.kind === 'dataset' || dataset.includes('%')) return null;
  try {
    return refuseNode(file, dataset, node);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

function checkSource(
  file: Hdf5File,
  info: Hdf5DatasetInfo,
  source: { readonly file: string; readonly dataset: string },
  held: Map<string, Hdf5File>,
): UserError | null {
  const path = resolveLinked(file.path, source.file.replace('%b', '0'));
  const say = (problem: string, remedy: string): UserError =>
    new UserError(problem, {
      file: file.name,
      field: info.path,
      remedy: `${remedy}, or read the rest with --skip-bad`,
    });
  if (!existsSync(path)) {
    return say(`is virtual and needs the file ${source.file}, which is missing`, `put it at ${path}`);
  }
  const other = notAFile(path);
  if (other !== null) return say(`needs the file ${source.file}, which is ${other}`, `check ${path}`);
  if (held.size >= MAX_HELD) return null;
  try {
    let opened = held.get(path);
    if (opened === undefined) {
      opened = file.openOther(path);
      held.set(path, opened);
    }
    if (source.dataset.includes('%') || opened.node(source.dataset).kind === 'dataset') return null;
    return say(`needs ${source.dataset} in ${source.file}, which does not exist`, 'check the file');
  } catch (error) {
    if (!(error instanceof Hdf5Failure)) throw error;
    return say(`needs the file ${source.file}, which cannot be read: ${error.message}`, 'check the file');
  }
}
