/**
 * Labels, splits, groups, per-frame facts and spots in the layout that vetoc writes and `nanobragg_dev.h5` has:
 * arrays of one value a frame beside the frames (`label`, `hit`, `split`, `group`, and any other) and in a group
 * `meta` beside the frames' group, and a table `spots` with the columns frame, y, x, intensity, SNR.
 *
 * Refuses arrays of another length than the frames, labels without a class name, and unknown splits.
 */
import { UserError } from '../../core/errors.js';
import { CLASS_NAMES, type FrameLabel, type Split, type Spot } from '../frames.js';
import type { Annotations } from '../formats/format.js';
import { describeUnknown, hitOfNumber, isNoClass } from '../labels/label-values.js';
import { warning, type Note } from '../notes.js';
import { attributeText, columnsOf, parseJson, parseNames, toColumn, type Column } from './columns.js';
import { cxiPeaks, facilityColumns, LCLS2_MISSING } from './facility.js';
import type { Hdf5File } from './file.js';

const SPLIT_NAMES: readonly Split[] = ['train', 'test', 'validation', 'calibration'];

function readClassNames(file: Hdf5File, path: string, labels: Column | undefined): readonly string[] | null {
  if (labels === undefined) return null;
  const json = attributeText(file, path, 'class_names_json');
  const parsed = json === null ? file.attribute(path, 'classes') : parseJson(json);
  if (Array.isArray(parsed) && parsed.every((name) => typeof name === 'string')) return parsed;
  return labels.every(
    (label) => typeof label === 'number' && (label < CLASS_NAMES.length || isNoClass(label)),
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
    if (typeof label === 'number' && isNoClass(label)) return;
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
  isUnknown: (value: number) => boolean,
  what: string,
): readonly Note[] {
  const text = describeUnknown((column ?? []).map(Number), isUnknown, what);
  return text === null ? [] : [warning('labels', file.name, path, text)];
}

/** Reads the annotations around `dataset` of `file`; `lengths` are the lengths a column may have, frames first. */
export function readAnnotations(file: Hdf5File, dataset: string, lengths: readonly number[]): Annotations {
  const group = dataset.slice(0, dataset.lastIndexOf('/')) || '/';
  const parent = group.slice(0, Math.max(0, group.lastIndexOf('/')));
  const columns = columnsOf(file, group, dataset, lengths);
  const facts = columnsOf(file, `${parent}/meta`, dataset, lengths);
  const at = (name: string): string => `${group === '/' ? '' : group}/${name}`;
  const labels = columns.get('label');
  const facility = facilityColumns(file, dataset, lengths);
  const hits = columns.get('hit') ?? facility.get('hit');
  const classNames = readClassNames(file, at('label'), labels);
  checkLabels(file, at('label'), labels, classNames);
  const splits = decodeSplits(file, at('split'), columns.get('split'));
  const spots = cxiPeaks(file, lengths[0]!) ?? readSpots(file, `${parent}/spots`, lengths[0]!);
  const groups = groupColumn(columns, facts);
  const metaColumns = [...facility, ...columns, ...facts].filter(
    ([name]) => !['label', 'hit', 'split', 'group'].includes(name),
  );

  return {
    classNames,
    notes: [
      ...unknownNotes(file, at('hit'), hits, (value) => hitOfNumber(value) === null, 'neither 0 nor 1'),
      ...unknownNotes(file, at('label'), labels, isNoClass, 'of no class'),
    ],
    label: (index): FrameLabel => ({
      label: labels === undefined || isNoClass(Number(labels[index])) ? null : Number(labels[index]),
      hit: hits === undefined ? null : hitOfNumber(Number(hits[index])),
      split: splits[index] ?? null,
      group: groups(index),
    }),
    meta: (index) =>
      Object.fromEntries(
        metaColumns
          .map(([name, column]) => [name, column[index]!] as const)
          .filter(([, value]) => !isMissing(value)),
      ),
    spots,
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

function readSpots(file: Hdf5File, path: string, count: number): (index: number) => readonly Spot[] | null {
  if (file.node(path).kind !== 'dataset') return () => null;
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
  return (index) => (rows.get(index) ?? []).map(spotAt);
}
