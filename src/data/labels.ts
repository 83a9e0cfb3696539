/**
 * Labels that do not come with the frames: from a dataset, a CSV table, folder names, the number of peaks, or what
 * CrystFEL indexed; and groups, which keep a crystal, a run or a sample on one side of a split.
 *
 *     FILE#/path        one value a frame: classes (0…), or hits where all are 0 or 1 and no classes are known
 *     FILE.csv          columns frame | file[,index]; label, class, hit, split, group
 *     folders           the class is the name of the file's folder
 *     peaks:K           a hit has at least K listed peaks
 *     FILE.stream       CrystFEL's output: an indexed frame is a hit
 *     FILE.lst          a list `file //frame`: a listed frame is a hit, every other a miss
 *
 * Refuses labels that match no frame, and rows that name frames which are not there.
 */
import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { UserError } from '../core/errors.js';
import { readList, readStream, type EventLabel } from './crystfel-lists.js';
import { parseCsv, type CsvRow } from './csv.js';
import { CLASS_NAMES, FIRST_HIT_CLASS, type FrameLabel, type FrameSource, type Split } from './frames.js';
import { openHdf5 } from './hdf5/file.js';
import { Hdf5Failure } from './hdf5/library.js';

const SPLITS: readonly Split[] = ['train', 'validation', 'calibration', 'test'];

/** Labels of frames by number, and the classes they count in. Frames that are not told keep what they had. */
interface Labelling {
  readonly classNames: readonly string[] | null;
  of(index: number): Partial<FrameLabel>;
}

/** `source` with the labels that `spec` says. Throws `UserError`. */
export async function labelFrames(source: FrameSource, spec: string): Promise<FrameSource> {
  const labelling = await readLabelling(source, spec);
  return {
    ...source,
    classNames: labelling.classNames ?? source.classNames,
    label: (index) => ({ ...source.label(index), ...labelling.of(index) }),
  };
}

async function readLabelling(source: FrameSource, spec: string): Promise<Labelling> {
  if (spec === 'folders') return fromFolders(source);
  const peaks = /^peaks:(\d+)$/.exec(spec);
  if (peaks !== null) return fromPeaks(source, Number(peaks[1]));
  if (spec.includes('#/')) return fromDataset(source, spec);
  if (/\.csv$/i.test(spec)) return fromTable(source, spec, parseCsv(await readText(spec), spec));
  if (/\.stream$/i.test(spec)) return fromEvents(source, spec, await readStream(spec));
  if (/\.(lst|txt)$/i.test(spec)) return fromEvents(source, spec, await readList(spec));
  throw new UserError(`'${spec}' is no source of labels`, {
    field: '--labels',
    remedy: 'give FILE#/path, FILE.csv, FILE.stream, FILE.lst, folders, or peaks:K',
  });
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`cannot be read (${error.code})`, {
      file,
      field: '--labels',
      remedy: 'check the path',
    });
  });
}

function fromFolders(source: FrameSource): Labelling {
  const folderOf = (index: number): string => basename(dirname(resolve(source.origin(index).file)));
  const names = new Set<string>();
  for (let i = 0; i < source.count; i++) names.add(folderOf(i));
  const classNames = [...names].sort(new Intl.Collator('en', { numeric: true }).compare);
  const hits = new Map(classNames.map((name) => [name, hitOfName(name)]));
  return {
    classNames,
    of: (index) => ({ label: classNames.indexOf(folderOf(index)), hit: hits.get(folderOf(index)) ?? null }),
  };
}

/** Whether a folder or class name says hit or miss; null where it says neither. */
function hitOfName(name: string): boolean | null {
  const known = CLASS_NAMES.findIndex((one) => one.toLowerCase() === name.toLowerCase());
  if (known >= 0) return known >= FIRST_HIT_CLASS;
  if (/^(hits?|crystals?|indexed|1_hit)$/i.test(name)) return true;
  if (/^(miss(es)?|no_?hits?|blanks?|background|0_miss)$/i.test(name)) return false;
  return null;
}

