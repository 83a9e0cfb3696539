/**
 * Kernels for the wasm back end written as loops over its heap: data movement, pooling gradients, depthwise filter
 * gradients, sums over pixels. Each makes its output first and takes views after, since making it may move the heap.
 */
import { tf } from './tf.js';

export type Size = readonly [rows: number, columns: number];

/** A sliding window over `[n, h, w, c]`. */
export interface Geometry {
  readonly strides: Size;
  /** Rows and columns of padding before the image. */
  readonly before: Size;
  readonly input: readonly [number, number, number, number];
  readonly output: Size;
  readonly kernel: Size;
}

/** The back end as these kernels need it. */
interface WasmHeap {
  makeOutput(shape: readonly number[], dtype: 'float32'): tf.TensorInfo;
  typedArrayFromHeap(info: tf.TensorInfo): Float32Array;
  /** Counts one more tensor that reads the data. */
  incRef(dataId: object): void;
  /** The module itself. */
  readonly wasm: { _malloc(bytes: number): number };
}

export const heap = (): WasmHeap => tf.backend() as unknown as WasmHeap;
/** The numbers of a tensor of the wasm back end, valid until the next tensor is made. */
export const heapView = (info: tf.TensorInfo): Float32Array => heap().typedArrayFromHeap(info);
/** A tensor of unset numbers. */
export const heapTensor = (shape: readonly number[]): tf.Tensor =>
  asTensor(heap().makeOutput(shape, 'float32'));

/**
 * `x` once more, on the same numbers. The back end's own kernel copies them, and the gradient keeps such a copy of most
 * inputs and outputs: without this, training takes about twice the memory.
 */
export function sharedData(x: tf.TensorInfo): tf.TensorInfo {
  heap().incRef(x.dataId);
  return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
}

const asTensor = (info: tf.TensorInfo): tf.Tensor4D =>
  tf.engine().makeTensorFromTensorInfo(info) as tf.Tensor4D;

/**
 * `x` `[n, h, w, c]` moved by `origin` inside an image of `size`, its rows and columns `step` apart; what falls
 * outside is dropped, the rest is zero (or what `onto` has there, which is changed and returned). Padding, cropping
 * and interleaving are all this.
 */
export function place(
  x: tf.Tensor4D,
  origin: Size,
  size: Size,
  step: Size = [1, 1],
  onto: tf.Tensor4D | null = null,
): tf.Tensor4D {
  const [n, h, w, c] = x.shape;
  const [top, left] = origin;
  const stands = top === 0 && left === 0 && step[0] === 1 && step[1] === 1;
  if (stands && h === size[0] && w === size[1] && onto === null) return x;
  const out = onto ?? asTensor(heap().makeOutput([n, size[0], size[1], c], 'float32'));
  const to = heap().typedArrayFromHeap(out);
  const from = heap().typedArrayFromHeap(x);
  if (onto === null) to.fill(0);
  const first = left < 0 ? Math.ceil(-left / step[1]) : 0;
  const last = Math.min(w, Math.floor((size[1] - 1 - left) / step[1]) + 1);
  for (let b = 0; b < n; b++)
    for (let y = 0; y < h; y++) {
      const row = top + y * step[0];
      if (row < 0 || row >= size[0] || first >= last) continue;
      const source = (b * h + y) * w * c;
      const target = (b * size[0] + row) * size[1] * c;
      if (step[1] === 1) {
        to.set(from.subarray(source + first * c, source + last * c), target + (left + first) * c);
        continue;
      }
      for (let column = first; column < last; column++) {
        const s = source + column * c;
        const t = target + (left + column * step[1]) * c;
        for (let k = 0; k < c; k++) to[t + k] = from[s + k]!;
      }
    }
  return out;
}

