/**
 * The interpreter on several threads: the same plain code, a frame a task. For verification on many frames, where
 * the definition would otherwise be what everyone waits for.
 */
import { availableParallelism } from 'node:os';
import { InvariantError, invariant } from '../core/errors.js';
import { startWorker } from '../core/worker.js';
import type { FixedGraph } from '../ir/graph.js';
import { createInterpreter } from './interpret.js';
import type { Drill, DrillResult, FrameResult, Witness } from './witness.js';

export type InterpretWork =
  { readonly pixels: Uint16Array; readonly tensors: boolean } | { readonly drill: Drill };
export interface InterpretTask {
  readonly number: number;
  readonly work: InterpretWork;
}
export type InterpretAnswer =
  | { readonly number: number; readonly result: FrameResult | DrillResult }
  | { readonly number: number; readonly error: string };

interface Waiting {
  readonly resolve: (result: FrameResult | DrillResult) => void;
  readonly reject: (error: Error) => void;
}

/** Frames in flight in one thread: one computing, one waiting. */
const TASKS_A_THREAD = 2;

function createThread(graph: FixedGraph): {
  readonly submit: (work: InterpretWork) => Promise<FrameResult | DrillResult>;
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
    submit: (work) =>
      new Promise((resolve, reject) => {
        const task: InterpretTask = { number: number++, work };
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
  async function all<R extends FrameResult | DrillResult>(works: readonly InterpretWork[]): Promise<R[]> {
    const results: R[] = [];
    let next = 0;
    const feed = async (thread: (typeof pool)[number]): Promise<void> => {
      // A thread answers a frame with a frame's result and a drill with a drill's.
      for (let i = next++; i < works.length; i = next++) results[i] = (await thread.submit(works[i]!)) as R;
    };
    await Promise.all(pool.flatMap((thread) => Array.from({ length: TASKS_A_THREAD }, () => feed(thread))));
    return results;
  }
  return {
    name: plain.name,
    version: plain.version,
    run: (frames, { tensors = false } = {}) =>
      all<FrameResult>(frames.map((pixels) => ({ pixels, tensors }))),
    drill: (drills) => all<DrillResult>(drills.map((drill) => ({ drill: whatIsRead(graph, drill) }))),
    close: async () => {
      await Promise.all(pool.map((thread) => thread.close()));
    },
  };
}

/** `drill` with the values alone that a node which is asked, or the decision, reads: the others need not travel. */
function whatIsRead(graph: FixedGraph, { given, stages }: Drill): Drill {
  const read = new Set(graph.nodes.filter((n) => stages.has(n.id)).flatMap((n) => n.inputs));
  read.add(graph.output);
  return { given: new Map([...given].filter(([id]) => read.has(id))), stages };
}
