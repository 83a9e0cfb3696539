/**
 * Convolutions and dense layers in QuantizeLinear/DequantizeLinear form: dequantized weights and bias, one float
 * operator, the stage's end. What the storage of unsigned tensors takes off (128) is put into the biases.
 */
import { fractionBits, lsb } from '../../fixed/format.js';
import { NO_PADDING, type NodeId, type Padding, type QuantizedWeights } from '../../ir/common.js';
import { FLOAT32_EXACT } from '../../ir/prove.js';
import { convAttributes, onnxWeights, sumBound } from './exact-sum.js';
import type { NodeFacts } from './preprocess.js';
import { coarsest, storage, type Weighted } from './qdq-checks.js';
import { isPlain, onMantissas, restored, stageEnd, type Context, type RealTensor } from './qdq-stages.js';
import { inRank, scalar, type Tensor } from './tensor.js';
import type { OnnxWriter } from './writer.js';

/** Weights as int8 with a scale per output channel, dequantized. `axis` is that of the output channels. */
function dequantizedWeights(
  writer: OnnxWriter,
  id: NodeId,
  weights: Pick<QuantizedWeights, 'fraction'>,
  ordered: Int32Array,
  dims: readonly number[],
  axis: number,
): string {
  const channels = weights.fraction.length;
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
  bias: ArrayLike<number>,
): string {
  const channels = weights.bias.length;
  const scales = Array.from(weights.fraction, (f) => 2 ** -(f + inputFraction));
  return writer.node(
    'DequantizeLinear',
    `${id}.bias`,
    [
      writer.constant(`${id}.bias_int32`, 'int32', bias, [channels]),
      writer.constant(`${id}.bias_scale`, 'float', scales, [channels]),
      writer.constant(`${id}.bias_zero_point`, 'int32', new Int32Array(channels), [channels]),
    ],
    { attributes: { axis: { int: 0 } } },
  );
}

/** A stage's input and biases with the shifts of its storage taken into account. */
interface Shifted {
  readonly input: RealTensor;
  /** At the accumulator's resolution. */
  readonly bias: Float64Array;
  /** The accumulators come out less the shift of the output's storage. */
  readonly isShifted: boolean;
}

/** `Σ w` of every output channel times `shift`: what an input stored less `shift` is short of. */
function shortfall({ mantissas, bias }: QuantizedWeights, shift: number): Float64Array {
  const sums = new Float64Array(bias.length);
  mantissas.forEach((w, i) => (sums[i % sums.length]! += w * shift));
  return sums;
}

/** The shifts in the biases, where that keeps every partial sum exact; else the input restored, and none. */
function absorbShifts(context: Context, op: Weighted, input: RealTensor, { range }: NodeFacts): Shifted {
  const { weights, format } = op;
  const out = storage(range, context.uint8)!.shift;
  const short = shortfall(weights, input.shift);
  const fraction = fractionBits(input.format);
  const bias = Float64Array.from(
    weights.bias,
    (b, c) => b + short[c]! - out * 2 ** (fraction + weights.fraction[c]! - fractionBits(format)),
  );
  const stored = { low: input.range.low - input.shift, high: input.range.high - input.shift };
  // Padding is stored as −shift, which may lie below the least value of the tensor.
  const seen = { low: Math.min(stored.low, -input.shift), high: Math.max(stored.high, -input.shift) };
  const isExact = bias.every(Number.isInteger) && sumBound(weights.mantissas, bias, seen) < FLOAT32_EXACT;
  if (isExact) return { input, bias, isShifted: out !== 0 };
  return { input: restored(context.writer, input), bias: weights.bias, isShifted: false };
}

/** `x` with its zeros of padding written out where they are stored as something else. */
function padded(
  writer: OnnxWriter,
  id: NodeId,
  x: RealTensor,
  padding: Padding,
): { readonly x: Tensor; readonly padding: Padding } {
  if (x.shift === 0 || padding.every((p) => p === 0)) return { x, padding };
  const [top, left, bottom, right] = padding;
  const name = writer.node('Pad', `${id}.padded`, [
    x.name,
    writer.constant(`${id}.pads`, 'int64', [0, 0, top, left, 0, 0, bottom, right], [8]),
    scalar(writer, `${id}.pad_value`, 'float', -x.shift * lsb(x.format)),
  ]);
  return { x: { ...x, name }, padding: NO_PADDING };
}

/** A convolution or dense layer: dequantized weights and bias, one float operator, the stage's end. */
export function weightedStage(
  context: Context,
  op: Weighted,
  given: RealTensor,
  facts: NodeFacts,
): RealTensor {
  // Logits of more than 8 bits: with int8 weights ONNX Runtime would make it a MatMulNBits, which quantizes anew.
  if (!isPlain(op, facts.range, context.uint8)) return onMantissas(context, op, [given], facts);
  const { writer } = context;
  const { weights } = op;
  const { input, bias: biases, isShifted } = absorbShifts(context, op, given, facts);
  const coarse = coarsest(weights);
  const channels = weights.bias.length;
  const name = `${op.id}.accumulator`;
  const bias = dequantizedBias(writer, op.id, weights, fractionBits(input.format), biases);
  const end = (rank: 2 | 4): RealTensor =>
    stageEnd(context, op, { name, carrier: 'float', rank, shape: facts.shape }, facts.range, isShifted);
  if (op.kind === 'dense') {
    const w = dequantizedWeights(writer, op.id, coarse, coarse.mantissas, [input.shape[2], channels], 1);
    writer.node('Gemm', name, [inRank(writer, input, 2).name, w, bias]);
    return end(2);
  }
  const groups = op.kind === 'conv2d' ? op.groups : channels;
  const perGroup = input.shape[2] / groups;
  const ordered = onnxWeights(coarse.mantissas, op.kernel[0] * op.kernel[1], perGroup, channels);
  const w = dequantizedWeights(writer, op.id, coarse, ordered, [channels, perGroup, ...op.kernel], 0);
  const { x, padding } = padded(writer, op.id, inRank(writer, input, 4), op.padding);
  writer.node('Conv', name, [x.name, w, bias], { attributes: convAttributes({ ...op, padding, groups }) });
  return end(4);
}
