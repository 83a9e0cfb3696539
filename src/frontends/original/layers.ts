/** TensorFlow.js on the LayersModel that a network was imported from. */
import { invariant } from '../../core/errors.js';
import type { Imported, Original } from '../imported.js';
import { floatShapes } from '../../ir/graph.js';
import { tf } from '../../tensorflow/tf.js';

/** Opens `model`, which stays the caller's. */
export function openLayersOriginal(imported: Imported, model: tf.LayersModel): Original {
  const shape = floatShapes(imported.graph).get(imported.inputNode);
  invariant(shape !== undefined, 'the graph has its input');
  return {
    by: 'TensorFlow.js',
    async run(image) {
      const output = tf.tidy(() => {
        const input = tf
          .tensor(image, [1, ...shape])
          .reshape([1, ...model.inputs[0]!.shape.slice(1).map((n, i) => n ?? shape[i]!)]);
        const given = model.predict(input);
        invariant(!Array.isArray(given), 'the model has one output');
        return given;
      });
      try {
        return await output.data();
      } finally {
        output.dispose();
      }
    },
    close: () => Promise.resolve(),
  };
}
