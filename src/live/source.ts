/**
 * What a source of live frames gives, whatever its protocol: series that begin and end, and frames between.
 *
 * A source never waits for decisions and never drops: who asks for the next message is what holds it back.
 */
import type { Experiment } from '../data/experiment.js';
import type { ValueRule } from '../data/pixels.js';
import type { LiveImage } from './image.js';

/** What is known of all frames of a series before the first one comes. */
export interface SeriesFacts {
  /** As the source names it. */
  readonly series: string;
  readonly height: number;
  readonly width: number;
  /** Values that are no measurement, as the source states them. */
  readonly rule: ValueRule;
  /** 1 live, row by row; null where the source states none. */
  readonly mask: Uint8Array | null;
  /** Whether the source's numbers count up by one, so that a gap is a loss. */
  readonly counted: boolean;
  /** Frames that are announced; null where that is open. */
  readonly announced: number | null;
  readonly experiment: Partial<Experiment>;
  /** Serial number of the detector; absent or null where the source states none. */
  readonly serial?: string | null;
}

export interface LiveFrame {
  readonly series: string;
  /** The source's own number of the frame in its series; null where it cannot be read. */
  readonly number: number | null;
  /** Where a file holds it, for sources that read files. */
  readonly origin?: { readonly file: string; readonly index: number };
  /** The image, or why there is none. */
  readonly image: LiveImage | { readonly problem: string };
}

export type LiveMessage = {
  /** The message as it came, for who passes it on unchanged; null where there is none. */
  readonly raw: Uint8Array | null;
  /** `performance.now()` of its receipt, ms. */
  readonly received: number;
} & (
  | { readonly kind: 'start'; readonly facts: SeriesFacts }
  | { readonly kind: 'frame'; readonly frame: LiveFrame }
  | { readonly kind: 'end'; readonly series: string }
  /** A message that says nothing of frames, or nothing that is understood (`problem`). Passed on. */
  | { readonly kind: 'other'; readonly problem: string | null }
);

export interface LiveSource {
  /** In words, for people. */
  readonly name: string;
  /** Whether each frame is a message of its own, which can be passed on unchanged. */
  readonly passable: boolean;
  /** Whether numbers of frames say train and pulse; no unless given. */
  readonly trains?: boolean;
  /** The next message; null after `idleMs` without one (a source that died says nothing), or once the source is closed. */
  next(): Promise<LiveMessage | 'idle' | 'closed'>;
  /** No more messages are taken; a pending `next` says `closed`. */
  close(): Promise<void>;
}

export interface SourceOptions {
  /** How long nothing may come before `next` says so, ms. */
  readonly idleMs: number;
  /** Bytes that may wait in the source's own buffers. */
  readonly bufferBytes: number;
  /** The channel to decide on where a detector sends several; the first unless given. */
  readonly channel?: string;
}
