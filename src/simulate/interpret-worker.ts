/** A thread of the interpreter: frames in, results out, one at a time. See `interpret-pool.ts`. */
import { serveThread } from '../core/thread.js';
import type { FixedGraph } from '../ir/graph.js';
import type { InterpretWork } from './interpret-pool.js';
import { interpret, interpretDrill } from './interpret.js';
import type { DrillResult, FrameResult } from './witness.js';

serveThread<FixedGraph, InterpretWork, FrameResult | DrillResult>(
  (graph) => (work) =>
    'drill' in work
      ? interpretDrill(graph, work.drill)
      : interpret(graph, work.pixels, work.tensors, work.prescale, work.maps),
);
