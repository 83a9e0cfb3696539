/** Convolutions, dense layers and batch normalisation: ONNX's operators as nodes of a float graph. */
import type { NodeId } from '../../ir/common.js';
import { asImage, asVector, channelsOf, perChannel } from './readers.js';
import { refuse } from './refusal.js';
import type { Constant } from './tensor-data.js';
import {
  activation,
  activationInput,
  floatOf,
  imageValue,
  intOf,
  optionalWeights,
  plainInput,
  weightsInput,
  type Activation,
  type Op,
  type Rule,
  type Target,
} from './values.js';
import { extentOf, isWhole, vectorView, type AxisView } from './view.js';
import { dilated, dilationOf, pairOf, slidInput, slidResult, windowOf, type Slid } from './windows.js';

type Floats = Float32Array<ArrayBuffer>;

/** Weights `[kh, kw, cin/groups, cout]` of a convolution, in the IR's order. */
interface Kernel {
  readonly weights: Floats;
  readonly perGroup: number;
  readonly channels: number;
  /** As it covers the image, dilation included. */
  readonly covers: readonly [number, number];
}

/** ONNX's `[cout, cin/groups, kh, kw]` in the IR's order; values between those of a dilated window are 0. */
function kernelOf({ dims, data }: Constant, op: Op, slid: Slid): Kernel {
  const [channels, perGroup, ...extents] = dims as [number, number, ...number[]];
  const kernel = pairOf(extents, slid);
  const stated = op.node.attributes.get('kernel_shape')?.ints;
  if (stated !== undefined && stated.join() !== extents.join())
    refuse(`kernel_shape ${stated.join('×')}, but weights of ${dims.join('×')}`);
  const dilation = dilationOf(op, slid);
  const covers = dilated(kernel, dilation);
  const weights = new Float32Array(covers[0] * covers[1] * perGroup * channels);
  let i = 0;
  for (let c = 0; c < channels; c++)
    for (let k = 0; k < perGroup; k++)
      for (let y = 0; y < kernel[0]; y++)
        for (let x = 0; x < kernel[1]; x++) {
          const place = y * dilation[0] * covers[1] + x * dilation[1];
          weights[(place * perGroup + k) * channels + c] = data[i++]!;
        }
  return { weights, perGroup, channels, covers };
}

/** The same on a node of `inputs` channels where channel `k` of the file is channel `order[k]` of the node. */
function reordered(kernel: Kernel, order: Int32Array, inputs: number): Kernel {
  const { weights, perGroup, channels, covers } = kernel;
  const sorted = new Float32Array(covers[0] * covers[1] * inputs * channels);
  for (let p = 0; p < covers[0] * covers[1]; p++)
    order.forEach((to, from) => {
      const at = (p * perGroup + from) * channels;
      sorted.set(weights.subarray(at, at + channels), (p * inputs + to) * channels);
    });
  return { ...kernel, weights: sorted, perGroup: inputs };
}

/** A convolution that reads all channels may have its weights in the order of the node: nothing has to be moved. */
function withoutMoving(op: Op, groups: number, into: Target): { x: Activation; order: Int32Array } | null {
  const x = activationInput(op, 0);
  if (groups !== 1 || x.pad?.value !== undefined || x.codes !== null || x.head !== 'logits') return null;
  const order = channelsOf(x, into);
  return order === null || order.every((to, from) => to === from) ? null : { x, order };
}

