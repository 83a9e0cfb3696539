/**
 * The scores of a long series, kept as they are made so that a killed run goes on where it stopped.
 *
 * One line of JSON says whose scores these are; then one little-endian int32 a frame. A torn last entry is dropped.
 * A journal of other frames or another network is refused, never mixed.
 */
import { open, readFile, rm, truncate, type FileHandle } from 'node:fs/promises';
import { UserError } from '../../core/errors.js';
import { jsonOrUndefined } from '../../core/json.js';

/** What the scores belong to; every field must agree. */
export type JournalKey = Readonly<Record<string, string | number>>;

/** The score of a frame that could not be read. */
export const UNREADABLE = -2147483648;

export interface ScoreJournal {
  /** Scores of frames 0, 1, … so far. */
  readonly scores: Int32Array;
  append(scores: readonly number[]): Promise<void>;
  close(): Promise<void>;
  /** Closes and deletes. */
  remove(): Promise<void>;
}

const MAX_HEADER = 65536;

interface Found {
  readonly headerBytes: number;
  readonly scores: Int32Array;
}

/** Opens the journal at `path`, with the scores of an earlier run of the same `key`. Throws `UserError`. */
export async function openJournal(path: string, key: JournalKey): Promise<ScoreJournal> {
  const header = Buffer.from(`${JSON.stringify(key)}\n`);
  const found = await readJournal(path, key);
  const handle = await open(path, found === null ? 'w' : 'r+');
  if (found === null) await handle.write(header, 0, header.length, 0);
  else await truncate(path, found.headerBytes + 4 * found.scores.length);
  return journalOn(handle, path, found ?? { headerBytes: header.length, scores: new Int32Array(0) });
}

function journalOn(handle: FileHandle, path: string, found: Found): ScoreJournal {
  const parts: Int32Array[] = [found.scores];
  let count = found.scores.length;
  let closed = false;
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    await handle.close();
  };
  return {
    get scores() {
      if (parts.length > 1) {
        const all = new Int32Array(count);
        let at = 0;
        for (const part of parts) {
          all.set(part, at);
          at += part.length;
        }
        parts.splice(0, parts.length, all);
      }
      return parts[0]!;
    },
    async append(scores) {
      const bytes = Buffer.alloc(4 * scores.length);
      scores.forEach((score, i) => bytes.writeInt32LE(score, 4 * i));
      await handle.write(bytes, 0, bytes.length, found.headerBytes + 4 * count);
      parts.push(Int32Array.from(scores));
      count += scores.length;
    },
    close,
    async remove() {
      await close();
      await rm(path, { force: true });
    },
  };
}

async function readJournal(path: string, key: JournalKey): Promise<Found | null> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (bytes === null || bytes.length === 0) return null;
  const end = bytes.subarray(0, MAX_HEADER).indexOf(10);
  const difference = end < 0 ? 'no header' : differenceOf(bytes.toString('utf8', 0, end), key);
  if (difference !== null) {
    throw new UserError(`holds scores of another run (${difference})`, {
      file: path,
      remedy: 'give the same frames and run as before, remove this file, or add --restart',
    });
  }
  const headerBytes = end + 1;
  const count = Math.floor((bytes.length - headerBytes) / 4);
  const scores = Int32Array.from({ length: count }, (_, i) => bytes.readInt32LE(headerBytes + 4 * i));
  return { headerBytes, scores };
}

/** The first field that differs, or null. */
function differenceOf(line: string, key: JournalKey): string | null {
  const found = jsonOrUndefined(line);
  if (typeof found !== 'object' || found === null) return 'no header';
  const other = found as Readonly<Record<string, unknown>>;
  return Object.keys({ ...key, ...other }).find((name) => other[name] !== key[name]) ?? null;
}
