/**
 * Writing files so that a kill, a full disk or an error never leaves half a file under a good name.
 */
import { once } from 'node:events';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pid } from 'node:process';
import type { Writable } from 'node:stream';

/** A name beside `path` that no other process writes to; what is complete is renamed to `path`. */
export const temporaryBeside = (path: string): string => join(dirname(path), `.${basename(path)}.${pid}.tmp`);

/** Writes `content` beside `path`, syncs it, and renames it into place. Creates the folders above. */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = temporaryBeside(path);
  try {
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
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
  await mkdir(dirname(path), { recursive: true });
  const temporary = temporaryBeside(path);
  const handle = await open(temporary, 'w');
  return {
    write: (text) => handle.appendFile(text),
    async close() {
      await handle.sync();
      await handle.close();
      await rename(temporary, path);
    },
    async discard() {
      await handle.close();
      await rm(temporary, { force: true });
    },
  };
}
