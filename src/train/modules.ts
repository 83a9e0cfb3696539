/** Modules that are stacked along rows as pictures of the batch, and back: what a node of several modules acts on. */
import { tf } from '../tensorflow/tf.js';

/** `[batch, parts · h, w, c]` as `[batch · parts, h, w, c]`: a module is a picture of the batch. */
export function apart(x: tf.Tensor4D, parts: number): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  return parts === 1 ? x : tf.reshape(x, [batch * parts, height / parts, width, channels]);
}

/** The way back. */
export function stackedAgain(x: tf.Tensor4D, parts: number): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  return parts === 1 ? x : tf.reshape(x, [batch / parts, height * parts, width, channels]);
}