function fromPeaks(source: FrameSource, least: number): Labelling {
  const counts: number[] = [];
  for (let i = 0; i < source.count; i++) {
    const spots = source.spots(i);
    if (spots === null) {
      throw new UserError(`frame ${i} has no list of peaks`, {
        file: source.origin(i).file,
        field: '--labels',
        remedy: 'give a CXI file with result_1, or other labels',
      });
    }
    counts.push(spots.length);
  }
  return { classNames: null, of: (index) => ({ hit: counts[index]! >= least }) };
}

async function fromDataset(source: FrameSource, spec: string): Promise<Labelling> {
  const at = spec.indexOf('#/');
  const [file, path] = [spec.slice(0, at), spec.slice(at + 1)];
  const values = await readColumn(file, path);
  if (values.length !== source.count) {
    throw new UserError(`has ${values.length} labels for ${source.count} frames`, {
      file,
      field: path,
      remedy: 'give one label a frame, in the order of the frames',
    });
  }
  const largest = values.reduce((a, b) => Math.max(a, b), 0);
  if (largest <= 1 && source.classNames === null) {
    return { classNames: null, of: (index) => ({ hit: values[index] === 1 }) };
  }
  const classNames = source.classNames ?? CLASS_NAMES;
  const odd = values.findIndex(
    (value) => !Number.isInteger(value) || value < 0 || value >= classNames.length,
  );
  if (odd >= 0) {
    throw new UserError(
      `frame ${odd} has the label ${values[odd]}, but there are ${classNames.length} classes`,
      {
        file,
        field: path,
      },
    );
  }
  return {
    classNames,
    of: (index) => ({ label: values[index]!, hit: values[index]! >= FIRST_HIT_CLASS }),
  };
}

async function readColumn(file: string, path: string): Promise<readonly number[]> {
  try {
    const opened = await openHdf5(resolve(file), file);
    try {
      const value = opened.node(path).kind === 'dataset' ? opened.readAll(path) : null;
      if (value === null)
        throw new UserError('does not exist', { file, field: path, remedy: 'check the path' });
      return Array.from(value as ArrayLike<number>, Number);
    } finally {
      opened.close();
    }
  } catch (error) {
    if (error instanceof Hdf5Failure) throw new UserError(error.message, { file, field: path });
    throw error;
  }
}

/** Numbers of the frames that `file` and `index` may mean: the whole path, or the end of it. */
function frameFinder(source: FrameSource): (file: string, index: number) => readonly number[] {
  const byName = new Map<string, number[]>();
  for (let i = 0; i < source.count; i++) {
    const origin = source.origin(i);
    const key = `${basename(origin.file)}//${origin.index}`;
    const list = byName.get(key);
    if (list === undefined) byName.set(key, [i]);
    else list.push(i);
  }
  return (file, index) => {
    const named = byName.get(`${basename(file)}//${index}`) ?? [];
    if (named.length < 2) return named;
    const ends = named.filter((i) =>
      `/${resolve(source.origin(i).file)}`.endsWith(`/${file.replace(/^\.?\//, '')}`),
    );
    return ends.length > 0 ? ends : named;
  };
}

function parseSplit(text: string, file: string): Split {
  const split = SPLITS.find((known) => known === text.toLowerCase());
  if (split === undefined) {
    throw new UserError(`'${text}' is no split`, {
      file,
      field: 'split',
      remedy: `use ${SPLITS.join(', ')}`,
    });
  }
  return split;
}

function rowClass(row: CsvRow): string | undefined {
  return row.get('label') ?? row.get('class');
}

/** The classes of a table: those of the frames, DiffraNet's for numbers, else the names that occur. */
function tableClasses(source: FrameSource, rows: readonly CsvRow[]): readonly string[] | null {
  const values = rows.map(rowClass).filter((value) => value !== undefined && value !== '');
  if (values.length === 0) return null;
  const known = source.classNames ?? CLASS_NAMES;
  const all = values.every((value) => known.some((name) => name.toLowerCase() === value!.toLowerCase()));
  if (all || values.every((value) => /^\d+$/.test(value!))) return known;
  return [...new Set(values as string[])].sort();
}

