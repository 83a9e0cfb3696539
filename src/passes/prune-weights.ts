/**
 * Single weights set to 0: those that are smallest beside the others of their output channel. A kernel of constants then has nothing to
 * multiply there, whatever the back end; shapes and formats stay as they are.
 */
import { invariant } from '../core/errors.js';
import type { FixedGraph, FloatGraph } from '../ir/graph.js';
import { isWeighted } from '../ir/ops/index.js';

/** How large each weight of one layer is beside the others of its output channel: |w| over their root mean square. */
function saliency(weights: Float32Array, channels: number): Float32Array {
  const squares = new Float64Array(channels);
  weights.forEach((w, i) => (squares[i % channels]! += w * w));
  const each = weights.length / channels;
  return weights.map((w, i) => {
    const rms = Math.sqrt(squares[i % channels]! / each);
    return rms === 0 ? 0 : Math.abs(w) / rms;
  });
}

/** Weights of `graph` that are not 0, of all: values of a float graph, mantissas of a fixed one. */
export function countWeights({ nodes }: FloatGraph | FixedGraph): {
  readonly nonZero: number;
  readonly all: number;
} {
  const lists = nodes.flatMap((node): ArrayLike<number>[] =>
    isWeighted(node) ? ['mantissas' in node.weights ? node.weights.mantissas : node.weights] : [],
  );
  const notZero = (list: ArrayLike<number>): number => Array.from(list).filter((w) => w !== 0).length;
  return {
    all: lists.reduce((sum, list) => sum + list.length, 0),
    nonZero: lists.reduce((sum, list) => sum + notZero(list), 0),
  };
}

/** `graph` with the share `share` of its weights at 0, the least salient first; weights of equal saliency go together. */
export function pruneWeights(graph: FloatGraph, share: number): FloatGraph {
  invariant(share >= 0 && share < 1, `a share of ${share} of the weights cannot be pruned`);
  const saliencies = new Map(
    graph.nodes.flatMap((node) =>
      isWeighted(node) ? [[node.id, saliency(node.weights, node.bias.length)] as const] : [],
    ),
  );
  const sorted = [...saliencies.values()].flatMap((values) => [...values]).sort((a, b) => a - b);
  const limit = sorted[Math.floor(share * sorted.length)] ?? 0;
  return {
    ...graph,
    nodes: graph.nodes.map((node) => {
      if (!isWeighted(node)) return node;
      const of = saliencies.get(node.id)!;
      return { ...node, weights: node.weights.map((w, i) => (of[i]! < limit ? 0 : w)) };
    }),
  };
}
