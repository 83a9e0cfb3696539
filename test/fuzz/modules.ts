/** Random fixed graphs of one module as those of a detector of several: what `toModules` does to float graphs. */
import { createFixedGraphBuilder } from '../../src/ir/build.js';
import { nodeId, type NodeId } from '../../src/ir/common.js';
import { fixedShapes, type FixedGraph } from '../../src/ir/graph.js';
import type { FixedNode, FixedNodeOf } from '../../src/ir/ops/index.js';
import { averageReciprocal } from '../../src/passes/reciprocal.js';

type Pool = FixedNodeOf<'globalAvgPool' | 'globalMaxPool'>;

/** The one pool behind which there are vectors alone, and in front of which is all else; null where there is none. */
function cutOf(graph: FixedGraph): Pool | null {
  const shapes = fixedShapes(graph);
  const last = graph.nodes.findLastIndex(({ id }) => {
    const [height, width] = shapes.get(id)!;
    return height * width > 1;
  });
  const node = graph.nodes[last + 1];
  if (node?.kind !== 'globalAvgPool' && node?.kind !== 'globalMaxPool') return null;
  const behind = new Set(graph.nodes.slice(last + 1).map(({ id }) => id));
  const alone = graph.nodes.slice(last + 2).every(({ inputs }) => inputs.every((id) => behind.has(id)));
  return alone ? node : null;
}

function joinOf(pool: Pool, count: number): Pool {
  const own = { ...pool, id: nodeId(`${pool.id}_modules`), inputs: [pool.id] };
  if (own.kind === 'globalMaxPool') return own;
  return { ...own, ...averageReciprocal(count, count * 2 ** pool.format.width, pool.format.width) };
}

/** `node` of each of `count` modules; masks differ from module to module. */
function ofModules(node: FixedNode, count: number): FixedNode {
  if (node.kind === 'input' || node.kind === 'maps')
    return { ...node, modules: count, size: [node.size[0] * count, node.size[1]] };
  if (node.kind !== 'mask') return { ...node, modules: count };
  const { length } = node.live;
  const live = Uint8Array.from({ length: length * count }, (_, i) =>
    i % length === Math.floor(i / length) ? 0 : node.live[i % length]!,
  );
  return { ...node, modules: count, live };
}

/** `graph` for frames of `count` modules; null where nothing in it can be cut, or where weights can be exchanged. */
export function stackedGraph(graph: FixedGraph, count: number): FixedGraph | null {
  const pool = cutOf(graph);
  if (pool === null || graph.reloadable) return null;
  const builder = createFixedGraphBuilder();
  const at = graph.nodes.findIndex(({ id }) => id === pool.id);
  const join = joinOf(pool, count);
  const renamed = (id: NodeId): NodeId => (id === pool.id ? join.id : id);
  for (const node of graph.nodes.slice(0, at + 1)) builder.add(ofModules(node, count));
  builder.add(join);
  for (const node of graph.nodes.slice(at + 1)) builder.add({ ...node, inputs: node.inputs.map(renamed) });
  const { name, output, classNames, hitClasses, threshold } = graph;
  return builder.build({ name, output: renamed(output), classNames, hitClasses, threshold });
}
