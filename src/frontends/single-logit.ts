/** A network that puts out one value, positive for a hit, as one of two logits: that of the miss is 0. */
import { nodeId, type NodeId } from '../ir/common.js';
import type { FloatNode } from '../ir/ops/index.js';

/** `[n, 1]` weights as `[n, 2]`: a column of zeros before them. */
const withZeros = (column: ArrayLike<number>): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: 2 * column.length }, (_, i) => (i % 2 === 0 ? 0 : column[(i - 1) / 2]!));

/**
 * `nodes`, where `id` holds one value `z`, with a node that holds `0, z`: a dense layer that nobody else reads gets a
 * second output, else one is put behind.
 */
export function withMiss(
  nodes: readonly FloatNode[],
  id: NodeId,
): { readonly nodes: readonly FloatNode[]; readonly id: NodeId } {
  const node = nodes.find((one) => one.id === id)!;
  const isRead = nodes.some(({ inputs }) => inputs.includes(id));
  if (node.kind === 'dense' && !isRead) {
    const both = { ...node, weights: withZeros(node.weights), bias: withZeros(node.bias) };
    return { nodes: nodes.map((one) => (one.id === id ? both : one)), id };
  }
  const names = new Set<string>(nodes.map((one) => one.id));
  const logits = nodeId(names.has('miss_and_hit') ? 'miss_and_hit_logits' : 'miss_and_hit');
  const dense = { kind: 'dense', inputs: [id], weights: withZeros([1]), bias: withZeros([0]) } as const;
  return { nodes: [...nodes, { id: logits, ...dense }], id: logits };
}
