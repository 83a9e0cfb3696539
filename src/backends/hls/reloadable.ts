/** Networks whose weights can be exchanged: the same integers, proved for every weight of the format. */
import { InvariantError, UserError } from '../../core/errors.js';
import { createFixedGraphBuilder, type UnprovenNode } from '../../ir/build.js';
import type { QuantizedWeights } from '../../ir/common.js';
import type { FixedGraph } from '../../ir/graph.js';
import type { FixedNode } from '../../ir/ops/index.js';

/** The builder proves anew: what the node carried is left behind. */
function withoutProof(node: FixedNode): UnprovenNode {
  if (!('proof' in node)) return node;
  const { proof: _proof, ...unproven } = node;
  return unproven;
}

function rebuilt(graph: FixedGraph, change: (node: FixedNode) => FixedNode): FixedGraph {
  const builder = createFixedGraphBuilder(true);
  for (const node of graph.nodes) {
    builder.add(withoutProof(change(node)));
  }
  const { name, output, classNames, hitClasses, threshold } = graph;
  return builder.build({ name, output, classNames, hitClasses, threshold });
}

/** `graph` with worst-case accumulators. Its results are the same. */
export function withReloadableWeights(graph: FixedGraph): FixedGraph {
  if (graph.reloadable) return graph;
  try {
    return rebuilt(graph, (node) => node);
  } catch (error) {
    if (!(error instanceof InvariantError)) throw error;
    throw new UserError(`its weights cannot be made reloadable: ${error.message}`, {
      remedy: 'quantize it with fewer bits',
    });
  }
}

/** Weights that differ from `weights` everywhere: mantissas inverted, scales moved by one bit, biases negated. */
const inverted = (weights: QuantizedWeights): QuantizedWeights => ({
  ...weights,
  mantissas: weights.mantissas.map((m) => ~m),
  fraction: weights.fraction.map((f, c) => (c % 2 === 0 ? f + 1 : f - 1)),
  bias: weights.bias.map((b) => 0 - b),
});

/** A network that the firmware of `graph` can be reloaded with and that gives other results: for its test bench. */
export const withOtherWeights = (graph: FixedGraph): FixedGraph => ({
  ...rebuilt(graph, (node) => ('weights' in node ? { ...node, weights: inverted(node.weights) } : node)),
  threshold: graph.threshold + 1,
});
