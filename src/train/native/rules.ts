/**
 * What each kind of node computes on `[n, c, h, w]`, and the way back: from the gradient of its output to those of its inputs and
 * parameters. Batch normalisation is that of training (see `batch-norm.ts`). Kinds that are not here are trained elsewhere.
 */
import { windowExtent } from '../../ir/common.js';
import type { FloatNodeOf } from '../../ir/ops/index.js';
import type { ParameterField } from '../parameters.js';
import {
  binary,
  indicator,
  padsOf,
  reduced,
  reshaped,
  sizeOf,
  sliced,
  transposed,
  type Builder,
  type Value,
} from './builder.js';

/** What a node reads and leaves behind. */
export interface Site {
  readonly b: Builder;
  readonly inputs: readonly Value[];
  /** Whether a gradient of input `k` is wanted. */
  readonly wanted: (k: number) => boolean;
  /** A parameter in the order of the layout; null where there is none. */
  readonly parameter: (field: ParameterField) => Value | null;
  readonly setGradient: (field: ParameterField, gradient: Value) => void;
  /** Of batch normalisation. */
  readonly setStatistics: (mean: Value, variance: Value) => void;
}

/** Value of a node, and from the gradient of that to those of its inputs; null where none is wanted. */
export interface Step {
  readonly value: Value;
  readonly back: (gradient: Value) => readonly (Value | null)[];
}

const PIXELS = [0, 2, 3];
const perChannel = (b: Builder, x: Value): Value => reshaped(b, x, [1, x.dims[0]!, 1, 1]);
const flat = (b: Builder, x: Value): Value => reshaped(b, x, [sizeOf(x)]);

function conv2d(op: FloatNodeOf<'conv2d'>, site: Site): Step {
  const { b, inputs } = site;
  const x = inputs[0]!;
  const [n, cin, height, width] = x.dims as [number, number, number, number];
  const [kh, kw] = op.kernel;
  const [sy, sx] = op.strides;
  const [top, left, bottom, right] = op.padding;
  // From [kh, kw, cin, cout].
  const weights = transposed(b, site.parameter('weights')!, [3, 2, 0, 1]);
  const cout = weights.dims[0]!;
  const rows = windowExtent(height, kh, sy, top, bottom);
  const columns = windowExtent(width, kw, sx, left, right);
  // What the windows leave over at the end.
  const rest = [
    height + top + bottom - kh - (rows - 1) * sy,
    width + left + right - kw - (columns - 1) * sx,
  ] as const;
  const window = { strides: { ints: op.strides }, pads: padsOf(op.padding) };
  const bias = site.parameter('bias');
  const value = b.op('Conv', [x, weights, ...(bias === null ? [] : [bias])], [n, cout, rows, columns], {
    ...window,
    kernel_shape: { ints: op.kernel },
  });
  return {
    value,
    back: (dy) => {
      if (bias !== null) site.setGradient('bias', flat(b, reduced(b, 'ReduceSum', dy, PIXELS)));
      // Channels as pictures: the gradient of the weights is a convolution of them with that of the output.
      const found = b.op(
        'Conv',
        [transposed(b, x, [1, 0, 2, 3]), transposed(b, dy, [1, 0, 2, 3])],
        [cin, cout, kh + rest[0], kw + rest[1]],
        {
          kernel_shape: { ints: [rows, columns] },
          dilations: { ints: op.strides },
          pads: padsOf(op.padding),
        },
      );
      const whole = sliced(b, found, [0, 0, 0, 0], [cin, cout, kh, kw]);
      site.setGradient('weights', transposed(b, whole, [2, 3, 0, 1]));
      if (!site.wanted(0)) return [null];
      const attributes = { ...window, kernel_shape: { ints: op.kernel }, output_padding: { ints: rest } };
      return [b.op('ConvTranspose', [dy, weights], x.dims, attributes)];
    },
  };
}

