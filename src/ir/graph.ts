/**
 * The two graphs. A `FloatGraph` is a trained network with its integer preprocessing; a `FixedGraph` is the same
 * as fused fixed-point stages, with proofs. Nodes stand in topological order; both are plain immutable values.
 */
import { z } from 'zod';
import { invariant } from '../core/errors.js';
import { QUANTIZATIONS } from '../fixed/format.js';
import { nodeIdSchema, type NodeId, type Shape } from './common.js';
import {
  fixedNodeSchema,
  fixedShape,
  floatNodeSchema,
  floatShape,
  type FixedNode,
  type FloatNode,
} from './ops/index.js';

/** A name from outside: one line of printable text. */
const label = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[^\p{Cc}]*$/u, 'control characters are not allowed in names');

const classesFields = {
  classNames: z.array(label).min(2).readonly(),
  /** Per class: whether it is a hit. At least one class is a hit and one a miss. */
  hitClasses: z.array(z.boolean()).readonly(),
};

/** How a file rounds the values of a node: to whole steps of `scale`, inside `[min, max]`, both whole steps themselves. */
const quantizerSchema = z
  .strictObject({
    scale: z.number().positive(),
    min: z.number(),
    max: z.number(),
    rounding: z.enum(QUANTIZATIONS),
  })
  .readonly();
export type Quantizer = z.infer<typeof quantizerSchema>;

export const floatGraphSchema = z
  .strictObject({
    name: label,
    nodes: z.array(floatNodeSchema).readonly(),
    /** The node whose `[1, 1, classes]` values are the logits. */
    output: nodeIdSchema,
    ...classesFields,
    /** A frame is kept when max(hit logits) − max(miss logits) ≥ threshold. */
    threshold: z.number(),
    /**
     * Where the file that the network comes from rounds activations, by node. What the graph computes is not rounded;
     * quantizing takes these formats over where it is asked to.
     */
    quantizers: z.record(z.string(), quantizerSchema).optional(),
  })
  .readonly();
export type FloatGraph = z.infer<typeof floatGraphSchema>;

export const fixedGraphSchema = z
  .strictObject({
    name: label,
    nodes: z.array(fixedNodeSchema).readonly(),
    output: nodeIdSchema,
    ...classesFields,
    /** In least significant bits of the output format. */
    threshold: z.int(),
    /** Weights may be exchanged at run time: proofs hold for every weight of the format. */
    reloadable: z.boolean(),
    /** The output is no logits but features, which a decision elsewhere reads: class names are theirs, and nothing is decided. */
    ends: z.literal('features').optional(),
  })
  .readonly();
export type FixedGraph = z.infer<typeof fixedGraphSchema>;

/** What `graph` says of a frame. One that ends with features decides nothing: it keeps every frame. */
export function decide(
  graph: Pick<FixedGraph, 'hitClasses' | 'threshold' | 'ends'>,
  logits: ArrayLike<number>,
): { readonly score: number; readonly keep: boolean } {
  if (graph.ends === 'features') return { score: 0, keep: true };
  const score = veto(logits, graph.hitClasses);
  return { score, keep: score >= graph.threshold };
}

/** `max(hit logits) − max(miss logits)`: the score that the threshold is compared with. */
export function veto(logits: ArrayLike<number>, hitClasses: readonly boolean[]): number {
  let hit = -Infinity;
  let miss = -Infinity;
  hitClasses.forEach((isHit, i) => {
    const value = logits[i]!;
    if (isHit) hit = Math.max(hit, value);
    else miss = Math.max(miss, value);
  });
  return hit - miss;
}

type Graph = FloatGraph | FixedGraph;

export function findNode<G extends Graph>(graph: G, id: NodeId): G['nodes'][number] {
  const node = graph.nodes.find((n) => n.id === id);
  invariant(node !== undefined, `graph ${graph.name} has no node ${id}`);
  return node;
}

/** The nodes that read the output of `id`. */
export const consumers = <G extends Graph>(graph: G, id: NodeId): readonly G['nodes'][number][] =>
  graph.nodes.filter((n) => n.inputs.includes(id));

/** How the values of node `id` are rounded in the file that the graph comes from; null where they are not. */
export const quantizerOf = ({ quantizers }: FloatGraph, id: NodeId): Quantizer | null =>
  quantizers?.[id] ?? null;

/** The single `input` node. */
export function inputNode(graph: Graph): Extract<FixedNode, { kind: 'input' }> {
  const first = graph.nodes[0];
  invariant(first?.kind === 'input', `graph ${graph.name} does not start with its input`);
  return first;
}

function shapesOf<N extends FloatNode | FixedNode>(
  nodes: readonly N[],
  rule: (node: N, inputs: readonly Shape[]) => Shape,
): ReadonlyMap<NodeId, Shape> {
  const shapes = new Map<NodeId, Shape>();
  for (const node of nodes) {
    const inputs = node.inputs.map((id) => {
      const shape = shapes.get(id);
      invariant(shape !== undefined, `${node.id} reads ${id}, which does not stand before it`);
      return shape;
    });
    invariant(!shapes.has(node.id), `two nodes are called ${node.id}`);
    shapes.set(node.id, rule(node, inputs));
  }
  return shapes;
}

/** `make`, remembered for each graph: graphs never change. */
export function cachedByGraph<G extends object, R>(make: (graph: G) => R): (graph: G) => R {
  const known = new WeakMap<G, R>();
  return (graph) => {
    const found = known.get(graph);
    if (found !== undefined) return found;
    const result = make(graph);
    known.set(graph, result);
    return result;
  };
}

/** Output shape of every node, in graph order. Throws `InvariantError` on an ill-formed graph. */
export const floatShapes = cachedByGraph((graph: FloatGraph) => shapesOf(graph.nodes, floatShape));

export const fixedShapes = cachedByGraph((graph: FixedGraph) => shapesOf(graph.nodes, fixedShape));
