/** Activation functions by the names that Keras 2 and 3 have for them. */
import { beforeAll, describe, expect, it } from 'vitest';
import { createFloatReference } from '../../src/evaluate/float-reference.js';
import { parseDescription, modelOf } from '../../src/frontends/keras/keras-model.js';
import { graphFromLayersModel } from '../../src/frontends/layers-model/from-layers-model.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { createPreprocessor } from '../../src/evaluate/preprocessor.js';
import { openBackend } from '../../src/tensorflow/backend.js';
import { tf } from '../../src/tensorflow/tf.js';
import { sampleFrames } from '../sample-graphs.js';

const SIDE = 8;
const preprocess = preprocessNodes(preprocessSchema.parse({ factor: 1, channels: [{ clampMax: 255 }] }), [
  SIDE,
  SIDE,
]);
const classes = { classNames: ['a', 'b'], hitClasses: [false, true] };
const frames = sampleFrames(3, SIDE * SIDE);

/** A functional model: a convolution with `activation`, a gate of its mean, a PReLU, and two logits. */
const description = (activation: string): string => {
  const layer = (class_name: string, name: string, config: object, ...inputs: string[]) => ({
    class_name,
    name,
    config: { name, ...config },
    inbound_nodes: inputs.length === 0 ? [] : [inputs.map((input) => [input, 0, 0, {}])],
  });
  return JSON.stringify({
    class_name: 'Functional',
    config: {
      name: 'model',
      layers: [
        layer('InputLayer', 'x', { batch_shape: [null, SIDE, SIDE, 1] }),
        layer('Conv2D', 'conv', { filters: 4, kernel_size: [3, 3], activation }, 'x'),
        layer('GlobalAveragePooling2D', 'mean', {}, 'conv'),
        layer('Dense', 'gate', { units: 4, activation: 'sigmoid' }, 'mean'),
        layer('Reshape', 'image', { target_shape: [1, 1, 4] }, 'gate'),
        layer('Multiply', 'gated', {}, 'conv', 'image'),
        layer('PReLU', 'slopes', { shared_axes: [1, 2] }, 'gated'),
        layer('GlobalMaxPooling2D', 'most', {}, 'slopes'),
        layer('Dense', 'logits', { units: 2 }, 'most'),
      ],
      input_layers: [['x', 0, 0]],
      output_layers: [['logits', 0, 0]],
    },
  });
};

beforeAll(() => openBackend('wasm'));

describe('an activation of Keras', () => {
  const cases = [
    ['hard_sigmoid', '2.15.0', { kind: 'hardSigmoid', alpha: 0.2, beta: 0.5 }],
    ['hard_sigmoid', '3.4.1', { kind: 'hardSigmoid', alpha: 1 / 6, beta: 0.5 }],
    ['silu', '3.4.1', { kind: 'silu' }],
    ['swish', '2.15.0', { kind: 'silu' }],
    ['hard_silu', '3.4.1', { kind: 'hardSwish' }],
    ['hard_swish', '3.4.1', { kind: 'hardSwish' }],
    ['gelu', '3.4.1', { kind: 'gelu', approximate: false }],
    ['elu', '3.4.1', { kind: 'elu', alpha: 1 }],
  ] as const;
  it.each(cases)(
    'called %s by Keras %s computes what TensorFlow.js computes',
    async (name, version, expected) => {
      const model = await modelOf(parseDescription(description(name)), version, 'model.keras');
      for (const weight of model.layers.flatMap((layer) => layer.weights))
        weight.write(tf.add(weight.read(), tf.randomNormal(weight.shape.map(Number), 0, 0.5, 'float32', 7)));
      const graph = graphFromLayersModel(model, preprocess, classes);
      expect(graph.nodes.find((n) => n.kind === expected.kind)).toMatchObject(expected);
      expect(graph.nodes.filter((n) => n.kind === 'multiply' || n.kind === 'prelu')).toHaveLength(2);
      const fast = createPreprocessor(graph);
      const reference = createFloatReference(graph);
      for (const frame of frames) {
        const [counts] = fast.run(frame);
        const image = tf.tensor4d(
          Float32Array.from(counts!, (v) => v / 256),
          [1, SIDE, SIDE, 1],
        );
        const wanted = (model.predict(image) as tf.Tensor).dataSync();
        reference.decide(frame).logits.forEach((logit, i) => {
          expect(logit).toBeCloseTo(wanted[i]!, 4);
        });
      }
      model.dispose();
    },
  );
});