function dense(_op: FloatNodeOf<'dense'>, site: Site): Step {
  const { b, inputs } = site;
  const x = inputs[0]!;
  const n = x.dims[0]!;
  const weights = site.parameter('weights')!;
  const [cin, cout] = weights.dims as [number, number];
  const rows = reshaped(b, x, [n, cin]);
  const product = b.op('MatMul', [rows, weights], [n, cout]);
  const bias = site.parameter('bias');
  const value = bias === null ? product : binary(b, 'Add', product, bias);
  return {
    value: reshaped(b, value, [n, cout, 1, 1]),
    back: (dy) => {
      const from = reshaped(b, dy, [n, cout]);
      if (bias !== null) site.setGradient('bias', flat(b, reduced(b, 'ReduceSum', from, [0])));
      site.setGradient('weights', b.op('MatMul', [transposed(b, rows, [1, 0]), from], [cin, cout]));
      if (!site.wanted(0)) return [null];
      return [reshaped(b, b.op('MatMul', [from, transposed(b, weights, [1, 0])], [n, cin]), x.dims)];
    },
  };
}

function batchNorm(op: FloatNodeOf<'batchNorm'>, site: Site): Step {
  const { b, inputs } = site;
  const x = inputs[0]!;
  const mean = reduced(b, 'ReduceMean', x, PIXELS);
  const centred = binary(b, 'Sub', x, mean);
  const variance = reduced(b, 'ReduceMean', binary(b, 'Mul', centred, centred), PIXELS);
  site.setStatistics(flat(b, mean), flat(b, variance));
  const sigma = b.op('Sqrt', [binary(b, 'Add', variance, b.scalar(op.epsilon))], variance.dims);
  const scale = binary(b, 'Div', perChannel(b, site.parameter('gamma')!), sigma);
  const shift = perChannel(b, site.parameter('beta')!);
  return {
    value: binary(b, 'Add', binary(b, 'Mul', centred, scale), shift),
    back: (dy) => {
      const along = binary(b, 'Mul', dy, centred);
      site.setGradient('beta', flat(b, reduced(b, 'ReduceSum', dy, PIXELS)));
      site.setGradient('gamma', flat(b, binary(b, 'Div', reduced(b, 'ReduceSum', along, PIXELS), sigma)));
      const squared = binary(b, 'Mul', sigma, sigma);
      const tilt = binary(b, 'Div', reduced(b, 'ReduceMean', along, PIXELS), squared);
      const level = reduced(b, 'ReduceMean', dy, PIXELS);
      const bare = binary(b, 'Sub', binary(b, 'Sub', dy, level), binary(b, 'Mul', centred, tilt));
      return [binary(b, 'Mul', bare, scale)];
    },
  };
}

function relu(_op: FloatNodeOf<'relu'>, { b, inputs }: Site): Step {
  const value = b.op('Relu', inputs, inputs[0]!.dims);
  return {
    value,
    back: (dy) => [binary(b, 'Mul', dy, indicator(b, 'Greater', value, b.scalar(0)))],
  };
}

function clip(op: FloatNodeOf<'clip'>, { b, inputs }: Site): Step {
  const x = inputs[0]!;
  const value = b.op('Clip', [x, b.scalar(op.min), b.scalar(op.max)], x.dims);
  return { value, back: (dy) => [binary(b, 'Mul', dy, indicator(b, 'Equal', x, value))] };
}

/**
 * Where pools do not overlap, the largest of a pool gets its gradient, and several that are equal a share each; ONNX Runtime's places of
 * maxima are slow.
 */
function disjointMaxPool(op: FloatNodeOf<'maxPool'>, { b, inputs }: Site): Step {
  const x = inputs[0]!;
  const [n, channels, height, width] = x.dims as [number, number, number, number];
  const [ky, kx] = op.kernel;
  const dims = [n, channels, height / ky, width / kx];
  const window = { kernel_shape: { ints: op.kernel }, strides: { ints: op.strides } };
  const value = b.op('MaxPool', [x], dims, window);
  const scales = b.writer.constant(`scales${ky}_${kx}`, 'float', [1, 1, ky, kx], [4]);
  const spread = (y: Value): Value =>
    b.op('Resize', [y, '', scales], x.dims, {
      mode: { text: 'nearest' },
      coordinate_transformation_mode: { text: 'asymmetric' },
      nearest_mode: { text: 'floor' },
    });
  return {
    value,
    back: (dy) => {
      const isLargest = indicator(b, 'Equal', x, spread(value));
      const share = b.op('AveragePool', [isLargest], dims, window);
      const each = binary(b, 'Div', dy, binary(b, 'Mul', share, b.scalar(ky * kx)));
      return [binary(b, 'Mul', isLargest, spread(each))];
    },
  };
}

