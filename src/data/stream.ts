/**
 * Going through frames in order: reading ahead, and passing over what cannot be read without hiding it.
 *
 * A bad frame (a corrupt chunk, a truncated or missing file) is an error, or with `onBad` it is reported, counted by
 * the caller, and left out. It is never given as zeros.
 */
import { UserError } from '../core/errors.js';
import type { Frame, FrameSource } from './frames.js';
import { selectFrames } from './source.js';

/** A frame that could not be read. */
export interface BadFrame {
  readonly file: string;
  /** The frame's number in its file. */
  readonly index: number;
  readonly problem: string;
}

export interface StreamOptions {
  /** The frames to read, in this order; by default all. */
  readonly indices?: readonly number[];
  /** Frames asked for before the one in hand is used; by default what keeps the threads of the source busy. */
  readonly ahead?: number;
  /** Called for each bad frame, which is then left out; without it a bad frame throws. */
  readonly onBad?: (bad: BadFrame) => void;
}

export interface StreamedFrame {
  /** The frame's number in the source. */
  readonly index: number;
  readonly frame: Frame;
}

export type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/**
 * `read(0)`, `read(1)` … `read(count - 1)` in order, with up to `ahead` asked for before the one in hand is used. A
 * rejection is kept as a value, since a read ahead may fail long before it is its turn.
 */
export async function* readAhead<T>(
  count: number,
  ahead: number,
  read: (position: number) => Promise<T>,
): AsyncGenerator<Outcome<T>> {
  const pending: Promise<Outcome<T>>[] = [];
  let asked = 0;
  for (let position = 0; position < count; position++) {
    for (; asked < count && asked <= position + ahead; asked++)
      pending.push(
        read(asked).then(
          (value) => ({ value }),
          (error: unknown) => ({ error }),
        ),
      );
    yield await pending.shift()!;
  }
}

function describeBad(source: FrameSource, index: number, error: UserError): BadFrame {
  const { file, index: inFile } = source.origin(index);
  return { file, index: inFile, problem: error.problem };
}

/** The frames of `source` one by one, in order, with at most `ahead` + 1 in memory. */
export async function* streamFrames(
  source: FrameSource,
  options: StreamOptions = {},
): AsyncGenerator<StreamedFrame> {
  const { indices, onBad } = options;
  const at = (position: number): number => indices?.[position] ?? position;
  const ahead = options.ahead ?? source.ahead ?? 0;
  let position = 0;
  for await (const outcome of readAhead(indices?.length ?? source.count, ahead, (k) => source.read(at(k)))) {
    const index = at(position++);
    if ('value' in outcome) yield { index, frame: outcome.value };
    else {
      if (!(outcome.error instanceof UserError) || onBad === undefined) throw outcome.error;
      onBad(describeBad(source, index, outcome.error));
    }
  }
}

/**
 * `source` without its bad frames, for those who read in any order: every frame is read once to find them.
 * Throws `UserError` when none is left.
 */
export async function withoutBadFrames(
  source: FrameSource,
  onBad: (bad: BadFrame) => void,
  onProgress: (done: number) => void = () => undefined,
): Promise<FrameSource> {
  const good: number[] = [];
  let skipped = 0;
  const stream = streamFrames(source, {
    onBad: (bad) => {
      skipped++;
      onBad(bad);
    },
  });
  for await (const { index } of stream) {
    good.push(index);
    onProgress(good.length + skipped);
  }
  if (good.length === source.count) return source;
  if (good.length === 0) {
    throw new UserError('holds no frame that can be read', { file: source.name, remedy: 'check the files' });
  }
  return selectFrames(source, good);
}
