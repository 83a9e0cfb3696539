/** Joins the parts that shards of an audit wrote: one ledger, whose rows stay in the parts. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../core/errors.js';
import { putInPlace, temporaryBeside } from '../core/files.js';
import { openDatabase, sqlText, type Database } from './database.js';
import { createWindows, scoredFrame, windowLength } from './drift.js';
import type { AuditIdentity } from './identity.js';
import { insertWindows, LEDGER_FILE } from './ledger.js';
import { partsRelation, type LedgerParts } from './parts.js';
import type { Reference } from './reference.js';
import { printReference } from './reference-text.js';
import { CREATE_TABLES, JOINED_VERSION } from './schema.js';

export interface JoinedPart {
  readonly file: string;
  readonly bytes: number;
  /** Frames that it must hold, each once; `to` is not among them. */
  readonly from: number;
  readonly to: number;
  /** What to do where it does not. */
  readonly remedy: string;
}

export interface JoinRequest {
  readonly identity: AuditIdentity;
  readonly reference: Reference;
  /** In the order of their frames. */
  readonly parts: readonly JoinedPart[];
  readonly onPart?: (done: number, total: number) => void;
}

/** Frames whose scores are in memory at a time, in whole windows. */
const FRAMES_AT_A_TIME = 200_000;

/** Throws `UserError` where a part does not hold exactly its frames. */
async function checkRows(
  database: Database,
  folder: string,
  { file, from, to, remedy }: JoinedPart,
): Promise<void> {
  const path = join(folder, file);
  const problem = await database
    .select(
      `SELECT count(*) AS n, count(DISTINCT frame) AS frames, min(frame) AS low, max(frame) AS high
       FROM read_parquet(${sqlText(path)})`,
    )
    .then(
      ([row]) => {
        const { n, frames, low, high } = row as Record<string, number | null>;
        const whole = n === to - from && frames === n && (n === 0 || (low === from && high === to - 1));
        return whole
          ? null
          : `holds ${n ?? 0} rows of ${frames ?? 0} frames (${low ?? '–'} to ${high ?? '–'}), not one of each from ${from} to ${to - 1}`;
      },
      (error: unknown) =>
        `cannot be read as Parquet (${error instanceof Error ? error.message.split('\n')[0]! : String(error)})`,
    );
  if (problem !== null) throw new UserError(problem, { file: path, remedy });
}

/** Writes the ledger of `folder` over its parts, and gives its path. A ledger that was there is replaced. Throws `UserError`. */
export async function joinLedger(folder: string, request: JoinRequest): Promise<string> {
  const { identity, reference, parts, onPart } = request;
  const path = join(folder, LEDGER_FILE);
  const draft = temporaryBeside(path);
  const stated: LedgerParts = parts.map(({ file, bytes, from, to }) => ({ file, bytes, rows: to - from }));
  await rm(draft, { force: true });
  const database = await openDatabase(draft, 'write', { files: parts.map(({ file }) => join(folder, file)) });
  try {
    for (const [k, part] of parts.entries()) {
      await checkRows(database, folder, part);
      onPart?.(k + 1, parts.length);
    }
    const windows = createWindows();
    const length = windowLength(identity.count);
    const step = Math.max(1, Math.floor(FRAMES_AT_A_TIME / length)) * length;
    const rows = partsRelation(folder, stated);
    for (let at = 0; at < identity.count; at += step) {
      const read = await database.select(
        `SELECT frame, score, keep FROM ${rows} WHERE frame >= ? AND frame < ? ORDER BY frame`,
        [at, at + step],
      );
      windows.add(read.map(scoredFrame), length);
    }
    await database.transaction(async (runner) => {
      for (const statement of CREATE_TABLES) await runner.run(statement);
      const meta = {
        version: String(JOINED_VERSION),
        identity: JSON.stringify(identity),
        parts: JSON.stringify(stated),
        reference: printReference(reference),
        finished: 'true',
      };
      for (const entry of Object.entries(meta)) await runner.run('INSERT INTO meta VALUES (?, ?)', entry);
      await insertWindows(runner, windows.all());
    });
  } catch (error) {
    await database.close();
    await rm(draft, { force: true });
    throw error;
  }
  await database.close();
  await putInPlace(draft, path);
  return path;
}
