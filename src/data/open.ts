/**
 * Opening frames: what the user names on a command line becomes one `FrameSource`.
 *
 * An argument is `FILE` or `FILE#/path/to/dataset`. Refuses missing files and files of no known format, with words.
 */
import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UserError } from '../core/errors.js';
import type { FrameSource } from './frames.js';
import { FRAME_FORMATS } from './formats/index.js';
import type { FrameFormat, RawSource } from './formats/format.js';
import { concatenateFrames, framesFromRaw, type ConvertOptions } from './source.js';

export interface OpenFramesOptions extends ConvertOptions {
  /** The channel of a dataset with a channel axis. */
  readonly channel?: number;
  /** Read on where linked files are missing. */
  readonly allowMissing?: boolean;
}

const HEAD_BYTES = 4096;

/** Opens what `argument` names. The caller closes the source. Throws `UserError`. */
export async function openFrames(
  argument: string | readonly string[],
  options: OpenFramesOptions = {},
): Promise<FrameSource> {
  const sources: FrameSource[] = [];
  try {
    for (const one of typeof argument === 'string' ? [argument] : argument) {
      sources.push(framesFromRaw(await openRaw(one, options), options));
    }
    return concatenateFrames(sources);
  } catch (error) {
    await Promise.all(sources.map((source) => source.close()));
    throw error;
  }
}

/** Opens one file as it is stored. */
export async function openRaw(argument: string, options: OpenFramesOptions = {}): Promise<RawSource> {
  const [, file, dataset] = /^(.*?)(?:#(\/.*))?$/s.exec(argument)!;
  const path = resolve(file!);
  const head = await readHead(file!, path);
  const format = detectFormat(file!, head);
  return format.open({
    file: file!,
    path,
    dataset: dataset ?? null,
    channel: options.channel ?? 0,
    allowMissing: options.allowMissing ?? false,
  });
}

async function readHead(file: string, path: string): Promise<Uint8Array> {
  const facts = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const problem = error.code === 'ENOENT' ? 'does not exist' : `cannot be read (${error.code})`;
    throw new UserError(problem, { file, remedy: 'check the path' });
  });
  if (!facts.isFile()) throw new UserError('is not a file', { file, remedy: 'name a file' });
  if (facts.size === 0) throw new UserError('is empty', { file, remedy: 'check that it was copied whole' });
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`cannot be read (${error.code})`, { file, remedy: 'check its permissions' });
  });
  try {
    const head = new Uint8Array(HEAD_BYTES);
    const { bytesRead } = await handle.read(head, 0, HEAD_BYTES, 0);
    return head.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function detectFormat(file: string, head: Uint8Array): FrameFormat {
  const name = file.toLowerCase();
  const format = FRAME_FORMATS.find((one) => one.matches(head, name));
  if (format !== undefined) return format;
  throw new UserError('is of no format that vetoc reads', {
    file,
    remedy: `give one of ${FRAME_FORMATS.map((one) => one.name).join(', ')}`,
  });
}
