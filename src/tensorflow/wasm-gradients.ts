/**
 * The gradients that the wasm back end of TensorFlow.js lacks, or has only slowly, as kernels of that back end.
 *
 * A convolution's filter gradient is itself a convolution: of the input with batch and channel exchanged, by the
 * output gradient as the filter, with the strides as dilation. Its input gradient is, for each phase of the strides,
 * a convolution of the output gradient with every stride-th tap of the turned filter, channels exchanged. Both run
 * on the fast forward kernel. The rest (`wasm-heap.ts`) are single passes over the wasm heap in JavaScript.
 *
 * Refuses dilated forward convolutions (TensorFlow.js has no gradient for them either).
 */
import { invariant } from '../core/errors.js';
import { tf } from './tf.js';
import {
  avgPoolGradient,
  clipGradient,
  concatChannels,
  depthwiseFilterGradient,
  maxPoolGradient,
  place,
  sharedData,
  sumToChannels,
  type Geometry,
  type Size,
} from './wasm-heap.js';

interface WindowAttributes {
  readonly strides: number | [number, number];
  readonly pad: tf.backend_util.ExplicitPadding | 'valid' | 'same' | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
  readonly dilations?: number | [number, number];
}
interface ConvAttributes extends WindowAttributes {
  readonly filterShape: number[];
  readonly inputShape: number[];
}
interface PoolAttributes extends WindowAttributes {
  readonly filterSize: number | [number, number];
}

type Four = [number, number, number, number];

function geometry(
  input: number[],
  kernel: readonly number[],
  attributes: WindowAttributes,
  channels: number,
): Geometry {
  const info = tf.backend_util.computeConv2DInfo(
    input as Four,
    [kernel[0]!, kernel[1]!, input[3]!, channels],
    attributes.strides,
    1,
    attributes.pad,
    attributes.dimRoundingMode,
  );
  const { top, left } = info.padInfo;
  return {
    strides: [info.strideHeight, info.strideWidth],
    before: [top, left],
    input: input as Four,
    output: [info.outHeight, info.outWidth],
    kernel: [info.filterHeight, info.filterWidth],
  };
}

function filterGradient(x: tf.Tensor4D, dy: tf.Tensor4D, g: Geometry): tf.Tensor4D {
  // Padded (or cut at the far side) to what the strided windows cover exactly.
  const covered: Size = [
    (g.output[0] - 1) * g.strides[0] + g.kernel[0],
    (g.output[1] - 1) * g.strides[1] + g.kernel[1],
  ];
  const swapped: tf.Tensor4D = tf.transpose(place(x, g.before, covered), [3, 1, 2, 0]);
  const filter: tf.Tensor4D = tf.transpose(dy, [1, 2, 0, 3]);
  // Strides of the forward pass become the dilation of this one.
  const product = tf.conv2d(swapped, filter, 1, 'valid', 'NHWC', [g.strides[0], g.strides[1]]);
  return tf.transpose(product, [1, 2, 0, 3]);
}

/** Of one axis: which taps reach the inputs `i ≡ phase (mod stride)`, and how `dy` is padded for them. */
function phaseOf(phase: number, stride: number, kernel: number, before: number, input: number) {
  // Input i receives dy[o] · w[k] for o · stride + k − before = i: k runs over one residue class.
  const first = (phase + before) % stride;
  const taps = Math.max(0, Math.ceil((kernel - first) / stride));
  const count = Math.max(0, Math.ceil((input - phase) / stride));
  // With k = first + stride · t, o = (phase + before − first) / stride + (i − phase) / stride − t.
  const top = taps - 1 - (phase + before - first) / stride;
  return { first, taps, count, top, size: count + taps - 1 };
}

/** Of a padded output gradient and some taps of the filter, turned in space. */
type Convolve = (dy: tf.Tensor4D, turned: tf.Tensor4D) => tf.Tensor4D;

/** Input gradient, phase by phase of the strides. */
function inputGradient(dy: tf.Tensor4D, filter: tf.Tensor4D, g: Geometry, convolve: Convolve): tf.Tensor4D {
  const [n, height, width, channels] = g.input;
  const [sy, sx] = g.strides;
  let out: tf.Tensor4D | null = null;
  for (let py = 0; py < sy; py++)
    for (let px = 0; px < sx; px++) {
      const y = phaseOf(py, sy, g.kernel[0], g.before[0], height);
      const x = phaseOf(px, sx, g.kernel[1], g.before[1], width);
      if (y.taps === 0 || x.taps === 0 || y.count === 0 || x.count === 0) continue;
      const taps = tf.stridedSlice(filter, [y.first, x.first, 0, 0], filter.shape, [sy, sx, 1, 1]);
      const part = convolve(
        place(dy, [y.top, x.top], [y.size, x.size]),
        tf.reverse(taps, [0, 1]) as tf.Tensor4D,
      );
      if (sy === 1 && sx === 1) return part;
      out = place(part, [py, px], [height, width], [sy, sx], out);
    }
  return out ?? tf.zeros([n, height, width, channels]);
}

const four = (t: unknown): tf.Tensor4D => t as tf.Tensor4D;
const pair = (p: number | readonly [number, number]): readonly [number, number] =>
  typeof p === 'number' ? [p, p] : p;

