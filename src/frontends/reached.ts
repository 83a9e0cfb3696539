/** What an import keeps of the nodes that it made. */
import type { NodeId } from '../ir/common.js';
import type { FloatNode } from '../ir/ops/index.js';

/** The nodes that `output` is computed from, and those `given`, in their order. */
export function reachedFrom(
  nodes: readonly FloatNode[],
  output: NodeId,
  given: { has(id: NodeId): boolean },
): readonly FloatNode[] {
  const read = new Set<NodeId>([output]);
  for (const node of [...nodes].reverse()) if (read.has(node.id)) node.inputs.forEach((id) => read.add(id));
  return nodes.filter(({ id }) => read.has(id) || given.has(id));
}
