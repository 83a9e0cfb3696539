/** How every stage of a fixed graph is said with QuantizeLinear and DequantizeLinear: the total table. */
import { lsb } from '../../fixed/format.js';
import type { Shape } from '../../ir/common.js';
import type { Table } from '../../ir/dispatch.js';
import type { FixedNetworkNode, FixedNode, FixedNodeOf } from '../../ir/ops/index.js';
import { FLOAT32_EXACT, type Range } from '../../ir/prove.js';
import type { NodeFacts } from './preprocess.js';
import { storage } from './qdq-checks.js';
import {
  ANYTHING,
  isPlain,
  onMantissas,
  quantizedPair,
  restored,
  roundsLikeOnnx,
  stageEnd,
  stored,
  type Context,
  type RealTensor,
} from './qdq-stages.js';
import { weightedStage } from './qdq-weighted.js';
import { flattened, inRank, largest, poolingInput, resized, type Tensor } from './tensor.js';

type Rules = Table<
  FixedNetworkNode,
  [context: Context, inputs: readonly RealTensor[], facts: NodeFacts],
  RealTensor
>;

/** An average as a float operator where its reciprocal is 1/count exactly, a power of two; else on mantissas. */
function average(
  context: Context,
  op: FixedNodeOf<'avgPool' | 'globalAvgPool'>,
  x: RealTensor,
  facts: NodeFacts,
): RealTensor {
  const { writer } = context;
  const count = op.kind === 'avgPool' ? op.kernel[0] * op.kernel[1] : x.shape[0] * x.shape[1];
  const exact =
    op.reciprocal * count === 2 ** op.reciprocalFraction && largest(x.range) * count < FLOAT32_EXACT;
  const isWhole = op.kind === 'globalAvgPool' || op.counted === undefined;
  if (!exact || !isWhole || !roundsLikeOnnx(op.format)) return onMantissas(context, op, [x], facts);
  const image = inRank(writer, restored(writer, x), 4);
  const name = `${op.id}.mean`;
  if (op.kind === 'globalAvgPool') writer.node('GlobalAveragePool', name, [image.name]);
  else {
    const { name: source, attributes } = poolingInput(writer, op.id, image, op, 0);
    writer.node('AveragePool', name, [source], {
      attributes: { ...attributes, count_include_pad: { int: 1 } },
    });
  }
  return stored(context, op, { name, carrier: 'float', rank: 4, shape: facts.shape }, facts.range, ANYTHING);
}

/** Two tensors by one float operator, exact below 2^24. */
function joined(
  context: Context,
  op: FixedNodeOf<'add' | 'multiply'>,
  inputs: readonly RealTensor[],
  facts: NodeFacts,
  type: 'Add' | 'Mul',
): RealTensor {
  if (!isPlain(op, facts.range, context.uint8)) return onMantissas(context, op, inputs, facts);
  const { writer } = context;
  const rank = inputs.every((x) => x.rank === 2) ? 2 : 4;
  const terms = inputs.map((x) => inRank(writer, restored(writer, x), rank).name);
  const name = writer.node(type, `${op.id}.accumulator`, terms);
  return stageEnd(context, op, { name, carrier: 'float', rank, shape: facts.shape }, facts.range);
}

/** An operator that only picks or moves values: the same format, and the same storage where the inputs' is one. */
const unchanged = (
  context: Context,
  op: FixedNode,
  inputs: readonly RealTensor[],
  range: Range,
  make: (inputs: readonly RealTensor[]) => Tensor,
): RealTensor => {
  const wanted = storage(range, context.uint8)!.shift;
  const isSame = inputs.every((x) => x.shift === wanted);
  const result = make(isSame ? inputs : inputs.map((x) => restored(context.writer, x)));
  return quantizedPair(context, op.id, result, { range, format: op.format }, isSame);
};

const image = (name: string, shape: Shape): Tensor => ({ name, carrier: 'float', rank: 4, shape });

export const qdqRules: Rules = {
  conv2d: (op, context, [x], facts) => weightedStage(context, op, x!, facts),
  depthwiseConv2d: (op, context, [x], facts) => weightedStage(context, op, x!, facts),
  dense: (op, context, [x], facts) => weightedStage(context, op, x!, facts),
  maxPool: (op, context, inputs, { shape, range }) =>
    unchanged(context, op, inputs, range, ([x]) => {
      const lowest = (x!.range.low - x!.shift) * lsb(x!.format);
      const source = poolingInput(context.writer, op.id, inRank(context.writer, x!, 4), op, lowest);
      const { attributes } = source;
      return image(context.writer.node('MaxPool', `${op.id}.largest`, [source.name], { attributes }), shape);
    }),
  avgPool: (op, context, [x], facts) => average(context, op, x!, facts),
  globalAvgPool: (op, context, [x], facts) => average(context, op, x!, facts),
  globalMaxPool: (op, context, inputs, { shape, range }) =>
    unchanged(context, op, inputs, range, ([x]) => {
      const input = inRank(context.writer, x!, 4).name;
      return image(context.writer.node('GlobalMaxPool', `${op.id}.largest`, [input]), shape);
    }),
  add: (op, context, inputs, facts) => joined(context, op, inputs, facts, 'Add'),
  multiply: (op, context, inputs, facts) => joined(context, op, inputs, facts, 'Mul'),
  concat: (op, context, inputs, { shape, range }) =>
    unchanged(context, op, inputs, range, (terms) => {
      const rank = terms.every((x) => x.rank === 2) ? 2 : 4;
      const names = terms.map((x) => inRank(context.writer, x, rank).name);
      const attributes = { axis: { int: 1 } };
      const name = context.writer.node('Concat', `${op.id}.joined`, names, { attributes });
      return { ...image(name, shape), rank };
    }),
  upsample: (op, context, inputs, { shape, range }) =>
    unchanged(context, op, inputs, range, ([x]) =>
      image(resized(context.writer, `${op.id}.resized`, inRank(context.writer, x!, 4), op.factor), shape),
    ),
  flatten: (op, context, inputs, { range }) =>
    unchanged(context, op, inputs, range, ([x]) => flattened(context.writer, op.id, x!)),
  requantize: (op, context, [x], facts) =>
    roundsLikeOnnx(op.format)
      ? stored(context, op, { ...restored(context.writer, x!), shape: facts.shape }, facts.range, ANYTHING)
      : onMantissas(context, op, [x!], facts),
  table: (op, context, [x], facts) => onMantissas(context, op, [x!], facts),
};
