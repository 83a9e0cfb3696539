/**
 * `fixed.onnx`: a fixed graph as an ONNX model with the same bits. Raw `uint16` frames `[N, height, width]` in,
 * integer `logits` `[N, classes]`, `score` and `keep` out.
 *
 * Tensors hold mantissas (integers in float32; in float64 where 2^24 is not enough). It refuses graphs whose
 * logits, scores or, with `intermediates`, tensors do not fit int32.
 */
import { UnsupportedError, invariant, type UnsupportedReason } from '../../core/errors.js';
import { fractionBits } from '../../fixed/format.js';
import { elements, type Activation, type NodeId } from '../../ir/common.js';
import { fixedShapes, type FixedGraph } from '../../ir/graph.js';
import type { FixedKind, FixedNode, FixedNodeOf } from '../../ir/ops/index.js';
import { FLOAT32_EXACT, analyseRanges, type Range } from '../../ir/prove.js';
import { emitDecision } from './decision.js';
import { exactConv, windowSum, type ExactSum } from './exact-sum.js';
import { metadataOf, TENSOR_SUFFIX, type EmitOptions } from './metadata.js';
import { preprocessRules, type NodeFacts } from './preprocess.js';
import { requantized, type Accumulator } from './requantize.js';
import {
  castName,
  flattened,
  inCarrier,
  inRank,
  largest,
  poolingInput,
  scalar,
  type MantissaTensor,
  type Tensor,
} from './tensor.js';
import { createOnnxWriter, type OnnxWriter } from './writer.js';

type Rules = {
  readonly [K in FixedKind]: (
    writer: OnnxWriter,
    op: FixedNodeOf<K>,
    inputs: readonly MantissaTensor[],
    facts: NodeFacts,
  ) => Tensor;
};

const NONE: Activation = { kind: 'none' };

const weighted = (x: MantissaTensor, sum: ExactSum, fraction: Int32Array): Accumulator => ({
  ...sum,
  fraction: Array.from(fraction, (f) => f + fractionBits(x.format)),
});

/** The largest |Σ w·x + bias| of a dense layer. */
function denseBound({ weights }: FixedNodeOf<'dense'>, { low, high }: Range): number {
  const channels = weights.bias.length;
  const min = Float64Array.from(weights.bias, (b) => Math.min(b, 0));
  const max = Float64Array.from(weights.bias, (b) => Math.max(b, 0));
  weights.mantissas.forEach((w, i) => {
    min[i % channels]! += Math.min(w * low, w * high, 0);
    max[i % channels]! += Math.max(w * low, w * high, 0);
  });
  return Math.max(...Array.from(max, (v, c) => Math.max(v, -min[c]!)));
}

/** Gemm exists in float32 and float64, so that the carrier alone makes a dense layer exact. */
function denseSum(writer: OnnxWriter, op: FixedNodeOf<'dense'>, input: MantissaTensor): ExactSum {
  const channels = op.weights.bias.length;
  const bound = denseBound(op, input.range);
  const x = inCarrier(writer, inRank(writer, input, 2), bound < FLOAT32_EXACT ? input.carrier : 'double');
  const name = writer.node('Gemm', `${op.id}.accumulator`, [
    x.name,
    writer.constant(`${op.id}.weights`, x.carrier, op.weights.mantissas, [input.shape[2], channels]),
    writer.constant(`${op.id}.bias`, x.carrier, op.weights.bias, [channels]),
  ]);
  return { name, carrier: x.carrier, rank: 2, shape: [1, 1, channels], bound };
}

/** An exact sum times the constant reciprocal, requantized once. */
function averaged(
  writer: OnnxWriter,
  op: FixedNodeOf<'avgPool'> | FixedNodeOf<'globalAvgPool'>,
  x: MantissaTensor,
  sum: ExactSum,
  range: Range,
): Tensor {
  const bound = sum.bound * op.reciprocal;
  const s = inCarrier(writer, sum, bound < FLOAT32_EXACT ? sum.carrier : 'double');
  const factor = scalar(writer, `${op.id}.reciprocal`, s.carrier, op.reciprocal);
  const name = op.reciprocal === 1 ? s.name : writer.node('Mul', `${op.id}.product`, [s.name, factor]);
  const fraction = new Int32Array(s.shape[2]).fill(fractionBits(x.format) + op.reciprocalFraction);
  return requantized(writer, op.id, { ...s, name, bound, fraction }, NONE, op.format, range);
}

