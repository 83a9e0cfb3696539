import { describe, expect, it } from 'vitest';
import { checkRanges } from '../../src/calibrate/ranges.js';
import { calibrationSchema } from '../../src/calibrate/recipe.js';
import { createRandom } from '../../src/core/random.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { fractionBits } from '../../src/fixed/format.js';
import { findNode } from '../../src/ir/graph.js';
import { TABLED_NAMES } from '../../src/ir/ops/activations/index.js';
import { pinFormats } from '../../src/passes/pin-formats.js';
import { prepareNetwork, quantizePrepared } from '../../src/passes/quantize-network.js';
import { quantizationSchema } from '../../src/passes/recipe.js';
import { interpret } from '../../src/simulate/interpret.js';
import { openBackend } from '../../src/tensorflow/backend.js';
import { createQuantizer } from '../../src/train/quantizer.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import type { LayerInput } from '../../src/frontends/network/description.js';
import { layerSchema } from '../../src/frontends/network/description.js';
import { flattenParameters, parameterLayout, withParameters } from '../../src/train/parameters.js';
import { createPredictor } from '../../src/train/predict.js';
import { trainQuantized } from '../../src/train/quantization-aware.js';
import { elementwise, straightThrough } from '../../src/train/straight-through.js';
import { tf } from '../../src/tensorflow/tf.js';
import { trainingSchema } from '../../src/train/recipe.js';

const SIZE = 32;

/** Frames of 32×32: noise, and in every second one some spots. */
function frames(count: number, seed: number): { pixels: Uint16Array; label: number }[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    const pixels = Uint16Array.from({ length: SIZE * SIZE }, () => random.poisson(3));
    if (i % 2 === 1)
      for (let s = 0; s < 4; s++) pixels[random.integer(0, SIZE * SIZE - 1)]! += random.integer(20, 400);
    return { pixels, label: i % 2 };
  });
}

const LAYERS: readonly LayerInput[] = [
  { op: 'conv', filters: 6, init: 'spots', activation: 'clip' },
  { op: 'maxPool' },
  { op: 'depthwise', norm: true, activation: 'leakyRelu' },
  {
    op: 'residual',
    body: [
      { op: 'conv', filters: 6, norm: true, activation: 'relu' },
      { op: 'conv', filters: 6, activation: 'none' },
    ],
  },
  { op: 'avgPool', size: 3, stride: 2, padding: 1 },
  { op: 'conv', filters: 5, kernel: 1, activation: 'prelu' },
  { op: 'globalPool', mode: 'both' },
  { op: 'dense', units: 8, norm: true, activation: 'prelu' },
  { op: 'dense', units: 'classes' },
];

function network(layers = LAYERS) {
  return createNetwork({
    network: layers.map((layer) => layerSchema.parse(layer)),
    preprocess: preprocessNodes(
      preprocessSchema.parse({ factor: 2, channels: [{ bin: 'max' }, { bin: 'sum', clampMax: 16383 }] }),
      [SIZE, SIZE],
    ),
    classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
    seed: 3,
  });
}

const calibration = calibrationSchema.parse({});
const shown = frames(24, 1);
const calibrationFrames = shown.map(({ pixels }) => ({ pixels, spots: null }));
const labelled = (all: typeof shown) => ({
  count: all.length,
  read: (i: number) => Promise.resolve(all[i]!.pixels),
  label: (i: number) => all[i]!.label,
});

type Given = Parameters<typeof quantizationSchema.parse>[0];

/** Mantissas of the logits of some frames as training sees them and as the interpreter computes them. */
async function bothLogits(given: Given, seed: number, layers = LAYERS) {
  const quantization = quantizationSchema.parse(given);
  const { prepared, ranges } = await prepareNetwork(network(layers), calibrationFrames, {
    quantization,
    calibration,
  });
  const quantizer = createQuantizer(prepared, ranges, { quantization, observer: calibration });
  const layout = parameterLayout(prepared);
  // Not the weights that were calibrated, so that values saturate, too.
  const random = createRandom(seed);
  const parameters = flattenParameters(prepared, layout.trainable).map((w) => w * (2 + random.normal()));
  const fixed = quantizer.fixed(parameters, 0);
  const { parameters: real, fake } = quantizer.apply(parameters);
  const predictor = createPredictor(withParameters(prepared, layout, real, new Float32Array(0)), fake);
  const unit = 2 ** -fractionBits(findNode(fixed, fixed.output).format);
  const some = frames(4, 2).map(({ pixels }) => pixels);
  const seen = predictor.predict(some).map((row) => Array.from(row, (v) => v / unit));
  predictor.dispose();
  return {
    seen,
    expected: some.map((pixels) => Array.from(interpret(fixed, pixels).logits)),
    wideStages: fake.wide.size,
  };
}

