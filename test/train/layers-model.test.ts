import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import type { FloatGraph } from '../../src/ir/graph.js';
import { createFloatReference } from '../../src/evaluate/float-reference.js';
import { createPreprocessor } from '../../src/evaluate/preprocessor.js';
import { openBackend } from '../../src/tensorflow/backend.js';
import { graphFromLayersModel, readLayersModel } from '../../src/frontends/layers-model/from-layers-model.js';
import { layersModelOf, saveLayersModel } from '../../src/backends/layers-model/layers-model.js';
import { layerSchema, type LayerInput } from '../../src/frontends/network/description.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import { predictFloat } from '../../src/train/predict.js';
import { tf } from '../../src/tensorflow/tf.js';
import { sampleFrames } from '../sample-graphs.js';

const classes = { classNames: ['a', 'b', 'c'], hitClasses: [false, true, true] };
const preprocess = preprocessNodes(
  preprocessSchema.parse({ factor: 2, channels: [{ bin: 'max' }, { bin: 'sum' }] }),
  [32, 32],
);
const layers: LayerInput[] = [
  { op: 'conv', filters: 8, stride: 2, norm: true, activation: 'clip' },
  {
    op: 'residual',
    body: [
      { op: 'depthwise', norm: true, activation: 'prelu' },
      { op: 'conv', filters: 8, kernel: 1, groups: 2, activation: 'none' },
    ],
    activation: 'leakyRelu',
  },
  { op: 'avgPool', size: 3, stride: 2, padding: 1 },
  { op: 'conv', filters: 6 },
  { op: 'maxPool', size: 3, stride: 2, padding: 1 },
  { op: 'globalPool', mode: 'both' },
  { op: 'dense', units: 5, activation: 'prelu' },
  { op: 'dense', units: 'classes' },
];
const network = createNetwork({
  network: layers.map((layer) => layerSchema.parse(layer)),
  preprocess,
  classes,
  seed: 2,
});
/** With statistics as after a training, so that batch normalisation does something. */
const graph: FloatGraph = {
  ...network,
  nodes: network.nodes.map((n) =>
    n.kind === 'batchNorm'
      ? { ...n, mean: n.mean.map((_, i) => 0.1 * i), variance: n.variance.map((_, i) => 0.5 + i) }
      : n.kind === 'prelu'
        ? { ...n, alpha: n.alpha.map((_, i) => 0.2 * i - 0.3) }
        : n,
  ),
};
const frames = sampleFrames(3, 32 * 32);

const close = (a: readonly Float32Array[], b: readonly Float32Array[]): void => {
  a.forEach((row, i) => {
    row.forEach((v, c) => {
      expect(Math.abs(v - b[i]![c]!)).toBeLessThan(1e-4 * (1 + Math.abs(v)));
    });
  });
};

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-model-'));
  await openBackend('wasm');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the saved LayersModel', () => {
  it('computes what the graph computes, and comes back as a graph that does too', async () => {
    const files = await saveLayersModel(graph);
    const path = join(folder, 'model.json');
    await writeFile(path, files.json);
    await writeFile(join(folder, 'weights.bin'), files.weights);
    const model = await readLayersModel(path);
    const expected = await predictFloat(graph, frames, { backend: 'wasm' });
    const imported = graphFromLayersModel(model, preprocess, classes);
    close(expected, await predictFloat(imported, frames));
    // And once more: layers that were added for the first file are nodes now.
    const again = join(folder, 'again.json');
    const second = await saveLayersModel(imported);
    await writeFile(again, second.json);
    await writeFile(join(folder, 'weights.bin'), second.weights);
    const twice = await readLayersModel(again);
    close(expected, await predictFloat(graphFromLayersModel(twice, preprocess, classes), frames));
    twice.dispose();
    expect(model.outputs[0]!.shape).toEqual([null, 3]);
    model.dispose();
  });

  it('says hard-swish and any hard sigmoid by layers that TensorFlow.js has', async () => {
    const one = preprocessNodes(preprocessSchema.parse({ factor: 1 }), [16, 16]);
    const gated = createNetwork({
      network: [
        { op: 'conv', filters: 4, activation: 'hardSwish' } as const,
        { op: 'conv', filters: 4, activation: 'hardSigmoid' } as const,
        { op: 'globalPool', mode: 'avg' } as const,
        { op: 'dense', units: 'classes' } as const,
      ].map((layer) => layerSchema.parse(layer)),
      preprocess: one,
      classes,
      seed: 5,
    });
    // Steeper than TensorFlow.js's own, and so that both limits are reached.
    const graphs = [1 / 6, 0.2, 1.5].map((alpha) => ({
      ...gated,
      nodes: gated.nodes.map((n) => (n.kind === 'hardSigmoid' ? { ...n, alpha, beta: 0.4 } : n)),
    }));
    for (const graph of graphs) {
      const model = layersModelOf(graph);
      const reference = createFloatReference(graph);
      for (const frame of sampleFrames(3, 16 * 16)) {
        let image = new Float32Array();
        const expected = reference.visit(frame, (_id, values, [height, width, channels]) => {
          if (
            image.length === 0 &&
            height === 16 &&
            width === 16 &&
            channels === 1 &&
            values.some((v) => v > 0 && v < 1)
          )
            image = Float32Array.from(values);
        });
        const given = model.predict(tf.tensor4d(image, [1, 16, 16, 1])) as tf.Tensor;
        close([expected], [(await given.data()) as Float32Array]);
      }
      const again = graphFromLayersModel(model, one, classes);
      expect(again.nodes.filter(({ kind }) => kind === 'hardSwish')).toHaveLength(1);
      expect(again.nodes.filter(({ kind }) => kind === 'multiply')).toHaveLength(0);
      const frames = sampleFrames(3, 16 * 16);
      close(await predictFloat(graph, frames), await predictFloat(again, frames));
      model.dispose();
    }
  });

  it('is the same bytes each time', async () => {
    expect(await saveLayersModel(graph)).toEqual(await saveLayersModel(graph));
  });

  it('is refused where layers cannot say it', async () => {
    const odd = {
      ...graph,
      nodes: graph.nodes.map((n) => (n.kind === 'clip' ? { ...n, min: -1 } : n)),
    };
    await expect(saveLayersModel(odd)).rejects.toThrow(/clip1: a clip from -1 has no layer/);
  });
});

