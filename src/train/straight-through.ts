/** A function of a tensor whose gradient is taken as 1 inside an interval and 0 outside, on any back end. */
import { heapTensor, heapView } from '../tensorflow/wasm-heap.js';
import { tf } from '../tensorflow/tf.js';

/** `f` of every pair of elements of two tensors of one shape. */
function zip(a: tf.Tensor, b: tf.Tensor, f: (x: number, y: number) => number): tf.Tensor {
  if (tf.getBackend() === 'wasm') {
    // The output comes first: making it may move the heap.
    const out = heapTensor(a.shape);
    const [to, xs, ys] = [heapView(out), heapView(a), heapView(b)];
    for (let i = 0; i < to.length; i++) to[i] = f(xs[i]!, ys[i]!);
    return out;
  }
  const [xs, ys] = [a.dataSync(), b.dataSync()];
  return tf.tensor(
    Float32Array.from(xs, (x, i) => f(x, ys[i]!)),
    a.shape,
  );
}

/** `f` of every element. */
export const elementwise =
  (f: (x: number) => number) =>
  (x: tf.Tensor): tf.Tensor =>
    zip(x, x, f);

/** `forward(x)` going forward; going back, the gradient as it is where `low <= x <= high`, and 0 elsewhere. */
export function straightThrough(
  x: tf.Tensor4D,
  forward: (x: tf.Tensor) => tf.Tensor,
  low: number,
  high: number,
): tf.Tensor4D {
  const op = tf.customGrad((input, save) => {
    const real = input as tf.Tensor;
    (save as tf.GradSaveFunc)([real]);
    return {
      value: forward(real),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        zip(dy, saved[0]!, (g, v) => (v >= low && v <= high ? g : 0)),
    };
  });
  return op(x) as tf.Tensor4D;
}