function maxPool(op: FloatNodeOf<'maxPool'>, site: Site): Step {
  const { b, inputs } = site;
  const x = inputs[0]!;
  const [n, channels, height, width] = x.dims as [number, number, number, number];
  const [top, left, bottom, right] = op.padding;
  const isDisjoint = op.kernel.every((k, i) => k === op.strides[i] && x.dims[i + 2]! % k === 0);
  if (isDisjoint && op.padding.every((p) => p === 0)) return disjointMaxPool(op, site);
  const rows = windowExtent(height, op.kernel[0], op.strides[0], top, bottom);
  const columns = windowExtent(width, op.kernel[1], op.strides[1], left, right);
  const places = b.fresh();
  const value = b.op(
    'MaxPool',
    [x],
    [n, channels, rows, columns],
    { kernel_shape: { ints: op.kernel }, strides: { ints: op.strides }, pads: padsOf(op.padding) },
    [places],
  );
  return {
    value,
    back: (dy) => {
      const count = sizeOf(x);
      const zeros = b.op('Expand', [b.scalar(0), b.integers([count])], [count]);
      const at = reshaped(b, { name: places, dims: value.dims }, [-1]);
      const sum = b.op('ScatterElements', [zeros, at, reshaped(b, dy, [-1])], [count], {
        axis: { int: 0 },
        reduction: { text: 'add' },
      });
      return [reshaped(b, sum, x.dims)];
    },
  };
}

const vector = (x: Value): readonly number[] => [x.dims[0]!, x.dims[1]!, 1, 1];

function globalAvgPool(_op: FloatNodeOf<'globalAvgPool'>, { b, inputs }: Site): Step {
  const x = inputs[0]!;
  return {
    value: b.op('GlobalAveragePool', [x], vector(x)),
    back: (dy) => {
      const share = binary(b, 'Div', dy, b.scalar(x.dims[2]! * x.dims[3]!));
      return [b.op('Expand', [share, b.integers(x.dims)], x.dims)];
    },
  };
}

function globalMaxPool(_op: FloatNodeOf<'globalMaxPool'>, { b, inputs }: Site): Step {
  const x = inputs[0]!;
  const value = b.op('GlobalMaxPool', [x], vector(x));
  return {
    value,
    back: (dy) => {
      const isLargest = indicator(b, 'Equal', x, value);
      const each = binary(b, 'Div', dy, reduced(b, 'ReduceSum', isLargest, [2, 3]));
      return [binary(b, 'Mul', isLargest, each)];
    },
  };
}

function add(_op: FloatNodeOf<'add'>, { b, inputs }: Site): Step {
  return { value: binary(b, 'Add', inputs[0]!, inputs[1]!), back: (dy) => [dy, dy] };
}

function concat(_op: FloatNodeOf<'concat'>, { b, inputs }: Site): Step {
  const [n, , height, width] = inputs[0]!.dims as [number, number, number, number];
  const channels = inputs.reduce((sum, x) => sum + x.dims[1]!, 0);
  const value = b.op('Concat', inputs, [n, channels, height, width], { axis: { int: 1 } });
  return {
    value,
    back: (dy) => {
      let first = 0;
      return inputs.map((x) => {
        const own = sliced(b, dy, [0, first, 0, 0], x.dims);
        first += x.dims[1]!;
        return own;
      });
    },
  };
}

/** In the order of the layout: rows, columns, channels. */
function flatten(_op: FloatNodeOf<'flatten'>, { b, inputs }: Site): Step {
  const x = inputs[0]!;
  const [n, channels, height, width] = x.dims as [number, number, number, number];
  const pictures = transposed(b, x, [0, 2, 3, 1]);
  return {
    value: reshaped(b, pictures, [n, channels * height * width, 1, 1]),
    back: (dy) => [transposed(b, reshaped(b, dy, pictures.dims), [0, 3, 1, 2])],
  };
}

/** By kind. */
export const RULES = {
  conv2d,
  dense,
  batchNorm,
  relu,
  clip,
  maxPool,
  globalAvgPool,
  globalMaxPool,
  add,
  concat,
  flatten,
} as const;
export type NativeKind = keyof typeof RULES;
