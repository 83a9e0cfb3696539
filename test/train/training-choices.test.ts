import { describe, expect, it } from 'vitest';
import { openBackend } from '../../src/tensorflow/backend.js';
import { lossPerFrame } from '../../src/train/gradient.js';
import type { TrainingInput } from '../../src/train/recipe.js';
import type { LabelledFrames } from '../../src/train/sample-cache.js';
import { tf } from '../../src/tensorflow/tf.js';
import { predictFloat } from '../../src/train/predict.js';
import { trainNetwork } from '../../src/train/train.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import { withNuisances, withSimulated } from '../../src/train/simulated-frames.js';
import { bareGraph, recipe, SIZE, train, validation } from './toy-training.js';

describe('early stopping', () => {
  it.each(['veto', 'loss'] as const)('ends after so many epochs without a better one: %s', async (select) => {
    const run = (more: TrainingInput) =>
      trainNetwork({
        graph: bareGraph(),
        train,
        validation,
        recipe: recipe({ epochs: 9, select, averaging: 0, weightDecay: 0, ...more }),
        seed: 1,
        backend: 'wasm',
      });
    // Steps too small for a float: the first epoch is never surpassed.
    const still = { learningRate: 1e-30, patience: 2 };
    const stopped = await run(still);
    expect(stopped.history.map(({ best }) => best)).toEqual([true, false, false]);
    expect(stopped.bestEpoch).toBe(1);
    expect((await run({ ...still, patience: 0 })).history).toHaveLength(9);
  });
});

describe('class weights', () => {
  const three: LabelledFrames = { ...train, label: (i) => Number(i % 4 === 1) };
  const run = async (classWeights: TrainingInput['classWeights']) => {
    const trained = await trainNetwork({
      graph: bareGraph(),
      train: three,
      validation,
      recipe: recipe({ epochs: 1, classWeights }),
      seed: 1,
      backend: 'wasm',
    });
    return trained.history[0]!.loss;
  };

  it('balanced are those of equally frequent classes, none are all one', async () => {
    // 72 misses and 24 hits.
    expect(await run('balanced')).toBe(await run([96 / (2 * 72), 96 / (2 * 24)]));
    expect(await run('none')).toBe(await run([1, 1]));
    expect(await run('none')).not.toBe(await run('balanced'));
  });
});

describe('the loss of a frame', () => {
  it('is cross-entropy with smoothed labels, plus the logistic loss of the veto, times the weight of its class', async () => {
    await openBackend('cpu');
    const graph = bareGraph();
    const [miss, hit] = [0.3, 1.7];
    const options = { labelSmoothing: 0.2, vetoLoss: 0.5, classWeights: [2, 3], teacher: null };
    const losses = lossPerFrame(graph, tf.tensor2d([miss, hit, miss, hit], [2, 2]), [0, 1], options);
    const p = Math.exp(hit) / (Math.exp(hit) + Math.exp(miss));
    const entropy = (target: number): number => -target * Math.log(p) - (1 - target) * Math.log(1 - p);
    const [first, second] = losses.dataSync();
    // A tenth of the label goes to each of the two classes.
    expect(first).toBeCloseTo(2 * (entropy(0.1) + 0.5 * Math.log(1 + Math.exp(hit - miss))), 5);
    expect(second).toBeCloseTo(3 * (entropy(0.9) + 0.5 * Math.log(1 + Math.exp(miss - hit))), 5);
  });
});

describe('a network that sees contrast', () => {
  const channels = [{ contrast: 1 }, { bin: 'second' as const, contrast: 1 }];
  const graph = createNetwork({
    network: 'veto-nano',
    preprocess: preprocessNodes(preprocessSchema.parse({ factor: 2, channels }), [SIZE, SIZE]),
    classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
    seed: 3,
  });
  const whole = { pedestal: 0, background: 0, hotPixels: 0 };
  const run = (augmentation: object, epochs: number) => {
    const twice = withSimulated(
      train,
      { frames: 0, variety: 'broad', ownRepeats: 2 },
      [SIZE, SIZE],
      graph,
      1,
    );
    const nuisances = { pedestal: { share: 1, low: 10, high: 200 } };
    return trainNetwork({
      graph,
      train: withNuisances(twice, nuisances, train.count, [SIZE, SIZE], 1),
      validation,
      recipe: recipe({ epochs, augmentation: { ...whole, ...augmentation } }),
      seed: 1,
      backend: 'wasm',
    });
  };

  it('learns spots from frames with any pedestal, and does not see one', async () => {
    const trained = await run({}, 8);
    const { validation: judged } = trained.history.at(-1)!;
    expect(judged.hitMissAccuracy).toBeGreaterThan(0.9);
    const decisions = async (offset: number): Promise<boolean[]> => {
      async function* pixels(): AsyncGenerator<Uint16Array> {
        for (let i = 0; i < validation.count; i++) yield (await validation.read(i)).map((v) => v + offset);
      }
      return (await predictFloat(trained.graph, pixels())).map(([miss, hit]) => hit! > miss!);
    };
    const plain = await decisions(0);
    const offset = await decisions(150);
    // Blocks in the corners of the frame have no surroundings: they alone see the offset.
    expect(plain.filter((keep, i) => keep === offset[i]).length).toBeGreaterThanOrEqual(29);
  });

  it.each(['pedestal', 'background', 'hotPixels'])(
    'refuses %s added to what are no counts',
    async (field) => {
      await expect(run({ [field]: 1 }, 1)).rejects.toThrow(
        new RegExp(`training\\.augmentation\\.${field}: it cannot be added to contrast_0`),
      );
    },
  );
});
