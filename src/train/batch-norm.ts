/**
 * Batch normalisation in training mode, with its gradient, in four passes over the pixels instead of some twenty.
 *
 * On the wasm back end it works on the heap; elsewhere it is composed from TensorFlow.js ops. Source: Ioffe and
 * Szegedy 2015; the gradient is that of `x̂ = (x − mean) / σ` with mean and σ depending on the batch:
 * `dx = γ/σ · (dy − mean(dy) − x̂ · mean(dy · x̂))`.
 */
import { heapTensor, heapView } from '../tensorflow/wasm-heap.js';
import { tf } from '../tensorflow/tf.js';

export interface Normalized {
  readonly y: tf.Tensor4D;
  /** Of the batch, biased. */
  readonly mean: tf.Tensor1D;
  readonly variance: tf.Tensor1D;
}

interface Moments {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

function moments(x: Float32Array, channels: number): Moments {
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  const pixels = x.length / channels;
  for (let i = 0; i < x.length; i += channels) for (let c = 0; c < channels; c++) mean[c]! += x[i + c]!;
  for (let c = 0; c < channels; c++) mean[c]! /= pixels;
  for (let i = 0; i < x.length; i += channels)
    for (let c = 0; c < channels; c++) {
      const d = x[i + c]! - mean[c]!;
      variance[c]! += d * d;
    }
  for (let c = 0; c < channels; c++) variance[c]! /= pixels;
  return { mean, variance };
}

/** `y[i, c] = scale[c] * x[i, c] + shift[c]`. */
function affine(x: Float32Array, scale: Float64Array, shift: Float64Array, y: Float32Array): void {
  const channels = scale.length;
  for (let i = 0; i < x.length; i += channels)
    for (let c = 0; c < channels; c++) y[i + c] = x[i + c]! * scale[c]! + shift[c]!;
}

function onHeap(x: tf.Tensor4D, gamma: tf.Tensor1D, beta: tf.Tensor1D, epsilon: number): Normalized {
  const channels = x.shape[3];
  const seen = moments(heapView(x), channels);
  const inverse = seen.variance.map((v) => 1 / Math.sqrt(v + epsilon));
  const op = tf.customGrad((first, second, third, save) => {
    const [input, g, b] = [first as tf.Tensor, second as tf.Tensor, third as tf.Tensor];
    (save as tf.GradSaveFunc)([input, g]);
    const out = heapTensor(input.shape);
    const scale = inverse.map((v, c) => v * heapView(g)[c]!);
    const shift = scale.map((v, c) => heapView(b)[c]! - v * seen.mean[c]!);
    affine(heapView(input), scale, shift, heapView(out));
    return {
      value: out,
      gradFunc: (dy, saved) => {
        const [savedInput, savedGamma] = saved as tf.Tensor[];
        return gradients(savedInput!, savedGamma!, dy as tf.Tensor, seen.mean, inverse);
      },
    };
  });
  return {
    y: op(x, gamma, beta) as tf.Tensor4D,
    mean: tf.tensor1d(Float32Array.from(seen.mean)),
    variance: tf.tensor1d(Float32Array.from(seen.variance)),
  };
}

function gradients(
  x: tf.Tensor,
  gamma: tf.Tensor,
  dy: tf.Tensor,
  mean: Float64Array,
  inverse: Float64Array,
): tf.Tensor[] {
  const channels = mean.length;
  const out = heapTensor(x.shape);
  const to = heapView(out);
  const xs = heapView(x);
  const dys = heapView(dy);
  const gammas = heapView(gamma);
  const sum = new Float64Array(channels);
  const product = new Float64Array(channels);
  for (let i = 0; i < xs.length; i += channels)
    for (let c = 0; c < channels; c++) {
      const d = dys[i + c]!;
      sum[c]! += d;
      product[c]! += d * (xs[i + c]! - mean[c]!);
    }
  const pixels = xs.length / channels;
  // dx = a · dy + b · x + k, per channel.
  const a = inverse.map((v, c) => v * gammas[c]!);
  const b = inverse.map((v, c) => (-a[c]! * v * v * product[c]!) / pixels);
  const k = a.map((v, c) => (-v * sum[c]!) / pixels - b[c]! * mean[c]!);
  for (let i = 0; i < xs.length; i += channels)
    for (let c = 0; c < channels; c++) to[i + c] = a[c]! * dys[i + c]! + b[c]! * xs[i + c]! + k[c]!;
  const byGamma = tf.tensor1d(Float32Array.from(product, (v, c) => v * inverse[c]!));
  return [out, byGamma, tf.tensor1d(Float32Array.from(sum))];
}

function composed(x: tf.Tensor4D, gamma: tf.Tensor1D, beta: tf.Tensor1D, epsilon: number): Normalized {
  const rows: tf.Tensor2D = tf.reshape(x, [-1, x.shape[3]]);
  const mean: tf.Tensor1D = tf.mean(rows, 0);
  const centred = tf.sub(rows, mean);
  const variance: tf.Tensor1D = tf.mean(tf.square(centred), 0);
  const scale = tf.mul(gamma, tf.rsqrt(tf.add(variance, epsilon)));
  return { y: tf.reshape(tf.add(tf.mul(centred, scale), beta), x.shape), mean, variance };
}

/** Normalises `x` by the mean and variance of its batch, per channel. */
export function normalizeBatch(
  x: tf.Tensor4D,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  epsilon: number,
): Normalized {
  return tf.getBackend() === 'wasm' ? onHeap(x, gamma, beta, epsilon) : composed(x, gamma, beta, epsilon);
}
