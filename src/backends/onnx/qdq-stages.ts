/** The parts of a QuantizeLinear/DequantizeLinear graph: storage, the end of a stage, weights. */
import { fractionBits, lsb, maxMantissa, minMantissa, type Format } from '../../fixed/format.js';
import type { NodeId, QuantizedWeights } from '../../ir/common.js';
import type { FixedNode, FixedNodeOf } from '../../ir/ops/index.js';
import type { Range } from '../../ir/prove.js';
import { convAttributes, onnxWeights } from './exact-sum.js';
import { fixedRules } from './fixed-rules.js';
import { realValues, type NodeFacts } from './preprocess.js';
import { BYTE_LIMITS, byteType, type ByteType, type Weighted } from './qdq-checks.js';
import { inRank, scalar, type MantissaTensor, type Tensor } from './tensor.js';
import type { OnnxWriter } from './writer.js';

/** What a node emits into: the writer and whether uint8 is allowed. */
export interface Context {
  readonly writer: OnnxWriter;
  readonly uint8: boolean;
}

/** A tensor after its DequantizeLinear: real values in float32, `[N, C, H, W]` or `[N, C]`. */
export type RealTensor = MantissaTensor;

const zeroPoint = (writer: OnnxWriter, type: ByteType): string =>
  writer.constant(`zero_point.${type}`, type, [0], []);

/** QuantizeLinear and DequantizeLinear at the scale of `format`; values beyond the 8 bits saturate. */
export function quantizedPair(
  { writer, uint8 }: Context,
  id: NodeId,
  x: Tensor,
  { range, format }: { readonly range: Range; readonly format: Format },
): RealTensor {
  const type = byteType(range, uint8)!;
  const parameters = [scalar(writer, `${id}.lsb`, 'float', lsb(format)), zeroPoint(writer, type)];
  const q = writer.node('QuantizeLinear', `${id}.quantized`, [x.name, ...parameters]);
  const name = writer.node('DequantizeLinear', `${id}.real`, [q, ...parameters]);
  return { ...x, name, carrier: 'float', range, format };
}

/** The mantissas behind real values: an exact multiplication. */
export function mantissas(writer: OnnxWriter, x: RealTensor): MantissaTensor {
  const name = writer.once(`${x.name}.mantissa`, (n) =>
    writer.node('Mul', n, [x.name, scalar(writer, `${n}.scale`, 'float', 2 ** fractionBits(x.format))]),
  );
  return { ...x, name };
}

/** Whether QuantizeLinear rounds like `format`: half to even, then saturation. */
export const roundsLikeOnnx = ({ quantization, overflow }: Format): boolean =>
  quantization === 'AP_RND_CONV' && (overflow === 'AP_SAT' || overflow === 'AP_SAT_SYM');

/** Real accumulators into the stage's format. `floor` is what an activation has cut them to already. */
export function stored(
  context: Context,
  op: { readonly id: NodeId; readonly format: Format },
  x: Tensor,
  range: Range,
  limits: Range,
): RealTensor {
  const { writer, uint8 } = context;
  const byte = BYTE_LIMITS[byteType(range, uint8)!];
  const top = maxMantissa(op.format);
  const bottom =
    op.format.overflow === 'AP_SAT_SYM' && op.format.signed && op.format.width > 1
      ? -top
      : minMantissa(op.format);
  const low = Math.max(bottom, limits.low);
  const high = Math.min(top, limits.high);
  // Limits are multiples of the least significant bit, so that clipping before or after rounding is the same.
  // A format wider than the byte saturates at values that the proof excludes.
  const clips = low > byte.low || high < byte.high;
  const unit = lsb(op.format);
  const name = clips
    ? writer.node('Clip', `${op.id}.limited`, [
        x.name,
        scalar(writer, `${op.id}.low`, 'float', Math.max(low, byte.low) * unit),
        scalar(writer, `${op.id}.high`, 'float', Math.min(high, byte.high) * unit),
      ])
    : x.name;
  return quantizedPair(context, op.id, { ...x, name }, { range, format: op.format });
}

export const ANYTHING: Range = { low: -Infinity, high: Infinity };

/** Whether QuantizeLinear after a plain operator is all that a stage's end needs. */
export const isPlain = (
  op: FixedNodeOf<'conv2d' | 'depthwiseConv2d' | 'dense' | 'add'>,
  range: Range,
  uint8: boolean,
): boolean =>
  op.activation.kind !== 'leakyRelu' && roundsLikeOnnx(op.format) && byteType(range, uint8) !== null;

