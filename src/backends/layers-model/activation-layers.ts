/** The activations of the float graph as layers of TensorFlow.js. */
import { invariant } from '../../core/errors.js';
import { dispatch, type Table } from '../../ir/dispatch.js';
import type { ActivationNode } from '../../ir/ops/index.js';
import { tf } from '../../tensorflow/tf.js';

type Layer = tf.layers.Layer;
/** Names of TensorFlow.js's activation functions. */
type Name = Parameters<typeof tf.layers.activation>[0]['activation'];

const layer = (name: string, activation: Name): Layer => tf.layers.activation({ name, activation });

/** A layer, or why there is none. */
const layers: Table<ActivationNode, [], Layer | string> = {
  relu: ({ id }) => tf.layers.reLU({ name: id }),
  clip: ({ id, min, max }) =>
    min === 0 ? tf.layers.reLU({ name: id, maxValue: max }) : `a clip from ${min} has no layer`,
  leakyRelu: ({ id, alpha }) => tf.layers.leakyReLU({ name: id, alpha }),
  sigmoid: ({ id }) => layer(id, 'sigmoid'),
  tanh: ({ id }) => layer(id, 'tanh'),
  silu: ({ id }) => layer(id, 'swish'),
  hardSwish: () => 'hard-swish has no layer',
  hardSigmoid: ({ id, alpha, beta }) =>
    alpha === 0.2 && beta === 0.5
      ? layer(id, 'hardSigmoid')
      : `a hard sigmoid of slope ${alpha} and offset ${beta} has no layer: the layer's are 0.2 and 0.5`,
  gelu: ({ id, approximate }) => layer(id, approximate ? 'gelu_new' : 'gelu'),
};

/** Why `node` has no layer; null where it has one. */
export function withoutLayer(node: ActivationNode): string | null {
  const made = dispatch(layers, node);
  return typeof made === 'string' ? made : null;
}

export function activationLayer(node: ActivationNode): Layer {
  const made = dispatch(layers, node);
  invariant(typeof made !== 'string', `${node.id}: ${String(made)}`);
  return made;
}
