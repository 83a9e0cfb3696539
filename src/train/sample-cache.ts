/**
 * Training frames read once and kept as counts: cropped, masked and binned, before clamp and table. Worker threads
 * share them. What does not fit the memory limit is kept in a temporary file instead.
 *
 * Counts are stored in 16 bits: a sum above 65535 is stored as 65535, which the clamps (at most 65535) do not see.
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, writeSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../core/errors.js';
import { temporaryFolder } from '../core/temporary.js';
import { createPreprocessor, type Preprocessor } from '../evaluate/preprocessor.js';
import type { Frame } from '../data/frames.js';
import { readAhead } from '../data/stream.js';
import { elements } from '../ir/common.js';
import type { FloatGraph } from '../ir/graph.js';

/** Labelled frames in a fixed order. */
export interface LabelledFrames {
  readonly count: number;
  /** Frames worth asking for beyond the one in hand. */
  readonly ahead?: number;
  /** Raw pixels of the graph's input size. */
  read(index: number): Promise<Uint16Array>;
  /** The same with the pixels that count (1) and those that do not; null: all count. Absent where nothing is known of them. */
  readMasked?(index: number): Promise<Pick<Frame, 'pixels' | 'mask'>>;
  /** Class index. */
  label(index: number): number;
  /** Frees what reading takes, once all have been read. */
  close?(): Promise<void>;
}

type Store = Uint16Array<SharedArrayBuffer>;

/** What a worker thread needs to open the same cache: plain, and shared rather than copied. */
export interface CacheHandle {
  readonly count: number;
  readonly labels: Int32Array;
  readonly store:
    { readonly kind: 'memory'; readonly data: Store } | { readonly kind: 'file'; readonly path: string };
}

export interface SampleCache {
  readonly handle: CacheHandle;
  readonly preprocessor: Preprocessor;
  /** Numbers per sample: all linear tensors one after the other. */
  readonly stride: number;
  /** Copies sample `index` into `out` (length `stride`). */
  load(index: number, out: Uint16Array): void;
  close(): void;
}

const strideOf = (p: Preprocessor): number => p.linear.reduce((sum, t) => sum + elements(t.shape), 0);

/** Opens a cache that `fillCache` made, in this thread or another. */
export function openCache(graph: FloatGraph, handle: CacheHandle): SampleCache {
  const preprocessor = createPreprocessor(graph);
  const stride = strideOf(preprocessor);
  const { store } = handle;
  if (store.kind === 'memory')
    return {
      handle,
      preprocessor,
      stride,
      load: (index, out) => {
        out.set(store.data.subarray(index * stride, (index + 1) * stride));
      },
      close: () => undefined,
    };
  const file = openSync(store.path, 'r');
  return {
    handle,
    preprocessor,
    stride,
    load: (index, out) => {
      readSync(file, out, 0, stride * 2, index * stride * 2);
    },
    close: () => {
      closeSync(file);
    },
  };
}

export interface FillOptions {
  readonly cacheMebibytes: number;
  readonly onFrame?: (done: number, total: number) => void;
}

export interface FilledCache {
  readonly handle: CacheHandle;
  /** SHA-256 of the counts and labels: the same frames give the same training. */
  readonly digest: string;
  /** Removes the temporary file, if there is one. */
  dispose(): void;
}

function checkedLabel(graph: FloatGraph, frames: LabelledFrames, index: number): number {
  const label = frames.label(index);
  const classes = graph.classNames.length;
  if (label >= 0 && label < classes) return label;
  throw new UserError(`frame ${index} has class ${label}, the network has ${classes} classes`, {
    field: 'label',
    remedy: 'check the class names of the recipe',
  });
}

/** Reads all of `frames`. A label is asked for once its frame was read. */
export async function fillCache(
  graph: FloatGraph,
  frames: LabelledFrames,
  options: FillOptions,
): Promise<FilledCache> {
  const preprocessor = createPreprocessor(graph);
  const stride = strideOf(preprocessor);
  const labels = new Int32Array(new SharedArrayBuffer(4 * frames.count));
  const bytes = frames.count * stride * 2;
  const inMemory = bytes <= options.cacheMebibytes * 2 ** 20;
  const folder = inMemory ? null : await temporaryFolder('frames');
  const path = folder === null ? null : join(folder, 'counts.u16');
  const data = inMemory
    ? new Uint16Array(new SharedArrayBuffer(bytes))
    : new Uint16Array(new SharedArrayBuffer(0));
  const file = path === null ? null : openSync(path, 'w');
  const hash = createHash('sha256');
  const dispose = (): void => {
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
  };
  try {
    const sample = new Uint16Array(stride);
    const bytesOfSample = new Uint8Array(sample.buffer);
    let done = 0;
    for await (const outcome of readAhead(frames.count, frames.ahead ?? 0, (i) => frames.read(i))) {
      if ('error' in outcome) throw outcome.error;
      packCounts(preprocessor.counts(outcome.value), sample);
      hash.update(bytesOfSample);
      if (file === null) data.set(sample, done * stride);
      else writeSync(file, sample);
      labels[done] = checkedLabel(graph, frames, done);
      done += 1;
      options.onFrame?.(done, frames.count);
    }
  } catch (error) {
    dispose();
    throw error;
  } finally {
    if (file !== null) closeSync(file);
  }
  hash.update(new Uint8Array(labels.buffer));
  const store = path === null ? ({ kind: 'memory', data } as const) : ({ kind: 'file', path } as const);
  return { handle: { count: frames.count, labels, store }, digest: hash.digest('hex'), dispose };
}

/** Counts of all linear tensors as one vector of `uint16`, cut off at 65535. */
export function packCounts(counts: readonly Uint32Array[], out: Uint16Array): void {
  let offset = 0;
  for (const tensor of counts) {
    for (let i = 0; i < tensor.length; i++) out[offset + i] = Math.min(tensor[i]!, 65535);
    offset += tensor.length;
  }
}
