/**
 * What CrystFEL says of frames: its output stream, and lists of events.
 *
 * A line of a list is a file and, after the last space, an event; a file alone means all its frames. An event is
 * `//12`, or `tag-123//` where the frames stand in groups, or `entry//12`: what stands before `//` fills the `%` of a
 * path, what stands after it the `%` of the axes. Streams are read line by line, however large. Refuses streams
 * without chunks, chunks without a file and events of no known form.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { UserError } from '../../core/errors.js';

/** The place of a frame in its file. Both empty: every frame of the file. */
export interface FrameEvent {
  /** As it was written. */
  readonly text: string;
  /** Parts of a path inside the file, outermost first. */
  readonly path: readonly string[];
  /** Places on the axes of frames, slowest first. */
  readonly numbers: readonly number[];
}

export interface ListedFrame {
  /** The line of the list or of the stream, from 1. */
  readonly line: number;
  readonly file: string;
  readonly event: FrameEvent;
  /** Whether a method indexed it; null in a list, which does not say. */
  readonly indexed: boolean | null;
  /** What its `hit` line says; absent where it has none, as in streams before CrystFEL 0.8. */
  readonly hit?: boolean;
}

export const EVERY_FRAME: FrameEvent = { text: '', path: [], numbers: [] };

/** `//12`, `tag-5//`, `entry//12`, `//1/3`, `12`; null where `text` is no event. */
export function parseEvent(text: string): FrameEvent | null {
  if (/^\d+$/.test(text)) return { text, path: [], numbers: [Number(text)] };
  const [, path, numbers] = /^([^\s]*?)\/\/((?:\d+(?:\/\d+)*)?)$/.exec(text) ?? [];
  if (path === undefined || numbers === undefined) return null;
  const parts = (joined: string): readonly string[] => joined.split('/').filter((part) => part !== '');
  return { text, path: parts(path), numbers: parts(numbers).map(Number) };
}

async function* readLines(file: string, field: string): AsyncGenerator<readonly [number, string]> {
  const stream = createReadStream(file, 'utf8');
  let failure: NodeJS.ErrnoException | null = null;
  stream.on('error', (error: NodeJS.ErrnoException) => (failure = error));
  let number = 0;
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity }))
      yield [++number, number === 1 ? line.replace(/^\uFEFF/, '') : line];
  } catch (error) {
    failure ??= error as NodeJS.ErrnoException;
  }
  if (failure !== null) throw unreadable(file, field, failure);
}

function unreadable(file: string, field: string, error: NodeJS.ErrnoException): UserError {
  return new UserError(`cannot be read (${error.code ?? error.message})`, {
    file,
    field,
    remedy: 'check the path',
  });
}

interface Chunk {
  line: number;
  image: string | null;
  event: string | null;
  indexed: boolean;
  hit: boolean | null;
}

function frameOfChunk(file: string, chunk: Chunk): ListedFrame {
  if (chunk.image === null) {
    throw new UserError(`the chunk of line ${chunk.line} names no image file`, {
      file,
      remedy: 'give a whole stream of CrystFEL',
    });
  }
  const event = chunk.event === null ? EVERY_FRAME : parseEvent(chunk.event);
  if (event === null) throw badEvent(file, chunk.line, chunk.event!);
  return {
    line: chunk.line,
    file: chunk.image,
    event,
    indexed: chunk.indexed,
    ...(chunk.hit === null ? {} : { hit: chunk.hit }),
  };
}

function badEvent(file: string, line: number, text: string): UserError {
  return new UserError(`line ${line}: '${text}' is no event`, {
    file,
    remedy: 'write //12, or tag-123// where the frames stand in groups',
  });
}

/**
 * The chunks of a CrystFEL stream: image, event, whether it is a hit, and whether a method indexed it. `onNote` hears of a stream
 * that ends inside a chunk, which indexamajig leaves when it is stopped, of another that begins there, and of a `hit` that is
 * neither 0 nor 1. Throws `UserError`.
 */
export async function readStream(
  file: string,
  field: string,
  onNote: (text: string) => void = () => undefined,
): Promise<readonly ListedFrame[]> {
  const frames: ListedFrame[] = [];
  let chunk: Chunk | null = null;
  for await (const [number, line] of readLines(file, field)) {
    if (line.startsWith('----- Begin chunk')) {
      if (chunk !== null)
        onNote(`the chunk of line ${chunk.line} has no end before line ${number} and is left out`);
      chunk = { line: number, image: null, event: null, indexed: false, hit: null };
    } else if (chunk === null) continue;
    else if (line.startsWith('Image filename:')) chunk.image = line.slice(15).trim();
    else if (line.startsWith('Event:')) chunk.event = line.slice(6).trim();
    else if (/^hit\s*=/.test(line)) {
      const value = line.slice(line.indexOf('=') + 1).trim();
      if (value === '0' || value === '1') chunk.hit = value === '1';
      else onNote(`line ${number}: hit is ${value}, neither 0 nor 1, and is not used`);
    } else if (line.startsWith('indexed_by =')) chunk.indexed ||= line.slice(12).trim() !== 'none';
    else if (line.startsWith('----- End chunk')) {
      frames.push(frameOfChunk(file, chunk));
      chunk = null;
    }
  }
  if (chunk !== null) onNote(`${file} ends inside the chunk of line ${chunk.line}, which is left out`);
  if (frames.length > 0) return frames;
  throw new UserError('holds no chunk', { file, field, remedy: 'give the stream that indexamajig wrote' });
}

/**
 * The lines of a list. A name may hold spaces: the last word is the event if it has the form of one, unless `isFile`
 * knows the whole line. Throws `UserError`.
 */
export async function readList(
  file: string,
  field: string,
  isFile: (name: string) => boolean = () => false,
): Promise<readonly ListedFrame[]> {
  const frames: ListedFrame[] = [];
  for await (const [number, raw] of readLines(file, field)) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, name, last] = /^(.*\S)\s+(\S+)$/.exec(line) ?? [];
    const event = last === undefined || isFile(line) ? null : parseEvent(last);
    if (event === null && last?.startsWith('//') === true && !isFile(line))
      throw badEvent(file, number, last);
    frames.push({
      line: number,
      file: event === null ? line : name!,
      event: event ?? EVERY_FRAME,
      indexed: null,
    });
  }
  if (frames.length > 0) return frames;
  throw new UserError('names no frame', { file, field, remedy: 'write a line FILE //EVENT a frame' });
}
