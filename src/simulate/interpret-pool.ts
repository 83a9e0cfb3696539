/**
 * The interpreter on several threads: the same plain code, a frame a task. For verification on many frames, where
 * the definition would otherwise be what everyone waits for.
 */
import { availableParallelism } from 'node:os';
import { createThreadPool } from '../core/threads.js';
import type { FrameMaps } from '../ir/frame-maps.js';
import type { FixedGraph } from '../ir/graph.js';
import type { PrescaleQuestion } from '../ir/prescale.js';
import { createInterpreter } from './interpreter.js';
import type { Drill, DrillResult, FrameResult, Witness } from './witness.js';

export type InterpretWork =
  | {
      readonly pixels: Uint16Array;
      readonly tensors: boolean;
      readonly prescale: PrescaleQuestion | undefined;
      readonly maps: FrameMaps | undefined;
    }
  | { readonly drill: Drill };
/** `graph`'s interpreter on `threads` threads (all cores unless said otherwise); without threads for 1. */
export function createInterpreterPool(graph: FixedGraph, threads = availableParallelism()): Witness {
  const plain = createInterpreter(graph);
  if (threads <= 1) return plain;
  type Result = FrameResult | DrillResult;
  const pool = createThreadPool<InterpretWork, Result, Result>(threads, {
    module: './interpret-worker',
    base: import.meta.url,
    data: graph,
    what: 'a thread of the interpreter',
    decode: () => (result) => result,
  });
  // A thread answers a frame with a frame's result and a drill with a drill's.
  const all = async <R extends Result>(works: readonly InterpretWork[]): Promise<R[]> =>
    (await pool.all(works)) as R[];
  return {
    name: plain.name,
    version: plain.version,
    run: (frames, { tensors = false, prescale, maps } = {}) =>
      all<FrameResult>(
        frames.map((pixels, i) => ({ pixels, tensors, prescale: prescale?.[i], maps: maps?.[i] })),
      ),
    drill: (drills) => all<DrillResult>(drills.map((drill) => ({ drill: whatIsRead(graph, drill) }))),
    close: () => pool.stop(),
  };
}

/** `drill` with the values alone that a node which is asked, or the decision, reads: the others need not travel. */
function whatIsRead(graph: FixedGraph, { given, stages }: Drill): Drill {
  const read = new Set(graph.nodes.filter((n) => stages.has(n.id)).flatMap((n) => n.inputs));
  read.add(graph.output);
  return { given: new Map([...given].filter(([id]) => read.has(id))), stages };
}
