/** Convolutions, dense layers and pooling: ONNX's operators as nodes of a float graph. */
import type { NodeId, Padding, Window } from '../../ir/common.js';
import { NO_PADDING } from '../../ir/common.js';
import {
  activation,
  activationInput,
  axisIndex,
  constantInput,
  endless,
  floatOf,
  imageAxes,
  inNodeOrder,
  intOf,
  intsOf,
  optionalConstant,
  plainInput,
  refuse,
  textOf,
  vectorAxes,
  wholeNumbers,
  type Activation,
  type Op,
  type Rule,
  type Target,
} from './values.js';

const pairOf = (values: readonly number[]): readonly [number, number] =>
  values.length === 2
    ? [values[0]!, values[1]!]
    : refuse(`${values.length} axes of a window; only images are taken`);

const summed = (a: Padding, b: Padding): Padding => [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]];

/** ONNX's `pads` are `[top, left, bottom, right]`, as the IR's. */
function statedPadding(op: Op): Padding {
  const pads = intsOf(op, 'pads') ?? NO_PADDING;
  const [top, left, bottom, right] = pads;
  if (pads.length !== 4 || pads.some((p) => p < 0)) refuse(`pads of ${pads.join(', ')}`);
  return [top!, left!, bottom!, right!];
}

/** As few rows as are needed for `ceil(extent / stride)` windows; the odd one after (SAME_UPPER) or before. */
function samePadding(
  extent: number,
  kernel: number,
  stride: number,
  upper: boolean,
): readonly [number, number] {
  const needed = Math.max(0, (Math.ceil(extent / stride) - 1) * stride + kernel - extent);
  const [less, more] = [Math.floor(needed / 2), Math.ceil(needed / 2)];
  return upper ? [less, more] : [more, less];
}

/** The window of `op` over `x`, whatever stands in front of it as a `Pad` included. */
function windowOf(op: Op, x: Activation, kernel: readonly [number, number], into: Target): Window {
  const strides = pairOf(intsOf(op, 'strides') ?? [1, 1]);
  if ((intsOf(op, 'dilations') ?? []).some((d) => d !== 1)) refuse('dilations other than 1');
  const own = x.pad?.padding ?? NO_PADDING;
  const mode = textOf(op, 'auto_pad', 'NOTSET');
  if (mode === 'NOTSET' || mode === '') return { kernel, strides, padding: summed(own, statedPadding(op)) };
  if (mode === 'VALID') return { kernel, strides, padding: own };
  if (mode !== 'SAME_UPPER' && mode !== 'SAME_LOWER') refuse(`auto_pad ${mode}`);
  const [height, width] = into.shape(x.id);
  const upper = mode === 'SAME_UPPER';
  const [top, bottom] = samePadding(height + own[0] + own[2], kernel[0], strides[0], upper);
  const [left, right] = samePadding(width + own[1] + own[3], kernel[1], strides[1], upper);
  return { kernel, strides, padding: summed(own, [top, left, bottom, right]) };
}

/** The image that a window reads; a `Pad` before it must be of `value`. */
function windowInput(op: Op, value: number): Activation {
  const x = imageAxes(endless(activationInput(op, 0)));
  if (x.pad !== null && x.pad.value !== value) refuse(`reads a Pad of ${x.pad.value}`);
  return x;
}

const image = (id: NodeId): Activation => activation(id, ['n', 'c', 'h', 'w']);

/** ONNX's `[cout, cin/groups, kh, kw]` in the IR's order `[kh, kw, cin/groups, cout]`. */
function irWeights(values: ArrayLike<number>, channels: number, perGroup: number, window: number) {
  const result = new Float32Array(values.length);
  let i = 0;
  for (let c = 0; c < channels; c++)
    for (let k = 0; k < perGroup; k++)
      for (let p = 0; p < window; p++) result[(p * perGroup + k) * channels + c] = values[i++]!;
  return result;
}

