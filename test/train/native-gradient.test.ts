import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { createPreprocessor } from '../../src/evaluate/preprocessor.js';
import { layerSchema, type LayerInput } from '../../src/frontends/network/description.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import { elements } from '../../src/ir/common.js';
import { floatShapes } from '../../src/ir/graph.js';
import { isPreprocess } from '../../src/ir/ops/index.js';
import { openBackend } from '../../src/tensorflow/backend.js';
import { withinHeap } from '../../src/tensorflow/wasm-memory.js';
import { createForwardPass } from '../../src/train/forward.js';
import { computeGradient, type LossOptions } from '../../src/train/gradient.js';
import { createNativeGradient } from '../../src/train/native/gradient.js';
import { RULES } from '../../src/train/native/rules.js';
import { flattenParameters } from '../../src/train/parameters.js';
import { trainNetwork, type TrainRequest } from '../../src/train/train.js';
import { graph, recipe, train, validation } from './toy-training.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-native-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const CLASSES = { classNames: ['a', 'b', 'c', 'd'], hitClasses: [false, false, true, true] };

/** Every kind that has a rule, and windows that leave rows over, overlap and reach beyond the image. */
const NETWORKS: Readonly<Record<string, readonly LayerInput[]>> = {
  'pools and a residual block': [
    { op: 'conv', filters: 6, kernel: 5, init: 'spots', activation: 'clip', padding: 'causal' },
    { op: 'maxPool' },
    {
      op: 'residual',
      body: [
        { op: 'conv', filters: 6, norm: true, activation: 'relu' },
        { op: 'conv', filters: 6, activation: 'none' },
      ],
    },
    { op: 'maxPool', size: 3, stride: 2, padding: 1 },
    { op: 'globalPool', mode: 'both' },
    { op: 'dense', units: 8, norm: true },
    { op: 'dense', units: 'classes' },
  ],
  'strides and a flattened image': [
    { op: 'conv', filters: 5, kernel: 4, stride: 3, norm: true, padding: 0 },
    { op: 'conv', filters: 7, kernel: 3, stride: 2, activation: 'relu' },
    { op: 'dense', units: 9 },
    { op: 'dense', units: 'classes' },
  ],
};
const built = (layers: readonly LayerInput[]) =>
  createNetwork({
    network: layers.map((layer) => layerSchema.parse(layer)),
    preprocess: preprocessNodes(
      preprocessSchema.parse({ factor: 2, channels: [{ bin: 'max' }, { bin: 'sum', clampMax: 16383 }] }),
      [34, 38],
    ),
    classes: CLASSES,
    seed: 3,
  });

const LOSSES: readonly LossOptions[] = [
  { labelSmoothing: 0, vetoLoss: 0, teacher: null, classWeights: [1, 1, 1, 1] },
  {
    labelSmoothing: 0.1,
    vetoLoss: 2,
    teacher: { weight: 0.6, temperature: 2 },
    classWeights: [1, 2, 0.5, 3],
  },
];