export const conv: Rule = (op, into) => {
  const given = weightsInput(op, 1);
  const groups = intOf(op, 'group', 1);
  const moved = withoutMoving(op, groups, into);
  const slid: Slid =
    moved === null ? slidInput(op, into, (x) => x.pad?.value === 0) : { x: moved.x, along: 'image' };
  const spatial = slid.along === 'image' ? 2 : 1;
  if (given.dims.length !== spatial + 2)
    refuse(
      given.dims.length === 3
        ? 'a one-dimensional convolution (Conv1d) on what is no row'
        : `weights of ${given.dims.length} axes for a window over ${spatial}`,
    );
  const { x } = slid;
  let kernel = kernelOf(given, op, slid);
  const inputs = into.shape(x.id)[2];
  const read = moved?.order.length ?? inputs;
  if (kernel.perGroup * groups !== read)
    refuse(`weights for ${kernel.perGroup * groups} channels on ${read}`);
  if (moved !== null) kernel = reordered(kernel, moved.order, inputs);
  const { weights, perGroup, channels, covers } = kernel;
  const window = windowOf(op, slid, covers, into);
  const stated = optionalWeights(op, 2);
  const bias = stated === null ? new Float32Array(channels) : Float32Array.from(stated.data);
  const base = { inputs: [x.id], ...window, weights, bias };
  const isDepthwise = groups > 1 && perGroup === 1 && channels === groups;
  const id = into.add(op, (id) =>
    isDepthwise ? { id, kind: 'depthwiseConv2d', ...base } : { id, kind: 'conv2d', groups, ...base },
  );
  return slidResult(id, slid, into);
};

/** Rows of a matrix `[features, columns]` where a node of `inputs` features has them. */
function rowsInNode(weights: Floats, columns: number, features: Int32Array | null, inputs: number): Floats {
  if (features === null) return weights;
  const sorted = new Float32Array(inputs * columns);
  features.forEach((to, from) => {
    // A feature that is read twice counts twice.
    for (let c = 0; c < columns; c++) sorted[to * columns + c]! += weights[from * columns + c]!;
  });
  return sorted;
}

interface Matrix {
  /** `[rows, columns]`, row-major. */
  readonly values: Floats;
  readonly rows: number;
  readonly columns: number;
}

function checkFeatures(matrix: Matrix, features: number): void {
  if (matrix.rows !== features)
    refuse(`a matrix of ${matrix.rows}×${matrix.columns} weights for ${features} features`);
}

/** `x · matrix + bias`, of vectors. */
function dense(op: Op, x: Activation, matrix: Matrix, bias: Floats, into: Target): Activation {
  const { id: from, features } = asVector(op, x, into);
  const inputs = into.shape(from)[2];
  checkFeatures(matrix, features?.length ?? inputs);
  const weights = rowsInNode(matrix.values, matrix.columns, features, inputs);
  const id = into.add(op, (id) => ({ id, kind: 'dense', inputs: [from], weights, bias }));
  return activation(id, vectorView(into.shape(id)));
}

function matrixOf(op: Op, transposed: boolean, scale: number): Matrix {
  const { dims, data } = weightsInput(op, 1);
  if (dims.length !== 2) refuse(`a matrix of ${dims.length} axes`);
  const [rows, columns] = (transposed ? [dims[1]!, dims[0]!] : dims) as [number, number];
  const values = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++)
      values[r * columns + c] = scale * data[transposed ? c * rows + r : r * columns + c]!;
  return { values, rows, columns };
}

export const gemm: Rule = (op, into) => {
  const x = plainInput(op, 0, into);
  if (intOf(op, 'transA', 0) !== 0) refuse('a transposed first factor');
  const matrix = matrixOf(op, intOf(op, 'transB', 0) !== 0, floatOf(op, 'alpha', 1));
  const stated = optionalWeights(op, 2);
  const beta = floatOf(op, 'beta', 1);
  const bias = new Float32Array(matrix.columns);
  if (stated !== null) {
    const { dims, data } = stated;
    const isRow = dims.at(-1) === matrix.columns && data.length === matrix.columns;
    if (!isRow && data.length !== 1) refuse(`a bias of ${dims.join('×')} for ${matrix.columns} outputs`);
    bias.forEach((_, c) => (bias[c] = beta * data[data.length === 1 ? 0 : c]!));
  }
  return dense(op, x, matrix, bias, into);
};