describe("a user's LayersModel", () => {
  it('is taken with its uneven padding, fused activations, dropout and softmax', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({
          inputShape: [16, 16, 2],
          filters: 4,
          kernelSize: 4,
          strides: 3,
          padding: 'same',
          activation: 'relu',
          biasInitializer: 'randomNormal',
        }),
        tf.layers.dropout({ rate: 0.5 }),
        tf.layers.maxPooling2d({ poolSize: 2, strides: 2, padding: 'same' }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 3, activation: 'softmax' }),
      ],
    });
    const imported = graphFromLayersModel(model, preprocess, classes);
    const logits = await predictFloat(imported, frames);
    const fast = createPreprocessor(imported);
    const expected = frames.map((frame) => {
      const [max, sum] = fast.run(frame);
      const mixed = Float32Array.from({ length: 512 }, (_, i) => (i % 2 === 0 ? max! : sum!)[i >> 1]! / 256);
      return (model.predict(tf.tensor4d(mixed, [1, 16, 16, 2])) as tf.Tensor).dataSync();
    });
    logits.forEach((row, i) => {
      const probabilities = tf.softmax(tf.tensor1d(row)).dataSync();
      probabilities.forEach((p, c) => {
        expect(p).toBeCloseTo(expected[i]![c]!, 4);
      });
    });
  });

  it('is taken with an image made a vector by a reshape, and refused with one made another image', async () => {
    const reshaped = (targetShape: number[]): FloatGraph =>
      graphFromLayersModel(
        tf.sequential({
          layers: [
            tf.layers.maxPooling2d({ inputShape: [16, 16, 2], poolSize: 4 }),
            tf.layers.reshape({ targetShape, name: 'line' }),
            ...(targetShape.length > 1 ? [tf.layers.flatten()] : []),
            tf.layers.dense({ units: 3, weights: [tf.ones([32, 3]), tf.zeros([3])] }),
          ],
        }),
        preprocess,
        classes,
      );
    const expected = await predictFloat(reshaped([32]), frames);
    close(expected, await predictFloat(reshaped([1, 1, 32]), frames));
    expect(reshaped([1, 1, 32]).nodes.find((n) => n.id === 'line')).toMatchObject({ kind: 'flatten' });
    for (const target of [
      [32, 1, 1],
      [2, 16],
      [8, 2, 2],
    ])
      expect(() => reshaped(target)).toThrow(/line \(Reshape\): a reshape to something else than a vector/);
  });

  it('is refused with all layers that cannot be taken', () => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({ inputShape: [16, 16, 2], filters: 4, kernelSize: 3, activation: 'softplus' }),
        tf.layers.conv2dTranspose({ filters: 2, kernelSize: 2, name: 'grow' }),
        tf.layers.lstm({ units: 2, name: 'memory' }) as unknown as tf.layers.Layer,
      ].slice(0, 2),
    });
    expect(() => graphFromLayersModel(model, preprocess, classes)).toThrow(
      /activation softplus.*grow \(Conv2DTranspose\): there is no such layer in vetoc/,
    );
  });

  /** What comes between an image of 16×16×2 and a dense layer of three classes. */
  const between = (...middle: tf.layers.Layer[]): tf.LayersModel =>
    tf.sequential({
      layers: [
        tf.layers.maxPooling2d({ inputShape: [16, 16, 2], poolSize: 4 }),
        ...middle,
        tf.layers.flatten(),
        tf.layers.dense({ units: 3 }),
      ],
    });

  it.each([
    ['a softmax in the middle', tf.layers.softmax({ name: 'soft' }), /soft .*softmax that is not at the end/],
    [
      'a softmax inside a layer in the middle',
      tf.layers.conv2d({ filters: 2, kernelSize: 1, activation: 'softmax', name: 'soft' }),
      /soft .*softmax that is not at the end/,
    ],
    [
      'normalisation along rows',
      tf.layers.batchNormalization({ axis: 1, name: 'rows' }),
      /rows .*an axis that is not the channels/,
    ],
  ])('is refused with %s', (_what, layer, why) => {
    expect(() => graphFromLayersModel(between(layer), preprocess, classes)).toThrow(why);
  });

  it('is refused with a layer that is used twice, and with several outputs', () => {
    const input = tf.input({ shape: [16, 16, 2] });
    const shared = tf.layers.conv2d({ filters: 2, kernelSize: 3, padding: 'same', name: 'shared' });
    const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor) => layer.apply(x) as tf.SymbolicTensor;
    const pooled = apply(tf.layers.globalMaxPooling2d({}), apply(shared, apply(shared, input)));
    const logits = apply(tf.layers.dense({ units: 3 }), pooled);
    const twice = tf.model({ inputs: input, outputs: logits });
    expect(() => graphFromLayersModel(twice, preprocess, classes)).toThrow(/shared .*used more than once/);
    const two = tf.model({ inputs: input, outputs: [logits, pooled] });
    expect(() => graphFromLayersModel(two, preprocess, classes)).toThrow(
      /has 2 outputs — give a model of one/,
    );
  });

  it('is refused with another number of classes, or more inputs than there are channels', () => {
    const two = { classNames: ['miss', 'hit'], hitClasses: [false, true] };
    expect(() => graphFromLayersModel(between(), preprocess, two)).toThrow(
      /3 logits for 2 classes — give a model with one logit for each class/,
    );
    const inputs = [1, 2, 3].map(() => tf.input({ shape: [16, 16, 1] }));
    const flat = tf.layers.flatten().apply(tf.layers.add().apply(inputs)) as tf.SymbolicTensor;
    const outputs = tf.layers.dense({ units: 3 }).apply(flat) as tf.SymbolicTensor;
    expect(() => graphFromLayersModel(tf.model({ inputs, outputs }), preprocess, classes)).toThrow(
      /has 3 inputs, the preprocessing gives 2/,
    );
  });

  it('gets names of its own where its layers have names that are alike in a graph', async () => {
    const one = (name: string) => tf.layers.conv2d({ filters: 2, kernelSize: 1, name });
    const [pixels] = preprocess.nodes;
    const model = between(one('Conv/1'), one('conv_1'), one(pixels!.id));
    const imported = graphFromLayersModel(model, preprocess, classes);
    const convs = imported.nodes.filter((n) => n.kind === 'conv2d').map((n) => n.id);
    expect(convs).toEqual(['conv_1', 'conv_1_2', `${pixels!.id}_2`]);
    expect(await predictFloat(imported, frames)).toHaveLength(frames.length);
  });

  it('is refused with a setting that TensorFlow.js drops in silence', async () => {
    const path = join(folder, 'leaky.json');
    const relu = { class_name: 'ReLU', config: { name: 'leaky', max_value: null, negative_slope: 0.1 } };
    const topology = { class_name: 'Sequential', config: { name: 's', layers: [relu] } };
    for (const modelTopology of [topology, { model_config: topology }]) {
      await writeFile(path, JSON.stringify({ modelTopology, weightsManifest: [] }));
      await expect(readLayersModel(path)).rejects.toThrow(
        /leaky \(ReLU\): TensorFlow.js does not read its negative_slope/,
      );
    }
  });

  it('is refused when it takes another input', () => {
    const model = tf.sequential({
      layers: [tf.layers.flatten({ inputShape: [8, 8, 1] }), tf.layers.dense({ units: 3 })],
    });
    expect(() => graphFromLayersModel(model, preprocess, classes)).toThrow(
      /takes 8×8×1, the preprocessing gives 16×16×2/,
    );
  });

  it('is refused in words when the file is none', async () => {
    await writeFile(join(folder, 'bad.json'), '{"weightsManifest": 3}');
    await expect(readLayersModel(join(folder, 'bad.json'))).rejects.toThrow(
      /bad\.json: modelTopology: .*the model\.json that TensorFlow\.js wrote/,
    );
    await expect(readLayersModel(join(folder, 'none.json'))).rejects.toThrow(/none\.json.*not a LayersModel/);
  });
});