describe('the gradient by ONNX Runtime', () => {
  it('has a network under test for each of its rules', () => {
    const kinds = Object.values(NETWORKS).flatMap((layers) =>
      built(layers).nodes.flatMap((node) => (isPreprocess(node) ? [] : [node.kind])),
    );
    expect([...new Set(kinds)].sort()).toEqual(Object.keys(RULES).sort());
  });

  it.each(
    Object.entries(NETWORKS).flatMap(([name, layers]) =>
      LOSSES.map((options) => ({ name, layers, options, teacher: options.teacher !== null })),
    ),
  )('is that of TensorFlow.js: $name, a teacher: $teacher', async ({ layers, options }) => {
    const network = built(layers);
    await openBackend('wasm');
    const pass = createForwardPass(network);
    const shapes = floatShapes(network);
    const random = createRandom(5);
    const n = 6;
    const arrays = new Map(
      pass.boundary.map((id) => [
        id,
        Float32Array.from({ length: n * elements(shapes.get(id)!) }, () => random.uniform()),
      ]),
    );
    const request = {
      batch: { size: n, arrays },
      labels: [0, 1, 2, 3, 2, 0],
      taught: Array.from({ length: n }, () => CLASSES.classNames.map(() => random.normal())),
      batchSize: 8,
      parameters: flattenParameters(network, pass.layout.trainable).map((w) => w + 0.05 * random.normal()),
      statistics: flattenParameters(network, pass.layout.statistics),
      fake: null,
    };
    const expected = withinHeap(() => computeGradient(pass, createPreprocessor(network), request, options));
    const native = createNativeGradient(network, options);
    const found = await native.compute(request);
    await native.close();
    expect(found.loss).toBeCloseTo(expected.loss, 4);
    expect(found.correct).toBe(expected.correct);
    const largest = (gradient: Float32Array): number => Math.max(...gradient.map(Math.abs));
    // Of biases that a normalisation takes out again only rounding is left.
    const rounding = 1e-5 * largest(expected.gradient);
    for (const { node, field, offset, length } of pass.layout.trainable) {
      const [own, theirs] = [found, expected].map(({ gradient }) =>
        gradient.subarray(offset, offset + length),
      ) as [Float32Array, Float32Array];
      const scale = largest(theirs);
      own.forEach((g, i) => {
        expect(Math.abs(g - theirs[i]!), `${node} ${field}`).toBeLessThan(2e-4 * scale + rounding);
      });
    }
    found.statistics.forEach((v, i) => {
      expect(v).toBeCloseTo(expected.statistics[i]!, 3);
    });
  });

  it('refuses a network of other layers before it reads a frame', async () => {
    const other = built([
      { op: 'depthwise', activation: 'relu' },
      { op: 'globalPool', mode: 'avg' },
      { op: 'dense', units: 'classes' },
    ]);
    const read = (): Promise<Uint16Array> => Promise.reject(new Error('a frame was read'));
    const frames = { ...train, read };
    const asked = trainNetwork({
      graph: other,
      train: frames,
      validation: frames,
      recipe: recipe(),
      seed: 1,
      backend: 'onnxruntime',
    });
    await expect(asked).rejects.toMatchObject({
      problem: 'depthwise1 (depthwiseConv2d) cannot be trained by ONNX Runtime',
      place: { field: 'backend', remedy: 'use --backend wasm' },
    });
  });
});

describe('a training by ONNX Runtime', () => {
  const request = (workers: number): TrainRequest => ({
    graph,
    train,
    validation,
    recipe: recipe({ workers }),
    seed: 5,
    backend: 'onnxruntime',
  });

  it('goes the way of one by WebAssembly, in one thread and in two', async () => {
    const wasm = await trainNetwork({ ...request(1), backend: 'wasm' });
    for (const workers of [1, 2]) {
      const native = await trainNetwork(request(workers));
      expect(native.backend.name).toBe('onnxruntime');
      expect(native.workers).toBe(workers);
      // Two threads normalise by halves of a batch.
      const [own, theirs] = [native, wasm].map(({ history }) => history[0]!.loss) as [number, number];
      expect(Math.abs(own - theirs)).toBeLessThan(workers === 1 ? 1e-3 * theirs : 0.2 * theirs);
      expect(native.history.at(-1)!.loss).toBeLessThan(own);
    }
  });

  it('is the same again, and goes on where it was killed', async () => {
    const whole = await trainNetwork(request(2));
    const checkpoints = join(folder, 'checkpoints');
    const killed = trainNetwork({
      ...request(2),
      checkpoints,
      onProgress: (event) => {
        if (event.kind === 'step' && event.epoch === 3) throw new Error('killed');
      },
    });
    await expect(killed).rejects.toThrow('killed');
    const resumed = await trainNetwork({ ...request(2), checkpoints });
    expect(resumed.resumedAfter).toBe(2);
    expect(resumed.graph).toEqual(whole.graph);
  });
});
