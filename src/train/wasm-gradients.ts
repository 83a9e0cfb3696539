/**
 * The gradients that the wasm back end of TensorFlow.js lacks, or has only slowly, as kernels of that back end.
 *
 * A convolution's filter gradient is itself a convolution: of the input with batch and channel exchanged, by the
 * output gradient as the filter, with the strides as dilation. Its input gradient is the convolution of the
 * zero-stuffed output gradient with the filter turned by 180° and its channels exchanged. Both run on the fast
 * forward kernel. The rest are single passes over the wasm heap in JavaScript.
 *
 * Refuses dilated forward convolutions (TensorFlow.js has no gradient for them either).
 */
import { invariant } from '../core/errors.js';
import { tf } from './tf.js';

type Size = readonly [height: number, width: number];
type Pad = tf.backend_util.ExplicitPadding | 'valid' | 'same' | number;

interface ConvAttributes {
  readonly strides: number | [number, number];
  readonly pad: Pad;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** The wasm back end as the kernels below need it. */
interface WasmHeap {
  makeOutput(shape: number[], dtype: 'float32'): tf.TensorInfo;
  typedArrayFromHeap(info: tf.TensorInfo): Float32Array;
}

interface Geometry {
  readonly strides: Size;
  /** Top, left, bottom, right. */
  readonly padding: readonly [number, number, number, number];
  readonly input: readonly [number, number, number, number];
  readonly output: Size;
  readonly kernel: Size;
}

function geometry(
  input: number[],
  filter: number[],
  attributes: ConvAttributes,
  depthwise: boolean,
): Geometry {
  const info = tf.backend_util.computeConv2DInfo(
    input as [number, number, number, number],
    filter as [number, number, number, number],
    attributes.strides,
    1,
    attributes.pad,
    attributes.dimRoundingMode,
    depthwise,
  );
  const { top, left, bottom, right } = info.padInfo;
  return {
    strides: [info.strideHeight, info.strideWidth],
    padding: [top, left, bottom, right],
    input: info.inShape,
    output: [info.outHeight, info.outWidth],
    kernel: [info.filterHeight, info.filterWidth],
  };
}

/**
 * `x` `[n, h, w, c]` moved by (top, left) inside a zero image of `size`, rows and columns `step` apart; what falls
 * outside is dropped. Padding, cropping and zero stuffing are all this.
 */
function place(x: tf.Tensor4D, top: number, left: number, size: Size, step: Size): tf.Tensor4D {
  const [n, h, w, c] = x.shape;
  if (top === 0 && left === 0 && h === size[0] && w === size[1] && step[0] === 1 && step[1] === 1) return x;
  const heap = tf.backend() as unknown as WasmHeap;
  const out = heap.makeOutput([n, size[0], size[1], c], 'float32');
  const to = heap.typedArrayFromHeap(out);
  const from = heap.typedArrayFromHeap(x);
  to.fill(0);
  const contiguous = step[1] === 1;
  const first = left < 0 ? Math.ceil(-left / step[1]) : 0;
  const last = Math.min(w, Math.floor((size[1] - 1 - left) / step[1]) + 1);
  for (let b = 0; b < n; b++)
    for (let y = 0; y < h; y++) {
      const row = top + y * step[0];
      if (row < 0 || row >= size[0]) continue;
      const source = (b * h + y) * w * c;
      const target = (b * size[0] + row) * size[1] * c;
      if (contiguous)
        to.set(from.subarray(source + first * c, source + last * c), target + (left + first) * c);
      else
        for (let x0 = first; x0 < last; x0++) {
          const s = source + x0 * c;
          const t = target + (left + x0 * step[1]) * c;
          for (let k = 0; k < c; k++) to[t + k] = from[s + k]!;
        }
    }
  return tf.engine().makeTensorFromTensorInfo(out) as tf.Tensor4D;
}

/** `[n, h, w, c]` padded (or cut at the far side) to what the strided windows cover exactly. */
function covered(x: tf.Tensor4D, g: Geometry): tf.Tensor4D {
  const rows = (g.output[0] - 1) * g.strides[0] + g.kernel[0];
  const columns = (g.output[1] - 1) * g.strides[1] + g.kernel[1];
  return place(x, g.padding[0], g.padding[1], [rows, columns], [1, 1]);
}

function filterGradient(x: tf.Tensor4D, dy: tf.Tensor4D, g: Geometry): tf.Tensor4D {
  const swapped: tf.Tensor4D = tf.transpose(covered(x, g), [3, 1, 2, 0]);
  const filter: tf.Tensor4D = tf.transpose(dy, [1, 2, 0, 3]);
  // Strides of the forward pass become the dilation of this one.
  const product = tf.conv2d(swapped, filter, 1, 'valid', 'NHWC', [g.strides[0], g.strides[1]]);
  return tf.transpose(product, [1, 2, 0, 3]);
}

/** The output gradient zero-stuffed and padded so that a valid stride-1 window of the kernel gives the input gradient. */
function stuffed(dy: tf.Tensor4D, g: Geometry): tf.Tensor4D {
  return place(
    dy,
    g.kernel[0] - 1 - g.padding[0],
    g.kernel[1] - 1 - g.padding[1],
    [g.input[1] + g.kernel[0] - 1, g.input[2] + g.kernel[1] - 1],
    g.strides,
  );
}

function inputGradient(dy: tf.Tensor4D, filter: tf.Tensor4D, g: Geometry): tf.Tensor4D {
  const turned: tf.Tensor4D = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]);
  return tf.conv2d(stuffed(dy, g), turned, 1, 'valid');
}

