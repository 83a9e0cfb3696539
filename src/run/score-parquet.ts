/** Scores as Parquet: rows wait in a database beside the file, so that any number of them fits in memory. */
import { rm } from 'node:fs/promises';
import { openDatabase, sqlName, sqlText, type SqlValue } from '../audit/database.js';
import { exportTemporary, writeParquet } from '../audit/export.js';
import { temporaryBeside } from '../core/files.js';
import type { ScoredRow, ScoreFacts, ScoreSink } from './score-sinks.js';

/** Rows that are written together. */
const ROWS_AT_A_TIME = 8192;

/** Columns `frame`, `file`, `index`, `score`, `keep` and one a class, named `logit NAME`. */
export async function parquetSink(
  path: string,
  { network, classNames }: Pick<ScoreFacts, 'network' | 'classNames'>,
): Promise<ScoreSink> {
  const number = network === 'fixed' ? 'INTEGER' : 'DOUBLE';
  const columns = [
    'frame INTEGER, file VARCHAR, index INTEGER',
    `score ${number}, keep BOOLEAN`,
    ...classNames.map((name) => `${sqlName(`logit ${name}`)} ${number}`),
  ];
  const store = `${temporaryBeside(path)}.duckdb`;
  const remove = async (): Promise<void> => {
    await rm(store, { force: true });
    await rm(`${store}.wal`, { force: true });
  };
  await remove();
  const database = await openDatabase(store, 'write', { files: [exportTemporary(path)] });
  let waiting: (readonly SqlValue[])[] = [];
  async function flush(): Promise<void> {
    const rows = waiting;
    waiting = [];
    if (rows.length > 0) await database.transaction(({ append }) => append('scores', rows));
  }
  await database.transaction(({ run }) => run(`CREATE TABLE scores (${columns.join(', ')})`));
  const values = ({ frame, file, index, score, keep, logits }: ScoredRow): readonly SqlValue[] => [
    frame,
    file,
    index,
    score,
    keep,
    ...Array.from(logits),
  ];
  return {
    async add(rows) {
      waiting.push(...rows.map(values));
      if (waiting.length >= ROWS_AT_A_TIME) await flush();
    },
    async close() {
      await flush();
      await writeParquet(database, 'SELECT * FROM scores ORDER BY frame', path);
      await database.close();
      await remove();
    },
    async discard() {
      await database.close();
      await remove();
    },
  };
}

/** The rows of a Parquet file that `parquetSink` wrote, some at a time. */
export async function* parquetRows(
  path: string,
  { classNames }: Pick<ScoreFacts, 'classNames'>,
  { from, to }: { readonly from: number; readonly to: number },
): AsyncGenerator<readonly ScoredRow[]> {
  const store = `${temporaryBeside(path)}.read.duckdb`;
  const database = await openDatabase(store, 'write', { files: [path] });
  try {
    for (let at = from; at < to; at += ROWS_AT_A_TIME) {
      const rows = await database.select(
        `SELECT * FROM read_parquet(${sqlText(path)}) WHERE frame >= ? AND frame < ? ORDER BY frame`,
        [at, Math.min(to, at + ROWS_AT_A_TIME)],
      );
      yield rows.map((row) => ({
        frame: row['frame'] as number,
        file: row['file'] as string,
        index: row['index'] as number,
        score: row['score'] as number,
        keep: row['keep'] as boolean,
        logits: classNames.map((name) => row[`logit ${name}`] as number),
      }));
    }
  } finally {
    await database.close();
    await rm(store, { force: true });
    await rm(`${store}.wal`, { force: true });
  }
}
