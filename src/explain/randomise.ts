/**
 * Randomised weights for the sanity test of Adebayo et al. (NeurIPS 2018): a map that does not change when the weights
 * do explains the frame, not the network. Layers are randomised from the output downwards, one more at every step, so
 * that it shows down to where a map looks.
 */
import { createRandom, type Random } from '../core/random.js';
import type { NodeId } from '../ir/common.js';
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

/** Layers with weights, from the output down to the input. */
const weightedLayers = (graph: FloatGraph): readonly NodeId[] =>
  graph.nodes
    .filter((node) => 'weights' in node)
    .map((node) => node.id)
    .reverse();

/** `graph` with the weights of `layers` in a random order: the same values, and nothing that was learnt. */
export function randomiseWeights(graph: FloatGraph, layers: ReadonlySet<NodeId>, seed: number): FloatGraph {
  const random = createRandom(seed).fork('randomised weights');
  const nodes = graph.nodes.map((node): FloatNode => {
    if (!('weights' in node) || !layers.has(node.id)) return node;
    // A stream of its own: a layer is shuffled alike at every step.
    return { ...node, weights: shuffled(node.weights as Float32Array<ArrayBuffer>, random.fork(node.id)) };
  });
  return { ...graph, nodes };
}

/** A step of the cascade: the layers that are randomised, down to the last of them. */
export interface CascadeStep {
  readonly downTo: NodeId;
  readonly layers: ReadonlySet<NodeId>;
}

/** At most `most` steps of about as many layers each; at the last one all are randomised. */
export function cascade(graph: FloatGraph, most: number): readonly CascadeStep[] {
  const layers = weightedLayers(graph);
  const steps = Math.min(most, layers.length);
  return Array.from({ length: steps }, (_, step) => {
    const some = layers.slice(0, Math.round(((step + 1) * layers.length) / steps));
    return { downTo: some.at(-1)!, layers: new Set(some) };
  });
}
