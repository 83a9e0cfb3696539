/** Weighted stages in QONNX: convolutions, dense layers and means, with a scale per output channel and one bias scale. */
import { bitsFor, fractionBits } from '../../fixed/format.js';
import type { NodeId, Shape, Window } from '../../ir/common.js';
import { countMap } from '../../ir/ops/counted.js';
import type { FixedNodeOf } from '../../ir/ops/index.js';
import {
  activated,
  asVector,
  CHANNELS_LAST,
  dimsOf,
  quant,
  stored,
  type Emit,
  type Value,
} from './qonnx-values.js';

/** Real weights `mantissa · 2^−fraction`, quantized with a scale per output channel on the axis where `dims` is C. */
function weightQuant(
  emit: Emit,
  id: NodeId,
  weights: {
    readonly ordered: Float64Array;
    readonly dims: readonly number[];
    readonly scaleDims: readonly number[];
    readonly fraction: Int32Array;
    readonly width: number;
    readonly signed?: boolean;
  },
): string {
  const scales = Array.from(weights.fraction, (f) => 2 ** -f);
  const uniform = scales.every((s) => s === scales[0]);
  const values = emit.constant(`${id}_Weights`, weights.ordered, weights.dims);
  return quant(emit, `${id}_WeightQuant`, values, weights.dims, {
    scale: uniform ? [scales[0]!] : scales,
    scaleDims: uniform ? [1] : weights.scaleDims,
    bits: weights.width,
    signed: weights.signed ?? true,
    narrow: false,
    rounding: 'ROUND',
  });
}

/** Adds biases, all at the finest of the accumulators' scales: the same values, one scale. */
function biased(
  emit: Emit,
  id: NodeId,
  x: Omit<Value, 'format'>,
  bias: Float64Array,
  fraction: readonly number[],
): Omit<Value, 'format'> {
  if (bias.every((b) => b === 0)) return x;
  const finest = Math.max(...fraction);
  const integers = Array.from(bias, (b, c) => b * 2 ** (finest - fraction[c]!));
  const dims = [bias.length];
  const values = emit.constant(
    `${id}_Bias`,
    integers.map((b) => b * 2 ** -finest),
    dims,
  );
  const quantized = quant(emit, `${id}_BiasQuant`, values, dims, {
    scale: [2 ** -finest],
    scaleDims: [1],
    bits: bitsFor(Math.min(0, ...integers), Math.max(0, ...integers), true),
    signed: true,
    narrow: false,
    rounding: 'ROUND',
  });
  return { ...x, name: emit.node('Add', `${id}_Add`, [x.name, quantized], dimsOf(x)) };
}

export const windowAttributes = ({ kernel, strides, padding }: Window) => ({
  kernel_shape: { ints: kernel },
  strides: { ints: strides },
  pads: { ints: padding },
  dilations: { ints: [1, 1] },
});

/** The IR's `[kh, kw, cin/groups, cout]` to channels-last `[cout, kh, kw, cin/groups]`, as real values. */
function channelsLastWeights(mantissas: Int32Array, fraction: Int32Array): Float64Array {
  const channels = fraction.length;
  const rest = mantissas.length / channels;
  return Float64Array.from(
    { length: mantissas.length },
    (_, i) =>
      mantissas[(i % rest) * channels + Math.floor(i / rest)]! * 2 ** -fraction[Math.floor(i / rest)]!,
  );
}

interface ConvFacts extends Window {
  readonly id: NodeId;
  readonly groups: number;
  readonly mantissas: Int32Array;
  readonly fraction: Int32Array;
  readonly width: number;
  readonly signed?: boolean;
}

function convolution(emit: Emit, conv: ConvFacts, x: Value, shape: Shape): Omit<Value, 'format'> {
  const channels = shape[2];
  const perGroup = x.shape[2] / conv.groups;
  const weights = weightQuant(emit, conv.id, {
    ...conv,
    ordered: channelsLastWeights(conv.mantissas, conv.fraction),
    dims: [channels, ...conv.kernel, perGroup],
    scaleDims: [channels, 1, 1, 1],
  });
  const name = emit.node('Conv', `${conv.id}_Conv`, [x.name, weights], [1, ...shape], {
    domain: CHANNELS_LAST,
    attributes: { ...windowAttributes(conv), group: { int: conv.groups } },
  });
  return { name, shape, rank: 4 };
}

export function convolutionStage(
  emit: Emit,
  op: FixedNodeOf<'conv2d' | 'depthwiseConv2d'>,
  x: Value,
  shape: Shape,
): Value {
  const groups = op.kind === 'conv2d' ? op.groups : shape[2];
  const sum = convolution(emit, { ...op, ...op.weights, groups }, x, shape);
  const fraction = Array.from(op.weights.fraction, (f) => f + fractionBits(x.format));
  return activated(
    emit,
    op.id,
    biased(emit, op.id, sum, op.weights.bias, fraction),
    op.activation,
    op.format,
  );
}

/** A mean as a depthwise convolution whose every weight is the reciprocal. */
export function mean(
  emit: Emit,
  op: FixedNodeOf<'avgPool' | 'globalAvgPool'>,
  x: Value,
  shape: Shape,
  window: Window,
): Value {
  const channels = shape[2];
  const counted = op.kind === 'avgPool' && op.reciprocals !== undefined ? op.reciprocals : null;
  const conv: ConvFacts = {
    ...window,
    id: op.id,
    groups: channels,
    mantissas: new Int32Array(window.kernel[0] * window.kernel[1] * channels).fill(
      counted === null ? op.reciprocal : 1,
    ),
    fraction: new Int32Array(channels).fill(counted === null ? op.reciprocalFraction : 0),
    width: counted === null ? bitsFor(0, op.reciprocal, false) : 1,
    signed: false,
  };
  const sum = convolution(emit, conv, x, shape);
  if (counted === null || op.kind !== 'avgPool') return stored(emit, op.id, sum, op.format);
  // The sums of whole windows, and then the reciprocal of what each of them counts.
  const factors = countMap(op, x.shape, shape).map((count) => counted[count]! * 2 ** -op.reciprocalFraction);
  const map = emit.constant(`${op.id}_Reciprocals`, factors, [1, shape[0], shape[1], 1]);
  const name = emit.node('Mul', `${op.id}_Mean`, [sum.name, map], dimsOf(sum));
  return stored(emit, op.id, { ...sum, name }, op.format);
}

export function denseStage(emit: Emit, op: FixedNodeOf<'dense'>, input: Value, shape: Shape): Value {
  const x = asVector(emit, input);
  const { mantissas, fraction, width, bias } = op.weights;
  const channels = bias.length;
  const dims = [x.shape[2], channels];
  const weights = weightQuant(emit, op.id, {
    ordered: Float64Array.from(mantissas, (m, i) => m * 2 ** -fraction[i % channels]!),
    dims,
    scaleDims: [1, channels],
    fraction,
    width,
  });
  const name = emit.node('MatMul', `${op.id}_MatMul`, [x.name, weights], [1, channels]);
  const sums = Array.from(fraction, (f) => f + fractionBits(x.format));
  return activated(
    emit,
    op.id,
    biased(emit, op.id, { name, shape, rank: 2 }, bias, sums),
    op.activation,
    op.format,
  );
}
