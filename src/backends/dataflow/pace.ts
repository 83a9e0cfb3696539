/**
 * How fast pixels come while the last row of the frame does: what a stage must keep up with to be done soon after it. Averaged
 * over the frame there is more time, since strides and blocks leave out whole rows; but the rows that wait then are done after
 * the last pixel.
 */
import type { Shape } from '../../ir/common.js';
import { fixedShapes, type FixedGraph } from '../../ir/graph.js';
import { isGiven, type FixedNode } from '../../ir/ops/index.js';
import type { Weighted } from './folding.js';
import { twoNetworks } from './second-network.js';

/** How many pixels of the input one of the output stands for, along a row. */
function columnsOf(node: FixedNode): number {
  if ('strides' in node) return node.strides[1];
  if (node.kind === 'bin') return node.factor[1];
  if (node.kind === 'upsample') return 1 / node.factor[1];
  return 1;
}

/**
 * Cycles between pixels of each tensor of `graph`, and of a second network beside it, while the last row comes; at least one
 * behind a line buffer, infinite where there is one pixel.
 */
export function paces(graph: FixedGraph, pixelsPerClock: number): ReadonlyMap<string, number> {
  const { nodes } = twoNetworks(graph);
  const shapes = fixedShapes({ ...graph, nodes });
  const known = new Map<string, number>();
  for (const node of nodes) {
    const [height, width] = shapes.get(node.id)!;
    const arriving = isGiven(node)
      ? 1 / pixelsPerClock
      : Math.max(...node.inputs.map((id) => known.get(id)!));
    const hasLines = 'kernel' in node || node.kind === 'contrast';
    const pace = (hasLines ? Math.max(1, arriving) : arriving) * columnsOf(node);
    known.set(node.id, height * width === 1 ? Infinity : pace);
  }
  return known;
}

/** How many times slower stages may be than the rule below says, by their weights, which a second network shares. */
export type Ease = ReadonlyMap<Weighted['weights'], number>;

/** Cycles that a stage with weights may take for a frame. */
export type Budget = (node: Weighted, output: Shape) => number;

/**
 * Budgets that spend multipliers where they shorten the latency most. A vector that takes `c` cycles costs `macs / c`
 * multipliers. While `c` is within the pace of the vectors, the latency grows by `c`: least multipliers for a given latency are
 * had with `c ∝ √macs` (Lagrange). Beyond it all of the last row waits, too, `width` vectors: `c ∝ √(macs / (width + 1))`.
 */
export const latencyBudget =
  (pace: ReadonlyMap<string, number>, speed: number, ease: Ease): Budget =>
  (node, [height, width]) => {
    const wanted = Math.sqrt(node.weights.mantissas.length) / speed;
    const every = pace.get(node.id)!;
    const cycles = wanted <= every ? wanted : Math.max(every, wanted / Math.sqrt(width + 1));
    return Math.max(1, cycles * (ease.get(node.weights) ?? 1)) * height * width;
  };

/** A speed at which no stage of `graph` can be made faster. */
export const fullSpeed = (graph: FixedGraph): number =>
  Math.sqrt(Math.max(1, ...graph.nodes.map((n) => ('weights' in n ? n.weights.mantissas.length : 1))));
