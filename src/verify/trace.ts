/**
 * What goes into one element of a stage: the values read, the weights on them, the bias, the exact accumulator.
 *
 * For explaining a difference, measuring coverage and aiming frames at an accumulator. It is no witness: nothing is
 * compared with it.
 */
import { invariant } from '../core/errors.js';
import { fractionBits, type Format } from '../fixed/format.js';
import type { NodeId, Shape, Window } from '../ir/common.js';
import { fixedShapes, type FixedGraph } from '../ir/graph.js';
import type { FixedKind, FixedNode, FixedNodeOf } from '../ir/ops/index.js';

/** One value read: input number `source` of the node at flat index `index`, times `weight`. */
export type Visit = (source: number, index: number, weight: number) => void;

export interface SourceFacts {
  readonly shape: Shape;
  readonly format: Format;
}

type Look<K extends FixedKind> = (
  op: FixedNodeOf<K>,
  sources: readonly SourceFacts[],
  shape: Shape,
  y: number,
  x: number,
  c: number,
  visit: Visit,
) => void;

const flat = (shape: Shape, y: number, x: number, c: number): number => (y * shape[1] + x) * shape[2] + c;

function window(
  w: Window,
  input: Shape,
  y: number,
  x: number,
  look: (iy: number, ix: number, ky: number, kx: number) => void,
): void {
  const top = y * w.strides[0] - w.padding[0];
  const left = x * w.strides[1] - w.padding[1];
  for (let ky = Math.max(0, -top); ky < w.kernel[0] && top + ky < input[0]; ky++)
    for (let kx = Math.max(0, -left); kx < w.kernel[1] && left + kx < input[1]; kx++)
      look(top + ky, left + kx, ky, kx);
}

const same = (
  _op: FixedNode,
  _s: readonly SourceFacts[],
  shape: Shape,
  y: number,
  x: number,
  c: number,
  visit: Visit,
): void => {
  visit(0, flat(shape, y, x, c), 1);
};

function pooled(
  op: Window,
  [input]: readonly SourceFacts[],
  y: number,
  x: number,
  c: number,
  weight: number,
  visit: Visit,
): void {
  window(op, input!.shape, y, x, (iy, ix) => {
    visit(0, flat(input!.shape, iy, ix, c), weight);
  });
}

function whole([input]: readonly SourceFacts[], c: number, weight: number, visit: Visit): void {
  const [height, width, channels] = input!.shape;
  for (let i = 0; i < height * width; i++) visit(0, i * channels + c, weight);
}