function globalSum(writer: OnnxWriter, op: FixedNodeOf<'globalAvgPool'>, input: MantissaTensor): ExactSum {
  const bound = largest(input.range) * input.shape[0] * input.shape[1];
  const image = inRank(writer, input, 4);
  const x = inCarrier(writer, image, bound < FLOAT32_EXACT ? image.carrier : 'double');
  const axes = writer.constant('axes_2_3', 'int64', [2, 3], [2]);
  const name = writer.node('ReduceSum', `${op.id}.accumulator`, [x.name, axes]);
  return { name, carrier: x.carrier, rank: 4, shape: [1, 1, input.shape[2]], bound };
}

/** Both inputs at the finer resolution, added exactly. */
function alignedSum(
  writer: OnnxWriter,
  op: FixedNodeOf<'add'>,
  inputs: readonly MantissaTensor[],
): Accumulator {
  const fraction = Math.max(...inputs.map((x) => fractionBits(x.format)));
  const scales = inputs.map((x) => 2 ** (fraction - fractionBits(x.format)));
  const bound = inputs.reduce((sum, x, i) => sum + largest(x.range) * scales[i]!, 0);
  const carrier = bound < FLOAT32_EXACT && inputs.every((x) => x.carrier === 'float') ? 'float' : 'double';
  const rank = inputs.every((x) => x.rank === 2) ? 2 : 4;
  const terms = inputs.map((input, i) => {
    const x = inCarrier(writer, inRank(writer, input, rank), carrier);
    if (scales[i] === 1) return x.name;
    const scale = scalar(writer, `${op.id}.scale_${i}`, carrier, scales[i]!);
    return writer.node('Mul', `${op.id}.aligned_${i}`, [x.name, scale]);
  });
  const { shape } = inputs[0]!;
  const name = writer.node('Add', `${op.id}.accumulator`, terms);
  return { name, carrier, rank, shape, bound, fraction: new Int32Array(shape[2]).fill(fraction) };
}

function concatenated(
  writer: OnnxWriter,
  op: FixedNodeOf<'concat'>,
  inputs: readonly MantissaTensor[],
  { shape }: NodeFacts,
): Tensor {
  const carrier = inputs.every((x) => x.carrier === 'float') ? 'float' : 'double';
  const rank = inputs.every((x) => x.rank === 2) ? 2 : 4;
  const names = inputs.map((x) => inCarrier(writer, inRank(writer, x, rank), carrier).name);
  const name = writer.node('Concat', `${op.id}.mantissa`, names, { attributes: { axis: { int: 1 } } });
  return { name, carrier, rank, shape };
}

const rules: Rules = {
  ...preprocessRules,
  conv2d(writer, op, [x], { range }) {
    const { mantissas, width, bias, fraction } = op.weights;
    const perGroup = x!.shape[2] / op.groups;
    const conv = { ...op, weights: mantissas, width, bias, perGroup };
    const accumulator = weighted(x!, exactConv(writer, op.id, x!, conv), fraction);
    return requantized(writer, op.id, accumulator, op.activation, op.format, range);
  },
  depthwiseConv2d(writer, op, [x], { range }) {
    const { mantissas, width, bias, fraction } = op.weights;
    const conv = { ...op, weights: mantissas, width, bias, perGroup: 1, groups: bias.length };
    const accumulator = weighted(x!, exactConv(writer, op.id, x!, conv), fraction);
    return requantized(writer, op.id, accumulator, op.activation, op.format, range);
  },
  dense(writer, op, [x], { range }) {
    const accumulator = weighted(x!, denseSum(writer, op, x!), op.weights.fraction);
    return requantized(writer, op.id, accumulator, op.activation, op.format, range);
  },
  maxPool(writer, op, [input], { shape }) {
    const x = inRank(writer, input!, 4);
    const { name: source, attributes } = poolingInput(writer, op.id, x, op, x.range.low);
    const name = writer.node('MaxPool', `${op.id}.mantissa`, [source], { attributes });
    return { name, carrier: x.carrier, rank: 4, shape };
  },
  avgPool: (writer, op, [x], { range }) => averaged(writer, op, x!, windowSum(writer, op.id, x!, op), range),
  globalAvgPool: (writer, op, [x], { range }) => averaged(writer, op, x!, globalSum(writer, op, x!), range),
  globalMaxPool(writer, op, [input], { shape }) {
    const x = inRank(writer, input!, 4);
    // GlobalMaxPool exists for float32 only; the reduction exists for both carriers.
    const name = writer.node('ReduceMax', `${op.id}.mantissa`, [x.name], {
      attributes: { axes: { ints: [2, 3] }, keepdims: { int: 1 } },
    });
    return { name, carrier: x.carrier, rank: 4, shape };
  },
  add: (writer, op, inputs, { range }) =>
    requantized(writer, op.id, alignedSum(writer, op, inputs), op.activation, op.format, range),
  concat: concatenated,
  flatten: (writer, op, [x]) => flattened(writer, op.id, x!),
  requantize(writer, op, [x], { range }) {
    const fraction = new Int32Array(x!.shape[2]).fill(fractionBits(x!.format));
    const accumulator = { ...x!, bound: largest(x!.range), fraction };
    return requantized(writer, op.id, accumulator, NONE, op.format, range);
  },
};

