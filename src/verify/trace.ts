/**
 * What goes into one element of a stage: the values read, the weights on them, the bias, the exact accumulator.
 *
 * For explaining a difference, measuring coverage and aiming frames at an accumulator. It is no witness: nothing is
 * compared with it.
 */
import { invariant } from '../core/errors.js';
import type { NodeId, Shape } from '../ir/common.js';
import { cachedByGraph, fixedShapes, type FixedGraph } from '../ir/graph.js';
import { isSumming, readsOf, sumOf, type FixedNode, type SummingNode } from '../ir/ops/index.js';
import type { SourceFacts } from '../ir/ops/record.js';

/** One value read: input number `source` of the node at flat index `index`, times `weight`, and times another value read. */
export type Visit = (
  source: number,
  index: number,
  weight: number,
  times?: { readonly source: number; readonly index: number },
) => void;

/** Visits every value that element (y, x, c) of `node` reads, padding left out. */
export function visitSources(
  node: FixedNode,
  sources: readonly SourceFacts[],
  shape: Shape,
  y: number,
  x: number,
  c: number,
  visit: Visit,
): void {
  readsOf(node, sources, [y, x, c], shape, (source, iy, ix, channel, weight, times) => {
    const [height, width, channels] = sources[source]!.shape;
    if (iy < 0 || iy >= height || ix < 0 || ix >= width) return;
    const index = (iy * width + ix) * channels + channel;
    if (times === undefined) visit(source, index, weight);
    else visit(source, index, weight, { source: times, index: channel });
  });
}

/** The bias of channel `c`, at the accumulator's resolution. */
export const biasOf = (node: SummingNode, sources: readonly SourceFacts[], c: number): number =>
  sumOf(node, sources)?.bias?.[c] ?? 0;

/** The accumulator's least significant bit weighs `2^-fraction`, before any activation. */
export function accumulatorFraction(node: SummingNode, sources: readonly SourceFacts[], c: number): number {
  const sum = sumOf(node, sources);
  invariant(sum !== undefined, `${node.id} sums nothing`);
  return sum.fraction(c);
}

/** Facts of every node and what it reads, looked up once for a graph. */
export interface NodeFacts {
  readonly node: FixedNode;
  readonly shape: Shape;
  readonly sources: readonly SourceFacts[];
}

export const factsOf = cachedByGraph((graph: FixedGraph): ReadonlyMap<NodeId, NodeFacts> => {
  const shapes = fixedShapes(graph);
  const formats = new Map(graph.nodes.map((n) => [n.id, n.format]));
  return new Map(
    graph.nodes.map((node) => [
      node.id,
      {
        node,
        shape: shapes.get(node.id)!,
        sources: node.inputs.map((id) => ({ shape: shapes.get(id)!, format: formats.get(id)! })),
      },
    ]),
  );
});

export interface Term {
  readonly stage: NodeId;
  readonly y: number;
  readonly x: number;
  readonly channel: number;
  readonly value: number;
  readonly weight: number;
}

/** One element of a stage taken apart. */
export interface Trace {
  readonly terms: readonly Term[];
  /** Of stages that sum: bias, exact sum, and the weight of its last bit, `2^-fraction`; else null. */
  readonly bias: number | null;
  readonly accumulator: number | null;
  readonly fraction: number | null;
}

/** Takes element (y, x, c) of the stage `id` apart; `tensors` are all tensors of the frame. */
export function traceElement(
  graph: FixedGraph,
  tensors: ReadonlyMap<NodeId, Int32Array>,
  id: NodeId,
  y: number,
  x: number,
  c: number,
): Trace {
  const facts = factsOf(graph).get(id);
  invariant(facts !== undefined, `no stage ${id}`);
  const { node, shape, sources } = facts;
  const terms: Term[] = [];
  let sum = 0;
  visitSources(node, sources, shape, y, x, c, (source, index, given, times) => {
    const factor = times === undefined ? 1 : tensors.get(node.inputs[times.source]!)![times.index]!;
    const weight = given * factor;
    const stage = node.inputs[source]!;
    const [, width, channels] = sources[source]!.shape;
    const value = tensors.get(stage)![index]!;
    sum += value * weight;
    const place = { y: Math.floor(index / channels / width), x: Math.floor(index / channels) % width };
    terms.push({ stage, ...place, channel: index % channels, value, weight });
  });
  if (!isSumming(node)) return { terms, bias: null, accumulator: null, fraction: null };
  const bias = biasOf(node, sources, c);
  return { terms, bias, accumulator: sum + bias, fraction: accumulatorFraction(node, sources, c) };
}
