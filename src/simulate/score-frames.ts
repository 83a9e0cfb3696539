/**
 * The one loop that puts frames through a network: in order, batch by batch, reading ahead while a batch is computed.
 *
 * A frame that cannot be read ends it, after the batches before were given; or, where it is passed over, it is said to
 * be bad in its place. It is never scored as zeros.
 */
import { UserError } from '../core/errors.js';
import type { Frame, FrameSource } from '../data/frames.js';
import { readAhead, type BadFrame } from '../data/stream.js';

export type ScoredFrame<R> =
  | { readonly kind: 'scored'; readonly index: number; readonly frame: Frame; readonly result: R }
  | { readonly kind: 'bad'; readonly index: number; readonly bad: BadFrame };

export interface ScoreFramesOptions<R> {
  /** The frames of the source, in this order. */
  readonly indices: readonly number[];
  /** Frames in one call of `run`. */
  readonly batch: number;
  readonly run: (pixels: readonly Uint16Array[]) => Promise<readonly R[]>;
  /** Give frames that cannot be read as such, instead of throwing. */
  readonly passOver?: boolean;
}

type Read = { readonly frame: Frame } | { readonly bad: BadFrame };

async function scoreBatch<R>(
  read: readonly Read[],
  indices: readonly number[],
  run: ScoreFramesOptions<R>['run'],
): Promise<readonly ScoredFrame<R>[]> {
  const pixels = read.flatMap((one) => ('frame' in one ? [one.frame.pixels] : []));
  const results = pixels.length === 0 ? [] : await run(pixels);
  let at = 0;
  return read.map((one, i) =>
    'frame' in one
      ? { kind: 'scored', index: indices[i]!, frame: one.frame, result: results[at++]! }
      : { kind: 'bad', index: indices[i]!, bad: one.bad },
  );
}

/** Scores of the frames `indices` of `source`, a batch at a time; at most two batches are in memory. */
export async function* scoreFrames<R>(
  source: FrameSource,
  { indices, batch, run, passOver = false }: ScoreFramesOptions<R>,
): AsyncGenerator<readonly ScoredFrame<R>[]> {
  const ahead = Math.max(source.ahead ?? 0, batch);
  let read: Read[] = [];
  let position = 0;
  for await (const outcome of readAhead(indices.length, ahead, (k) => source.read(indices[k]!))) {
    if ('value' in outcome) read.push({ frame: outcome.value });
    else {
      if (!passOver || !(outcome.error instanceof UserError)) throw outcome.error;
      const { file, index } = source.origin(indices[position]!);
      read.push({ bad: { file, index, problem: outcome.error.problem } });
    }
    position += 1;
    if (read.length < batch && position < indices.length) continue;
    yield await scoreBatch(read, indices.slice(position - read.length, position), run);
    read = [];
  }
}
