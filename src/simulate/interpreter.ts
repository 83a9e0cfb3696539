/** The interpreter as a witness, in this thread. */
import type { FixedGraph } from '../ir/graph.js';
import { interpret, interpretDrill } from './interpret.js';
import type { Witness } from './witness.js';

export function createInterpreter(graph: FixedGraph): Witness {
  return {
    name: 'interpreter',
    version: '1',
    run: (frames, options = {}) =>
      Promise.resolve(
        frames.map((frame, i) =>
          interpret(graph, frame, options.tensors ?? false, options.prescale?.[i], options.maps?.[i]),
        ),
      ),
    drill: (drills) => Promise.resolve(drills.map((drill) => interpretDrill(graph, drill))),
    close: () => Promise.resolve(),
  };
}
