/** Labels from a table: a row a frame, or a row a file where no column says which of its frames. */
import { UserError } from '../../core/errors.js';
import { EVERY_FRAME, parseEvent, type FrameEvent } from '../crystfel/lists.js';
import { CLASS_NAMES, type FrameLabel, type FrameSource, type Split } from '../frames.js';
import { warning, type Note } from '../notes.js';
import { hitOfClass } from './class-names.js';
import { createFrameFinder, type FrameFinder } from './frame-finder.js';
import type { Labelling, LabelRequest } from './labelling.js';
import { answerOfWord, hitOfNumber, isNoClass } from './label-values.js';
import { parseNumber, parseTable, readText, type Table, type TableRow } from './table.js';

const SPLITS: readonly Split[] = ['train', 'validation', 'calibration', 'test'];
const PLACE_COLUMNS = ['file', 'index', 'event', 'frame'] as const;
const LABEL_COLUMNS = ['label', 'class', 'hit', 'indexable', 'split', 'group'] as const;
const COLUMNS: readonly string[] = [...PLACE_COLUMNS, ...LABEL_COLUMNS];

export async function fromTable(request: LabelRequest, file: string): Promise<Labelling> {
  const table = parseTable(await readText(file, '--labels'), file, COLUMNS);
  checkColumns(table, file);
  const classNames = tableClasses(request.source, table.rows);
  const find = createFrameFinder(request.source, request.whole);
  const labels = new Map<number, Told>();
  const elsewhere: TableRow[] = [];
  let unknown = 0;
  for (const [number, row] of table.rows.entries()) {
    const label = rowLabel(row, classNames, file);
    if (row.text('hit') !== undefined && label.hit === null) unknown++;
    const frames = framesOfRow(request, find, table, row, number + 1, file);
    if (frames === null) elsewhere.push(row);
    for (const frame of frames ?? [])
      labels.set(frame, joinRows(labels.get(frame), { label, row: number + 1 }, frame, file));
  }
  const [other] = elsewhere;
  if (labels.size === 0) {
    const named =
      other === undefined
        ? ''
        : `: row ${table.rows.indexOf(other) + 1} names ${placeOfRow(other)}, which is not there`;
    throw new UserError(`labels no frame${named}`, {
      file,
      remedy: 'write a row a frame, with the columns file and index, or frame (from 0)',
    });
  }
  return {
    classNames,
    notes: [
      ...notesOf(table, file, unknown),
      ...elsewhereNotes(table, elsewhere, file),
      ...countNotes(request, table, file),
    ],
    of: (index) => labels.get(index)?.label ?? {},
  };
}

function notesOf(table: Table, file: string, unknown: number): readonly Note[] {
  const unused = table.columns
    .filter((name) => !COLUMNS.includes(name))
    .map((name) => warning('unused', file, name, 'this column is not used'));
  if (unknown === 0) return unused;
  const text = `${unknown} of ${table.rows.length} rows are neither 0 nor 1 and count as unknown`;
  return [...unused, warning('labels', file, 'hit', text)];
}

const placeOfRow = (row: TableRow): string =>
  [row.text('file'), row.text('event') ?? row.text('index') ?? row.text('frame')].filter(Boolean).join(' ');

function elsewhereNotes(table: Table, rows: readonly TableRow[], file: string): readonly Note[] {
  const [first] = rows;
  if (first === undefined) return [];
  const where = `row ${table.rows.indexOf(first) + 1}`;
  const text = `${rows.length} of ${table.rows.length} rows name files that are not among the frames, first ${placeOfRow(first)}`;
  return [warning('labels', file, where, text)];
}

/** Of several files a number alone counts over all of them, which a table of one file does not mean. */
function countNotes({ source }: LabelRequest, { columns }: Table, file: string): readonly Note[] {
  if (columns.includes('file') || source.count === 0) return [];
  const [first, last] = [source.origin(0).file, source.origin(source.count - 1).file];
  const text = `its numbers count over all ${source.count} frames of several files: a column file would say which`;
  return first === last ? [] : [warning('labels', file, 'frame', text)];
}

function checkColumns({ columns }: Table, file: string): void {
  const has = (name: string): boolean => columns.includes(name);
  if (!has('file') && !has('frame')) {
    throw new UserError(`has the columns ${columns.join(', ')}: none says which frame a row is of`, {
      file,
      remedy: 'write the columns file and index, or frame (from 0)',
    });
  }
  const places = PLACE_COLUMNS.slice(1).filter(has);
  if (has('file') && places.length > 1) {
    throw new UserError(
      `has the columns ${places.join(' and ')}, of which one alone says the place in a file`,
      {
        file,
        remedy: `keep one of them`,
      },
    );
  }
  if (!LABEL_COLUMNS.some(has)) {
    throw new UserError(`has the columns ${columns.join(', ')}: none of them is a label`, {
      file,
      remedy: `write one of ${LABEL_COLUMNS.join(', ')}`,
    });
  }
}

