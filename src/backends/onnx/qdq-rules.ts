/** How every stage of a fixed graph is said with QuantizeLinear and DequantizeLinear: the total table. */
import { lsb } from '../../fixed/format.js';
import type { Shape } from '../../ir/common.js';
import type { FixedNode, FixedNodeOf, PreprocessNode } from '../../ir/ops/index.js';
import { FLOAT32_EXACT, type Range } from '../../ir/prove.js';
import type { NodeFacts } from './preprocess.js';
import {
  ANYTHING,
  isPlain,
  onMantissas,
  quantizedPair,
  roundsLikeOnnx,
  stageEnd,
  stored,
  weightedStage,
  type Context,
  type RealTensor,
} from './qdq-stages.js';
import { flattened, inRank, largest, poolingInput, type Tensor } from './tensor.js';

type NetworkNode = Exclude<FixedNode, PreprocessNode>;

type Rules = {
  readonly [K in NetworkNode['kind']]: (
    context: Context,
    op: FixedNodeOf<K>,
    inputs: readonly RealTensor[],
    facts: NodeFacts,
  ) => RealTensor;
};

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
  if (!exact || !roundsLikeOnnx(op.format)) return onMantissas(context, op, [x], facts);
  const image = inRank(writer, x, 4);
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

function added(
  context: Context,
  op: FixedNodeOf<'add'>,
  inputs: readonly RealTensor[],
  facts: NodeFacts,
): RealTensor {
  if (!isPlain(op, facts.range, context.uint8)) return onMantissas(context, op, inputs, facts);
  const { writer } = context;
  const rank = inputs.every((x) => x.rank === 2) ? 2 : 4;
  const terms = inputs.map((x) => inRank(writer, x, rank).name);
  const name = writer.node('Add', `${op.id}.accumulator`, terms);
  return stageEnd(context, op, { name, carrier: 'float', rank, shape: facts.shape }, facts.range);
}

/** An operator that only picks or moves values: the same format before and after. */
const unchanged = (context: Context, op: FixedNode, x: Tensor, range: Range): RealTensor =>
  quantizedPair(context, op.id, x, { range, format: op.format });

const image = (name: string, shape: Shape): Tensor => ({ name, carrier: 'float', rank: 4, shape });

export const qdqRules: Rules = {
  conv2d: (context, op, [x], facts) => weightedStage(context, op, x!, facts),
  depthwiseConv2d: (context, op, [x], facts) => weightedStage(context, op, x!, facts),
  dense: (context, op, [x], facts) => weightedStage(context, op, x!, facts),
  maxPool(context, op, [x], { shape, range }) {
    const lowest = x!.range.low * lsb(x!.format);
    const source = poolingInput(context.writer, op.id, inRank(context.writer, x!, 4), op, lowest);
    const { attributes } = source;
    const name = context.writer.node('MaxPool', `${op.id}.largest`, [source.name], { attributes });
    return unchanged(context, op, image(name, shape), range);
  },
  avgPool: (context, op, [x], facts) => average(context, op, x!, facts),
  globalAvgPool: (context, op, [x], facts) => average(context, op, x!, facts),
  globalMaxPool(context, op, [x], { shape, range }) {
    const input = inRank(context.writer, x!, 4).name;
    const name = context.writer.node('GlobalMaxPool', `${op.id}.largest`, [input]);
    return unchanged(context, op, image(name, shape), range);
  },
  add: added,
  concat(context, op, inputs, { shape, range }) {
    const rank = inputs.every((x) => x.rank === 2) ? 2 : 4;
    const names = inputs.map((x) => inRank(context.writer, x, rank).name);
    const attributes = { axis: { int: 1 } };
    const name = context.writer.node('Concat', `${op.id}.joined`, names, { attributes });
    return unchanged(context, op, { ...image(name, shape), rank }, range);
  },
  flatten: (context, op, [x], { range }) =>
    unchanged(context, op, flattened(context.writer, op.id, x!), range),
  requantize: (context, op, [x], facts) =>
    roundsLikeOnnx(op.format)
      ? stored(context, op, { ...x!, shape: facts.shape }, facts.range, ANYTHING)
      : onMantissas(context, op, [x!], facts),
};
