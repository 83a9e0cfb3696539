/** Functions of every element with gradients of their own, on any back end: by a slope, or as if they rounded nothing. */
import { heapTensor, heapView } from '../tensorflow/wasm-heap.js';
import { tf } from '../tensorflow/tf.js';

/** `f` of every pair of elements of two tensors of one shape. */
function zip(a: tf.Tensor, b: tf.Tensor, f: (x: number, y: number, i: number) => number): tf.Tensor {
  if (tf.getBackend() === 'wasm') {
    // The output comes first: making it may move the heap.
    const out = heapTensor(a.shape);
    const [to, xs, ys] = [heapView(out), heapView(a), heapView(b)];
    for (let i = 0; i < to.length; i++) to[i] = f(xs[i]!, ys[i]!, i);
    return out;
  }
  const [xs, ys] = [a.dataSync(), b.dataSync()];
  return tf.tensor(
    Float32Array.from(xs, (x, i) => f(x, ys[i]!, i)),
    a.shape,
  );
}

/** `f` of every element and its place. */
export const elementwise =
  (f: (x: number, i: number) => number) =>
  (x: tf.Tensor): tf.Tensor =>
    zip(x, x, (value, _same, i) => f(value, i));

/** `f` of every element, with a gradient by its slope `slope`. */
export function differentiable(
  x: tf.Tensor4D,
  f: (x: number) => number,
  slope: (x: number) => number,
): tf.Tensor4D {
  const op = tf.customGrad((input, save) => {
    const real = input as tf.Tensor;
    (save as tf.GradSaveFunc)([real]);
    return {
      value: elementwise(f)(real),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => zip(dy, saved[0]!, (g, v) => g * slope(v)),
    };
  });
  return op(x) as tf.Tensor4D;
}

const valuesOf = (x: tf.Tensor): Float32Array =>
  tf.getBackend() === 'wasm' ? heapView(x) : x.dataSync<'float32'>();

/** The sum of `gradient * (x - rounded)` over the elements with `low <= x <= high`. */
function alongRounding(
  gradient: tf.Tensor,
  [x, rounded]: readonly tf.Tensor[],
  low: number,
  high: number,
): number {
  const [gs, xs, qs] = [valuesOf(gradient), valuesOf(x!), valuesOf(rounded!)];
  let sum = 0;
  for (let i = 0; i < xs.length; i++) {
    const v = xs[i]!;
    if (v >= low && v <= high) sum += gs[i]! * (v - qs[i]!);
  }
  return sum;
}

/**
 * `forward(x)` going forward; going back, the gradient as it is where `low <= x <= high`, and 0 elsewhere. `onRounding` is then
 * told the sum of the gradient times what rounding took away there: the derivative of the loss by the bits of the fraction, over ln 2.
 */
export function straightThrough(
  x: tf.Tensor4D,
  forward: (x: tf.Tensor) => tf.Tensor,
  low: number,
  high: number,
  onRounding: ((sum: number) => void) | null = null,
): tf.Tensor4D {
  const op = tf.customGrad((input, save) => {
    const real = input as tf.Tensor;
    const value = forward(real);
    (save as tf.GradSaveFunc)(onRounding === null ? [real] : [real, value]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        onRounding?.(alongRounding(dy, saved, low, high));
        return zip(dy, saved[0]!, (g, v) => (v >= low && v <= high ? g : 0));
      },
    };
  });
  return op(x) as tf.Tensor4D;
}
