/** The sinks by how they are named. */
import type { Writable } from 'node:stream';
import { UserError } from '../../core/errors.js';
import { checkCxiName, cxiSink } from './cxi.js';
import { exdfSink } from './exdf.js';
import { jsonLinesFile, jsonLinesStream } from './json-lines.js';
import { ledgerSink, type LedgerFacts } from './ledger.js';
import type { LiveSink } from './sink.js';
import { decisionsSink, streamSink } from './stream.js';

export interface SinkRequest extends LedgerFacts {
  readonly stdout: Writable;
}

type Open = (rest: string, request: SinkRequest) => LiveSink | Promise<LiveSink>;

/** By what stands before the colon. */
const NAMED: Readonly<Record<string, Open>> = {
  'stream://': (host) => streamSink(host),
  'zmq://': (host, { networkOf }) => decisionsSink(host, networkOf(null).fixed.classNames),
  'ledger:': (folder, request) => ledgerSink(folder, request),
  'exdf:': (path, { networkOf, prescale }) =>
    exdfSink(path, { threshold: networkOf(null).threshold, prescale }),
};

/** Opens `name`: `-`, FILE.jsonl, FILE.cxi, or one of `NAMED`. Throws `UserError`. */
export async function openLiveSink(name: string, request: SinkRequest): Promise<LiveSink> {
  const { classNames } = request.networkOf(null).fixed;
  if (name === '-') return jsonLinesStream(request.stdout, classNames);
  const known = Object.keys(NAMED).find((start) => name.startsWith(start));
  if (known !== undefined) return NAMED[known]!(name.slice(known.length), request);
  if (name.includes('://'))
    throw new UserError('is no sink', {
      file: name,
      field: '--to',
      remedy:
        'write -, FILE.jsonl, FILE.cxi, ledger:DIR, exdf:FILE.h5, stream://*:PORT (kept frames) or zmq://*:PORT (decisions)',
    });
  if (name.endsWith('.jsonl')) return jsonLinesFile(name, classNames);
  checkCxiName(name);
  return cxiSink(name);
}
