/** The activations of the float graph as layers of TensorFlow.js. */
import { invariant } from '../../core/errors.js';
import type { NodeId } from '../../ir/common.js';
import { dispatch, type Table } from '../../ir/dispatch.js';
import type { ActivationNode } from '../../ir/ops/index.js';
import { tf } from '../../tensorflow/tf.js';

type Layer = tf.layers.Layer;
/** Names of TensorFlow.js's activation functions. */
type Name = Parameters<typeof tf.layers.activation>[0]['activation'];

const layer = (name: string, activation: Name): Layer => tf.layers.activation({ name, activation });

type Symbolic = tf.SymbolicTensor;

/** What puts layers behind each other: `apply` as in a model, `beside` a name that no other layer has. */
export interface Composer {
  beside(id: NodeId, what: string): string;
  apply(layer: Layer, input: Symbolic | Symbolic[]): Symbolic;
}
/** Several layers for one activation. */
type Composed = (x: Symbolic, b: Composer) => Symbolic;

/** `min(max(alpha · x + beta, 0), 1)`, the last layer called `name`. */
const hardGate =
  (id: NodeId, name: string, alpha: number, beta: number): Composed =>
  (x, b) => {
    const scaled = tf.layers.rescaling({ name: b.beside(id, 'scaled'), scale: alpha, offset: beta });
    return b.apply(tf.layers.reLU({ name, maxValue: 1 }), b.apply(scaled, x));
  };

/** A layer, several, or why there is none. */
const layers: Table<ActivationNode, [], Layer | Composed | string> = {
  relu: ({ id }) => tf.layers.reLU({ name: id }),
  clip: ({ id, min, max }) =>
    min === 0 ? tf.layers.reLU({ name: id, maxValue: max }) : `a clip from ${min} has no layer`,
  leakyRelu: ({ id, alpha }) => tf.layers.leakyReLU({ name: id, alpha }),
  // One slope for each channel, wherever it is in the image.
  prelu: ({ id, alpha }) =>
    tf.layers.prelu({ name: id, sharedAxes: [1, 2], weights: [tf.tensor3d(alpha, [1, 1, alpha.length])] }),
  sigmoid: ({ id }) => layer(id, 'sigmoid'),
  tanh: ({ id }) => layer(id, 'tanh'),
  silu: ({ id }) => layer(id, 'swish'),
  hardSwish:
    ({ id }) =>
    (x, b) => {
      const gate = hardGate(id, b.beside(id, 'gate'), 1 / 6, 0.5)(x, b);
      return b.apply(tf.layers.multiply({ name: id }), [x, gate]);
    },
  hardSigmoid: ({ id, alpha, beta }) =>
    alpha === 0.2 && beta === 0.5 ? layer(id, 'hardSigmoid') : hardGate(id, id, alpha, beta),
  elu: ({ id, alpha }) => tf.layers.elu({ name: id, alpha }),
  gelu: ({ id, approximate }) => layer(id, approximate ? 'gelu_new' : 'gelu'),
};

/** Why `node` has no layer; null where it has one. */
export function withoutLayer(node: ActivationNode): string | null {
  const made = dispatch(layers, node);
  return typeof made === 'string' ? made : null;
}

/** `node` as a layer behind `x`, or as several. */
export function activationLayer(node: ActivationNode, x: Symbolic, b: Composer): Symbolic {
  const made = dispatch(layers, node);
  invariant(typeof made !== 'string', `${node.id}: ${String(made)}`);
  return typeof made === 'function' ? made(x, b) : b.apply(made, x);
}