function rowLabel(row: CsvRow, classNames: readonly string[] | null, file: string): Partial<FrameLabel> {
  const label: { -readonly [K in keyof FrameLabel]?: FrameLabel[K] } = {};
  const name = rowClass(row);
  if (name !== undefined && name !== '' && classNames !== null) {
    const index = /^\d+$/.test(name)
      ? Number(name)
      : classNames.findIndex((one) => one.toLowerCase() === name.toLowerCase());
    if (index < 0 || index >= classNames.length) {
      throw new UserError(`'${name}' is none of ${classNames.join(', ')}`, { file, field: 'label' });
    }
    label.label = index;
    label.hit =
      classNames.length === CLASS_NAMES.length ? index >= FIRST_HIT_CLASS : hitOfName(classNames[index]!);
  }
  const hit = row.get('hit')?.toLowerCase();
  if (hit !== undefined && hit !== '') {
    if (!['0', '1', 'true', 'false', 'yes', 'no'].includes(hit)) {
      throw new UserError(`'${hit}' is no hit or miss`, { file, field: 'hit', remedy: 'write 1 or 0' });
    }
    label.hit = ['1', 'true', 'yes'].includes(hit);
  }
  const split = row.get('split');
  if (split !== undefined && split !== '') label.split = parseSplit(split, file);
  const group = row.get('group');
  if (group !== undefined && group !== '') label.group = group;
  return label;
}

function fromTable(source: FrameSource, file: string, rows: readonly CsvRow[]): Labelling {
  const classNames = tableClasses(source, rows);
  const find = frameFinder(source);
  const labels = new Map<number, Partial<FrameLabel>>();
  for (const [number, row] of rows.entries()) {
    const frame = row.get('frame');
    const named = row.get('file');
    const frames =
      named !== undefined
        ? find(named, Number(row.get('index') ?? frame ?? 0))
        : Number(frame) >= 0 && Number(frame) < source.count
          ? [Number(frame)]
          : [];
    if (frames.length !== 1) {
      const what =
        named === undefined ? `frame ${frame ?? '?'}` : `${named} ${row.get('index') ?? ''}`.trim();
      throw new UserError(
        `row ${number + 1} names ${what}, which is ${frames.length === 0 ? 'not there' : 'several frames'}`,
        {
          file,
          remedy: 'write the columns file and index, or frame (from 0)',
        },
      );
    }
    labels.set(frames[0]!, rowLabel(row, classNames, file));
  }
  if (labels.size === 0) throw new UserError('labels no frame', { file, remedy: 'write a row a frame' });
  return { classNames, of: (index) => labels.get(index) ?? {} };
}

function fromEvents(source: FrameSource, file: string, events: readonly EventLabel[]): Labelling {
  const find = frameFinder(source);
  const complete = !/\.stream$/i.test(file);
  const hits = new Map<number, boolean>();
  for (const event of events) for (const frame of find(event.file, event.index)) hits.set(frame, event.hit);
  if (hits.size === 0) {
    throw new UserError(`names ${events.length} frames, none of which is among the ${source.count} given`, {
      file,
      field: '--labels',
      remedy: 'give the frames that were indexed',
    });
  }
  return {
    classNames: null,
    of(index): Partial<FrameLabel> {
      const hit = hits.get(index) ?? (complete ? false : undefined);
      return hit === undefined ? {} : { hit };
    },
  };
}

/**
 * `source` with groups: `file` (each file one), `folder`, `run` (the `r0123` or `run_12` in the file's name), or the
 * name of a per-frame fact (`meta`). Throws `UserError` where a frame has none.
 */
export function groupFrames(source: FrameSource, spec: string): FrameSource {
  const groupOf = (index: number): string => {
    const { file } = source.origin(index);
    if (spec === 'file') return file;
    if (spec === 'folder') return dirname(resolve(file));
    const found =
      spec === 'run' ? /(?:^|[^a-z])r(?:un)?[_-]?(\d+)/i.exec(basename(file))?.[1] : source.meta(index)[spec];
    if (found !== undefined) return `${spec} ${found}`;
    throw new UserError(`frame ${index} has no ${spec}`, {
      file,
      field: '--groups',
      remedy: `use file, folder, run, or one of ${Object.keys(source.meta(index)).join(', ') || 'its per-frame facts'}`,
    });
  };
  const groups: string[] = [];
  for (let i = 0; i < source.count; i++) groups.push(groupOf(i));
  return { ...source, label: (index) => ({ ...source.label(index), group: groups[index]! }) };
}
