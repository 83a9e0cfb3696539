/** Refuses a network that cannot be quantized with meaning: weights that are not finite, and dead layers. */
import { UserError } from '../core/errors.js';
import type { FloatGraph } from '../ir/graph.js';
import { type FloatNode, isWeighted } from '../ir/ops/index.js';

const allFinite = (values: Float32Array): boolean => values.every(Number.isFinite);

function parameters(node: FloatNode): readonly Float32Array[] {
  if (isWeighted(node)) return [node.weights, node.bias];
  return node.kind === 'batchNorm' ? [node.gamma, node.beta, node.mean, node.variance] : [];
}

/** Returns `graph`; throws `UserError` naming every layer at fault. */
export function checkWeights(graph: FloatGraph): FloatGraph {
  const notFinite = graph.nodes.filter((node) => !parameters(node).every(allFinite));
  if (notFinite.length > 0)
    throw new UserError(`NaN or infinite weights in ${notFinite.map((n) => n.id).join(', ')}`, {
      remedy: 'train again with a lower learning rate, or with gradients clipped',
    });
  const dead = graph.nodes.filter((node) => isWeighted(node) && node.weights.every((w) => w === 0));
  if (dead.length > 0)
    throw new UserError(`dead layers, all of whose weights are 0: ${dead.map((n) => n.id).join(', ')}`, {
      remedy: 'train again with another seed or a lower learning rate, or leave the layer out of the network',
    });
  return graph;
}
