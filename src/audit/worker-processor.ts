/** A processor of several threads, each with its own HDF5 library and sessions. */
import type { Worker } from 'node:worker_threads';
import { InvariantError, UserError } from '../core/errors.js';
import { startWorker } from '../core/worker.js';
import type { BlockReply, BlockRequest } from './audit-worker.js';
import type { FrameProcessor, ProcessedFrame } from './processor.js';
import type { ProcessorSetup } from './setup.js';

interface Waiting {
  readonly resolve: (frames: readonly ProcessedFrame[]) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly busy: () => number;
  process(indices: readonly number[]): Promise<readonly ProcessedFrame[]>;
  stop(): Promise<void>;
}

/** Starts `threads` threads. Close it to stop them. */
export function createWorkerProcessor(setup: ProcessorSetup, threads: number): FrameProcessor {
  const all = Array.from({ length: threads }, () =>
    createThread(startWorker('./audit-worker', import.meta.url, { workerData: setup })),
  );
  return {
    parallel: threads,
    process: (indices) => all.reduce((best, one) => (one.busy() < best.busy() ? one : best)).process(indices),
    async close() {
      await Promise.all(all.map((one) => one.stop()));
    },
  };
}

function createThread(worker: Worker): Thread {
  const waiting = new Map<number, Waiting>();
  let next = 0;
  let failure: Error | null = null;
  function fail(error: Error): void {
    failure ??= error;
    for (const one of waiting.values()) one.reject(failure);
    waiting.clear();
  }
  worker.on('error', fail);
  worker.on('exit', () => {
    fail(new InvariantError('an audit thread ended'));
  });
  worker.on('message', (reply: BlockReply) => {
    const one = waiting.get(reply.id)!;
    waiting.delete(reply.id);
    if ('frames' in reply) one.resolve(reply.frames);
    else if ('problem' in reply) one.reject(new UserError(reply.problem, reply.place));
    else one.reject(new InvariantError(reply.defect));
  });
  return {
    busy: () => waiting.size,
    process(indices) {
      if (failure !== null) return Promise.reject(failure);
      const id = next++;
      const answer = new Promise<readonly ProcessedFrame[]>((resolve, reject) =>
        waiting.set(id, { resolve, reject }),
      );
      const request: BlockRequest = { id, indices };
      worker.postMessage(request);
      return answer;
    },
    async stop() {
      worker.removeAllListeners('exit');
      await worker.terminate();
    },
  };
}
