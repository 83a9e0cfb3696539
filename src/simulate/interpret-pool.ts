/**
 * The interpreter on several threads: the same plain code, a frame a task. For verification on many frames, where
 * the definition would otherwise be what everyone waits for.
 */
import { availableParallelism } from 'node:os';
import { InvariantError, invariant } from '../core/errors.js';
import { startWorker } from '../core/worker.js';
import type { FixedGraph } from '../ir/graph.js';
import { createInterpreter } from './interpret.js';
import type { FrameResult, Witness } from './witness.js';

export interface InterpretTask {
  readonly number: number;
  readonly pixels: Uint16Array;
  readonly tensors: boolean;
}
export type InterpretAnswer =
  | { readonly number: number; readonly result: FrameResult }
  | { readonly number: number; readonly error: string };

interface Waiting {
  readonly resolve: (result: FrameResult) => void;
  readonly reject: (error: Error) => void;
}

/** Frames in flight in one thread: one computing, one waiting. */
const TASKS_A_THREAD = 2;

function createThread(graph: FixedGraph): {
  readonly submit: (pixels: Uint16Array, tensors: boolean) => Promise<FrameResult>;
  readonly close: () => Promise<unknown>;
} {
  const worker = startWorker('./interpret-worker', import.meta.url, { workerData: graph });
  const waiting = new Map<number, Waiting>();
  let number = 0;
  worker.on('message', (answer: InterpretAnswer) => {
    const task = waiting.get(answer.number);
    invariant(task !== undefined, 'an answer that nobody asked for');
    waiting.delete(answer.number);
    if ('result' in answer) task.resolve(answer.result);
    else task.reject(new InvariantError(answer.error));
  });
  worker.on('error', (error: Error) => {
    for (const task of waiting.values()) task.reject(error);
    waiting.clear();
  });
  return {
    submit: (pixels, tensors) =>
      new Promise((resolve, reject) => {
        const task: InterpretTask = { number: number++, pixels, tensors };
        waiting.set(task.number, { resolve, reject });
        worker.postMessage(task);
      }),
    close: () => worker.terminate(),
  };
}

/** `graph`'s interpreter on `threads` threads (all cores unless said otherwise); without threads for 1. */
export function createInterpreterPool(graph: FixedGraph, threads = availableParallelism()): Witness {
  const plain = createInterpreter(graph);
  if (threads <= 1) return plain;
  const pool = Array.from({ length: threads }, () => createThread(graph));
  return {
    name: plain.name,
    version: plain.version,
    async run(frames, { tensors = false } = {}) {
      const results: FrameResult[] = [];
      let next = 0;
      const feed = async (thread: (typeof pool)[number]): Promise<void> => {
        for (let i = next++; i < frames.length; i = next++)
          results[i] = await thread.submit(frames[i]!, tensors);
      };
      await Promise.all(pool.flatMap((thread) => Array.from({ length: TASKS_A_THREAD }, () => feed(thread))));
      return results;
    },
    close: async () => {
      await Promise.all(pool.map((thread) => thread.close()));
    },
  };
}