const looks: { readonly [K in FixedKind]: Look<K> } = {
  input: () => undefined,
  crop: (op, [input], _shape, y, x, c, visit) => {
    visit(0, flat(input!.shape, y + op.offset[0], x + op.offset[1], c), 1);
  },
  mask: (op, _sources, shape, y, x, c, visit) => {
    const at = flat(shape, y, x, c);
    if (op.live[at] === 1) visit(0, at, 1);
  },
  contrast: ({ distance }, [input], shape, y, x, c, visit) => {
    for (let iy = y - distance; iy <= y + distance; iy += distance)
      for (let ix = x - distance; ix <= x + distance; ix += distance)
        if (iy >= 0 && iy < shape[0] && ix >= 0 && ix < shape[1]) visit(0, flat(input!.shape, iy, ix, c), 1);
  },
  bin: (op, [input], _shape, y, x, c, visit) => {
    for (let dy = 0; dy < op.factor[0]; dy++)
      for (let dx = 0; dx < op.factor[1]; dx++)
        visit(0, flat(input!.shape, y * op.factor[0] + dy, x * op.factor[1] + dx, c), 1);
  },
  clamp: same,
  lut: same,
  conv2d: (op, [input], shape, y, x, c, visit) => {
    const perGroup = input!.shape[2] / op.groups;
    const first = Math.floor(c / (shape[2] / op.groups)) * perGroup;
    window(op, input!.shape, y, x, (iy, ix, ky, kx) => {
      for (let k = 0; k < perGroup; k++)
        visit(
          0,
          flat(input!.shape, iy, ix, first + k),
          op.weights.mantissas[((ky * op.kernel[1] + kx) * perGroup + k) * shape[2] + c]!,
        );
    });
  },
  depthwiseConv2d: (op, [input], shape, y, x, c, visit) => {
    window(op, input!.shape, y, x, (iy, ix, ky, kx) => {
      visit(0, flat(input!.shape, iy, ix, c), op.weights.mantissas[(ky * op.kernel[1] + kx) * shape[2] + c]!);
    });
  },
  dense: (op, [input], shape, _y, _x, c, visit) => {
    for (let k = 0; k < input!.shape[2]; k++) visit(0, k, op.weights.mantissas[k * shape[2] + c]!);
  },
  maxPool: (op, sources, _shape, y, x, c, visit) => {
    pooled(op, sources, y, x, c, 1, visit);
  },
  avgPool: (op, sources, _shape, y, x, c, visit) => {
    pooled(op, sources, y, x, c, op.reciprocal, visit);
  },
  globalAvgPool: (op, sources, _shape, _y, _x, c, visit) => {
    whole(sources, c, op.reciprocal, visit);
  },
  globalMaxPool: (_op, sources, _shape, _y, _x, c, visit) => {
    whole(sources, c, 1, visit);
  },
  add: (_op, sources, shape, y, x, c, visit) => {
    const fraction = Math.max(...sources.map((s) => fractionBits(s.format)));
    sources.forEach((s, i) => {
      visit(i, flat(shape, y, x, c), 2 ** (fraction - fractionBits(s.format)));
    });
  },
  concat: (_op, sources, _shape, y, x, c, visit) => {
    let first = 0;
    const source = sources.findIndex(({ shape: [, , channels] }) => {
      if (c < first + channels) return true;
      first += channels;
      return false;
    });
    visit(source, flat(sources[source]!.shape, y, x, c - first), 1);
  },
  flatten: (_op, _sources, _shape, _y, _x, c, visit) => {
    visit(0, c, 1);
  },
  requantize: same,
};

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
  // The table is keyed by kind, so rule and node agree; TypeScript cannot correlate the two.
  (looks[node.kind] as Look<FixedKind>)(node as never, sources, shape, y, x, c, visit);
}

/** Whether the stage sums and rounds: what has an accumulator. */
export type SummingKind =
  'conv2d' | 'depthwiseConv2d' | 'dense' | 'avgPool' | 'globalAvgPool' | 'add' | 'requantize';
export type SummingNode = FixedNodeOf<SummingKind>;

const SUMMING: ReadonlySet<FixedKind> = new Set<SummingKind>([
  'conv2d',
  'depthwiseConv2d',
  'dense',
  'avgPool',
  'globalAvgPool',
  'add',
  'requantize',
]);
export const isSumming = (node: FixedNode): node is SummingNode => SUMMING.has(node.kind);

export const biasOf = (node: SummingNode, c: number): number =>
  'weights' in node ? node.weights.bias[c]! : 0;

/** The accumulator's least significant bit weighs `2^-fraction`, before any activation. */
export function accumulatorFraction(node: SummingNode, sources: readonly SourceFacts[], c: number): number {
  const input = Math.max(...sources.map((s) => fractionBits(s.format)));
  if ('weights' in node) return input + node.weights.fraction[c]!;
  return 'reciprocalFraction' in node ? input + node.reciprocalFraction : input;
}

/** Facts of every node and what it reads, looked up once for a graph. */
export interface NodeFacts {
  readonly node: FixedNode;
  readonly shape: Shape;
  readonly sources: readonly SourceFacts[];
}

export function factsOf(graph: FixedGraph): ReadonlyMap<NodeId, NodeFacts> {
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
}

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
  visitSources(node, sources, shape, y, x, c, (source, index, weight) => {
    const stage = node.inputs[source]!;
    const [, width, channels] = sources[source]!.shape;
    const value = tensors.get(stage)![index]!;
    sum += value * weight;
    const place = { y: Math.floor(index / channels / width), x: Math.floor(index / channels) % width };
    terms.push({ stage, ...place, channel: index % channels, value, weight });
  });
  if (!isSumming(node)) return { terms, bias: null, accumulator: null, fraction: null };
  const bias = biasOf(node, c);
  return { terms, bias, accumulator: sum + bias, fraction: accumulatorFraction(node, sources, c) };
}
