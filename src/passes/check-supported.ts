/** Refuses, all at once, the ops of a network that have no fixed-point form here. */
import { UnsupportedError, type UnsupportedReason } from '../core/errors.js';
import { LARGEST_SLOPE } from '../ir/activations.js';
import type { FloatGraph } from '../ir/graph.js';
import type { FloatNode } from '../ir/ops/index.js';

/** Slopes of up to 15 fraction bits fit their mantissas. */
const LARGEST_ALPHA = LARGEST_SLOPE / 2 ** 15;

/** Why `node` cannot be quantized, or null. */
function reasonAgainst(node: FloatNode): string | null {
  if (node.kind === 'leakyRelu' && !(node.alpha >= 0 && Number.isFinite(node.alpha)))
    return `a leaky ReLU of slope ${node.alpha}: use a slope of 0 or more`;
  if (node.kind === 'prelu' && !node.alpha.every((a) => Math.abs(a) <= LARGEST_ALPHA))
    return `a PReLU with a slope beyond ±${LARGEST_ALPHA}: scale the layer before it`;
  if (node.kind === 'clip' && !(node.min < node.max))
    return `a clip to [${node.min}, ${node.max}], which holds no range: give limits in order`;
  if (node.kind === 'batchNorm' && !node.variance.every((v) => v + node.epsilon > 0))
    return 'a batch normalisation of negative variance: write the network again with the statistics of its training';
  return null;
}

/** Returns `graph`; throws `UnsupportedError` with every op at fault. */
export function checkSupported(graph: FloatGraph): FloatGraph {
  const reasons = graph.nodes.flatMap((node): UnsupportedReason[] => {
    const why = reasonAgainst(node);
    return why === null ? [] : [{ what: node.id, why }];
  });
  if (reasons.length > 0) throw new UnsupportedError('quantization', reasons);
  return graph;
}
