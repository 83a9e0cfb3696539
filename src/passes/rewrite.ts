/** Small tools for passes: every one returns a new graph. */
import { nodeId, type NodeId } from '../ir/common.js';
import { consumers, type FloatGraph } from '../ir/graph.js';
import type { FloatNode, WeightedKind } from '../ir/ops/index.js';

/** The one node that reads `id`, or null when there are several, none, or `id` is the graph's output. */
export function soleConsumer(graph: FloatGraph, id: NodeId): FloatNode | null {
  const readers = consumers(graph, id);
  return graph.output === id || readers.length !== 1 ? null : readers[0]!;
}

/** `graph` with nodes replaced by id. */
export function replaceNodes(graph: FloatGraph, changed: ReadonlyMap<NodeId, FloatNode>): FloatGraph {
  return { ...graph, nodes: graph.nodes.map((node) => changed.get(node.id) ?? node) };
}

/** `graph` without node `id`; whoever read it reads `instead`. */
export function removeNode(graph: FloatGraph, id: NodeId, instead: NodeId): FloatGraph {
  return {
    ...graph,
    nodes: graph.nodes
      .filter((node) => node.id !== id)
      .map((node) =>
        node.inputs.includes(id)
          ? { ...node, inputs: node.inputs.map((i) => (i === id ? instead : i)) }
          : node,
      ),
    output: graph.output === id ? instead : graph.output,
  };
}

/** A name that `graph` does not use: `base`, or `base_2`, `base_3`, … */
export function freshId(taken: ReadonlySet<string>, base: string): NodeId {
  let name = base.slice(0, 63);
  for (let k = 2; taken.has(name); k++) name = `${base.slice(0, 58)}_${k}`;
  return nodeId(name);
}

/** The nodes with weights. */
export type WeightedNode = Extract<FloatNode, { kind: WeightedKind }>;
