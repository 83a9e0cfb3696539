/**
 * Tables of text with a header line: commas, semicolons or tabs between the columns, with quotes as in RFC 4180.
 *
 * The separator is the one that splits the header into known columns. With semicolons a comma in a number is its decimal
 * point, as spreadsheets write it in many countries. Refuses rows of another length than the header, quotes that do
 * not end, and headers without a known column.
 */
import { readFile } from 'node:fs/promises';
import { UserError } from '../../core/errors.js';

const SEPARATORS = [',', ';', '\t'] as const;
type Separator = (typeof SEPARATORS)[number];

const BOM_UTF16 = Buffer.from([0xff, 0xfe]);

/** The text of `file`: UTF-8, or UTF-16 as spreadsheets write it, without a byte order mark. Throws `UserError`. */
export async function readText(file: string, field: string): Promise<string> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`cannot be read (${error.code})`, { file, field, remedy: 'check the path' });
  });
  const encoding = bytes.subarray(0, 2).equals(BOM_UTF16) ? 'utf16le' : 'utf8';
  return bytes.toString(encoding).replace(/^\uFEFF/, '');
}

/** A line, or several where a quote goes on, split into its fields; null where a quote does not end. */
function splitLine(line: string, separator: Separator): readonly string[] | null {
  const fields: string[] = [];
  let at = 0;
  while (at <= line.length) {
    if (line[at] === '"') {
      let text = '';
      let closed = false;
      at += 1;
      for (; at < line.length && !closed; at++) {
        if (line[at] !== '"') text += line[at];
        else if (line[at + 1] === '"') text += line[at++];
        else closed = true;
      }
      if (!closed) return null;
      fields.push(text);
      at = line.indexOf(separator, at) < 0 ? line.length + 1 : line.indexOf(separator, at) + 1;
    } else {
      const next = line.indexOf(separator, at);
      const end = next < 0 ? line.length : next;
      fields.push(line.slice(at, end).trim());
      at = end + 1;
    }
  }
  return fields;
}

export interface TableRow {
  /** The line of the file, from 1. */
  readonly line: number;
  /** The field of column `name`; undefined where the table has none, or the field is empty or says it is missing. */
  text(name: string): string | undefined;
  /** The same as a whole number: `1`, `1.0`. Throws `UserError` where it is none. */
  whole(name: string): number | undefined;
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly TableRow[];
}

/** What programs write where a value is missing. */
const MISSING = new Set(['', 'nan', 'na', 'n/a', 'none', 'null', '<na>']);

function separatorOf(head: string, known: readonly string[], file: string): Separator {
  const score = (separator: Separator): number =>
    (splitLine(head, separator) ?? []).filter((name) => known.includes(name.toLowerCase())).length;
  const best = SEPARATORS.reduce((a, b) => (score(b) > score(a) ? b : a));
  if (score(best) > 0) return best;
  throw new UserError(`the first line is '${head.slice(0, 60)}', which names no column that is known`, {
    file,
    remedy: `begin with a line of column names (${known.join(', ')}), separated by commas, semicolons or tabs`,
  });
}

/** `1`, `1.0`, `1e0` → 1; with semicolons between columns also `1,0`. */
export function parseNumber(text: string, decimalComma: boolean): number {
  const plain = decimalComma ? text.replace(/^([+-]?\d+),(\d+)$/, '$1.$2') : text;
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(plain) ? Number(plain) : NaN;
}

/**
 * Reads a table whose columns are among `known` (lower case), in any order; others are kept in `columns`. Lines that are
 * empty or begin with `#` are passed over. Throws `UserError`.
 */
export function parseTable(text: string, file: string, known: readonly string[]): Table {
  const lines = text.split(/\r\n|\n|\r/);
  const start = lines.findIndex(isRecord);
  const head = lines[start];
  if (head === undefined)
    throw new UserError('is empty', { file, remedy: 'write a header line and a row a frame' });
  const separator = separatorOf(head, known, file);
  const columns = splitLine(head, separator)!.map((name) => name.toLowerCase());
  const twice = columns.find((name, i) => name !== '' && columns.indexOf(name) !== i);
  if (twice !== undefined) throw new UserError(`has two columns '${twice}'`, { file, remedy: 'keep one' });
  const rows = recordsFrom(lines, start + 1, separator, file).map(({ line, fields }) => {
    if (fields.length !== columns.length) {
      throw new UserError(`line ${line} has ${fields.length} fields, the header has ${columns.length}`, {
        file,
      });
    }
    return toRow(line, columns, fields, separator, file);
  });
  return { columns, rows };
}

/** Spreadsheets may say the separator in a line of its own. */
const isRecord = (line: string): boolean =>
  line.trim() !== '' && !line.startsWith('#') && !/^sep=.$/i.test(line.trim());

/** A quoted field goes on over so many lines at most: beyond, the quote was not closed. */
const MOST_LINES = 1000;

interface TableRecord {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** The records of `lines` from `start`: a line each, or several where a quoted field holds ends of lines. */
function recordsFrom(
  lines: readonly string[],
  start: number,
  separator: Separator,
  file: string,
): readonly TableRecord[] {
  const records: TableRecord[] = [];
  for (let at = start; at < lines.length; at++) {
    if (!isRecord(lines[at]!)) continue;
    const line = at + 1;
    let text = lines[at]!;
    let fields = splitLine(text, separator);
    for (let more = 0; fields === null && more < MOST_LINES && at + 1 < lines.length; more++) {
      text += `\n${lines[++at]!}`;
      fields = splitLine(text, separator);
    }
    if (fields === null) throw new UserError(`line ${line} has a quote that does not end`, { file });
    records.push({ line, fields });
  }
  return records;
}

function toRow(
  line: number,
  columns: readonly string[],
  fields: readonly string[],
  separator: Separator,
  file: string,
): TableRow {
  const text = (name: string): string | undefined => {
    const value = fields[columns.indexOf(name)];
    return value === undefined || MISSING.has(value.toLowerCase()) ? undefined : value;
  };
  return {
    line,
    text,
    whole(name) {
      const written = text(name);
      if (written === undefined) return undefined;
      const value = parseNumber(written, separator === ';');
      if (Number.isSafeInteger(value)) return value;
      throw new UserError(`line ${line}: '${written}' is no whole number`, { file, field: name });
    },
  };
}
