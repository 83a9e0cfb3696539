/** Where scores go: CSV, JSON lines or HDF5. A file appears under its name when it is complete. */
import type { Writable } from 'node:stream';
import { csvPath, csvText } from '../core/csv.js';
import { openAtomicStream, writerOf } from '../core/files.js';
import { createHdf5 } from '../data/write/hdf5-writer.js';

/** What the network says of one frame. */
export interface ScoredRow {
  /** Its number among all frames that are scored. */
  readonly frame: number;
  readonly file: string;
  /** The frame's number in its file. */
  readonly index: number;
  readonly score: number;
  readonly keep: boolean;
  readonly logits: ArrayLike<number>;
}

/** What holds for all rows. */
export interface ScoreFacts {
  readonly run: string;
  readonly network: 'fixed' | 'float';
  readonly classNames: readonly string[];
  readonly threshold: number;
  /** Value of one step of a fixed score; 1 for float. */
  readonly lsb: number;
}

export interface ScoreSink {
  add(rows: readonly ScoredRow[]): Promise<void>;
  close(): Promise<void>;
  /** Removes what was begun. */
  discard(): Promise<void>;
}

export const SCORE_FORMATS = ['csv', 'jsonl', 'hdf5', 'parquet'] as const;
export type ScoreFormat = (typeof SCORE_FORMATS)[number];

const TEXT_LINES: Readonly<Record<'csv' | 'jsonl', (row: ScoredRow, facts: ScoreFacts) => string>> = {
  csv: ({ file, index, score, keep, logits }) =>
    [csvPath(file), index, score, Number(keep), ...Array.from(logits)].join(','),
  jsonl: ({ file, index, score, keep, logits }, { classNames }) =>
    JSON.stringify({
      file,
      index,
      score,
      keep,
      logits: Object.fromEntries(classNames.map((name, c) => [name, logits[c]])),
    }),
};

/** CSV or JSON lines into the file `to`, or onto a stream that is open, such as stdout. */
export async function textSink(
  format: 'csv' | 'jsonl',
  to: string | Writable,
  facts: ScoreFacts,
): Promise<ScoreSink> {
  const file = typeof to === 'string' ? await openAtomicStream(to) : null;
  const write = file?.write ?? writerOf(to as Writable);
  if (format === 'csv')
    await write(`${['file', 'index', 'score', 'keep', ...facts.classNames.map(csvText)].join(',')}\n`);
  return {
    add: (rows) => write(rows.map((row) => `${TEXT_LINES[format](row, facts)}\n`).join('')),
    close: async () => file?.close(),
    discard: async () => file?.discard(),
  };
}

const ROWS_PER_CHUNK = 1024;

/** `/score`, `/keep`, `/logits`, `/index` and `/file` (a number into `/files`), one row a frame. */
export async function hdf5Sink(path: string, facts: ScoreFacts): Promise<ScoreSink> {
  const writer = await createHdf5(path);
  const integers = facts.network === 'fixed';
  const number = integers ? 'i4' : 'f4';
  const classes = facts.classNames.length;
  const values = (list: readonly number[]) => (integers ? Int32Array.from(list) : Float32Array.from(list));
  const scores = writer.growing('/score', number, [], ROWS_PER_CHUNK, 'gzip');
  const keeps = writer.growing('/keep', 'u1', [], ROWS_PER_CHUNK, 'gzip');
  const logits = writer.growing('/logits', number, [classes], ROWS_PER_CHUNK, 'gzip');
  const indices = writer.growing('/index', 'i4', [], ROWS_PER_CHUNK, 'gzip');
  const fileNumbers = writer.growing('/file', 'i4', [], ROWS_PER_CHUNK, 'gzip');
  const files = new Map<string, number>();
  const numberOf = (file: string): number => {
    const known = files.get(file) ?? files.size;
    files.set(file, known);
    return known;
  };
  return {
    add(rows) {
      scores.append(values(rows.map((r) => r.score)));
      keeps.append(Uint8Array.from(rows, (r) => Number(r.keep)));
      logits.append(values(rows.flatMap((r) => Array.from(r.logits))));
      indices.append(Int32Array.from(rows, (r) => r.index));
      fileNumbers.append(Int32Array.from(rows, (r) => numberOf(r.file)));
      return Promise.resolve();
    },
    async close() {
      writer.strings('/files', [...files.keys()]);
      writer.attribute('/score', 'threshold', facts.threshold);
      writer.attribute('/score', 'lsb', facts.lsb);
      writer.attribute('/score', 'network', facts.network);
      writer.attribute('/score', 'run', facts.run);
      writer.attribute('/logits', 'classes', facts.classNames);
      await writer.commit();
    },
    discard: () => writer.abandon(),
  };
}
