/** The activation functions of Keras 3 that TensorFlow.js does not have, given to it by name. */
import { LEAKY_SLOPE } from './activation-names.js';
import { tf } from '../../tensorflow/tf.js';

const hardGate = (x: tf.Tensor): tf.Tensor => tf.clipByValue(tf.add(tf.div(x, 6), 0.5), 0, 1);
const hardSwish = (x: tf.Tensor): tf.Tensor => tf.mul(x, hardGate(x));

/** By the names that TensorFlow.js makes of Keras's: no underscores. */
const MISSING: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
  silu: (x) => tf.mul(x, tf.sigmoid(x)),
  hardSwish,
  hardSilu: hardSwish,
  hardSigmoid3: hardGate,
  leakyRelu: (x) => tf.leakyRelu(x, LEAKY_SLOPE),
};

/** Makes TensorFlow.js know them. */
export function registerActivations(): void {
  for (const [name, f] of Object.entries(MISSING)) {
    const known = tf.serialization.SerializationMap.getMap().classNameMap;
    if (name in known) continue;
    class Registered extends tf.serialization.Serializable {
      static readonly className = name;
      apply(x: tf.Tensor): tf.Tensor {
        return tf.tidy(() => f(x));
      }
      getConfig(): tf.serialization.ConfigDict {
        return {};
      }
    }
    tf.serialization.registerClass(Registered);
  }
}
