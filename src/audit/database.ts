/**
 * DuckDB: opening a ledger file, transactions, values in and out. The only file of vetoc that imports the database.
 *
 * DuckDB because one file holds everything, a kill leaves the last committed transaction, and it writes CSV and
 * Parquet itself. Extensions are never fetched. A database opened for reading has no access to other files: a
 * query can read the ledger and nothing else. Turns the database's errors into words.
 */
import { stat } from 'node:fs/promises';
import type { DuckDBConnection, DuckDBInstance, DuckDBValue, Json } from '@duckdb/node-api';
import { UserError } from '../core/errors.js';

export type SqlValue = DuckDBValue;
/** What a column becomes outside: whole numbers are numbers while they fit. */
export type PlainValue =
  string | number | boolean | null | readonly PlainValue[] | { readonly [key: string]: PlainValue };
export type PlainRow = Readonly<Record<string, PlainValue>>;

export interface Database {
  readonly path: string;
  /** Rows of one statement. */
  select(sql: string, values?: readonly SqlValue[]): Promise<readonly PlainRow[]>;
  /** Column names and rows, for statements whose columns are not known. */
  table(
    sql: string,
  ): Promise<{ readonly columns: readonly string[]; readonly rows: readonly PlainValue[][] }>;
  /** Runs `work` as one transaction: all of it happens, or nothing. Transactions wait for each other. */
  transaction<T>(work: (run: Runner) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface Runner {
  run(sql: string, values?: readonly SqlValue[]): Promise<void>;
  /** Appends rows of values in the order of the table's columns. */
  append(table: string, rows: readonly (readonly SqlValue[])[]): Promise<void>;
}

export type OpenMode = 'write' | 'read';

const MEMORY_LIMIT = '512MB';

/** Opens the database file at `path`; with `write` it is made when it is missing. Throws `UserError`. */
export async function openDatabase(path: string, mode: OpenMode): Promise<Database> {
  if (mode === 'read' && !(await exists(path)))
    throw new UserError('there is no ledger here', { file: path, remedy: 'run vetoc audit first' });
  // Its library is large: it is loaded where a ledger is opened.
  const duckdb = await import('@duckdb/node-api');
  const instance = await duckdb.DuckDBInstance.create(path, {
    threads: '2',
    memory_limit: MEMORY_LIMIT,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    ...(mode === 'read'
      ? { access_mode: 'READ_ONLY', enable_external_access: 'false', lock_configuration: 'true' }
      : {}),
  }).catch((error: unknown) => {
    throw openProblem(error, path);
  });
  const connection = await instance.connect();
  return createDatabase(path, instance, connection);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function openProblem(error: unknown, path: string): UserError {
  const text = error instanceof Error ? error.message : String(error);
  if (/lock/i.test(text))
    return new UserError('is in use by another vetoc', {
      file: path,
      remedy: 'wait for the audit to end, or stop vetoc audit view',
    });
  return new UserError(`is no ledger (${text.split('\n')[0]!.slice(0, 200)})`, {
    file: path,
    remedy: 'name the folder of an audit',
  });
}

function createDatabase(path: string, instance: DuckDBInstance, connection: DuckDBConnection): Database {
  let last: Promise<unknown> = Promise.resolve();
  // One connection: what is asked for at the same time runs one after the other.
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  }
  const runner: Runner = {
    run: async (sql, values = []) => {
      await connection.run(sql, [...values]);
    },
    append: async (table, rows) => {
      const appender = await connection.createAppender(table);
      for (const row of rows) {
        for (const value of row) {
          if (value === null) appender.appendNull();
          else appender.appendValue(value);
        }
        appender.endRow();
      }
      appender.closeSync();
    },
  };
  return {
    path,
    select: (sql, values = []) =>
      inTurn(async () => {
        const reader = await connection.runAndReadAll(sql, [...values]);
        return reader.getRowObjectsJson().map((row) => plainRow(row, reader.columnNames(), kinds(reader)));
      }),
    table: (sql) =>
      inTurn(async () => {
        const reader = await connection.runAndReadAll(sql);
        const types = kinds(reader);
        return {
          columns: reader.columnNames(),
          rows: reader.getRowsJson().map((row) => row.map((value, k) => plain(value, types[k]!))),
        };
      }),
    transaction: (work) =>
      inTurn(async () => {
        await connection.run('BEGIN');
        try {
          const result = await work(runner);
          await connection.run('COMMIT');
          return result;
        } catch (error) {
          await connection.run('ROLLBACK').catch(() => undefined);
          throw error;
        }
      }),
    async close() {
      await last.catch(() => undefined);
      connection.closeSync();
      instance.closeSync();
    },
  };
}

type Reader = Awaited<ReturnType<DuckDBConnection['runAndReadAll']>>;

/** The database gives wide integers as text: their columns, by name of type. */
const WIDE = /^(BIGINT|HUGEINT|UBIGINT|UHUGEINT|DECIMAL)/;

const kinds = (reader: Reader): readonly boolean[] =>
  reader.columnTypes().map((type) => WIDE.test(type.toString()));

function plain(value: Json, wide: boolean): PlainValue {
  if (!wide || typeof value !== 'string') return value as PlainValue;
  const number = Number(value);
  return Number.isSafeInteger(number) || !Number.isInteger(number) ? number : value;
}

function plainRow(row: Record<string, Json>, names: readonly string[], wide: readonly boolean[]): PlainRow {
  return Object.fromEntries(names.map((name, k) => [name, plain(row[name]!, wide[k]!)]));
}
