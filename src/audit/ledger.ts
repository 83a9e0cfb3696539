/**
 * The ledger of an audit: one row a frame, written in whole blocks, so that a kill at any moment loses the blocks in
 * work and nothing else, and none is written twice.
 *
 * A ledger belongs to one run, one list of frames and one set of settings (identity.ts); continuing it with others is
 * refused. Everything but verdicts follows from these, so that an interrupted audit ends as an uninterrupted one.
 */
import { join } from 'node:path';
import { invariant, UserError } from '../core/errors.js';
import { makeFolder } from '../core/files.js';
import { openDatabase, type Database, type OpenOptions, type PlainRow, type Runner } from './database.js';
import type { ScoreWindow } from './drift.js';
import { checkSameAudit, identitySchema, type AuditIdentity } from './identity.js';
import { checkParts, partFilesIn, partsRelation, partsSchema, type LedgerParts } from './parts.js';
import type { Reference } from './reference.js';
import { parseReference, printReference } from './reference-text.js';
import type { FrameRow } from './rows.js';
import {
  CREATE_TABLES,
  createFramesView,
  createSampleView,
  JOINED_VERSION,
  LEDGER_VERSION,
  ROW_COLUMNS,
  sampleKey,
  VERDICTS_TABLE,
  type Verdict,
} from './schema.js';
import { appendVerdict, readVerdicts, VERDICTS_FILE, verdictsStamp } from './verdicts.js';

export const LEDGER_FILE = 'ledger.duckdb';

/** What can be read of a ledger, by whoever opened it. */
export interface LedgerContent {
  readonly path: string;
  readonly identity: AuditIdentity;
  /** Null until the reference frames are scored. */
  reference(): Promise<Reference | null>;
  /** True when every frame has its row and the windows are made. */
  finished(): Promise<boolean>;
  readonly database: Database;
  close(): Promise<void>;
}

/** A ledger that was opened to be looked through. */
export interface Ledger extends LedgerContent {
  /** Saves or, with null, withdraws a verdict. `at` is an ISO time. */
  setVerdict(frame: number, verdict: Verdict | null, note: string, at: string): Promise<void>;
}

/** The ledger of an audit that runs. */
export interface GrowingLedger extends LedgerContent {
  setReference(reference: Reference): Promise<void>;
  /** 1 for each of the frames `from` to `to`, which is not among them, that has its row. */
  done(from: number, to: number): Promise<Uint8Array>;
  /** Writes the rows of a block: all or none. Rows that are there already are refused. */
  append(rows: readonly FrameRow[]): Promise<void>;
  finish(windows: readonly ScoreWindow[]): Promise<void>;
}

export interface GrowOptions extends OpenOptions {
  /** It takes frames without end: the number of its frames is that of its rows. */
  readonly grows?: boolean;
}

/** Starts a ledger in `folder`, or continues the one that is there; `options.files`: parts that it may write. */
export async function openLedgerForAudit(
  folder: string,
  identity: AuditIdentity,
  options: GrowOptions = {},
): Promise<GrowingLedger> {
  await makeFolder(folder);
  const database = await openDatabase(join(folder, LEDGER_FILE), 'write', options);
  try {
    const known = await readStated(database);
    if (known !== null && known.parts !== null)
      throw new UserError('was joined from parts and is complete', {
        file: database.path,
        remedy: 'look at it, or audit into another folder',
      });
    if (known !== null) checkSameAudit(known.identity, identity, database.path, options.grows);
    else
      await database.transaction(async ({ run }) => {
        for (const statement of CREATE_TABLES) await run(statement);
        await run('INSERT INTO meta VALUES (?, ?)', ['version', String(LEDGER_VERSION)]);
        await run('INSERT INTO meta VALUES (?, ?)', ['identity', JSON.stringify(identity)]);
      });
    return createGrowingLedger(database, known?.identity ?? identity, options.grows === true);
  } catch (error) {
    await database.close();
    throw error;
  }
}

/**
 * Opens the ledger of a finished or unfinished audit, to be read; verdicts can be given, they go to a file beside it. Any
 * number of readers may do so at once. Throws `UserError` when there is none.
 */