function depthwiseInputGradient(dy: tf.Tensor4D, filter: tf.Tensor4D, g: Geometry): tf.Tensor4D {
  return tf.depthwiseConv2d(stuffed(dy, g), tf.reverse(filter, [0, 1]), 1, 'valid');
}

/** Tap by tap over the heap: each tap is a sum over the batch and the image of a product of two pixels. */
function depthwiseFilterGradient(x: tf.Tensor4D, dy: tf.Tensor4D, g: Geometry): tf.TensorInfo {
  const heap = tf.backend() as unknown as WasmHeap;
  const [n, h, w, c] = g.input;
  const out = heap.makeOutput([g.kernel[0], g.kernel[1], c, 1], 'float32');
  const to = heap.typedArrayFromHeap(out);
  const xs = heap.typedArrayFromHeap(x);
  const dys = heap.typedArrayFromHeap(dy);
  const sum = new Float64Array(c);
  for (let ky = 0; ky < g.kernel[0]; ky++)
    for (let kx = 0; kx < g.kernel[1]; kx++) {
      sum.fill(0);
      for (let b = 0; b < n; b++)
        for (let oy = 0; oy < g.output[0]; oy++) {
          const iy = oy * g.strides[0] + ky - g.padding[0];
          if (iy < 0 || iy >= h) continue;
          for (let ox = 0; ox < g.output[1]; ox++) {
            const ix = ox * g.strides[1] + kx - g.padding[1];
            if (ix < 0 || ix >= w) continue;
            const i = ((b * h + iy) * w + ix) * c;
            const o = ((b * g.output[0] + oy) * g.output[1] + ox) * c;
            for (let k = 0; k < c; k++) sum[k]! += xs[i + k]! * dys[o + k]!;
          }
        }
      to.set(sum, (ky * g.kernel[1] + kx) * c);
    }
  return out;
}

const four = (t: unknown): tf.Tensor4D => t as tf.Tensor4D;

/** Kernel name, and what it computes from its inputs and attributes. */
const kernels: Readonly<
  Record<string, (inputs: tf.NamedTensorInfoMap, attributes: ConvAttributes) => tf.TensorInfo>
> = {
  Conv2DBackpropFilter: ({ x, dy }, attributes) => {
    const { filterShape } = attributes as ConvAttributes & { filterShape: number[] };
    return filterGradient(four(x), four(dy), geometry(x!.shape, filterShape, attributes, false));
  },
  Conv2DBackpropInput: ({ dy, filter }, attributes) => {
    const { inputShape } = attributes as ConvAttributes & { inputShape: number[] };
    return inputGradient(four(dy), four(filter), geometry(inputShape, filter!.shape, attributes, false));
  },
  DepthwiseConv2dNativeBackpropFilter: ({ x, dy }, attributes) => {
    const { filterShape } = attributes as ConvAttributes & { filterShape: number[] };
    return depthwiseFilterGradient(four(x), four(dy), geometry(x!.shape, filterShape, attributes, true));
  },
  DepthwiseConv2dNativeBackpropInput: ({ dy, filter }, attributes) => {
    const { inputShape } = attributes as ConvAttributes & { inputShape: number[] };
    return depthwiseInputGradient(
      four(dy),
      four(filter),
      geometry(inputShape, filter!.shape, attributes, true),
    );
  },
};

let registered = false;

/** Registers the kernels above for the `wasm` back end; once per thread, further calls do nothing. */
export function registerWasmGradients(): void {
  if (registered) return;
  registered = true;
  for (const [kernelName, compute] of Object.entries(kernels)) {
    if (tf.getKernel(kernelName, 'wasm') !== undefined) tf.unregisterKernel(kernelName, 'wasm');
    tf.registerKernel({
      kernelName,
      backendName: 'wasm',
      kernelFunc: ({ inputs, attrs }) => {
        const attributes = attrs as unknown as ConvAttributes & { dilations?: number | [number, number] };
        const dilations = [attributes.dilations ?? 1].flat();
        invariant(
          dilations.every((d) => d === 1),
          'the gradient of a dilated convolution is not implemented',
        );
        return tf.tidy(() => compute(inputs, attributes) as tf.Tensor);
      },
    });
  }
}
