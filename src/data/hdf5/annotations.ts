/**
 * Labels, splits, groups, per-frame facts and spots in the layout that vetoc writes and `nanobragg_dev.h5` has:
 * arrays of one value a frame beside the frames (`label`, `hit`, `indexable`, `split`, `group`, and any other) and in a group
 * `meta` beside the frames' group, and a table `spots` with the columns frame, y, x, intensity, SNR.
 *
 * Refuses arrays of another length than the frames, labels without a class name, and unknown splits.
 */
import { UserError } from '../../core/errors.js';
import { once } from '../../core/once.js';
import { CLASS_NAMES, type FrameLabel, type Split, type Spot } from '../frames.js';
import type { Annotations } from '../formats/format.js';
import { describeUnknown, hitOfValue, isNoClass } from '../labels/label-values.js';
import { warning, type Note } from '../notes.js';
import { jsonOrUndefined } from '../../core/json.js';
import { attributeText, columnsOf, LABEL_NAMES, parseNames, toColumn, type Column } from './columns.js';
import { cxiPeaks, facilityColumns, LCLS2_MISSING, type PeakLists } from './facility.js';
import type { Hdf5File } from './file.js';
import { parentOf } from './paths.js';

const SPLIT_NAMES: readonly Split[] = ['train', 'test', 'validation', 'calibration'];

function readClassNames(file: Hdf5File, path: string, labels: Column | undefined): readonly string[] | null {
  if (labels === undefined) return null;
  const json = attributeText(file, path, 'class_names_json');
  const parsed = json === null ? file.attribute(path, 'classes') : jsonOrUndefined(json);
  if (Array.isArray(parsed) && parsed.every((name) => typeof name === 'string')) return parsed;
  return labels.every(
    (label) => isNoClass(label) || (typeof label === 'number' && label < CLASS_NAMES.length),
  )
    ? CLASS_NAMES
    : null;
}

function decodeSplits(file: Hdf5File, path: string, column: Column | undefined): readonly (Split | null)[] {
  if (column === undefined) return [];
  const text = attributeText(file, path, 'meaning');
  const names = text === null ? new Map(SPLIT_NAMES.entries()) : parseNames(text);
  return column.map((code, index) => {
    const name = typeof code === 'string' ? code : names?.get(code);
    const split = SPLIT_NAMES.find((known) => known === name);
    if (split === undefined) {
      throw new UserError(`frame ${index} has the unknown split ${code}`, {
        file: file.name,
        field: path,
        remedy: `use ${SPLIT_NAMES.map((known, i) => `${i}=${known}`).join(', ')}`,
      });
    }
    return split;
  });
}

/** LCLS2 marks what an event does not have. */
function isMissing(value: string | number): boolean {
  return value === LCLS2_MISSING || Number.isNaN(value);
}

function checkLabels(
  file: Hdf5File,
  path: string,
  labels: Column | undefined,
  names: readonly string[] | null,
): void {
  labels?.forEach((label, index) => {
    if (isNoClass(label)) return;
    const known = typeof label === 'number' && Number.isInteger(label) && label >= 0;
    if (!known || (names !== null && label >= names.length)) {
      const classes = names === null ? 'no classes' : `${names.length} classes`;
      throw new UserError(`frame ${index} has the label ${label}, but the file names ${classes}`, {
        file: file.name,
        field: path,
        remedy: 'correct the labels, or write the names in the attribute class_names_json',
      });
    }
  });
}

/** A warning where some of `column` say that nobody knows. */
function unknownNotes(
  file: Hdf5File,
  path: string,
  column: Column | undefined,
  isUnknown: (value: string | number) => boolean,
  what: string,
): readonly Note[] {
  const text = describeUnknown(column ?? [], isUnknown, what);
  return text === null ? [] : [warning('labels', file.name, path, text)];
}

/**
 * Reads the annotations around `dataset` of `file`; `lengths` are the lengths a column may have, frames first. Labels are
 * read at once, other facts when somebody asks for them.
 */