export async function openLedger(folder: string, options: OpenOptions = {}): Promise<Ledger> {
  const path = join(folder, LEDGER_FILE);
  const files = [...(options.files ?? []), ...(await partFilesIn(folder))];
  const database = await openDatabase(path, 'read', { files });
  try {
    const stated = await readStated(database);
    if (stated === null) throw new UserError('is an empty ledger', { file: path, remedy: 'run vetoc audit' });
    if (stated.parts !== null) await checkParts(folder, stated.parts);
    return await createReadLedger(database, stated, folder);
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Shadows the ledger's own views and its table of verdicts by temporary ones, and renews the latter when its file changes. */
async function createReadLedger(
  database: Database,
  { identity, parts }: StatedLedger,
  folder: string,
): Promise<Ledger> {
  const content = ledgerContent(database, identity);
  const file = join(folder, VERDICTS_FILE);
  const reference = await content.reference();
  await database.transaction(async ({ run }) => {
    const rows = parts === null ? 'main.frame_rows' : partsRelation(folder, parts);
    await run(`CREATE TEMP VIEW ledger_rows AS SELECT * FROM ${rows}`);
    await run(`CREATE TEMP TABLE ${VERDICTS_TABLE}`);
    if (reference === null) return;
    await run(createFramesView(reference.limits, true));
    await run(createSampleView(reference.limits, true));
  });
  let seen = '';
  async function refresh(): Promise<void> {
    const stamp = await verdictsStamp(file);
    if (stamp === seen) return;
    const saved = await readVerdicts(file);
    await database.transaction(async ({ run }) => {
      await run('DELETE FROM temp.verdicts');
      await run('INSERT INTO temp.verdicts SELECT * FROM main.verdicts');
      for (const { frame, verdict, note, at } of saved) {
        await run('DELETE FROM temp.verdicts WHERE frame = ?', [frame]);
        if (verdict !== null)
          await run('INSERT INTO temp.verdicts VALUES (?, ?, ?, ?)', [frame, verdict, note, at]);
      }
    });
    seen = stamp;
  }
  return {
    ...content,
    database: {
      ...database,
      select: async (sql, values) => {
        await refresh();
        return database.select(sql, values);
      },
      query: async (sql, mostRows) => {
        await refresh();
        return database.query(sql, mostRows);
      },
    },
    async setVerdict(frame, verdict, note, at) {
      invariant(frame >= 0 && frame < identity.count, `frame ${frame} of ${identity.count}`);
      await appendVerdict(file, { frame, verdict, note, at });
    },
  };
}

interface StatedLedger {
  readonly identity: AuditIdentity;
  /** Where the rows stand, if not in the ledger itself. */
  readonly parts: LedgerParts | null;
}

/** What a ledger says of itself; null where nothing is written yet. */
async function readStated(database: Database): Promise<StatedLedger | null> {
  const tables = await database.select("SELECT table_name FROM duckdb_tables() WHERE table_name = 'meta'");
  if (tables.length === 0) return null;
  const meta = async (key: string): Promise<string | null> => readMeta(database, key);
  const version = await meta('version');
  if (version !== String(LEDGER_VERSION) && version !== String(JOINED_VERSION))
    throw new UserError('was written by another version of vetoc', {
      file: database.path,
      remedy: 'audit again into another folder',
    });
  const parsed = identitySchema.safeParse(JSON.parse((await meta('identity')) ?? 'null'));
  const parts = partsSchema.nullable().safeParse(JSON.parse((await meta('parts')) ?? 'null'));
  if (!parsed.success || !parts.success)
    throw new UserError('does not say what was audited in a form that this vetoc knows', {
      file: database.path,
      field: parsed.success ? 'parts' : parsed.error.issues[0]!.path.join('.'),
      remedy: 'audit again into another folder, or read it with the vetoc that wrote it',
    });
  return { identity: parsed.data, parts: parts.data };
}

async function readMeta(database: Database, key: string): Promise<string | null> {
  const rows = await database.select('SELECT value FROM meta WHERE key = ?', [key]);
  return rows.length === 0 ? null : String(rows[0]!['value']);
}

function ledgerContent(database: Database, identity: AuditIdentity): LedgerContent {
  let cached: Reference | null = null;
  return {
    path: database.path,
    identity,
    database,
    async reference() {
      const text = cached === null ? await readMeta(database, 'reference') : null;
      if (text !== null) cached = parseReference(text);
      return cached;
    },
    finished: async () => (await readMeta(database, 'finished')) !== null,
    close: () => database.close(),
  };
}

function createGrowingLedger(database: Database, begun: AuditIdentity, grows: boolean): GrowingLedger {
  let identity = begun;
  return {
    ...ledgerContent(database, begun),
    get identity() {
      return identity;
    },
    async setReference(reference) {
      const text = printReference(reference);
      await database.transaction(async ({ run }) => {
        await run('INSERT INTO meta VALUES (?, ?)', ['reference', text]);
        await run(createFramesView(reference.limits));
        await run(createSampleView(reference.limits));
      });
    },
    async done(from, to) {
      const flags = new Uint8Array(to - from);
      const rows = await database.select('SELECT frame FROM frame_rows WHERE frame >= ? AND frame < ?', [
        from,
        to,
      ]);
      for (const { frame } of rows) flags[(frame as number) - from] = 1;
      return flags;
    },
    async append(rows) {
      const count = rows.reduce((most, { frame }) => Math.max(most, frame + 1), identity.count);
      const next = grows ? { ...identity, count } : identity;
      await database.transaction(async ({ run, append }) => {
        await append('frame_rows', rows.map(rowValues));
        if (grows) await run("UPDATE meta SET value = ? WHERE key = 'identity'", [JSON.stringify(next)]);
      });
      identity = next;
    },
    finish: (windows) => finish(database, identity, windows),
  };
}

const FIELDS = Object.keys(ROW_COLUMNS) as (keyof FrameRow)[];

function rowValues(row: FrameRow): (string | number | boolean | null)[] {
  return [...FIELDS.map((field) => row[field]), sampleKey(row.frame)];
}

export const insertWindows = ({ append }: Runner, windows: readonly ScoreWindow[]): Promise<void> =>
  append(
    'windows',
    windows.map((w) => [w.first, w.last, w.scored, w.median, w.keptShare, w.drifted]),
  );

async function finish(
  database: Database,
  identity: AuditIdentity,
  windows: readonly ScoreWindow[],
): Promise<void> {
  const counted = await database.select('SELECT count(*)::INTEGER AS n FROM main.frame_rows');
  invariant(counted[0]!['n'] === identity.count, 'an audit ends when all frames have their row');
  await database.transaction(async ({ run, append }) => {
    await run('DELETE FROM windows');
    await insertWindows({ run, append }, windows);
    await run('DELETE FROM meta WHERE key = ?', ['finished']);
    await run('INSERT INTO meta VALUES (?, ?)', ['finished', 'true']);
  });
}

/** A row of the ledger as it was written. */
export function frameRowOf(row: PlainRow): FrameRow {
  return Object.fromEntries(
    FIELDS.map((field) => [field, row[ROW_COLUMNS[field].name]]),
  ) as unknown as FrameRow;
}
