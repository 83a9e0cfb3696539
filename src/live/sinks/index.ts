/** The sinks by how they are named. */
import type { Writable } from 'node:stream';
import { UserError } from '../../core/errors.js';
import { checkCxiName, cxiSink } from './cxi.js';
import { jsonLinesFile, jsonLinesStream } from './json-lines.js';
import { streamSink } from './stream.js';
import type { LiveSink } from './sink.js';

/** Opens `name`: `-` or FILE.jsonl for decisions, FILE.cxi or `stream://*:PORT` for kept frames. Throws `UserError`. */
export async function openLiveSink(
  name: string,
  classNames: readonly string[],
  stdout: Writable,
): Promise<LiveSink> {
  if (name === '-') return jsonLinesStream(stdout, classNames);
  if (name.startsWith('stream://')) return streamSink(name.slice('stream://'.length));
  if (name.includes('://'))
    throw new UserError('is no sink', {
      file: name,
      field: '--to',
      remedy: 'write -, FILE.jsonl, FILE.cxi or stream://*:PORT',
    });
  if (name.endsWith('.jsonl')) return jsonLinesFile(name, classNames);
  checkCxiName(name);
  return cxiSink(name);
}
