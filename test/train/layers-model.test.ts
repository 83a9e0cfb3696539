import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preprocessNodes, preprocessSchema } from '../../src/data/preprocess.js';
import type { FloatGraph } from '../../src/ir/graph.js';
import { createPreprocessor } from '../../src/data/preprocessor.js';
import { openBackend } from '../../src/train/backend.js';
import { graphFromLayersModel, readLayersModel } from '../../src/train/from-layers-model.js';
import { saveLayersModel } from '../../src/train/layers-model.js';
import { layerSchema, type LayerInput } from '../../src/train/networks/description.js';
import { createNetwork } from '../../src/train/networks/registry.js';
import { predictFloat } from '../../src/train/predict.js';
import { tf } from '../../src/train/tf.js';
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
      { op: 'depthwise', norm: true },
      { op: 'conv', filters: 8, kernel: 1, groups: 2, activation: 'none' },
    ],
    activation: 'leakyRelu',
  },
  { op: 'avgPool', size: 3, stride: 2, padding: 1 },
  { op: 'conv', filters: 6 },
  { op: 'maxPool', size: 3, stride: 2, padding: 1 },
  { op: 'globalPool', mode: 'both' },
  { op: 'dense', units: 5 },
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
    close(expected, await predictFloat(graphFromLayersModel(model, preprocess, classes), frames));
    expect(model.outputs[0]!.shape).toEqual([null, 3]);
    model.dispose();
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
        tf.layers.conv2d({ inputShape: [16, 16, 2], filters: 4, kernelSize: 3, activation: 'tanh' }),
        tf.layers.upSampling2d({ name: 'grow' }),
        tf.layers.lstm({ units: 2, name: 'memory' }) as unknown as tf.layers.Layer,
      ].slice(0, 2),
    });
    expect(() => graphFromLayersModel(model, preprocess, classes)).toThrow(
      /activation tanh.*grow \(UpSampling2D\): there is no such op/,
    );
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
    await expect(readLayersModel(join(folder, 'bad.json'))).rejects.toThrow(/bad\.json.*not a LayersModel/);
    await expect(readLayersModel(join(folder, 'none.json'))).rejects.toThrow(/none\.json.*not a LayersModel/);
  });
});
