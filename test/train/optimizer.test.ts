import { describe, expect, it } from 'vitest';
import { createOptimizerState, learningRateAt, optimizerStep } from '../../src/train/optimizer.js';
import type { ParameterLayout } from '../../src/train/parameters.js';
import { trainingSchema, type TrainingInput } from '../../src/train/recipe.js';
import { nodeId } from '../../src/ir/common.js';

const recipeOf = (more: TrainingInput) => trainingSchema.parse(more);

describe('the learning rate', () => {
  const rates = (more: TrainingInput, epochs: readonly number[]): number[] =>
    epochs.map((epoch) => learningRateAt(recipeOf({ learningRate: 0.1, epochs: 10, ...more }), epoch));

  it('is constant', () => {
    expect(rates({ schedule: { kind: 'constant' }, warmupEpochs: 0 }, [0, 3, 10])).toEqual([0.1, 0.1, 0.1]);
  });

  it('falls by a factor an epoch', () => {
    const [first, second, last] = rates({ schedule: { kind: 'exponential', perEpoch: 0.5 }, warmupEpochs: 0 }, [0, 1, 3]); // prettier-ignore
    expect(first).toBe(0.1);
    expect(second).toBeCloseTo(0.05, 12);
    expect(last).toBeCloseTo(0.0125, 12);
  });

  it('falls along half a cosine to its final share', () => {
    const [first, half, last] = rates({ schedule: { kind: 'cosine', final: 0.2 }, warmupEpochs: 0 }, [0, 5, 10]); // prettier-ignore
    expect(first).toBeCloseTo(0.1, 12);
    expect(half).toBeCloseTo(0.1 * (0.2 + 0.8 / 2), 12);
    expect(last).toBeCloseTo(0.02, 12);
  });

  it('rises in the warm-up, whatever comes after', () => {
    for (const kind of ['constant', 'cosine'] as const) {
      const warm = rates({ schedule: { kind }, warmupEpochs: 2 }, [0, 0.5, 1, 1.5, 2]);
      expect([...warm].sort((a, b) => a - b)).toEqual(warm);
      expect(warm[0]).toBeLessThan(0.002);
      expect(warm[4]).toBeCloseTo(0.1, 12);
    }
  });
});

const slot = (field: 'weights' | 'bias', offset: number) => ({
  node: nodeId('op'),
  field,
  offset,
  length: 1,
  shape: [1],
  decays: field === 'weights',
});
const layout: ParameterLayout = {
  trainable: [slot('weights', 0), slot('bias', 1)],
  trainableLength: 2,
  statistics: [],
  statisticsLength: 0,
};

describe('a step of AdamW', () => {
  it('is that of the papers: two steps by hand, decay on kernels only', () => {
    const recipe = recipeOf({
      beta1: 0.8,
      beta2: 0.9,
      epsilon: 1e-8,
      weightDecay: 0.5,
      clipNorm: 0,
      averaging: 0,
    });
    const parameters = Float32Array.of(1, 1);
    const state = createOptimizerState(parameters, recipe);
    const gradients = [
      [0.5, -2],
      [0.25, 1],
    ] as const;
    const expected = [1, 1];
    const [m, v] = [
      [0, 0],
      [0, 0],
    ];
    gradients.forEach((gradient, t) => {
      optimizerStep(parameters, Float32Array.from(gradient), state, layout, recipe, 0.1);
      for (const i of [0, 1]) {
        m[i] = 0.8 * m[i]! + 0.2 * gradient[i]!;
        v[i] = 0.9 * v[i]! + 0.1 * gradient[i]! ** 2;
        const corrected = m[i]! / (1 - 0.8 ** (t + 1)) / Math.sqrt(v[i]! / (1 - 0.9 ** (t + 1)));
        expected[i] = expected[i]! * (i === 0 ? 1 - 0.1 * 0.5 : 1) - 0.1 * corrected;
      }
    });
    parameters.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 5);
    });
  });

  it('shortens long gradients to the wanted length', () => {
    const recipe = recipeOf({ beta1: 0, clipNorm: 1, averaging: 0 });
    const state = createOptimizerState(Float32Array.of(0, 0), recipe);
    optimizerStep(Float32Array.of(0, 0), Float32Array.of(30, 40), state, layout, recipe, 0.1);
    expect(state.first[0]).toBeCloseTo(0.6, 6);
    expect(state.first[1]).toBeCloseTo(0.8, 6);
  });

  it('averages the weights over the steps where that is asked for', () => {
    const recipe = recipeOf({ averaging: 0.99, clipNorm: 0, weightDecay: 0 });
    const parameters = Float32Array.of(0, 0);
    const state = createOptimizerState(parameters, recipe);
    const seen: number[] = [];
    for (let step = 0; step < 50; step++) {
      optimizerStep(parameters, Float32Array.of(-1, 0), state, layout, recipe, 0.1);
      seen.push(parameters[0]!);
    }
    expect(state.average[0]).toBeGreaterThan(Math.min(...seen));
    expect(state.average[0]).toBeLessThan(seen.at(-1)!);
    expect(state.average[1]).toBe(0);
  });
});
