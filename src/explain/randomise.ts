/**
 * Randomised weights for the sanity test of Adebayo et al. (NeurIPS 2018): a map that does not change when the weights
 * do explains the frame, not the network.
 */
import { createRandom, type Random } from '../core/random.js';
import type { FloatGraph } from '../ir/graph.js';
import type { FloatNode } from '../ir/ops/index.js';

function shuffled(values: Float32Array<ArrayBuffer>, random: Random): Float32Array<ArrayBuffer> {
  const result = values.slice();
  for (let i = result.length - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}

/** `graph` with the weights of every layer in a random order: the same values, and nothing that was learnt. */
export function randomiseWeights(graph: FloatGraph, seed: number): FloatGraph {
  const random = createRandom(seed).fork('randomised weights');
  const nodes = graph.nodes.map((node): FloatNode =>
    'weights' in node
      ? { ...node, weights: shuffled(node.weights as Float32Array<ArrayBuffer>, random) }
      : node,
  );
  return { ...graph, nodes };
}