export const conv: Rule = (op, into) => {
  const x = windowInput(op, 0);
  const { dims, data } = constantInput(op, 1);
  if (dims.length !== 4) refuse(`weights of ${dims.length} axes; only images are taken`);
  const [channels, perGroup, ...kernel] = dims as [number, number, number, number];
  const groups = intOf(op, 'group', 1);
  const inputs = into.shape(x.id)[2];
  if (perGroup * groups !== inputs) refuse(`weights for ${perGroup * groups} channels on ${inputs}`);
  const window = windowOf(op, x, kernel, into);
  const stated = optionalConstant(op, 2);
  const bias = stated === null ? new Float32Array(channels) : Float32Array.from(stated.data);
  const weights = irWeights(data, channels, perGroup, kernel[0] * kernel[1]);
  const base = { inputs: [x.id], ...window, weights, bias };
  const isDepthwise = groups > 1 && perGroup === 1 && channels === groups;
  return image(
    into.add(op, (id) =>
      isDepthwise ? { id, kind: 'depthwiseConv2d', ...base } : { id, kind: 'conv2d', groups, ...base },
    ),
  );
};

type Floats = Float32Array<ArrayBuffer>;

/** `x · weights + bias`, weights `[cin, cout]` with the rows in ONNX's order of features. */
function dense(op: Op, x: Activation, weights: Floats, bias: Floats, into: Target): Activation {
  const columns = bias.length;
  const features = into.shape(x.id)[2];
  if (weights.length !== features * columns)
    refuse(`a matrix of ${weights.length} weights for ${features} features and ${columns} outputs`);
  let sorted = weights;
  if (x.order !== null) {
    sorted = new Float32Array(weights.length);
    x.order.forEach((to, from) => {
      sorted.set(weights.subarray(from * columns, (from + 1) * columns), to * columns);
    });
  }
  const id = into.add(op, (id) => ({ id, kind: 'dense', inputs: [x.id], weights: sorted, bias }));
  return activation(id, ['n', 'c']);
}

function matrix(op: Op, transposed: boolean, scale: number): { values: Floats; columns: number } {
  const { dims, data } = constantInput(op, 1);
  if (dims.length !== 2) refuse(`a matrix of ${dims.length} axes`);
  const [rows, columns] = (transposed ? [dims[1]!, dims[0]!] : dims) as [number, number];
  const values = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++)
      values[r * columns + c] = scale * data[transposed ? c * rows + r : r * columns + c]!;
  return { values, columns };
}

export const gemm: Rule = (op, into) => {
  const plain = plainInput(op, 0);
  const x = vectorAxes(plain, into.shape(plain.id));
  if (intOf(op, 'transA', 0) !== 0) refuse('a transposed first factor');
  const { values, columns } = matrix(op, intOf(op, 'transB', 0) !== 0, floatOf(op, 'alpha', 1));
  const stated = optionalConstant(op, 2);
  const beta = floatOf(op, 'beta', 1);
  const bias = new Float32Array(columns);
  if (stated !== null) {
    if (stated.data.length !== columns && stated.data.length !== 1) refuse('a bias of another size');
    bias.forEach((_, c) => (bias[c] = beta * stated.data[stated.data.length === 1 ? 0 : c]!));
  }
  return dense(op, x, values, bias, into);
};

export const matMul: Rule = (op, into) => {
  const plain = plainInput(op, 0);
  const { values, columns } = matrix(op, false, 1);
  return dense(op, vectorAxes(plain, into.shape(plain.id)), values, new Float32Array(columns), into);
};

/** Rows that `ceil_mode` adds behind: PyTorch's rule, no window starts in the padding behind. */
function ceilExtra(extent: number, kernel: number, stride: number, before: number, after: number): number {
  const padded = extent + before + after;
  let count = Math.ceil((padded - kernel) / stride) + 1;
  if ((count - 1) * stride >= extent + before) count -= 1;
  return Math.max(0, (count - 1) * stride + kernel - padded);
}