export function readAnnotations(file: Hdf5File, dataset: string, lengths: readonly number[]): Annotations {
  const group = parentOf(dataset);
  const parent = group.slice(0, Math.max(0, group.lastIndexOf('/')));
  const own = columnsOf(file, group, dataset, lengths, LABEL_NAMES);
  const at = (name: string): string => `${group === '/' ? '' : group}/${name}`;
  const labels = own.get('label');
  const ofFacility = facilityColumns(file, (one) => columnsOf(file, one, dataset, lengths, LABEL_NAMES));
  const hits = own.get('hit') ?? ofFacility.get('hit');
  const indexable = own.get('indexable');
  const classNames = readClassNames(file, at('label'), labels);
  checkLabels(file, at('label'), labels, classNames);
  const splits = decodeSplits(file, at('split'), own.get('split'));
  const peaks = cxiPeaks(file, lengths[0]!) ?? readSpots(file, `${parent}/spots`, lengths[0]!);
  const facts = once(() => file.limited(() => readFacts(file, dataset, group, parent, lengths)));
  const stated = own.get('group');
  // Whether anything says what frames share is known by the names alone.
  const places = [`${group === '/' ? '' : group}/family`, `${parent}/meta/group`, `${parent}/meta/cell`];
  const shares = places.some((path) => file.node(path).kind === 'dataset');
  const groupOf = (index: number): string | null =>
    stated !== undefined ? String(stated[index]) : shares ? facts().groups(index) : null;

  return {
    classNames,
    notes: [
      ...unknownNotes(file, at('hit'), hits, (value) => hitOfValue(value) === null, 'neither 0 nor 1'),
      ...unknownNotes(file, at('label'), labels, isNoClass, 'of no class'),
    ],
    label: (index): FrameLabel => ({
      label: labels === undefined || isNoClass(labels[index]!) ? null : Number(labels[index]),
      hit: hits === undefined ? null : hitOfValue(hits[index]!),
      ...(indexable === undefined ? {} : { indexable: hitOfValue(indexable[index]!) }),
      split: splits[index] ?? null,
      group: groupOf(index),
    }),
    meta: (index) => facts().of(index),
    spots: peaks.spots,
    spotCount: peaks.count,
  };
}

interface Facts {
  readonly of: Annotations['meta'];
  readonly groups: (index: number) => string | null;
}

function readFacts(
  file: Hdf5File,
  dataset: string,
  group: string,
  parent: string,
  lengths: readonly number[],
): Facts {
  const columns = columnsOf(file, group, dataset, lengths);
  const meta = columnsOf(file, `${parent}/meta`, dataset, lengths);
  const facility = facilityColumns(file, (one) => columnsOf(file, one, dataset, lengths));
  const named = [...facility, ...columns, ...meta].filter(
    ([name]) => !['label', 'hit', 'indexable', 'split', 'group'].includes(name),
  );
  return {
    groups: groupColumn(columns, meta),
    of: (index) =>
      Object.fromEntries(
        named
          .map(([name, column]) => [name, column[index]!] as const)
          .filter(([, value]) => !isMissing(value)),
      ),
  };
}

/**
 * What frames share: the column `group` where there is one; else the family of real frames (one crystal, one
 * scan); else the crystal and the frame number, because each simulated frame has a crystal of its own.
 */
function groupColumn(
  columns: ReadonlyMap<string, Column>,
  facts: ReadonlyMap<string, Column>,
): (index: number) => string | null {
  const stated = columns.get('group') ?? facts.get('group') ?? columns.get('family');
  if (stated !== undefined) return (index) => String(stated[index]);
  const cell = facts.get('cell');
  if (cell !== undefined) return (index) => `${cell[index]}/${index}`;
  return () => null;
}

function readSpots(file: Hdf5File, path: string, count: number): PeakLists {
  if (file.node(path).kind !== 'dataset') return { count: () => null, spots: () => null };
  const info = file.info(path);
  if (info.shape.length !== 2 || info.shape[1] !== 5) {
    throw new UserError(`has the shape ${info.shape.join('×')}, not n×5`, {
      file: file.name,
      field: path,
      remedy: 'write the columns frame, y, x, intensity, SNR',
    });
  }
  const table = toColumn(file.readAll(path)) as readonly number[];
  const rows = new Map<number, number[]>();
  for (let row = 0; row < info.shape[0]!; row++) {
    const frame = table[row * 5]!;
    if (!(frame >= 0 && frame < count)) {
      throw new UserError(`row ${row} belongs to frame ${frame}, which does not exist`, {
        file: file.name,
        field: path,
      });
    }
    const list = rows.get(frame);
    if (list === undefined) rows.set(frame, [row]);
    else list.push(row);
  }
  const spotAt = (row: number): Spot => ({
    y: table[row * 5 + 1]!,
    x: table[row * 5 + 2]!,
    intensity: table[row * 5 + 3]!,
    snr: table[row * 5 + 4]!,
  });
  return {
    count: (index) => rows.get(index)?.length ?? 0,
    spots: (index) => (rows.get(index) ?? []).map(spotAt),
  };
}
