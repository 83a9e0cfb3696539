/** The ledger for other programs: CSV and Parquet of the view `frames`, and verdicts as labels for the next training. */
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { csvPath } from '../core/csv.js';
import { emptyBeside, putInPlace, temporaryBeside, writeFileAtomic } from '../core/files.js';
import { sqlText, type Database } from './database.js';
import type { GrowingLedger, Ledger } from './ledger.js';

export type ExportFormat = 'csv' | 'parquet';

/** In SQL what core/csv.ts does to texts that a spreadsheet would take for a formula. */
const harmless = (column: string, before: string): string =>
  `CASE WHEN regexp_matches(${column}, '^[=+\\-@\\t\\r]') THEN ${sqlText(before)} || ${column} ELSE ${column} END AS ${column}`;

const CSV_COLUMNS = [
  harmless('file', './'),
  ...['time', 'class_name', 'problem', 'note'].map((column) => harmless(column, "'")),
];

/** The file that `exportFrames` writes before it has its name: the ledger must be opened with leave to write it. */
export const exportTemporary = (path: string): string => temporaryBeside(resolve(path));

/** Writes what `select` gives as Parquet. The file appears under its name when it is complete. */
export async function writeParquet(database: Database, select: string, path: string): Promise<void> {
  // The same name again: here it is known whether the file can be written.
  const temporary = await emptyBeside(resolve(path));
  try {
    await database.select(
      `COPY (${select}) TO ${sqlText(temporary)} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)`,
    );
    await putInPlace(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Writes the rows of a ledger as they are, in order, without what is drawn from them: what ledgers are joined of. */
export const writeRows = (ledger: GrowingLedger, path: string): Promise<void> =>
  writeParquet(ledger.database, 'SELECT * FROM main.frame_rows ORDER BY frame', path);

/** Writes all frames in order. The file appears under its name when it is complete. */
export async function exportFrames(ledger: Ledger, path: string, format: ExportFormat): Promise<void> {
  if (format === 'parquet') return writeParquet(ledger.database, 'SELECT * FROM frames ORDER BY frame', path);
  const temporary = await emptyBeside(resolve(path));
  try {
    await ledger.database.select(
      `COPY (SELECT * REPLACE (${CSV_COLUMNS.join(', ')}) FROM frames ORDER BY frame)
       TO ${sqlText(temporary)} (FORMAT csv, HEADER, USE_TMP_FILE false)`,
    );
    await putInPlace(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Writes the verdicts as labels: `file,index,hit`. A frame that was judged wrong is of the other kind than the
 * decision, one that was judged right of the same; unsure ones are left out. Returns how many there are.
 */
export async function exportLabels(ledger: Ledger, path: string): Promise<number> {
  const rows = await ledger.database.select(`SELECT file, file_index, keep = (verdict = 'right') AS is_hit
    FROM frames WHERE verdict IN ('right', 'wrong') ORDER BY frame`);
  const lines = rows.map(({ file, file_index, is_hit }) => {
    return `${csvPath(String(file))},${String(file_index)},${is_hit === true ? 1 : 0}`;
  });
  await writeFileAtomic(path, ['file,index,hit', ...lines, ''].join('\n'));
  return rows.length;
}
