/**
 * A second network beside the first, for a canary: the same nodes from the first with weights on, which read the same
 * preprocessed pixels.
 */
import { nodeId, type NodeId } from '../../ir/common.js';
import type { FixedGraph } from '../../ir/graph.js';
import { isWeighted, type FixedNode } from '../../ir/ops/index.js';

interface TwoNetworks {
  /** With every copy right behind its original. */
  readonly nodes: readonly FixedNode[];
  /** The original of each copy. */
  readonly originals: ReadonlyMap<NodeId, NodeId>;
  /** The copy of the graph's output. */
  readonly output: NodeId;
}

export function twoNetworks(graph: FixedGraph): TwoNetworks {
  const names = new Set<string>(graph.nodes.map((n) => n.id));
  const copies = new Map<NodeId, NodeId>();
  const nodes = graph.nodes.flatMap((node): FixedNode[] => {
    if (!isWeighted(node) && !node.inputs.some((id) => copies.has(id))) return [node];
    let name = `${node.id}_second`;
    while (names.has(name)) name = `${name}_`;
    names.add(name);
    const id = nodeId(name);
    copies.set(node.id, id);
    // A copy of the same kind: the fields other than name and inputs stay.
    return [node, { ...node, id, inputs: node.inputs.map((i) => copies.get(i) ?? i) } as FixedNode];
  });
  return {
    nodes,
    originals: new Map([...copies].map(([original, copy]) => [copy, original])),
    output: copies.get(graph.output) ?? graph.output,
  };
}
