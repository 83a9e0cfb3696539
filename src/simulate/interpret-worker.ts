/** A thread of the interpreter: frames in, results out, one at a time. See `interpret-pool.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import { invariant } from '../core/errors.js';
import type { FixedGraph } from '../ir/graph.js';
import type { InterpretAnswer, InterpretTask } from './interpret-pool.js';
import { interpret, interpretDrill } from './interpret.js';

invariant(parentPort !== null, 'interpret-worker runs as a worker thread');
const port = parentPort;
const graph = workerData as FixedGraph;

port.on('message', ({ number, work }: InterpretTask) => {
  let answer: InterpretAnswer;
  try {
    const result =
      'drill' in work ? interpretDrill(graph, work.drill) : interpret(graph, work.pixels, work.tensors);
    answer = { number, result };
  } catch (error) {
    answer = { number, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  port.postMessage(answer);
});