describe('fake quantization', () => {
  it.each(TABLED_NAMES)("gives the interpreter's logits behind tables of %s", async (activation) => {
    await openBackend('wasm');
    const layers: readonly LayerInput[] = [
      { op: 'conv', filters: 6, stride: 2, activation },
      { op: 'depthwise', norm: true, activation },
      { op: 'globalPool', mode: 'both' },
      { op: 'dense', units: 8, activation },
      { op: 'dense', units: 'classes' },
    ];
    const { seen, expected } = await bothLogits({}, 9, layers);
    expect(seen).toEqual(expected);
    expect(new Set(expected.flat()).size).toBeGreaterThan(1);
  });

  const widths: readonly { readonly title: string; readonly given: Given }[] = [
    { title: '8 bits', given: {} },
    {
      title: '2-bit weights, 3-bit activations',
      given: { weightBits: 2, activationBits: 3, edgeBits: null },
    },
    {
      title: '4 bits, one layer of 11',
      given: {
        weightBits: 4,
        activationBits: 4,
        layers: { block1_conv1: { weightBits: 11, activationBits: 7 } },
      },
    },
    { title: '10-bit activations', given: { activationBits: 10 } },
    { title: '16 bits', given: { weightBits: 16, activationBits: 16 } },
  ];
  for (const backend of ['wasm', 'cpu'] as const)
    it.each(widths)(`gives the interpreter's logits on ${backend}: $title`, async ({ given }) => {
      await openBackend(backend);
      const { seen, expected } = await bothLogits(given, 9);
      expect(seen).toEqual(expected);
    });

  it('gives them at any widths from 2 to 16 bits, layer by layer, where sums leave float32 as well', async () => {
    await openBackend('wasm');
    const weighted = ['conv1', 'depthwise1', 'block1_conv1', 'block1_conv2', 'dense1', 'dense2'];
    let wide = 0;
    for (let seed = 0; seed < 16; seed++) {
      const random = createRandom(seed).fork('widths');
      const bits = () => random.integer(2, 16);
      const layers = [
        ...weighted.map((name) => [name, { weightBits: bits(), activationBits: bits() }] as const),
        ...['block1_add1', 'pool2', 'average1'].map((name) => [name, { activationBits: bits() }] as const),
      ];
      const { seen, expected, wideStages } = await bothLogits({ layers: Object.fromEntries(layers) }, seed);
      expect(seen).toEqual(expected);
      wide += wideStages;
    }
    expect(wide).toBeGreaterThan(8);
  });
});

describe('the gradient of rounding', () => {
  it.each(['wasm', 'cpu'] as const)('is 1 inside the interval and 0 outside on %s', async (backend) => {
    await openBackend(backend);
    const x = tf.tensor4d([-2, -1, 0.2, 0.7, 1, 1.5], [1, 1, 1, 6]);
    const round = (t: tf.Tensor4D) => straightThrough(t, elementwise(Math.round), -1, 1);
    expect([...round(x).dataSync()]).toEqual([-2, -1, 0, 1, 1, 2]);
    const weights = tf.tensor4d([1, 2, 3, 4, 5, 6], [1, 1, 1, 6]);
    const slope = tf.grad((t) => tf.sum(tf.mul(round(t as tf.Tensor4D), weights)))(x);
    expect([...slope.dataSync()]).toEqual([0, 2, 3, 4, 5, 0]);
  });
});

const SMALL: readonly LayerInput[] = [
  { op: 'conv', filters: 4, init: 'spots', activation: 'clip' },
  { op: 'globalPool', mode: 'both' },
  { op: 'dense', units: 6 },
  { op: 'dense', units: 'classes' },
];
const quantization = quantizationSchema.parse({ weightBits: 2, activationBits: 4, edgeBits: 4 });

function request(aware: { epochs: number; learningRate: number; rounds?: number }) {
  return {
    graph: network(SMALL),
    train: labelled(frames(48, 5)),
    validation: labelled(shown),
    recipe: trainingSchema.parse({
      batchSize: 8,
      augmentation: { background: 0, droppedPanel: 0, pedestal: 0 },
      quantizationAware: aware,
      workers: 1,
    }),
    seed: 1,
    backend: 'wasm' as const,
    calibrationFrames: () => calibrationFrames,
    quantize: { calibration, quantization },
  };
}

describe('quantization-aware training', () => {
  it('mends what 2-bit weights break, and returns the fixed graph that it trained', async () => {
    const { fixed, training, ...again } = await trainQuantized(request({ epochs: 6, learningRate: 0.01 }));
    const { history, bestEpoch } = training;
    const best = history[bestEpoch - 1]!.validation;
    const right = shown.filter(({ pixels, label }) => {
      const [miss, hit] = interpret(fixed, pixels).logits;
      return Number(hit! > miss!) === label;
    });
    expect(right.length / shown.length).toBe(best.hitMissAccuracy);
    expect(best.hitMissAccuracy).toBeGreaterThan(0.85);
    expect(history.at(-1)!.loss).toBeLessThan(history[0]!.loss);
    // The ranges are of the trained network, and give the same fixed graph with the formats that training had.
    checkRanges(again.ranges, again.prepared, 'ranges');
    expect(quantizePrepared(again, again.quantization, calibration)).toEqual(fixed);
  });

  it('in rounds learns the ranges of its activations: each begins with what the network has become', async () => {
    const integers = (q: typeof quantization) =>
      Object.entries(q.layers).map(([name, { activationInteger }]) => [name, activationInteger]);
    const first = await trainQuantized(request({ epochs: 3, learningRate: 0.03 }));
    const both = await trainQuantized(request({ epochs: 6, learningRate: 0.03, rounds: 2 }));
    expect(both.history.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(both.history.slice(0, 3)).toEqual(first.history);
    const measured = quantizePrepared(first, quantization, calibration);
    expect(integers(both.quantization)).toEqual(integers(pinFormats(first.prepared, measured, quantization)));
    expect(integers(both.quantization)).not.toEqual(integers(first.quantization));
    // What the recipe of the result asks for is the same training.
    const again = request({ epochs: 6, learningRate: 0.03, rounds: 2 });
    const repeated = await trainQuantized({
      ...again,
      quantize: { ...again.quantize, quantization: both.quantization },
    });
    expect(repeated.fixed).toEqual(both.fixed);
  });

  it('refuses more rounds than epochs', () => {
    const parsed = trainingSchema.safeParse({ quantizationAware: { epochs: 2, rounds: 3 } });
    expect(parsed.error!.issues[0]).toMatchObject({
      path: ['quantizationAware', 'rounds'],
      message: 'more rounds than epochs',
    });
    expect(trainingSchema.safeParse({ quantizationAware: { rounds: 3 } }).success).toBe(true);
  });
});