/** A dense layer on every pixel: a 1×1 convolution. The channels come last in `x`. */
function pointwise(op: Op, x: Activation, matrix: Matrix, into: Target): Activation {
  const inputs = into.shape(x.id)[2];
  const last = x.view.axes.at(-1)!;
  checkFeatures(matrix, extentOf(last));
  if (!isWhole(last, 'c', into.shape(x.id)) || x.view.offset !== 0)
    refuse('multiplies a matrix with another axis than the channels');
  const { values: weights, columns } = matrix;
  const window = { kernel: [1, 1], strides: [1, 1], padding: [0, 0, 0, 0], groups: 1 } as const;
  const bias = new Float32Array(columns);
  const id = into.add(op, (id) => ({ id, kind: 'conv2d', inputs: [x.id], ...window, weights, bias }));
  // Pixels stay where they are; each has as many values as there are columns.
  const axes = x.view.axes
    .slice(0, -1)
    .map((axis): AxisView => axis.map((one) => ({ ...one, stride: (one.stride / inputs) * columns })));
  return activation(id, { axes: [...axes, vectorView([1, 1, columns]).axes[0]!], offset: 0 });
}

export const matMul: Rule = (op, into) => {
  const x = plainInput(op, 0, into);
  const matrix = matrixOf(op, false, 1);
  return x.view.axes.length === 1
    ? dense(op, x, matrix, new Float32Array(matrix.columns), into)
    : pointwise(op, x, matrix, into);
};

export const batchNormalization: Rule = (op, into) => {
  const x = plainInput(op, 0, into);
  if (intOf(op, 'training_mode', 0) !== 0)
    refuse('it is in training mode: export the model in evaluation mode');
  if (intOf(op, 'spatial', 1) === 0) refuse('normalises every pixel by itself');
  const rank = x.view.axes.length;
  const channels = extentOf(x.view.axes[0] ?? []);
  const parameter = (i: number, rest: number): Floats => {
    const { data } = weightsInput(op, i);
    if (data.length !== channels) refuse(`${data.length} parameters for ${channels} channels`);
    const dims = [channels, ...new Array<number>(rank - 1).fill(1)];
    return perChannel({ dims, data }, x, into, rest);
  };
  const epsilon = floatOf(op, 'epsilon', 1e-5);
  if (!(epsilon > 0)) refuse(`an epsilon of ${epsilon}`);
  if (weightsInput(op, 4).data.some((variance) => variance + epsilon <= 0))
    refuse(`${op.node.inputs[4]!} holds a negative variance, of which there is no root`);
  const id: NodeId = into.add(op, (id) => ({
    id,
    kind: 'batchNorm',
    inputs: [x.id],
    gamma: parameter(1, 1),
    beta: parameter(2, 0),
    mean: parameter(3, 0),
    variance: parameter(4, 1),
    epsilon,
  }));
  return { ...x, id };
};

/** Blocks of `blocksize`² pixels as channels, those of the block slowest: a convolution of weights 0 and 1. */
export const spaceToDepth: Rule = (op, into) => {
  const x = asImage(op, plainInput(op, 0, into), into);
  const block = intOf(op, 'blocksize', 0);
  const [height, width, channels] = into.shape(x.id);
  if (block < 1 || height % block !== 0 || width % block !== 0)
    refuse(`blocks of ${block} in ${height}×${width}`);
  const outputs = block * block * channels;
  const weights = new Float32Array(outputs * outputs);
  for (let k = 0; k < outputs; k++) weights[k * outputs + k] = 1;
  const id = into.add(op, (id) => ({
    id,
    kind: 'conv2d',
    inputs: [x.id],
    kernel: [block, block],
    strides: [block, block],
    padding: [0, 0, 0, 0],
    groups: 1,
    weights,
    bias: new Float32Array(outputs),
  }));
  return imageValue(id, into.shape(id));
};
