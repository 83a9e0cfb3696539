/** The answer to a query of a ledger, for a terminal or as CSV. */
import type { QueryAnswer } from '../audit/database.js';
import { csvText } from '../core/csv.js';
import { table } from '../core/table.js';

const cell = (value: unknown): string =>
  value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);

/** Names come from files: nothing in them may steer the terminal. */
const printable = (text: string): string => text.replace(/\p{Cc}/gu, '?');

export const queryText = ({ columns, rows }: QueryAnswer): string =>
  table(
    columns,
    rows.map((row) => row.map((value) => printable(cell(value)))),
  );

/** A line of names, then one a row; a negative number is no formula. */
export const queryCsv = ({ columns, rows }: QueryAnswer): string =>
  [
    columns.map(csvText).join(','),
    ...rows.map((row) =>
      row.map((value) => (typeof value === 'number' ? cell(value) : csvText(cell(value)))).join(','),
    ),
  ].join('\n');

/** One object a row, for programs. */
export const queryRows = ({ columns, rows }: QueryAnswer): readonly object[] =>
  rows.map((row) => Object.fromEntries(columns.map((name, k) => [name, row[k]!])));
