/** The ledger for other programs: CSV and Parquet of the view `frames`, and verdicts as labels for the next training. */
import { rename, rm } from 'node:fs/promises';
import { csvText } from '../core/csv.js';
import { temporaryBeside, writeFileAtomic } from '../core/files.js';
import type { Ledger } from './ledger.js';

export type ExportFormat = 'csv' | 'parquet';

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Writes all frames in order. The file appears under its name when it is complete. The ledger is open for writing. */
export async function exportFrames(ledger: Ledger, path: string, format: ExportFormat): Promise<void> {
  const temporary = temporaryBeside(path);
  const options = format === 'csv' ? 'FORMAT csv, HEADER' : 'FORMAT parquet, COMPRESSION zstd';
  try {
    await ledger.database.select(
      `COPY (SELECT * FROM frames ORDER BY frame) TO ${quote(temporary)} (${options})`,
    );
    await rename(temporary, path);
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
    return `${csvText(String(file))},${String(file_index)},${is_hit === true ? 1 : 0}`;
  });
  await writeFileAtomic(path, ['file,index,hit', ...lines, ''].join('\n'));
  return rows.length;
}
