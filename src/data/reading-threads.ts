/**
 * Worker threads that read or simulate frames, each with its own HDF5 library. A thread starts when all that run have
 * work, so a single read costs the start of one.
 */
import { availableParallelism } from 'node:os';
import { createThreadPool } from '../core/threads.js';
import type { FrameAnswer, FrameFacts, FrameWorkerData } from './frame-worker.js';
import type { Frame } from './frames.js';

/** One a core, at most four: beyond that the disk and the copying are the limit. */
export const READING_THREADS = Math.min(4, availableParallelism());

/** A frame, and what is known of it where it was simulated. */
export interface ReadFrame {
  readonly frame: Frame;
  readonly facts: FrameFacts | null;
}

export interface ReadingThreads {
  /** Frames worth asking for beyond the one in hand. */
  readonly ahead: number;
  read(index: number): Promise<ReadFrame>;
  stop(): Promise<void>;
}

/** Puts the masks that travel once back into the frames of a thread. */
function decoder(height: number, width: number): () => (answer: FrameAnswer) => ReadFrame {
  return () => {
    const masks = new Map<number, Uint8Array>();
    return ({ pixels, maskId, mask: sent, keepMask, rest, facts }) => {
      if (sent !== null) masks.set(maskId!, sent);
      const mask = maskId === null ? null : masks.get(maskId)!;
      if (!keepMask && maskId !== null) masks.delete(maskId);
      return { frame: { ...rest, height, width, pixels, mask }, facts };
    };
  };
}

/** Up to `count` threads that open `data`; frames are `height` × `width`. */
export function readingThreads(
  data: FrameWorkerData,
  { height, width }: { readonly height: number; readonly width: number },
  count: number,
): ReadingThreads {
  const pool = createThreadPool<number, FrameAnswer, ReadFrame>(count, {
    module: './frame-worker',
    base: import.meta.url,
    data,
    what: 'a reading thread',
    background: true,
    decode: decoder(height, width),
  });
  return { ahead: 2 * count, read: (index) => pool.ask(index), stop: () => pool.stop() };
}
