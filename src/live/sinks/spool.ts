/**
 * A file of records that grows and is read once: what a killed process, or a full disk, leaves of it ends with a whole record.
 */
import { open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { about, makeFolder } from '../../core/files.js';

export interface Spool {
  readonly path: string;
  /** Adds a record, or rejects and has added nothing. */
  append(record: Uint8Array): Promise<void>;
  /** The records from first to last. */
  records(): AsyncGenerator<Uint8Array>;
  /** Closes the file; it stays. */
  close(): Promise<void>;
  /** Closes and removes the file. */
  remove(): Promise<void>;
}

/** Bytes before each record, which say how long it is. */
const HEAD = 4;

/** Opens or begins `path`, and the folders above it. Rejects where it cannot be written. */
export async function openSpool(path: string): Promise<Spool> {
  await makeFolder(dirname(path));
  const handle = await open(path, 'a+').catch((error: unknown) => {
    throw about(error, path);
  });
  let whole = (await handle.stat()).size;
  const close = (): Promise<void> => handle.close().catch(() => undefined);
  return {
    path,
    async append(record) {
      const head = Buffer.alloc(HEAD);
      head.writeUInt32LE(record.length);
      try {
        await handle.appendFile(Buffer.concat([head, record]));
        whole += HEAD + record.length;
      } catch (error) {
        await handle.truncate(whole);
        throw about(error, path);
      }
    },
    async *records() {
      const head = Buffer.alloc(HEAD);
      for (let at = 0; at + HEAD <= whole;) {
        await handle.read(head, 0, HEAD, at);
        const length = head.readUInt32LE();
        at += HEAD + length;
        // The last record of a process that was killed while it wrote.
        if (at > whole) return;
        const record = Buffer.alloc(length);
        await handle.read(record, 0, length, at - length);
        yield record;
      }
    },
    close,
    async remove() {
      await close();
      await rm(path, { force: true });
    },
  };
}