/** `[kh, kw, c, 1]`: tap by tap, the sum over batch and image of input times output gradient. */
export function depthwiseFilterGradient(x: tf.TensorInfo, dy: tf.TensorInfo, g: Geometry): tf.TensorInfo {
  const [n, h, w, c] = g.input;
  const out = asTensor(heap().makeOutput([g.kernel[0], g.kernel[1], c, 1], 'float32'));
  const to = heap().typedArrayFromHeap(out);
  const xs = heap().typedArrayFromHeap(x);
  const dys = heap().typedArrayFromHeap(dy);
  const sum = new Float64Array(c);
  for (let ky = 0; ky < g.kernel[0]; ky++)
    for (let kx = 0; kx < g.kernel[1]; kx++) {
      sum.fill(0);
      for (let b = 0; b < n; b++)
        for (let oy = 0; oy < g.output[0]; oy++) {
          const iy = oy * g.strides[0] + ky - g.before[0];
          if (iy < 0 || iy >= h) continue;
          for (let ox = 0; ox < g.output[1]; ox++) {
            const ix = ox * g.strides[1] + kx - g.before[1];
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

/** Rows or columns of the input that window `o` covers: `[first, last)`. */
function span(o: number, stride: number, before: number, kernel: number, size: number): [number, number] {
  const first = o * stride - before;
  return [Math.max(0, first), Math.min(size, first + kernel)];
}

/** Calls `visit` with the offsets of each output and of each input pixel that its window covers. */
function overWindows(g: Geometry, visit: (output: number, input: number) => void): void {
  const [n, h, w, c] = g.input;
  for (let b = 0; b < n; b++)
    for (let oy = 0; oy < g.output[0]; oy++) {
      const [top, bottom] = span(oy, g.strides[0], g.before[0], g.kernel[0], h);
      for (let ox = 0; ox < g.output[1]; ox++) {
        const [left, right] = span(ox, g.strides[1], g.before[1], g.kernel[1], w);
        const o = ((b * g.output[0] + oy) * g.output[1] + ox) * c;
        for (let iy = top; iy < bottom; iy++)
          for (let ix = left; ix < right; ix++) visit(o, ((b * h + iy) * w + ix) * c);
      }
    }
}

/** The gradient goes to the first of the largest values in each window, row-major. */
export function maxPoolGradient(
  dy: tf.TensorInfo,
  x: tf.TensorInfo,
  y: tf.TensorInfo,
  g: Geometry,
): tf.TensorInfo {
  const [n, h, w, c] = g.input;
  const out = asTensor(heap().makeOutput(g.input, 'float32'));
  const to = heap().typedArrayFromHeap(out);
  const dys = heap().typedArrayFromHeap(dy);
  const xs = heap().typedArrayFromHeap(x);
  const ys = heap().typedArrayFromHeap(y);
  to.fill(0);
  // Loops and no calls: this is run for every pixel of every step.
  for (let b = 0, o = 0; b < n; b++)
    for (let oy = 0; oy < g.output[0]; oy++) {
      const [top, bottom] = span(oy, g.strides[0], g.before[0], g.kernel[0], h);
      for (let ox = 0; ox < g.output[1]; ox++, o += c) {
        const [left, right] = span(ox, g.strides[1], g.before[1], g.kernel[1], w);
        for (let k = 0; k < c; k++) {
          const largest = ys[o + k]!;
          for (let iy = top; iy < bottom; iy++) {
            const end = ((b * h + iy) * w + right) * c;
            let i = ((b * h + iy) * w + left) * c + k;
            while (i < end && xs[i] !== largest) i += c;
            if (i >= end) continue;
            to[i]! += dys[o + k]!;
            break;
          }
        }
      }
    }
  return out;
}

/** `dy` where `low ≤ x ≤ high`, else 0: in one pass instead of five, and without the masks that those keep. */
export function clipGradient(dy: tf.TensorInfo, x: tf.TensorInfo, low: number, high: number): tf.Tensor {
  const out = asTensor(heap().makeOutput(x.shape, 'float32'));
  const to = heap().typedArrayFromHeap(out);
  const dys = heap().typedArrayFromHeap(dy);
  const xs = heap().typedArrayFromHeap(x);
  for (let i = 0; i < to.length; i++) {
    const v = xs[i]!;
    to[i] = v >= low && v <= high ? dys[i]! : 0;
  }
  return out;
}

/** Every pixel of a window gets its share. Windows must not be padded (the forward pass pads before it pools). */
export function avgPoolGradient(dy: tf.TensorInfo, g: Geometry): tf.TensorInfo {
  const c = g.input[3];
  const out = asTensor(heap().makeOutput(g.input, 'float32'));
  const to = heap().typedArrayFromHeap(out);
  const dys = heap().typedArrayFromHeap(dy);
  const share = 1 / (g.kernel[0] * g.kernel[1]);
  to.fill(0);
  overWindows(g, (o, i) => {
    for (let k = 0; k < c; k++) to[i + k]! += dys[o + k]! * share;
  });
  return out;
}

/** Concatenation along the last axis of tensors with few channels; null for anything else. */
export function concatChannels(
  inputs: readonly tf.TensorInfo[],
  axis: number | number[] | undefined,
): tf.TensorInfo | null {
  const rank = inputs[0]!.shape.length;
  const last = typeof axis === 'number' ? (axis + rank) % rank === rank - 1 : false;
  if (
    !last ||
    rank < 2 ||
    inputs.length < 2 ||
    inputs.some((x) => x.dtype !== 'float32' || x.shape[rank - 1]! > 64)
  )
    return null;
  const widths = inputs.map((x) => x.shape[rank - 1]!);
  const channels = widths.reduce((a, b) => a + b, 0);
  const out = asTensor(heap().makeOutput([...inputs[0]!.shape.slice(0, -1), channels], 'float32'));
  const to = heap().typedArrayFromHeap(out);
  let first = 0;
  inputs.forEach((x, i) => {
    const from = heap().typedArrayFromHeap(x);
    const width = widths[i]!;
    for (let s = 0, t = first; s < from.length; s += width, t += channels)
      for (let k = 0; k < width; k++) to[t + k] = from[s + k]!;
    first += width;
  });
  return out;
}

/** Sum over all axes but the last (the gradient of a bias), rounded once; null for anything else. */
export function sumToChannels(x: tf.TensorInfo, axis: number | number[] | undefined): tf.TensorInfo | null {
  const rank = x.shape.length;
  const axes = axis === undefined ? [] : [axis].flat().map((a) => (a + rank) % rank);
  const isBias = rank >= 2 && axes.length === rank - 1 && axes.every((a) => a < rank - 1);
  if (!isBias || x.dtype !== 'float32') return null;
  const c = x.shape[rank - 1]!;
  const out = asTensor(heap().makeOutput([c], 'float32'));
  const from = heap().typedArrayFromHeap(x);
  const sum = new Float64Array(c);
  for (let i = 0; i < from.length; i += c) for (let k = 0; k < c; k++) sum[k]! += from[i + k]!;
  heap().typedArrayFromHeap(out).set(sum);
  return out;
}
