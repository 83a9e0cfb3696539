/**
 * Worker threads that read or simulate frames, each with its own HDF5 library. A thread starts when all that run have
 * work, so a single read costs the start of one.
 */
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { InvariantError, UserError } from '../core/errors.js';
import { startWorker } from '../core/worker.js';
import type { FrameFacts, FrameReply, FrameRequest, FrameWorkerData } from './frame-worker.js';
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

interface Waiting {
  readonly resolve: (read: ReadFrame) => void;
  readonly reject: (error: Error) => void;
}

interface Reader {
  readonly busy: () => number;
  read(index: number): Promise<ReadFrame>;
  stop(): Promise<void>;
}

/** Up to `count` threads that open `data`; frames are `height` × `width`. */
export function readingThreads(
  data: FrameWorkerData,
  { height, width }: { readonly height: number; readonly width: number },
  count: number,
): ReadingThreads {
  const readers: Reader[] = [];
  const leastBusy = (): Reader => {
    const idle = readers.find((one) => one.busy() === 0);
    if (idle !== undefined) return idle;
    if (readers.length < count) {
      const worker = startWorker('./frame-worker', import.meta.url, { workerData: data });
      readers.push(createReader(worker, height, width));
      return readers.at(-1)!;
    }
    return readers.reduce((best, one) => (one.busy() < best.busy() ? one : best));
  };
  return {
    ahead: 2 * count,
    read: (index) => leastBusy().read(index),
    async stop() {
      await Promise.all(readers.map((reader) => reader.stop()));
    },
  };
}

function createReader(worker: Worker, height: number, width: number): Reader {
  const waiting = new Map<number, Waiting>();
  const masks = new Map<number, Uint8Array>();
  let next = 0;
  let failure: Error | null = null;
  worker.unref();

  function fail(error: Error): void {
    failure ??= error;
    for (const one of waiting.values()) one.reject(failure);
    waiting.clear();
  }
  worker.on('error', fail);
  worker.on('exit', () => fail(new InvariantError('a reading thread ended')));
  worker.on('message', (reply: FrameReply) => {
    const one = waiting.get(reply.id)!;
    waiting.delete(reply.id);
    if (waiting.size === 0) worker.unref();
    if ('problem' in reply) one.reject(new UserError(reply.problem, reply.place));
    else if ('defect' in reply) one.reject(new InvariantError(reply.defect));
    else {
      if (reply.mask !== null) masks.set(reply.maskId!, reply.mask);
      const mask = reply.maskId === null ? null : masks.get(reply.maskId)!;
      if (!reply.keepMask && reply.maskId !== null) masks.delete(reply.maskId);
      one.resolve({
        frame: { ...reply.rest, height, width, pixels: reply.pixels, mask },
        facts: reply.facts,
      });
    }
  });
  return {
    busy: () => waiting.size,
    read(index) {
      if (failure !== null) return Promise.reject(failure);
      const id = next++;
      const answer = new Promise<ReadFrame>((resolve, reject) => waiting.set(id, { resolve, reject }));
      worker.ref();
      const request: FrameRequest = { id, index };
      worker.postMessage(request);
      return answer;
    },
    async stop() {
      worker.removeAllListeners('exit');
      await worker.terminate();
    },
  };
}
