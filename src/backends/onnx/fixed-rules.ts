/** How every stage of a fixed graph is said in ONNX operators on mantissas: the total table behind `fixed.onnx`. */
import { fractionBits } from '../../fixed/format.js';
import { NO_ACTIVATION } from '../../ir/activations.js';
import type { Table } from '../../ir/dispatch.js';
import { countMap, reciprocalOf } from '../../ir/ops/counted.js';
import type { FixedNode, FixedNodeOf } from '../../ir/ops/index.js';
import { FLOAT32_EXACT, type Range } from '../../ir/prove.js';
import { exactConv, sumBound, windowSum, type ExactSum } from './exact-sum.js';
import { looked, preprocessRules, type NodeFacts } from './preprocess.js';
import { rawRules } from './raw.js';
import { requantized, type Accumulator } from './requantize.js';
import {
  flattened,
  inCarrier,
  inRank,
  largest,
  poolingInput,
  resized,
  scalar,
  type MantissaTensor,
  type Tensor,
} from './tensor.js';
import type { OnnxWriter } from './writer.js';

const weighted = (x: MantissaTensor, sum: ExactSum, fraction: Int32Array): Accumulator => ({
  ...sum,
  fraction: Array.from(fraction, (f) => f + fractionBits(x.format)),
});

/** Gemm exists in float32 and float64, so that the carrier alone makes a dense layer exact. */
function denseSum(writer: OnnxWriter, op: FixedNodeOf<'dense'>, input: MantissaTensor): ExactSum {
  const channels = op.weights.bias.length;
  const bound = sumBound(op.weights.mantissas, op.weights.bias, input.range);
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
  const factors =
    op.kind === 'globalAvgPool' || op.reciprocals === undefined
      ? [op.reciprocal]
      : countMap(op, x.shape, sum.shape).map((count) => reciprocalOf(op, count));
  const isOne = factors.length === 1;
  const bound = sum.bound * factors.reduce((a, b) => Math.max(a, b));
  const s = inCarrier(writer, sum, bound < FLOAT32_EXACT ? sum.carrier : 'double');
  const dims = isOne ? [] : [1, 1, sum.shape[0], sum.shape[1]];
  const factor = (): string => writer.constant(`${op.id}.reciprocal`, s.carrier, factors, dims);
  const name =
    isOne && factors[0] === 1 ? s.name : writer.node('Mul', `${op.id}.product`, [s.name, factor()]);
  const fraction = new Int32Array(s.shape[2]).fill(fractionBits(x.format) + op.reciprocalFraction);
  return requantized(writer, op.id, { ...s, name, bound, fraction }, NO_ACTIVATION, op.format, range);
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

export const fixedRules: Table<
  FixedNode,
  [writer: OnnxWriter, inputs: readonly MantissaTensor[], facts: NodeFacts],
  Tensor
> = {
  ...preprocessRules,
  ...rawRules,
  conv2d(op, writer, [x], { range }) {
    const { mantissas, width, bias, fraction } = op.weights;
    const perGroup = x!.shape[2] / op.groups;
    const conv = { ...op, weights: mantissas, width, bias, perGroup };
    const accumulator = weighted(x!, exactConv(writer, op.id, x!, conv), fraction);
    return requantized(writer, op.id, accumulator, op.activation, op.format, range);
  },
  depthwiseConv2d(op, writer, [x], { range }) {
    const { mantissas, width, bias, fraction } = op.weights;
    const conv = { ...op, weights: mantissas, width, bias, perGroup: 1, groups: bias.length };
    const accumulator = weighted(x!, exactConv(writer, op.id, x!, conv), fraction);
    return requantized(writer, op.id, accumulator, op.activation, op.format, range);
  },
  dense(op, writer, [x], { range }) {
    const accumulator = weighted(x!, denseSum(writer, op, x!), op.weights.fraction);
    return requantized(writer, op.id, accumulator, op.activation, op.format, range);
  },
  maxPool(op, writer, [input], { shape }) {
    const x = inRank(writer, input!, 4);
    const { name: source, attributes } = poolingInput(writer, op.id, x, op, x.range.low);
    const name = writer.node('MaxPool', `${op.id}.mantissa`, [source], { attributes });
    return { name, carrier: x.carrier, rank: 4, shape };
  },
  avgPool: (op, writer, [x], { range }) => averaged(writer, op, x!, windowSum(writer, op.id, x!, op), range),
  globalAvgPool: (op, writer, [x], { range }) => averaged(writer, op, x!, globalSum(writer, op, x!), range),
  globalMaxPool(op, writer, [input], { shape }) {
    const x = inRank(writer, input!, 4);
    // GlobalMaxPool exists for float32 only; the reduction exists for both carriers.
    const axes = writer.constant('axes_2_3', 'int64', [2, 3], [2]);
    const name = writer.node('ReduceMax', `${op.id}.mantissa`, [x.name, axes]);
    return { name, carrier: x.carrier, rank: 4, shape };
  },
  add: (op, writer, inputs, { range }) =>
    requantized(writer, op.id, alignedSum(writer, op, inputs), op.activation, op.format, range),
  multiply(op, writer, [image, vector], { range }) {
    const bound = largest(image!.range) * largest(vector!.range);
    const rank = image!.rank === 2 && vector!.rank === 2 ? 2 : 4;
    const isFloat = image!.carrier === 'float' && vector!.carrier === 'float' && bound < FLOAT32_EXACT;
    const carrier = isFloat ? 'float' : 'double';
    const [a, b] = [image!, vector!].map((x) => inCarrier(writer, inRank(writer, x, rank), carrier));
    const name = writer.node('Mul', `${op.id}.accumulator`, [a!.name, b!.name]);
    const fraction = fractionBits(image!.format) + fractionBits(vector!.format);
    const product = { ...a!, name, bound, fraction: new Int32Array(image!.shape[2]).fill(fraction) };
    return requantized(writer, op.id, product, op.activation, op.format, range);
  },
  upsample(op, writer, [input], { shape }) {
    const x = inRank(writer, input!, 4);
    return { name: resized(writer, `${op.id}.mantissa`, x, op.factor), carrier: x.carrier, rank: 4, shape };
  },
  concat: (op, writer, inputs, facts) => concatenated(writer, op, inputs, facts),
  flatten(op, writer, [x]) {
    const result = flattened(writer, op.id, x!);
    // A value of its own for every stage: `cut.ts` drives each one alone.
    return result.name === x!.name
      ? { ...result, name: writer.node('Identity', `${op.id}.same`, [x!.name]) }
      : result;
  },
  requantize(op, writer, [x], { range }) {
    const fraction = new Int32Array(x!.shape[2]).fill(fractionBits(x!.format));
    const accumulator = { ...x!, bound: largest(x!.range), fraction };
    return requantized(writer, op.id, accumulator, NO_ACTIVATION, op.format, range);
  },
  table: (op, writer, [x], { shape }) => looked(writer, op, x!, shape),
};
