/**
 * Frames read and decoded by worker threads, each with its own HDF5 library: the same `FrameSource` as `openFrames`
 * gives, whose `read` calls run at the same time. Use with `streamFrames` and `ahead` of twice the workers.
 *
 * Labels and facts are read once, on the calling thread. Refuses what `openFrames` refuses.
 */
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { InvariantError, UserError } from '../core/errors.js';
import { startWorker } from '../core/worker.js';
import type { FrameReply, FrameRequest, FrameWorkerData } from './frame-worker.js';
import type { Frame, FrameSource } from './frames.js';
import { openFrames, type OpenFramesOptions } from './open.js';

export interface ParallelOptions extends OpenFramesOptions {
  /** By default one a core, at most four: beyond that the disk and the copying are the limit. */
  readonly workers?: number;
}

interface Waiting {
  readonly resolve: (frame: Frame) => void;
  readonly reject: (error: Error) => void;
}

interface Reader {
  readonly busy: () => number;
  read(index: number): Promise<Frame>;
  stop(): Promise<void>;
}

/** Opens `argument` here and in the workers. The caller closes the source, which stops them. Throws `UserError`. */
export async function openFramesParallel(
  argument: string | readonly string[],
  options: ParallelOptions = {},
): Promise<FrameSource> {
  const { workers, onBadFile, ...plain } = options;
  const source = await openFrames(argument, options);
  const { height, width } = source;
  const data: FrameWorkerData = { argument, options: plain, passBadFiles: onBadFile !== undefined };
  const count = workers ?? Math.min(4, availableParallelism());
  const readers = Array.from({ length: Math.max(1, count) }, () =>
    createReader(startWorker('./frame-worker', import.meta.url, { workerData: data }), height, width),
  );
  return {
    ...source,
    read(index) {
      const idle = readers.reduce((best, one) => (one.busy() < best.busy() ? one : best));
      return idle.read(index);
    },
    async close() {
      await Promise.all(readers.map((reader) => reader.stop()));
      await source.close();
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
      one.resolve({ height, width, pixels: reply.pixels, mask });
    }
  });
  return {
    busy: () => waiting.size,
    read(index) {
      if (failure !== null) return Promise.reject(failure);
      const id = next++;
      const answer = new Promise<Frame>((resolve, reject) => waiting.set(id, { resolve, reject }));
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
