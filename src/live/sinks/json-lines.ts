/** Decisions as JSON, a line each, in the order of receipt. */
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { UserError } from '../../core/errors.js';
import { makeFolder, writerOf } from '../../core/files.js';
import type { Decision, Delivery } from '../decision.js';
import type { LiveSink } from './sink.js';

/** The line of a decision; the keys are part of the interface. */
export function decisionLine(decision: Decision, classNames: readonly string[], file?: string): string {
  const { logits, latencyMs, number, ...rest } = decision;
  const named = logits === null ? null : Object.fromEntries(classNames.map((name, c) => [name, logits[c]]));
  const origin = file === undefined ? {} : { file };
  return `${JSON.stringify({ frame: number, ...origin, ...rest, logits: named, latencyMs: Math.round(latencyMs * 1e3) / 1e3 })}\n`;
}

/** The line of a frame; null for what is none. */
export const lineOf = (delivery: Delivery, classNames: readonly string[]): string | null =>
  delivery.kind === 'frame' ? decisionLine(delivery.decision, classNames, delivery.frame.origin?.file) : null;

/**
 * Appends to `path` as decisions come; what stands there of an earlier process stays. After a failure, as a full disk, a
 * line that was written in part is cut off, so that the file always ends with a whole one.
 */
export async function jsonLinesFile(path: string, classNames: readonly string[]): Promise<LiveSink> {
  await makeFolder(dirname(path));
  const handle = await open(path, 'a').catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`cannot be written (${error.code})`, {
      file: path,
      field: '--to',
      remedy: 'name a file where you may write',
    });
  });
  let whole = (await handle.stat()).size;
  return {
    name: path,
    async deliver(delivery) {
      const line = lineOf(delivery, classNames);
      if (line === null) return;
      try {
        await handle.appendFile(line);
        whole += Buffer.byteLength(line);
      } catch (error) {
        await handle.truncate(whole);
        throw error;
      }
    },
    async close() {
      await handle.sync();
      await handle.close();
    },
  };
}

/** The same onto a stream that is open, such as stdout. */
export function jsonLinesStream(stream: Writable, classNames: readonly string[]): LiveSink {
  const write = writerOf(stream);
  return {
    name: '-',
    async deliver(delivery) {
      const line = lineOf(delivery, classNames);
      if (line !== null) await write(line);
    },
    close: () => Promise.resolve(),
  };
}
