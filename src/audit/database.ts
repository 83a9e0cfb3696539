/**
 * DuckDB: opening a ledger file, transactions, values in and out. The only file of vetoc that imports the database.
 *
 * DuckDB because one file holds everything, a kill leaves the last committed transaction, and it writes CSV and
 * Parquet itself. Extensions are never fetched. A database has no access to other files than those that it is opened with:
 * what somebody put into a ledger, a view say, can read the ledger and nothing else. Turns the database's errors into words.
 */
import { rm, stat } from 'node:fs/promises';
import type { DuckDBConnection, DuckDBInstance, DuckDBValue, Json } from '@duckdb/node-api';
import { PassingError, UserError } from '../core/errors.js';
import { fileIdentity, vanished } from '../core/files.js';

export type SqlValue = DuckDBValue;
/** What a column becomes outside: whole numbers are numbers while they fit. */
export type PlainValue =
  string | number | boolean | null | readonly PlainValue[] | { readonly [key: string]: PlainValue };
export type PlainRow = Readonly<Record<string, PlainValue>>;

export interface Database {
  readonly path: string;
  /** Rows of one statement. */
  select(sql: string, values?: readonly SqlValue[]): Promise<readonly PlainRow[]>;
  /** The answer to a user's query: at most `mostRows` rows, of long texts their length. Refuses what is no single SELECT. */
  query(sql: string, mostRows: number): Promise<QueryAnswer>;
  /** Runs `work` as one transaction: all of it happens, or nothing. Transactions wait for each other. */
  transaction<T>(work: (run: Runner) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface QueryAnswer {
  readonly columns: readonly string[];
  readonly rows: readonly PlainValue[][];
  /** Whether there would have been more rows. */
  readonly cut: boolean;
}

export interface Runner {
  run(sql: string, values?: readonly SqlValue[]): Promise<void>;
  /** Appends rows of values in the order of the table's columns. */
  append(table: string, rows: readonly (readonly SqlValue[])[]): Promise<void>;
}

export type OpenMode = 'write' | 'read';

const MEMORY_LIMIT = '512MB';

/** Bytes of a text in a query's answer; of a longer one its length is said: a cell of gigabytes would end the process. */
const LONGEST_TEXT = 65_536;

/** Characters that a query's functions may pad or repeat to: they cannot be interrupted, and fill the memory before a limit. */
const LONGEST_MADE = 1_000_000;

/** Milliseconds that a query may take. */
const QUERY_MS = 60_000;

/** Functions whose size a number in the query decides, behind macros of their names that look at that number. */
const BOUNDED_FUNCTIONS = [
  ['repeat', 's, n', 'n * length(s)', 's, n'],
  ['lpad', 's, n, c', 'n', 's, n::INTEGER, c'],
  ['rpad', 's, n, c', 'n', 's, n::INTEGER, c'],
].map(
  ([name, parameters, size, values]) =>
    `CREATE TEMP MACRO ${name!}(${parameters!}) AS CASE WHEN ${size!} > ${LONGEST_MADE}
      THEN error('${name!} makes a text of more than ${LONGEST_MADE.toLocaleString('en-US')} characters')
      ELSE system.main.${name!}(${values!}) END`,
);

export interface OpenOptions {
  /** Files that statements may read and write, beside the database: those that an export was asked for, and the parts of a ledger. */
  readonly files?: readonly string[];
}

/** Opens the database file at `path`; with `write` it is made when it is missing. Throws `UserError`. */
export async function openDatabase(
  path: string,
  mode: OpenMode,
  { files = [] }: OpenOptions = {},
): Promise<Database> {
  if (mode === 'read' && !(await exists(path)))
    throw new UserError('there is no ledger here', { file: path, remedy: 'run vetoc audit first' });
  if (mode === 'read' && (await stat(path)).size === 0)
    throw new UserError('is an empty ledger', {
      file: path,
      remedy: 'run vetoc audit again: it takes it up',
    });
  // A full disk leaves a file without a byte, which DuckDB takes for no database.
  if (mode === 'write' && (await stat(path).catch(() => null))?.size === 0) await rm(path);
  // Its library is large: it is loaded where a ledger is opened.
  const duckdb = await import('@duckdb/node-api');
  const instance = await duckdb.DuckDBInstance.create(path, {
    threads: '2',
    memory_limit: MEMORY_LIMIT,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    ...(mode === 'read' ? { access_mode: 'READ_ONLY' } : {}),
  }).catch((error: unknown) => {
    throw openProblem(error, path);
  });
  const connection = await instance.connect();
  if (files.length > 0) await connection.run(`SET allowed_paths = [${files.map(sqlText).join(', ')}]`);
  for (const macro of BOUNDED_FUNCTIONS) await connection.run(macro);
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');
  return createDatabase(path, instance, connection);
}

/** A text as SQL writes it. */
export const sqlText = (text: string): string => `'${text.replaceAll("'", "''")}'`;
export const sqlName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function openProblem(error: unknown, path: string): UserError {
  const text = error instanceof Error ? error.message : String(error);
  if (/could not set lock|conflicting lock/i.test(text))
    return new PassingError('is in use by another vetoc', {
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
  const opened = fileIdentity(path);
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
    query: (sql, mostRows) => inTurn(() => inTime(connection, () => query(connection, sql, mostRows))),
    transaction: (work) =>
      inTurn(async () => {
        await connection.run('BEGIN');
        try {
          const result = await work(runner);
          await connection.run('COMMIT');
          // DuckDB goes on with a file that has no name any more, and would lose it without a word.
          if (fileIdentity(path) !== opened) throw vanished(path);
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

const shortened = (text: string): string =>
  `CASE WHEN strlen(${text}) > ${LONGEST_TEXT} THEN '(' || strlen(${text}) || ' bytes of text)' ELSE ${text} END`;

/** `work` on the connection, interrupted when it takes too long. */
async function inTime<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
  const timer = setTimeout(() => {
    connection.interrupt();
  }, QUERY_MS);
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || !/interrupt/i.test(error.message)) throw error;
    throw new UserError(`took longer than ${QUERY_MS / 1000} s and was stopped`, {
      field: 'SELECT',
      remedy: 'ask for less, or export the ledger and ask there',
    });
  } finally {
    clearTimeout(timer);
  }
}

async function query(connection: DuckDBConnection, sql: string, mostRows: number): Promise<QueryAnswer> {
  const { StatementType } = await import('@duckdb/node-api');
  const statements = sql.trim() === '' ? null : await connection.extractStatements(sql);
  const prepared = statements?.count === 1 ? await statements.prepare(0) : null;
  if (prepared === null || prepared.statementType !== StatementType.SELECT)
    throw new UserError('a query is one SELECT, nothing else', {
      field: 'SELECT',
      remedy: 'ask one question; a ledger is not changed by queries',
    });
  // The answer's own columns, each text looked at before it leaves the database.
  const inner = sql.replace(/;\s*$/, '');
  const described = await connection.runAndReadAll(`DESCRIBE (${inner}\n)`);
  const columns = described.getRowObjectsJson().map((row) => ({
    name: String(row['column_name']),
    text: /^(VARCHAR|BLOB)/.test(String(row['column_type'])),
  }));
  const list = columns.map(({ name, text }, k) =>
    text ? `${shortened(`c${k}::VARCHAR`)} AS ${sqlName(name)}` : `c${k} AS ${sqlName(name)}`,
  );
  const reader = await connection.runAndReadAll(
    `SELECT ${list.join(', ')} FROM (${inner}\n) AS answer(${columns.map((_, k) => `c${k}`).join(', ')}) LIMIT ${mostRows + 1}`,
  );
  const types = kinds(reader);
  const rows = reader.getRowsJson().map((row) => row.map((value, k) => plain(value, types[k]!)));
  return {
    columns: columns.map(({ name }) => name),
    rows: rows.slice(0, mostRows),
    cut: rows.length > mostRows,
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
