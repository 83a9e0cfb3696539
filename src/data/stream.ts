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
  /** Frames asked for before the one in hand is used: keeps the threads of a parallel source busy. */
  readonly ahead?: number;
  /** Called for each bad frame, which is then left out; without it a bad frame throws. */
  readonly onBad?: (bad: BadFrame) => void;
}

export interface StreamedFrame {
  /** The frame's number in the source. */
  readonly index: number;
  readonly frame: Frame;
}

type Outcome = { readonly frame: Frame } | { readonly error: unknown };

function describeBad(source: FrameSource, index: number, error: UserError): BadFrame {
  return { ...source.origin(index), problem: error.problem };
}

/** The frames of `source` one by one, in order, with at most `ahead` + 1 in memory. */
export async function* streamFrames(
  source: FrameSource,
  options: StreamOptions = {},
): AsyncGenerator<StreamedFrame> {
  const { indices, onBad } = options;
  const total = indices?.length ?? source.count;
  const at = (position: number): number => indices?.[position] ?? position;
  const ahead = options.ahead ?? 0;
  const pending: Promise<Outcome>[] = [];
  const ask = (position: number): void => {
    // The rejection is kept as a value: a frame read ahead may fail long before it is its turn.
    pending.push(
      source.read(at(position)).then(
        (frame) => ({ frame }),
        (error: unknown) => ({ error }),
      ),
    );
  };
  let asked = 0;
  for (let position = 0; position < total; position++) {
    while (asked < total && asked <= position + ahead) ask(asked++);
    const outcome = await pending.shift()!;
    if ('frame' in outcome) {
      yield { index: at(position), frame: outcome.frame };
    } else {
      if (!(outcome.error instanceof UserError) || onBad === undefined) throw outcome.error;
      onBad(describeBad(source, at(position), outcome.error));
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
  for (let index = 0; index < source.count; index++) {
    try {
      await source.read(index);
      good.push(index);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      onBad(describeBad(source, index, error));
    }
    onProgress(index + 1);
  }
  if (good.length === source.count) return source;
  if (good.length === 0) {
    throw new UserError('holds no frame that can be read', { file: source.name, remedy: 'check the files' });
  }
  return selectFrames(source, good);
}
