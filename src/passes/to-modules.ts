/**
 * A network of one module as a network of a detector of several: the same front end runs on each module, and what its global
 * pools say is joined by the same pool over all modules. Exact for the maximum; a mean is rounded for each module and once more.
 *
 * Refuses by name what would mix modules in front of the cut: a network without global pooling, a layer behind it that also
 * reads images, a cut at something else.
 */
import { UserError } from '../core/errors.js';
import type { NodeId } from '../ir/common.js';
import { floatShapes, type FloatGraph } from '../ir/graph.js';
import type { FloatNode, FloatNodeOf } from '../ir/ops/index.js';
import { verifyFloatGraph } from '../ir/verify.js';
import { freshId } from './rewrite.js';

export interface ModulesWish {
  readonly count: number;
  /** Names of the global pools that each module ends with; all behind which no image is left unless given. */
  readonly cut?: readonly string[];
}

type Pool = FloatNodeOf<'globalAvgPool' | 'globalMaxPool'>;
const isPool = (node: FloatNode): node is Pool =>
  node.kind === 'globalAvgPool' || node.kind === 'globalMaxPool';

const FIELD = 'modules.cut';

/** Nodes that depend on `id`. */
function dependents(graph: FloatGraph, id: NodeId): ReadonlySet<NodeId> {
  const found = new Set<NodeId>();
  for (const node of graph.nodes)
    if (node.inputs.some((from) => from === id || found.has(from))) found.add(node.id);
  return found;
}

/** The global pools behind which there are vectors alone. */
function lastPools(graph: FloatGraph): readonly Pool[] {
  const shapes = floatShapes(graph);
  return graph.nodes.filter(isPool).filter(({ id }) =>
    [...dependents(graph, id)].every((behind) => {
      const [height, width] = shapes.get(behind)!;
      return height * width === 1;
    }),
  );
}

/** The pools to cut at. Throws `UserError`. */
function chosenPools(graph: FloatGraph, names: readonly string[] | undefined): readonly Pool[] {
  const last = lastPools(graph);
  if (last.length === 0)
    throw new UserError(`${graph.name} has no global pooling in front of its last layers`, {
      field: FIELD,
      remedy:
        'give a network that pools over the whole image (globalPool): what it pools is what modules send',
    });
  if (names === undefined) return last;
  return names.map((name) => {
    const node = graph.nodes.find(({ id }) => id === name);
    const possible = last.map(({ id }) => id).join(', ');
    if (node === undefined)
      throw new UserError(`there is no layer ${name} to cut at`, {
        field: FIELD,
        remedy: `cut at ${possible}`,
      });
    if (!last.some(({ id }) => id === node.id))
      throw new UserError(`${name} (${node.kind}) is no global pool behind which there are vectors alone`, {
        field: FIELD,
        remedy: `cut at ${possible}`,
      });
    return node as Pool;
  });
}

/** What stands in front of the cut, itself with it. Throws `UserError` for what reads across it. */
function frontOf(graph: FloatGraph, pools: readonly Pool[]): ReadonlySet<NodeId> {
  const front = new Set<NodeId>(pools.map(({ id }) => id));
  for (const node of graph.nodes.toReversed())
    if (front.has(node.id)) for (const id of node.inputs) front.add(id);
  const cut = new Set(pools.map(({ id }) => id));
  for (const { id, kind, inputs } of graph.nodes) {
    const across = inputs.find((from) => front.has(from) && !cut.has(from));
    if (front.has(id) || across === undefined) continue;
    throw new UserError(
      `${id} (${kind}) mixes modules: it reads ${across}, which lies in front of the cut at ${[...cut].join(', ')}`,
      {
        field: FIELD,
        remedy: 'let everything behind the global pools read what they pool, and nothing else',
      },
    );
  }
  return front;
}

/** `node` as it acts on each of `count` modules. */
function onModules<N extends FloatNode>(node: N, count: number): FloatNode {
  if (node.kind === 'input') return { ...node, modules: count, size: [node.size[0] * count, node.size[1]] };
  if (node.kind !== 'mask') return { ...node, modules: count };
  const live = new Uint8Array(node.live.length * count);
  for (let k = 0; k < count; k++) live.set(node.live, k * node.live.length);
  return { ...node, modules: count, live };
}

/**
 * `graph`, of frames `[h, w]` of one module, for frames `[count · h, w]` of all. Throws `UserError` where it cannot be cut.
 */
export function toModules(graph: FloatGraph, { count, cut }: ModulesWish): FloatGraph {
  const pools = chosenPools(graph, cut);
  const front = frontOf(graph, pools);
  const taken = new Set<string>(graph.nodes.map(({ id }) => id));
  const joins = new Map<NodeId, NodeId>();
  const nodes: FloatNode[] = [];
  for (const node of graph.nodes) {
    if (front.has(node.id)) nodes.push(onModules(node, count));
    else nodes.push({ ...node, inputs: node.inputs.map((id) => joins.get(id) ?? id) });
    const pool = pools.find(({ id }) => id === node.id);
    if (pool === undefined) continue;
    const join = freshId(taken, `${pool.id}_modules`);
    taken.add(join);
    joins.set(pool.id, join);
    nodes.push({ id: join, kind: pool.kind, inputs: [pool.id] });
  }
  return verifyFloatGraph({ ...graph, nodes, output: joins.get(graph.output) ?? graph.output });
}
