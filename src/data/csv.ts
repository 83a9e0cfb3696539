/**
 * Comma-separated tables with a header line, with quotes as in RFC 4180. Refuses rows of another length than the header.
 */
import { UserError } from '../core/errors.js';

/** One line split into its fields. */
function splitLine(line: string): readonly string[] {
  const fields: string[] = [];
  let at = 0;
  while (at <= line.length) {
    if (line[at] === '"') {
      let text = '';
      at += 1;
      for (; at < line.length; at++) {
        if (line[at] !== '"') text += line[at];
        else if (line[at + 1] === '"') text += line[at++];
        else break;
      }
      fields.push(text);
      at = line.indexOf(',', at) < 0 ? line.length + 1 : line.indexOf(',', at) + 1;
    } else {
      const comma = line.indexOf(',', at);
      const end = comma < 0 ? line.length : comma;
      fields.push(line.slice(at, end).trim());
      at = end + 1;
    }
  }
  return fields;
}

export type CsvRow = ReadonlyMap<string, string>;

/** Rows by column name (lower case). Lines that are empty or begin with `#` are passed over. */
export function parseCsv(text: string, file: string): readonly CsvRow[] {
  const lines = text
    .split(/\r?\n/)
    .map((line, index) => ({ line, number: index + 1 }))
    .filter(({ line }) => line.trim() !== '' && !line.startsWith('#'));
  const [head, ...body] = lines;
  if (head === undefined)
    throw new UserError('is empty', { file, remedy: 'write a header line and a row a frame' });
  const names = splitLine(head.line).map((name) => name.toLowerCase());
  return body.map(({ line, number }) => {
    const fields = splitLine(line);
    if (fields.length !== names.length) {
      throw new UserError(`line ${number} has ${fields.length} fields, the header has ${names.length}`, {
        file,
      });
    }
    return new Map(names.map((name, i) => [name, fields[i]!]));
  });
}