type Inputs = tf.NamedTensorInfoMap;
type Kernels = Readonly<
  Record<string, (inputs: Inputs, attributes: ConvAttributes & PoolAttributes) => tf.TensorInfo>
>;

/** Kernel name, and what it computes from its inputs and attributes. */
const kernels: Kernels = {
  Conv2DBackpropFilter: ({ x, dy }, a) =>
    filterGradient(four(x), four(dy), geometry(x!.shape, a.filterShape, a, a.filterShape[3]!)),
  Conv2DBackpropInput: ({ dy, filter }, a) =>
    inputGradient(
      four(dy),
      four(filter),
      geometry(a.inputShape, filter!.shape, a, filter!.shape[3]!),
      (padded, taps) => tf.conv2d(padded, tf.transpose(taps, [0, 1, 3, 2]), 1, 'valid'),
    ),
  DepthwiseConv2dNativeBackpropFilter: ({ x, dy }, a) =>
    depthwiseFilterGradient(x!, dy!, geometry(x!.shape, a.filterShape, a, 1)),
  DepthwiseConv2dNativeBackpropInput: ({ dy, filter }, a) =>
    inputGradient(four(dy), four(filter), geometry(a.inputShape, filter!.shape, a, 1), (padded, taps) =>
      tf.depthwiseConv2d(padded, taps, 1, 'valid'),
    ),
  MaxPoolGrad: ({ dy, input, output }, a) =>
    maxPoolGradient(dy!, input!, output!, geometry(input!.shape, pair(a.filterSize), a, 1)),
  AvgPoolGrad: ({ dy, input }, a) => avgPoolGradient(dy!, geometry(input!.shape, pair(a.filterSize), a, 1)),
};

interface ShortcutAttributes {
  readonly axis?: number | number[];
  readonly keepDims?: boolean;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** The last two axes exchanged. */
function turned(t: tf.TensorInfo): tf.Tensor {
  const axes = t.shape.map((_, axis) => axis);
  return tf.transpose(t as tf.Tensor, [...axes.slice(0, -2), ...axes.slice(-2).reverse()]);
}

/**
 * The products of a dense layer's gradient, `aᵀb` and `abᵀ`, without the slow kernel for transposed matrices: the small
 * one, a batch of activations or of their gradients, is turned, and the weights stay as they are. Null where nothing
 * is transposed.
 */
function transposedProduct(
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  { transposeA, transposeB }: ShortcutAttributes,
): tf.TensorInfo | null {
  if (transposeA === transposeB) return null;
  return tf.tidy(() =>
    transposeA === true ? tf.matMul(turned(a), b as tf.Tensor) : turned(tf.matMul(b as tf.Tensor, turned(a))),
  );
}

/** Kernels that the back end has, replaced where `fast` does not decline by returning null. */
const shortcuts: Readonly<
  Record<string, (inputs: Inputs, attributes: ShortcutAttributes) => tf.TensorInfo | null>
> = {
  BatchMatMul: ({ a, b }, attributes) => transposedProduct(a!, b!, attributes),
  Identity: ({ x }) => sharedData(x!),
  Concat: (inputs, { axis }) => concatChannels(Object.values(inputs) as tf.TensorInfo[], axis),
  Sum: ({ x }, { axis, keepDims }) => (keepDims === true ? null : sumToChannels(x!, axis)),
};

/** The gradient of clipping; on other back ends as TensorFlow.js composes it. */
function registerClipGradient(): void {
  const composed = tf.getGradient('ClipByValue');
  tf.unregisterGradient('ClipByValue');
  tf.registerGradient({
    ...composed,
    gradFunc: (dy, saved, attributes) => {
      const { clipValueMin, clipValueMax } = attributes as unknown as tf.ClipByValueAttrs;
      const [x] = saved;
      if (tf.getBackend() !== 'wasm') return composed.gradFunc(dy, saved, attributes);
      return { x: () => clipGradient(dy as tf.Tensor, x!, clipValueMin, clipValueMax) };
    },
  });
}

let registered = false;

/** Registers the kernels above for the `wasm` back end; once per thread, further calls do nothing. */
export function registerWasmGradients(): void {
  if (registered) return;
  registered = true;
  registerClipGradient();
  for (const [kernelName, compute] of Object.entries(kernels)) {
    if (tf.getKernel(kernelName, 'wasm') !== undefined) tf.unregisterKernel(kernelName, 'wasm');
    tf.registerKernel({
      kernelName,
      backendName: 'wasm',
      kernelFunc: ({ inputs, attrs }) => {
        const attributes = attrs as typeof attrs & ConvAttributes & PoolAttributes;
        invariant(
          pair(attributes.dilations ?? 1).every((d) => d === 1),
          'the gradient of a dilated convolution is not implemented',
        );
        return tf.tidy(() => compute(inputs, attributes) as tf.Tensor);
      },
    });
  }
  for (const [kernelName, fast] of Object.entries(shortcuts)) {
    const slow = tf.getKernel(kernelName, 'wasm');
    tf.unregisterKernel(kernelName, 'wasm');
    tf.registerKernel({
      ...slow,
      kernelFunc: (args) => fast(args.inputs, args.attrs as ShortcutAttributes) ?? slow.kernelFunc(args),
    });
  }
}