function poolWindow(
  op: Op,
  x: Activation,
  into: Target,
): { readonly window: Window; readonly extra: boolean } {
  const kernel = pairOf(intsOf(op, 'kernel_shape') ?? refuse('kernel_shape is missing'));
  const window = windowOf(op, x, kernel, into);
  if (intOf(op, 'ceil_mode', 0) === 0) return { window, extra: false };
  const [height, width] = into.shape(x.id);
  const [top, left, bottom, right] = window.padding;
  const below = ceilExtra(height, kernel[0], window.strides[0], top, bottom);
  const beside = ceilExtra(width, kernel[1], window.strides[1], left, right);
  return {
    window: { ...window, padding: [top, left, bottom + below, right + beside] },
    extra: below + beside > 0,
  };
}

const LOWEST_PAD = -3e38;

export const maxPool: Rule = (op, into) => {
  const x = imageAxes(endless(activationInput(op, 0)));
  // Zeros in front of a maximum count, unless nothing is smaller; the lowest number never wins.
  if (x.pad !== null && x.pad.value > LOWEST_PAD && (x.pad.value !== 0 || into.mayBeNegative(x.id)))
    refuse(`takes the maximum over a Pad of ${x.pad.value}`);
  if (op.node.outputs.length > 1 && op.node.outputs[1] !== '') refuse('puts out indices');
  const { window } = poolWindow(op, x, into);
  return image(into.add(op, (id) => ({ id, kind: 'maxPool', inputs: [x.id], ...window })));
};

export const averagePool: Rule = (op, into) => {
  const x = windowInput(op, 0);
  const { window, extra } = poolWindow(op, x, into);
  const own = { ...x, pad: null };
  const counts = intOf(op, 'count_include_pad', 0) !== 0;
  if (extra || (!counts && windowOf(op, own, window.kernel, into).padding.some((p) => p > 0)))
    refuse('averages that do not count the padding');
  return image(into.add(op, (id) => ({ id, kind: 'avgPool', inputs: [x.id], ...window })));
};

/** The mean or maximum over both axes of an image. */
const globalPool =
  (kind: 'globalAvgPool' | 'globalMaxPool') =>
  (op: Op, x: Activation, axes: Activation['axes'], into: Target): Activation =>
    activation(
      into.add(op, (id) => ({ id, kind, inputs: [x.id] })),
      axes,
    );

const pooled =
  (kind: 'globalAvgPool' | 'globalMaxPool'): Rule =>
  (op, into) => {
    const x = imageAxes(plainInput(op, 0));
    return globalPool(kind)(op, x, x.axes, into);
  };
export const globalAveragePool = pooled('globalAvgPool');
export const globalMaxPool = pooled('globalMaxPool');

/** A reduction over exactly the image's axes: a global pooling. */
const reduced =
  (kind: 'globalAvgPool' | 'globalMaxPool'): Rule =>
  (op, into) => {
    const x = plainInput(op, 0);
    const stated = wholeNumbers(op, 'axes', 1) ?? refuse('a reduction over every axis');
    const over = stated.map((axis) => x.axes[axisIndex(axis, x.axes.length)]!);
    const wanted = x.axes.filter((axis) => axis === 'h' || axis === 'w');
    if (wanted.length !== over.length || !wanted.every((axis) => over.includes(axis)))
      refuse(`a reduction over ${over.join(', ')}; only over height and width`);
    const kept = intOf(op, 'keepdims', 1) !== 0 ? x.axes : x.axes.filter((axis) => !over.includes(axis));
    return globalPool(kind)(op, x, kept, into);
  };
export const reduceMean = reduced('globalAvgPool');
export const reduceMax = reduced('globalMaxPool');

export const batchNormalization: Rule = (op, into) => {
  const x = plainInput(op, 0);
  if (x.axes[1] !== 'c') refuse('normalises another axis than the channels');
  if (intOf(op, 'training_mode', 0) !== 0)
    refuse('it is in training mode: export the model in evaluation mode');
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((i) =>
    inNodeOrder(constantInput(op, i).data, x.order),
  ) as [Floats, Floats, Floats, Floats];
  const epsilon = floatOf(op, 'epsilon', 1e-5);
  if (!(epsilon > 0)) refuse(`an epsilon of ${epsilon}`);
  const id = into.add(op, (id) => ({
    id,
    kind: 'batchNorm',
    inputs: [x.id],
    gamma,
    beta,
    mean,
    variance,
    epsilon,
  }));
  return { ...x, id };
};
