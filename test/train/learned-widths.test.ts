import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { calibrationSchema } from '../../src/calibrate/recipe.js';
import { nodeId } from '../../src/ir/common.js';
import { findNode } from '../../src/ir/graph.js';
import { prepareNetwork, quantizePrepared } from '../../src/passes/quantize-network.js';
import { quantizationSchema, type Quantization } from '../../src/passes/recipe.js';
import { openBackend } from '../../src/tensorflow/backend.js';
import { tf } from '../../src/tensorflow/tf.js';
import { createLearningQuantizer } from '../../src/train/learned-widths.js';
import { flattenParameters, parameterLayout } from '../../src/train/parameters.js';
import { trainQuantized } from '../../src/train/quantization-aware.js';
import { trainingSchema } from '../../src/train/recipe.js';
import { elementwise, straightThrough } from '../../src/train/straight-through.js';
import { graph, recipe, train, validation } from './toy-training.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-learned-widths-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const calibration = calibrationSchema.parse({});
const calibrationFrames = validation.frames.map((pixels) => ({ pixels, spots: null }));
const quantization = quantizationSchema.parse({});

interface Given {
  readonly cost: number;
  readonly learned?: number;
  readonly workers?: number;
}
const request = ({ cost, learned = 4, workers = 1 }: Given) => ({
  graph,
  train,
  validation,
  recipe: recipe({
    workers,
    quantizationAware: { epochs: 1, learningRate: 0.003, learnedWidths: { epochs: learned, cost } },
  }),
  seed: 1,
  backend: 'wasm' as const,
  calibrationFrames: () => calibrationFrames,
  quantize: { calibration, quantization },
});

/** The widths that were learned: the recipe gives none layer by layer. */
const widthsOf = (q: Quantization): readonly number[] =>
  Object.values(q.layers).flatMap(({ weightBits, activationBits }) =>
    [weightBits, activationBits].filter((bits) => bits !== undefined),
  );
const mean = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0) / all.length;

describe('what rounding does to the loss', () => {
  it.each(['wasm', 'cpu'] as const)('is told of what lies inside the interval on %s', async (backend) => {
    await openBackend(backend);
    const told: number[] = [];
    const x = tf.tensor4d([-2, -0.9, 0.2, 0.75, 1, 1.5], [1, 1, 1, 6]);
    const weights = tf.tensor4d([1, 2, 3, 4, 5, 6], [1, 1, 1, 6]);
    const round = (t: tf.Tensor4D) =>
      straightThrough(t, elementwise(Math.round), -1, 1, (sum) => told.push(sum));
    tf.grad((t) => tf.sum(tf.mul(round(t as tf.Tensor4D), weights)))(x);
    expect(told).toHaveLength(1);
    expect(told[0]).toBeCloseTo(2 * 0.1 + 3 * 0.2 + 4 * -0.25, 6);
  });
});

describe('a step of the widths', () => {
  it('goes up where rounding costs more than the bits, and down where it does not', async () => {
    const { prepared, ranges } = await prepareNetwork(graph, calibrationFrames, {
      quantization,
      calibration,
    });
    const options = { quantization, observer: calibration };
    const learning = createLearningQuantizer(prepared, ranges, options, 0.1);
    const { knobs } = learning;
    const layout = parameterLayout(prepared);
    const parameters = flattenParameters(prepared, layout.trainable);
    const { parameters: quantized } = learning.apply(parameters);
    const { state } = learning.learner;
    const half = knobs.map((_, i) => (state[i] = 6));
    const slot = layout.trainable.find(({ node, field }) => node === knobs[0]!.layer && field === 'weights')!;
    expect(knobs[0]!.part).toBe('weightBits');
    // A loss that grows as the weights of the first layer are rounded: against the gradient of every other knob stands the cost alone.
    const gradient = new Float32Array(layout.trainableLength);
    for (let k = slot.offset; k < slot.offset + slot.length; k++)
      gradient[k] = -1e4 * Math.sign(parameters[k]! - quantized[k]!);
    const result = { loss: 1, correct: 0, gradient, statistics: new Float32Array(0), rounding: new Map() };
    learning.learner.follow(parameters, quantized, result);
    expect(state[0]).toBeGreaterThan(half[0]!);
    for (let i = 1; i < knobs.length; i++) expect(state[i], knobs[i]!.layer).toBeLessThan(half[i]!);
  });
});

describe('widths that are learned', () => {
  it('fall as far as their cost says, and the network is the one that was trained', async () => {
    const dear = await trainQuantized(request({ cost: 100, learned: 20 }));
    const cheap = await trainQuantized(request({ cost: 1e-6, learned: 20 }));
    const [narrow, wide] = [widthsOf(dear.quantization), widthsOf(cheap.quantization)];
    expect(narrow.length).toBeGreaterThan(8);
    expect(Math.max(...narrow)).toBeLessThan(8);
    expect(mean(narrow)).toBeLessThan(mean(wide) - 1);
    expect(Math.max(...wide)).toBeLessThanOrEqual(8);
    for (const { quantization: q, fixed, history, ...network } of [dear, cheap]) {
      expect(history.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 21 }, (_, e) => e + 1));
      expect(quantizePrepared(network, q, calibration)).toEqual(fixed);
      for (const [layer, { activationBits }] of Object.entries(q.layers))
        if (activationBits !== undefined)
          expect(findNode(fixed, nodeId(layer)).format.width, layer).toBe(activationBits);
    }
  });

  it('are learned by several threads together', async () => {
    const { quantization: q } = await trainQuantized(request({ cost: 100, learned: 8, workers: 2 }));
    expect(Math.max(...widthsOf(q))).toBeLessThan(8);
  });

  it('go on where a training was killed, to the same bits', async () => {
    const whole = await trainQuantized(request({ cost: 0.3 }));
    const checkpoints = join(folder, 'checkpoints');
    const killed = trainQuantized({
      ...request({ cost: 0.3 }),
      checkpoints,
      onProgress: (event) => {
        if (event.kind === 'step' && event.epoch === 3) throw new Error('killed');
      },
    });
    await expect(killed).rejects.toThrow('killed');
    const resumed: number[] = [];
    const again = await trainQuantized({
      ...request({ cost: 0.3 }),
      checkpoints,
      onProgress: (event) => {
        if (event.kind === 'resumed') resumed.push(event.epoch);
      },
    });
    expect(resumed).toEqual([2]);
    expect(again.quantization).toEqual(whole.quantization);
    expect(again.fixed).toEqual(whole.fixed);
  });

  it('are refused where no training at those widths follows', () => {
    const parsed = trainingSchema.safeParse({ quantizationAware: { learnedWidths: { epochs: 2 } } });
    expect(parsed.error!.issues[0]).toMatchObject({
      path: ['quantizationAware', 'learnedWidths'],
      message: expect.stringContaining('set epochs above 0'),
    });
  });
});
