/**
 * What CrystFEL says of frames: its output stream, and lists of events.
 *
 * Streams are read line by line, however large. An event is `//12` or `entry//12`: the last number counts.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { UserError } from '../core/errors.js';

export interface EventLabel {
  readonly file: string;
  readonly index: number;
  readonly hit: boolean;
}

/** `entry//12`, `//12` → 12; nothing → 0. */
function eventIndex(text: string | undefined): number {
  return Number(/(\d+)\s*$/.exec(text ?? '')?.[1] ?? 0);
}

async function readLines(file: string, use: (line: string) => void): Promise<void> {
  const stream = createReadStream(file, 'utf8');
  const failed = new Promise<never>((_, reject) => {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      reject(
        new UserError(`cannot be read (${error.code})`, {
          file,
          field: '--labels',
          remedy: 'check the path',
        }),
      );
    });
  });
  const read = (async (): Promise<void> => {
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) use(line);
  })();
  await Promise.race([read, failed]);
}

/** The chunks of a CrystFEL stream: image, event, and whether a method indexed it. */
export async function readStream(file: string): Promise<readonly EventLabel[]> {
  const events: EventLabel[] = [];
  let image: string | undefined;
  let event: string | undefined;
  let indexed = false;
  await readLines(file, (line) => {
    if (line.startsWith('----- Begin chunk')) {
      image = undefined;
      event = undefined;
      indexed = false;
    } else if (line.startsWith('Image filename:')) image = line.slice(15).trim();
    else if (line.startsWith('Event:')) event = line.slice(6).trim();
    else if (line.startsWith('indexed_by =')) indexed = indexed || line.slice(12).trim() !== 'none';
    else if (line.startsWith('----- End chunk') && image !== undefined) {
      events.push({ file: image, index: eventIndex(event), hit: indexed });
    }
  });
  return events;
}

export async function readList(file: string): Promise<readonly EventLabel[]> {
  const events: EventLabel[] = [];
  await readLines(file, (line) => {
    const [, image, event] = /^(\S+)(?:\s+(\S*\/\/\d+|\d+))?\s*$/.exec(line.trim()) ?? [];
    if (image !== undefined && !image.startsWith('#'))
      events.push({ file: image, index: eventIndex(event), hit: true });
  });
  return events;
}
