/**
 * Batch normalisation at inference is `y = s·x + t` per channel. Behind a convolution or dense layer of which it is
 * the only reader it disappears into weights and bias; elsewhere it becomes a 1×1 depthwise convolution.
 */
import { NO_PADDING } from '../ir/common.js';
import { sameModules } from '../ir/modules.js';
import { findNode, type FloatGraph } from '../ir/graph.js';
import { type FloatNode, type FloatNodeOf, isWeighted } from '../ir/ops/index.js';
import { removeNode, replaceNodes, soleConsumer, type WeightedNode } from './rewrite.js';

interface Affine {
  readonly scale: Float64Array;
  readonly offset: Float64Array;
}

function affine(op: FloatNodeOf<'batchNorm'>): Affine {
  const scale = Float64Array.from(op.gamma, (g, c) => g / Math.sqrt(op.variance[c]! + op.epsilon));
  const offset = Float64Array.from(op.beta, (b, c) => b - op.mean[c]! * scale[c]!);
  return { scale, offset };
}

/** Weight `i` of every layer belongs to output channel `i % channels`. */
const scaled = (node: WeightedNode, { scale, offset }: Affine): WeightedNode => ({
  ...node,
  weights: node.weights.map((w, i) => w * scale[i % scale.length]!),
  bias: node.bias.map((b, c) => b * scale[c]! + offset[c]!),
});

const asDepthwise = (op: FloatNodeOf<'batchNorm'>): FloatNode => {
  const { scale, offset } = affine(op);
  return {
    id: op.id,
    kind: 'depthwiseConv2d',
    inputs: op.inputs,
    ...sameModules(op),
    kernel: [1, 1],
    strides: [1, 1],
    padding: NO_PADDING,
    weights: Float32Array.from(scale),
    bias: Float32Array.from(offset),
  };
};

/** No `batchNorm` is left. The meaning is kept up to float rounding. */
export function foldBatchNorm(graph: FloatGraph): FloatGraph {
  let result = graph;
  for (const op of graph.nodes) {
    if (op.kind !== 'batchNorm') continue;
    const producer = findNode(result, findNode(result, op.id).inputs[0]!);
    if (isWeighted(producer) && soleConsumer(result, producer.id)?.id === op.id) {
      const folded = replaceNodes(result, new Map([[producer.id, scaled(producer, affine(op))]]));
      result = removeNode(folded, op.id, producer.id);
    } else {
      const lone = asDepthwise({ ...op, inputs: findNode(result, op.id).inputs });
      result = replaceNodes(result, new Map([[op.id, lone]]));
    }
  }
  return result;
}
