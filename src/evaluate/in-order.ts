/** The walk over a graph that both evaluators take: node by node, forgetting what nothing reads any more. */
import { UserError, invariant } from '../core/errors.js';
import type { NodeId } from '../ir/common.js';
import { inputNode, type FixedGraph, type FloatGraph } from '../ir/graph.js';

/**
 * Walks `graph` for one frame: `compute` makes the value of node number `index` from those of its inputs. Returns the
 * output's value. Throws `UserError` for a frame of another size.
 */
export type Walk<V> = (frame: Uint16Array, compute: (index: number, inputs: readonly V[]) => V) => V;

export function walkOf<V>(graph: FixedGraph | FloatGraph): Walk<V> {
  const { size } = inputNode(graph);
  const nodes = graph.nodes.map(({ id, inputs }) => ({ id, inputs }));
  const lastReader = new Map<NodeId, number>();
  nodes.forEach(({ inputs }, i) => {
    for (const id of inputs) lastReader.set(id, i);
  });
  return (frame, compute) => {
    if (frame.length !== size[0] * size[1])
      throw new UserError(`a frame of ${frame.length} pixels where the network takes ${size.join('×')}`, {
        remedy: 'use frames of the size that the network was trained on',
      });
    const values = new Map<NodeId, V>();
    let output: V | undefined;
    nodes.forEach(({ id, inputs }, i) => {
      const value = compute(
        i,
        inputs.map((from) => values.get(from)!),
      );
      values.set(id, value);
      if (id === graph.output) output = value;
      for (const from of inputs) if (lastReader.get(from) === i) values.delete(from);
    });
    invariant(output !== undefined, `${graph.name}: no output ${graph.output}`);
    return output;
  };
}
