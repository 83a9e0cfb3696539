/**
 * Which file a path is, and writing files so that a kill, a full disk or an error never leaves half a file under a good name.
 */
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { pid } from 'node:process';
import type { Writable } from 'node:stream';
import { UserError } from './errors.js';
import { temporary } from './temporary.js';

/**
 * Makes `folder` and those above it, where they are not there. Of a read-only disk Node says then that the folder does not exist: the
 * first one that is missing is asked for alone, which tells why.
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    let missing = resolve(folder);
    while (!existsSync(dirname(missing))) missing = dirname(missing);
    await mkdir(missing);
    await mkdir(folder, { recursive: true });
  }
}

/**
 * A name beside `path` that no other process writes to; what is complete is renamed to `path`. What is left there goes when
 * the process ends.
 */
export const temporaryBeside = (path: string): string =>
  temporary(join(dirname(path), `.${basename(path)}.${pid}.tmp`));

/** A system's error, naming the file that was asked for: a write into an open file names none, others a temporary one. */
export function about(error: unknown, path: string): unknown {
  if (error instanceof Error && 'code' in error) Object.assign(error, { path });
  return error;
}

/** What was written at `path` is no longer there. */
export const vanished = (path: string): UserError =>
  new UserError('vanished while it was written: it, or its folder, was moved or removed', {
    file: path,
    remedy: 'leave the folder where it is, and give the command again',
  });

/** Gives what was written as `draft` the name `path`. Throws `UserError` where it is not there any more. */
export async function putInPlace(draft: string, path: string): Promise<void> {
  await rename(draft, path).catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? vanished(path) : about(error, path);
  });
}

/** Writes `content` beside `path`, syncs it, and renames it into place. Creates the folders above. */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  await makeFolder(dirname(path));
  const draft = temporaryBeside(path);
  try {
    const handle = await open(draft, 'w');
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await putInPlace(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw about(error, path);
  }
}

/**
 * A temporary file beside `path`, empty, for a library to fill: whether it can be written is told here, in the system's
 * words. Creates the folders above.
 */
export async function emptyBeside(path: string): Promise<string> {
  await makeFolder(dirname(path));
  const draft = temporaryBeside(path);
  try {
    const handle = await open(draft, 'w');
    await handle.close();
  } catch (error) {
    throw about(error, path);
  }
  return draft;
}

/** Writes text to `stream`, no faster than it takes it. */
export const writerOf =
  (stream: Writable) =>
  async (text: string): Promise<void> => {
    if (!stream.write(text)) await once(stream, 'drain');
  };

/** A file that grows, and appears under its name when it is complete. */
export interface AtomicStream {
  readonly write: (text: string) => Promise<void>;
  /** Ends the file and gives it its name. */
  readonly close: () => Promise<void>;
  /** Removes what was written. */
  readonly discard: () => Promise<void>;
}

/** Begins the file `path`, and the folders above it; rejects where it cannot be written. */
export async function openAtomicStream(path: string): Promise<AtomicStream> {
  await makeFolder(dirname(path));
  const draft = temporaryBeside(path);
  const handle = await open(draft, 'w').catch((error: unknown) => {
    throw about(error, path);
  });
  const named = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw about(error, path);
    });
  return {
    write: (text) => named(handle.appendFile(text)),
    async close() {
      await named(handle.sync());
      await handle.close();
      await putInPlace(draft, path);
    },
    async discard() {
      await handle.close();
      await rm(draft, { force: true });
    },
  };
}

/** When the newest of `files` was written, as its disk says; null where none is there. */
export function writtenAt(files: Iterable<string>): Date | null {
  const times = [...files].flatMap((file) => {
    const found = statSync(resolve(file), { throwIfNoEntry: false });
    return found === undefined ? [] : [found.mtimeMs];
  });
  return times.length === 0 ? null : new Date(Math.max(...times));
}

/**
 * The file at `path`, however it is called: links lead to the same. Null where none can be looked at; a path may come
 * from a damaged list, so one that no file can have is no error.
 */
export function fileIdentity(path: string): string | null {
  try {
    const facts = statSync(path, { bigint: true });
    return `${facts.dev}:${facts.ino}`;
  } catch {
    return null;
  }
}