const INT32 = 2 ** 31 - 1;

/** Everything that int32 outputs cannot hold, collected. */
function refuseWide(graph: FixedGraph, ranges: ReadonlyMap<NodeId, Range>, all: boolean): void {
  const reasons: UnsupportedReason[] = [];
  for (const node of graph.nodes) {
    const range = ranges.get(node.id)!;
    if ((all || node.id === graph.output) && largest(range) > INT32)
      reasons.push({ what: node.id, why: `values up to ${largest(range)} do not fit int32` });
  }
  const { low, high } = ranges.get(graph.output)!;
  if (high - low > INT32)
    reasons.push({ what: 'score', why: `differences of logits up to ${high - low} do not fit int32` });
  if (reasons.length > 0) throw new UnsupportedError('ONNX export', reasons);
}

/** The tensor of a node as int32 `[N, height, width, channels]`. */
function emitTensor(writer: OnnxWriter, id: NodeId, tensor: Tensor): void {
  const image = inRank(writer, tensor, 4);
  const integers = castName(writer, image.name, 'int32', `${id}.integers`);
  const name = writer.node('Transpose', `${id}${TENSOR_SUFFIX}`, [integers], {
    attributes: { perm: { ints: [0, 2, 3, 1] } },
  });
  writer.output(name, 'int32', ['N', ...tensor.shape]);
}

/** Emits every node in order; returns its tensors. */
function emitNodes(
  writer: OnnxWriter,
  graph: FixedGraph,
  ranges: ReadonlyMap<NodeId, Range>,
): ReadonlyMap<NodeId, MantissaTensor> {
  const shapes = fixedShapes(graph);
  const tensors = new Map<NodeId, MantissaTensor>();
  for (const node of graph.nodes) {
    const facts = { shape: shapes.get(node.id)!, range: ranges.get(node.id)! };
    // The table is keyed by kind, so rule and node agree; TypeScript cannot correlate the two.
    const rule = rules[node.kind] as (
      writer: OnnxWriter,
      op: FixedNode,
      inputs: readonly MantissaTensor[],
      facts: NodeFacts,
    ) => Tensor;
    const inputs = node.inputs.map((id) => tensors.get(id)!);
    const tensor = rule(writer, node, inputs, facts);
    invariant(
      elements(tensor.shape) === elements(facts.shape),
      `${node.id}: emitted ${tensor.shape.join('×')} for ${facts.shape.join('×')}`,
    );
    tensors.set(node.id, { ...tensor, range: facts.range, format: node.format });
  }
  return tensors;
}

/** The bytes of `fixed.onnx`; the same graph and options give the same bytes. Throws `UnsupportedError`. */
export function emitFixedOnnx(graph: FixedGraph, options: EmitOptions = {}): Uint8Array {
  const ranges = new Map([...analyseRanges(graph)].map(([id, { range }]) => [id, range]));
  refuseWide(graph, ranges, options.intermediates ?? false);
  const writer = createOnnxWriter();
  const tensors = emitNodes(writer, graph, ranges);
  const { low, high } = ranges.get(graph.output)!;
  // A threshold beyond every possible score decides like one just beyond.
  const threshold = Math.min(Math.max(graph.threshold, low - high), high - low + 1, INT32);
  const logits = inRank(writer, tensors.get(graph.output)!, 2);
  emitDecision(writer, graph, logits.name, 'int32', threshold);
  if (options.intermediates === true) for (const [id, tensor] of tensors) emitTensor(writer, id, tensor);
  return writer.finish({
    graphName: graph.name,
    doc: 'Integer arithmetic carried in floating point, exact by proof: the mantissas of a vetoc fixed graph. Do not run it with TF32 or reduced-precision convolutions.',
    producerVersion: options.producerVersion ?? '',
    metadata: metadataOf('fixed', graph, options),
  });
}
