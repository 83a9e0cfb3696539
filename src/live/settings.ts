/** What a person may set of a live session. */
import type { Overloads } from '../data/pixels.js';

/** What becomes of frames for which there is no room to wait. */
export const WHEN_FULL = ['wait', 'keep', 'drop'] as const;
export type WhenFull = (typeof WHEN_FULL)[number];

export interface LiveSettings {
  /** Deciding processes. */
  readonly processes: number;
  /** Bytes of frames that may wait for a decision or a sink. */
  readonly memoryBytes: number;
  /** `wait` holds the source back; `keep` passes frames on undecided; `drop` drops them, counted. */
  readonly whenFull: WhenFull;
  /** From receipt; a frame that is not decided by then is kept, ms. Infinity: none. */
  readonly deadlineMs: number;
  /** One in so many misses is kept; 0: none. */
  readonly prescale: number;
  readonly prescaleKey: number;
  readonly overloads: Overloads;
  /** 1 live: joined with what the source says; null: none. */
  readonly mask: Uint8Array | null;
  /** Ends after so many frames; Infinity: never. */
  readonly frames: number;
  /** Ends after so many series; Infinity: never. */
  readonly series: number;
  /** Ends where nothing came for `idleMs` of the source, instead of waiting on. */
  readonly endWhenIdle: boolean;
}

/** How often a sink that fails is tried again. */
export const RETRY_MS = 1000;