/** The end of a plain stage: activation and storage. */
export function stageEnd(
  context: Context,
  op: FixedNodeOf<'conv2d' | 'depthwiseConv2d' | 'dense' | 'add'>,
  accumulator: Tensor,
  range: Range,
): RealTensor {
  const { activation } = op;
  if (activation.kind === 'relu') {
    const name = context.writer.node('Relu', `${op.id}.relu`, [accumulator.name]);
    return stored(context, op, { ...accumulator, name }, range, ANYTHING);
  }
  const limits = activation.kind === 'clip' ? { low: activation.min, high: activation.max } : ANYTHING;
  return stored(context, op, accumulator, range, limits);
}

/** A stage by the operators of `fixed.onnx`, between two changes of representation. */
export function onMantissas(
  context: Context,
  op: FixedNode,
  inputs: readonly RealTensor[],
  facts: NodeFacts,
): RealTensor {
  // The table is keyed by kind, so rule and node agree; TypeScript cannot correlate the two.
  const rule = fixedRules[op.kind] as (
    writer: OnnxWriter,
    op: FixedNode,
    inputs: readonly MantissaTensor[],
    facts: NodeFacts,
  ) => Tensor;
  const { writer } = context;
  const result = rule(
    writer,
    op,
    inputs.map((x) => mantissas(writer, x)),
    facts,
  );
  const stored = { ...result, range: facts.range, format: op.format };
  const real = { ...stored, ...realValues(writer, stored) };
  return byteType(facts.range, context.uint8) === null ? real : quantizedPair(context, op.id, real, stored);
}

/** Weights as int8 with a scale per output channel, dequantized. `axis` is that of the output channels. */
function dequantizedWeights(
  writer: OnnxWriter,
  id: NodeId,
  weights: QuantizedWeights,
  ordered: Int32Array,
  dims: readonly number[],
  axis: number,
): string {
  const channels = weights.bias.length;
  const parameters = [
    writer.constant(
      `${id}.weight_scale`,
      'float',
      Array.from(weights.fraction, (f) => 2 ** -f),
      [channels],
    ),
    writer.constant(`${id}.weight_zero_point`, 'int8', new Int8Array(channels), [channels]),
  ];
  return writer.node(
    'DequantizeLinear',
    `${id}.weights`,
    [writer.constant(`${id}.weights_int8`, 'int8', ordered, dims), ...parameters],
    { attributes: { axis: { int: axis } } },
  );
}

/** int32 biases at the accumulator's resolution, dequantized. */
function dequantizedBias(
  writer: OnnxWriter,
  id: NodeId,
  weights: QuantizedWeights,
  inputFraction: number,
): string {
  const channels = weights.bias.length;
  const scales = Array.from(weights.fraction, (f) => 2 ** -(f + inputFraction));
  return writer.node(
    'DequantizeLinear',
    `${id}.bias`,
    [
      writer.constant(`${id}.bias_int32`, 'int32', weights.bias, [channels]),
      writer.constant(`${id}.bias_scale`, 'float', scales, [channels]),
      writer.constant(`${id}.bias_zero_point`, 'int32', new Int32Array(channels), [channels]),
    ],
    { attributes: { axis: { int: 0 } } },
  );
}

/** A convolution or dense layer: dequantized weights and bias, one float operator, the stage's end. */
export function weightedStage(
  context: Context,
  op: Weighted,
  input: RealTensor,
  facts: NodeFacts,
): RealTensor {
  // Logits of more than 8 bits: with int8 weights ONNX Runtime would make it a MatMulNBits, which quantizes anew.
  if (!isPlain(op, facts.range, context.uint8)) return onMantissas(context, op, [input], facts);
  const { writer } = context;
  const { weights } = op;
  const channels = weights.bias.length;
  const name = `${op.id}.accumulator`;
  const bias = dequantizedBias(writer, op.id, weights, fractionBits(input.format));
  const end = (rank: 2 | 4): RealTensor =>
    stageEnd(context, op, { name, carrier: 'float', rank, shape: facts.shape }, facts.range);
  if (op.kind === 'dense') {
    const w = dequantizedWeights(writer, op.id, weights, weights.mantissas, [input.shape[2], channels], 1);
    writer.node('Gemm', name, [inRank(writer, input, 2).name, w, bias]);
    return end(2);
  }
  const groups = op.kind === 'conv2d' ? op.groups : channels;
  const perGroup = input.shape[2] / groups;
  const ordered = onnxWeights(weights.mantissas, op.kernel[0] * op.kernel[1], perGroup, channels);
  const w = dequantizedWeights(writer, op.id, weights, ordered, [channels, perGroup, ...op.kernel], 0);
  writer.node('Conv', name, [inRank(writer, input, 4).name, w, bias], {
    attributes: convAttributes({ ...op, groups }),
  });
  return end(4);
}
