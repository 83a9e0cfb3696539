/**
 * The grammar of a frame argument, the same for every command:
 *
 *     FILE | FOLDER | PATTERN | LIST   [#/path/to/dataset]   [\[start:stop:step\]]
 *
 * A list is a CrystFEL list or stream (`.lst`, `.stream`; listed.ts). A pattern has `*`, `?`, `[abc]` or `**`. The range counts the frames of this argument as Python slices do (stop is
 * not included, negative numbers count from the end); `[7]` is one frame. A path that exists as written is taken as
 * written. Refuses patterns that match nothing and folders without frames.
 */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { glob } from 'tinyglobby';
import { UserError } from '../core/errors.js';
import { fileIdentity } from '../core/files.js';
import { filesOfList, isFrameList } from './listed.js';

export interface FrameRange {
  readonly start: number | null;
  readonly stop: number | null;
  readonly step: number;
}

export interface FrameArgument {
  /** As the user wrote it. */
  readonly text: string;
  /** File, folder or pattern. */
  readonly path: string;
  readonly dataset: string | null;
  readonly range: FrameRange | null;
}

/** Names of files that folders are searched for. */
const FRAME_FILES = /\.(h5|hdf5|hdf|cxi|nxs|cbf|tiff?|mccd|marccd|img|edf|npy|png|bin)(\.gz|\.bz2)?$/i;
/** Data files that a master file links to are read through the master. */
const MASTER_FILE = /^(.*)_master\.(h5|nxs)$/i;
const DATA_FILE = /_(data_)?\d+\.h5$/i;
const MAX_FILES = 1_000_000;

/** Splits an argument into path, dataset and range. Throws `UserError` on a range that cannot be read. */
export function parseFrameArgument(text: string): FrameArgument {
  if (existsSync(text)) return { text, path: text, dataset: null, range: null };
  const [, body, slice] = /^(.*?)(?:\[([^[\]]*)\])?$/s.exec(text)!;
  const isRange =
    slice !== undefined && /^-?\d*(:-?\d*){0,2}$/.test(slice) && slice !== '' && !existsSync(body! + slice);
  const named = isRange ? body! : text;
  const { path, dataset } = splitDataset(named);
  return {
    text,
    path,
    dataset,
    range: isRange ? parseRange(text, slice) : null,
  };
}

/** `FILE#/path`, and as others write it: `FILE::/path`, `FILE#path` where FILE is there. */
function splitDataset(named: string): { readonly path: string; readonly dataset: string | null } {
  for (const separator of ['#/', '::']) {
    const at = named.indexOf(separator);
    if (at <= 0 || existsSync(named)) continue;
    const inside = named.slice(at + separator.length).replace(/^\/+|\/+$/g, '');
    return { path: named.slice(0, at), dataset: `/${inside}` };
  }
  const hash = named.lastIndexOf('#');
  if (hash > 0 && !existsSync(named) && (existsSync(named.slice(0, hash)) || isPattern(named.slice(0, hash))))
    return { path: named.slice(0, hash), dataset: `/${named.slice(hash + 1).replace(/\/+$/, '')}` };
  return { path: named, dataset: null };
}

function parseRange(text: string, slice: string): FrameRange {
  const parts = slice.split(':').map((part) => (part === '' ? null : Number(part)));
  const [start = null, stop = null, step = null] = parts;
  if (parts.length === 1) return { start, stop: start === -1 ? null : start! + 1, step: 1 };
  if (step !== null && step < 1) {
    throw new UserError(`the step of [${slice}] is not positive`, {
      file: text,
      remedy: 'write [start:stop:step]',
    });
  }
  return { start, stop, step: step ?? 1 };
}

/** The frame numbers of `range` among `count`. Throws `UserError` when there are none. */
export function rangeIndices(argument: FrameArgument, count: number): readonly number[] {
  const { range } = argument;
  if (range === null) return Array.from({ length: count }, (_, i) => i);
  const at = (value: number | null, otherwise: number): number =>
    value === null ? otherwise : Math.min(count, Math.max(0, value < 0 ? value + count : value));
  const indices: number[] = [];
  for (let i = at(range.start, 0); i < at(range.stop, count); i += range.step) indices.push(i);
  if (indices.length === 0) {
    throw new UserError(`the range holds none of the ${count} frames`, {
      file: argument.text,
      remedy: 'frames count from 0 and the end is not included',
    });
  }
  return indices;
}

const collator = new Intl.Collator('en', { numeric: true });

/** Files folder by folder, by the numbers in their names. */
function compareFiles(a: string, b: string): number {
  const [left, right] = [a.split('/'), b.split('/')];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order =
      collator.compare(left[i]!, right[i]!) || (left[i]! < right[i]! ? -1 : left[i]! > right[i]! ? 1 : 0);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** Whether `name` is written as a pattern. */
function isPattern(path: string): boolean {
  return /[*?[]/.test(path);
}

async function entriesOf(
  folder: string,
): Promise<readonly { readonly name: string; readonly folder: boolean }[]> {
  const entries = await readdir(folder === '' ? '.' : folder, { withFileTypes: true }).catch(() => []);
  const found = await Promise.all(
    entries.map(async (entry) => ({
      name: entry.name,
      folder: entry.isDirectory() || (entry.isSymbolicLink() && (await isFolder(join(folder, entry.name)))),
    })),
  );
  return found.sort((a, b) => collator.compare(a.name, b.name) || (a.name < b.name ? -1 : 1));
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
}

/** Data files whose master is in the list are read through it, and a link to a file of the list is that file. */
function withoutDoubles(files: readonly string[]): readonly string[] {
  const stems = files.flatMap((file) => {
    const stem = MASTER_FILE.exec(basename(file))?.[1];
    return stem === undefined ? [] : [join(dirname(file), stem)];
  });
  const linked = (file: string): boolean =>
    DATA_FILE.test(file) &&
    stems.some((stem) => file.startsWith(`${stem}_`)) &&
    !MASTER_FILE.test(basename(file));
  const shortest = new Map<string, string>();
  for (const file of files) {
    if (linked(file)) continue;
    const real = fileIdentity(file) ?? file;
    const known = shortest.get(real);
    if (known === undefined || file.length < known.length) shortest.set(real, file);
  }
  const kept = new Set(shortest.values());
  return files.filter((file) => kept.has(file));
}

/** The frame files of a folder, in natural order; a master file stands for the data files it links to. */
async function filesOfFolder(folder: string): Promise<readonly string[]> {
  const names = (await entriesOf(folder)).filter((entry) => !entry.folder && FRAME_FILES.test(entry.name));
  return withoutDoubles(names.map((entry) => join(folder, entry.name)));
}

/** The files that an argument names, in order. Throws `UserError` where there are none. */
export async function expandArgument(argument: FrameArgument): Promise<readonly string[]> {
  const { path, text } = argument;
  if (isFrameList(path)) return filesOfList(path);
  if (await isFolder(path)) {
    const files = await filesOfFolder(path);
    if (files.length > 0) return files;
    throw new UserError('is a folder without frames', {
      file: text,
      remedy: 'name the files with a pattern',
    });
  }
  if (existsSync(path) || !isPattern(path)) return [path];
  const found = await glob(path.replaceAll('\\', '\\\\'), {
    absolute: isAbsolute(path),
    expandDirectories: false,
  });
  const files = withoutDoubles(found.sort(compareFiles));
  if (files.length > MAX_FILES) {
    throw new UserError(`matches ${files.length} files`, { file: text, remedy: 'name fewer at once' });
  }
  if (files.length === 0) throw new UserError('matches no file', { file: text, remedy: 'check the pattern' });
  return files;
}