/** Where in its file a row's frame is. */
function eventOfRow(table: Table, row: TableRow, file: string): FrameEvent {
  const written = row.text('event');
  if (written !== undefined) {
    const event = parseEvent(written);
    if (event !== null) return event;
    throw new UserError(`line ${row.line}: '${written}' is no event`, {
      file,
      field: 'event',
      remedy: 'write //12',
    });
  }
  const number = row.whole('index') ?? row.whole('frame');
  if (number !== undefined) return { text: String(number), path: [], numbers: [number] };
  const column = PLACE_COLUMNS.slice(1).find((name) => table.columns.includes(name));
  if (column === undefined) return EVERY_FRAME;
  throw new UserError(`line ${row.line} says nothing of the place in its file`, {
    file,
    field: column,
    remedy: 'write a number from 0, or leave out the column where a row is for all frames of a file',
  });
}

/** The frames that a row is of; null where its file is not among them. Throws `UserError`. */
function framesOfRow(
  { source }: LabelRequest,
  find: FrameFinder,
  table: Table,
  row: TableRow,
  number: number,
  file: string,
): readonly number[] | null {
  const missing = (what: string): UserError =>
    new UserError(`row ${number} names ${what}, which is not there`, {
      file,
      remedy: 'write the columns file and index, or frame (from 0)',
    });
  const named = row.text('file');
  if (named === undefined) {
    if (table.columns.includes('file'))
      throw new UserError(`row ${number} names no file`, { file, remedy: 'write one in each row' });
    const frame = row.whole('frame');
    if (frame === undefined || frame < 0 || frame >= source.count) throw missing(`frame ${frame ?? '?'}`);
    return [frame];
  }
  const event = eventOfRow(table, row, file);
  const place = { listFile: file, where: `row ${number}` };
  const known = find.file(named, place);
  return known === null ? null : find.frames(known, event, place);
}

/** The classes of a table: those of the frames, DiffraNet's for numbers, else the names that occur. */
function tableClasses(source: FrameSource, rows: readonly TableRow[]): readonly string[] | null {
  const values = rows.map(rowClass).filter((value) => value !== undefined);
  if (values.length === 0) return null;
  const known = source.classNames ?? CLASS_NAMES;
  const all = values.every((value) => known.some((name) => name.toLowerCase() === value.toLowerCase()));
  if (all || values.every((value) => !Number.isNaN(parseNumber(value, false)))) return known;
  return [...new Set(values)].sort();
}

const rowClass = (row: TableRow): string | undefined => row.text('label') ?? row.text('class');

interface Told {
  readonly label: Partial<FrameLabel>;
  readonly row: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function rowLabel(row: TableRow, classNames: readonly string[] | null, file: string): Partial<FrameLabel> {
  const label: Partial<Mutable<FrameLabel>> = {};
  const name = rowClass(row);
  if (name !== undefined && classNames !== null) {
    label.label = classOfText(name, classNames, file);
    label.hit = label.label === null ? null : hitOfClass(classNames, label.label);
  }
  const hit = row.text('hit');
  if (hit !== undefined) label.hit = answerOfText(hit, 'hit', file);
  const indexable = row.text('indexable');
  if (indexable !== undefined) label.indexable = answerOfText(indexable, 'indexable', file);
  const split = row.text('split');
  if (split !== undefined) label.split = parseSplit(split, file);
  const group = row.text('group');
  if (group !== undefined) label.group = group;
  return label;
}

function classOfText(name: string, classNames: readonly string[], file: string): number | null {
  const number = parseNumber(name, true);
  if (!Number.isNaN(number) && isNoClass(number)) return null;
  const index = Number.isNaN(number)
    ? classNames.findIndex((one) => one.toLowerCase() === name.toLowerCase())
    : number;
  if (Number.isInteger(index) && index >= 0 && index < classNames.length) return index;
  throw new UserError(`'${name}' is none of ${classNames.join(', ')}`, { file, field: 'label' });
}

/** 1, 0 or a word for either; null where nobody knows. */
function answerOfText(text: string, field: 'hit' | 'indexable', file: string): boolean | null {
  const number = parseNumber(text, true);
  if (!Number.isNaN(number)) return hitOfNumber(number);
  const word = answerOfWord(text);
  if (word !== undefined) return word;
  const what = field === 'hit' ? 'no hit or miss' : 'neither yes nor no';
  throw new UserError(`'${text}' is ${what}`, { file, field, remedy: 'write 1 or 0' });
}

function parseSplit(text: string, file: string): Split {
  const split = SPLITS.find((known) => known === text.toLowerCase());
  if (split !== undefined) return split;
  throw new UserError(`'${text}' is no split`, { file, field: 'split', remedy: `use ${SPLITS.join(', ')}` });
}

/** What two rows of one frame say together. Throws `UserError` where they contradict each other. */
function joinRows(before: Told | undefined, now: Told, frame: number, file: string): Told {
  if (before === undefined) return now;
  const keys = Object.keys(now.label) as (keyof FrameLabel)[];
  const odd = keys.find((key) => key in before.label && before.label[key] !== now.label[key]);
  if (odd !== undefined) {
    throw new UserError(
      `rows ${before.row} and ${now.row} disagree on frame ${frame}: ${before.label[odd]} and ${now.label[odd]}`,
      { file, field: odd, remedy: 'keep one of them' },
    );
  }
  return { label: { ...before.label, ...now.label }, row: now.row };
}
