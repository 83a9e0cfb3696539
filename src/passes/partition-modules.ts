/**
 * A network of a detector of several modules in parts: a front end for each module, which ends with its features, and the
 * decision, which reads those of all. Both are plain fixed graphs: ONNX, HLS C++ and SystemVerilog are made of them and checked by
 * their witnesses. `test/modules/parts.test.ts` holds them to the whole, integer by integer.
 *
 * A feature travels as a word of 16 bits: its mantissa, plus half the range where the format has a sign. A module's words come in
 * the order of the cut, a tensor after the other; the decision's frame is the words of all modules, one row a module. What
 * stands in front of its pools turns words into mantissas again: sums of one term, and exact.
 *
 * Refuses by name: features of more than 16 bits, what is no pool over modules right behind the cut, weights that can be exchanged.
 */
import { UnsupportedError, invariant, type UnsupportedReason } from '../core/errors.js';
import { fractionBits, minMantissa } from '../fixed/format.js';
import { NO_ACTIVATION } from '../ir/activations.js';
import { createFixedGraphBuilder, type FixedGraphBuilder, type UnprovenNode } from '../ir/build.js';
import { NO_PADDING, type NodeId, type QuantizedWeights } from '../ir/common.js';
import { fixedShapes, type FixedGraph } from '../ir/graph.js';
import { cutOf, modulesOf } from '../ir/modules.js';
import { COUNTS } from '../ir/ops/input.js';
import type { FixedNode, FixedNodeOf } from '../ir/ops/index.js';
import { freshId } from './rewrite.js';

/** Bits of a word on the link. */
const WORD_BITS = 16;

/** A tensor at the cut, `[1, 1, channels]` of each module. */
export interface Feature {
  readonly id: NodeId;
  readonly channels: number;
  /** Its first word of a module. */
  readonly first: number;
}

export interface ModuleParts {
  readonly modules: number;
  readonly features: readonly Feature[];
  /** Words that a module sends for a frame. */
  readonly words: number;
  /** The front ends that differ: modules with other masks have others. */
  readonly fronts: readonly FixedGraph[];
  /** The front end of each module, a place in `fronts`. */
  readonly frontOf: readonly number[];
  /** Reads frames `[modules, words]`. */
  readonly decision: FixedGraph;
}

const SUBJECT = 'a network in parts';

type Join = FixedNodeOf<'globalAvgPool' | 'globalMaxPool' | 'flatten'>;
const isJoin = (node: FixedNode): node is Join =>
  node.kind === 'globalAvgPool' || node.kind === 'globalMaxPool' || node.kind === 'flatten';

/** Whether a node only reads what other nodes of its side make. */
function refusals(graph: FixedGraph, cut: readonly FixedNode[]): UnsupportedReason[] {
  const shapes = fixedShapes(graph);
  const modules = modulesOf(graph);
  const reasons: UnsupportedReason[] = [];
  if (modules === 1) return [{ what: graph.name, why: 'its frames are those of one module' }];
  if (graph.reloadable)
    reasons.push({ what: graph.name, why: 'weights that can be exchanged are not exchanged in parts' });
  for (const node of cut) {
    const [height, width] = shapes.get(node.id)!;
    if (height !== modules || width !== 1)
      reasons.push({ what: node.id, why: `an image of each module at the cut: pool it in front` });
    if (node.format.width > WORD_BITS)
      reasons.push({ what: node.id, why: `features of ${node.format.width} bits: a word holds 16` });
  }
  const ids = new Set(cut.map(({ id }) => id));
  for (const node of graph.nodes)
    if (node.modules === undefined && node.inputs.some((id) => ids.has(id)) && !isJoin(node))
      reasons.push({
        what: node.id,
        why: `${node.kind} reads each module: a pool over the modules has to come first`,
      });
  return reasons;
}

/** Weights that multiply each of `channels` by one unit of `2^-fraction`, and add `bias` in units of the sum. */
const units = (channels: number, fraction: number, bias: number): QuantizedWeights => ({
  mantissas: new Int32Array(channels).fill(1),
  width: 2,
  fraction: new Int32Array(channels).fill(fraction),
  bias: new Float64Array(channels).fill(bias),
});

const ONE_PIXEL = { kernel: [1, 1], strides: [1, 1], padding: NO_PADDING } as const;

/** Half the range of a signed format: what is added to a mantissa that travels. */
const offsetOf = ({ format }: Pick<FixedNode, 'format'>): number => -minMantissa(format);

/** `node` as module `k` has it. */
function ofModule({ modules: _count, ...node }: FixedNode, k: number, count: number): FixedNode {
  if (node.kind === 'input' || node.kind === 'maps')
    return { ...node, size: [node.size[0] / count, node.size[1]] };
  if (node.kind !== 'mask') return node;
  const length = node.live.length / count;
  return { ...node, live: node.live.slice(k * length, (k + 1) * length) };
}

/** The words of `feature`, `ap_ufixed<16,16>`. */
function addWords(b: FixedGraphBuilder, feature: FixedNode, channels: number, id: NodeId): NodeId {
  return b.add({
    id,
    kind: 'depthwiseConv2d',
    inputs: [feature.id],
    ...ONE_PIXEL,
    weights: units(channels, -fractionBits(feature.format), offsetOf(feature)),
    activation: NO_ACTIVATION,
    format: COUNTS,
  });
}

interface Cut {
  readonly graph: FixedGraph;
  readonly nodes: readonly FixedNode[];
  readonly features: readonly Feature[];
  readonly words: number;
}

