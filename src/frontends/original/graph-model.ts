/** TensorFlow.js on the graph model that a network was imported from. */
import { invariant } from '../../core/errors.js';
import { tf } from '../../tensorflow/tf.js';
import type { Original } from '../imported.js';
import type { ImportedOnnx } from '../onnx/import.js';
import { allPlaces, extentsOf } from '../onnx/view.js';

/** Opens `model`, which stays the caller's. */
export function openGraphOriginal(imported: ImportedOnnx, model: tf.GraphModel): Original {
  const { batch, inputView, input } = imported;
  const places = allPlaces(inputView);
  const dims = [batch, ...extentsOf(inputView)];
  return {
    by: 'TensorFlow.js',
    async run(image) {
      const output = tf.tidy(() => {
        const values = Float32Array.from(
          { length: batch * places.length },
          (_, i) => image[places[i % places.length]!]!,
        );
        const given = model.execute({ [input]: tf.tensor(values, dims) });
        invariant(!Array.isArray(given), 'the model has one output');
        return given;
      });
      try {
        const values = await output.data();
        return values.subarray(0, values.length / batch);
      } finally {
        output.dispose();
      }
    },
    close: () => Promise.resolve(),
  };
}