/** The front end of module `k`. */
function frontEnd({ graph, nodes, features }: Cut, k: number): FixedGraph {
  const b = createFixedGraphBuilder();
  const count = modulesOf(graph);
  for (const node of graph.nodes) if (node.modules !== undefined) b.add(ofModule(node, k, count));
  const taken = new Set<string>(graph.nodes.map(({ id }) => id));
  const words = nodes.map((node, i) =>
    addWords(b, node, features[i]!.channels, freshId(taken, `${node.id}_words`)),
  );
  const [only] = words;
  const output =
    words.length === 1
      ? only!
      : b.add({ id: freshId(taken, 'words'), kind: 'concat', inputs: words, format: COUNTS });
  const classNames = features.flatMap(({ id, channels }) =>
    Array.from({ length: channels }, (_, c) => `${id} ${c}`),
  );
  return b.build({
    name: `${graph.name} front end`,
    output,
    classNames,
    hitClasses: classNames.map(() => false),
    threshold: 0,
    ends: 'features',
  });
}

/** The words of `feature` as mantissas again, `[modules, channels, 1]`. */
function addMantissas(b: FixedGraphBuilder, from: NodeId, feature: FixedNode, id: NodeId): NodeId {
  const fraction = fractionBits(feature.format);
  return b.add({
    id,
    kind: 'conv2d',
    inputs: [from],
    ...ONE_PIXEL,
    groups: 1,
    weights: units(1, fraction, -offsetOf(feature)),
    activation: NO_ACTIVATION,
    format: feature.format,
  });
}

/** `join` over the rows of a frame of words: the same integers in the same order. */
function joinRows(join: Join, input: NodeId, modules: number): UnprovenNode {
  const rows = { id: join.id, inputs: [input], format: join.format };
  const window = { kernel: [modules, 1], strides: [modules, 1], padding: NO_PADDING } as const;
  switch (join.kind) {
    case 'flatten':
      return { ...rows, kind: 'flatten' };
    case 'globalMaxPool':
      return { ...rows, ...window, kind: 'maxPool' };
    case 'globalAvgPool': {
      const { reciprocal, reciprocalFraction } = join;
      return { ...rows, ...window, kind: 'avgPool', reciprocal, reciprocalFraction };
    }
  }
}

/** The decision on the words of all modules. */
function decisionOn({ graph, nodes, features, words }: Cut): FixedGraph {
  const b = createFixedGraphBuilder();
  const modules = modulesOf(graph);
  const taken = new Set<string>(graph.nodes.map(({ id }) => id));
  const fresh = (base: string): NodeId => {
    const id = freshId(taken, base);
    taken.add(id);
    return id;
  };
  const input = b.add({
    id: fresh('words'),
    kind: 'input',
    inputs: [],
    size: [modules, words],
    format: COUNTS,
  });
  const rows = new Map<NodeId, NodeId>();
  nodes.forEach((node, i) => {
    const { first, channels } = features[i]!;
    const size: readonly [number, number] = [modules, channels];
    const own =
      channels === words
        ? input
        : b.add({
            id: fresh(`${node.id}_columns`),
            kind: 'crop',
            inputs: [input],
            offset: [0, first],
            size,
            format: COUNTS,
          });
    rows.set(node.id, addMantissas(b, own, node, node.id));
  });
  /** A vector of channels for whoever reads a pool over modules, which is a row of them. */
  const vectors = new Map<NodeId, NodeId>();
  for (const node of graph.nodes) {
    if (node.modules !== undefined) continue;
    const read = node.inputs[0] === undefined ? undefined : rows.get(node.inputs[0]);
    if (read === undefined) {
      b.add({ ...node, inputs: node.inputs.map((id) => vectors.get(id) ?? id) });
      continue;
    }
    invariant(isJoin(node), `${node.id} joins no modules`);
    const joined = b.add(joinRows(node, read, modules));
    if (node.kind === 'flatten') continue;
    const vector = { kind: 'flatten', inputs: [joined], format: node.format } as const;
    vectors.set(node.id, b.add({ id: fresh(`${node.id}_vector`), ...vector }));
  }
  const { name, output, classNames, hitClasses, threshold } = graph;
  return b.build({
    name: `${name} decision`,
    output: vectors.get(output) ?? output,
    classNames,
    hitClasses,
    threshold,
  });
}

const sameBytes = (a: FixedGraph, b: FixedGraph): boolean =>
  a.nodes.every((node, i) => {
    const other = b.nodes[i]!;
    return (
      node.kind !== 'mask' || (other.kind === 'mask' && node.live.every((bit, p) => bit === other.live[p]))
    );
  });

/** `graph` in parts. Throws `UnsupportedError` with every reason. */
export function partitionModules(graph: FixedGraph): ModuleParts {
  const nodes = cutOf(graph);
  const reasons = refusals(graph, nodes);
  if (reasons.length > 0) throw new UnsupportedError(SUBJECT, reasons);
  const shapes = fixedShapes(graph);
  let words = 0;
  const features = nodes.map(({ id }): Feature => {
    const channels = shapes.get(id)![2];
    const first = words;
    words += channels;
    return { id, channels, first };
  });
  const cut: Cut = { graph, nodes, features, words };
  const modules = modulesOf(graph);
  const fronts: FixedGraph[] = [];
  const frontOf = Array.from({ length: modules }, (_, k) => {
    const front = frontEnd(cut, k);
    const known = fronts.findIndex((other) => sameBytes(front, other));
    return known >= 0 ? known : fronts.push(front) - 1;
  });
  return { modules, features, words, fronts, frontOf, decision: decisionOn(cut) };
}
