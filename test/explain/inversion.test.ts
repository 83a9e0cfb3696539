import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { activationHistogram } from '../../src/explain/activation-histogram.js';
import {
  alphaNorm,
  invertibleLayers,
  invertLayer,
  totalVariation,
  upTo,
} from '../../src/explain/inversion.js';
import { nodeId } from '../../src/ir/common.js';
import { openBackend } from '../../src/tensorflow/backend.js';
import { layerSchema } from '../../src/frontends/network/description.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import { tf } from '../../src/tensorflow/tf.js';

beforeAll(async () => {
  await openBackend('wasm');
});

describe('the regularisers', () => {
  it('are the mean sixth power, and the mean length of the gradient, on the scale of the typical value', () => {
    const image = tf.tensor4d([1, 2, 4, 1, 5, 4], [1, 2, 3, 1]);
    const sixth = [1, 2, 4, 1, 5, 4].reduce((sum, v) => sum + (v / 2) ** 6, 0) / 6;
    expect(alphaNorm(image, 2).dataSync()[0]!).toBeCloseTo(sixth, 3);
    // Down and right of the two pixels that have both neighbours: (0, 1) and (3, 2).
    const lengths = (Math.hypot(0, 1) + Math.hypot(3, 2)) / 2;
    expect(totalVariation(image, 2).dataSync()[0]!).toBeCloseTo(lengths / (2 / 6.5), 3);
  });
});

describe('inversion of a representation', () => {
  const graph = createNetwork({
    network: [
      layerSchema.parse({ op: 'conv', filters: 6 }),
      layerSchema.parse({ op: 'conv', filters: 8, stride: 2 }),
      layerSchema.parse({ op: 'globalPool', mode: 'avg' }),
      layerSchema.parse({ op: 'dense', units: 'classes' }),
    ],
    preprocess: preprocessNodes(preprocessSchema.parse({ factor: 2 }), [32, 32]),
    classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
    seed: 5,
  });
  const random = createRandom(8);
  const frame = Uint16Array.from({ length: 32 * 32 }, (_, i) => (Math.floor(i / 32) < 16 ? 3000 : 200) + random.integer(0, 100)); // prettier-ignore
  const options = { steps: 120, fidelity: 1000, seed: 1 };
  const layers = invertibleLayers(graph);

  /** Pearson's correlation. */
  function alike(a: Float32Array, b: Float32Array): number {
    const mean = (v: Float32Array): number => v.reduce((x, y) => x + y, 0) / v.length;
    const [ma, mb] = [mean(a), mean(b)];
    let [ab, aa, bb] = [0, 0, 0];
    a.forEach((x, i) => {
      ab += (x - ma) * (b[i]! - mb);
      aa += (x - ma) ** 2;
      bb += (b[i]! - mb) ** 2;
    });
    return ab / Math.sqrt(aa * bb);
  }

  it('finds the image again from an early layer, and only its representation from the last', () => {
    const early = invertLayer(graph, frame, layers[0]!, options);
    expect(early.shape).toEqual([16, 16, 1]);
    expect(early.loss).toBeLessThan(0.01);
    expect(alike(early.found, early.original)).toBeGreaterThan(0.95);
    const last = invertLayer(graph, frame, layers.at(-1)!, options);
    expect(last.loss).toBeLessThan(0.05);
    expect(alike(last.found, last.original)).toBeLessThan(0.9);
  });

  it('computes no more of the network than the layer needs', () => {
    expect(upTo(graph, layers[0]!).nodes.at(-1)!.id).toBe(layers[0]);
    expect(invertibleLayers(upTo(graph, layers[0]!))).toEqual([layers[0]]);
  });

  it('leaves no tensors behind', () => {
    const before = tf.memory().numTensors;
    invertLayer(graph, frame, layers[0]!, { ...options, steps: 2 });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses a layer that is not there', () => {
    expect(() => invertLayer(graph, frame, nodeId('nowhere'), options)).toThrow(
      /there is no layer nowhere.*choose/,
    );
  });
});

describe('the histogram of activations', () => {
  it('counts shares of each class in common bins', () => {
    const { edges, shares } = activationHistogram(
      [[Float32Array.of(0, 1, 2, 4)], [Float32Array.of(4), Float32Array.of(0, 0)], []],
      4,
    );
    expect(edges).toEqual([0, 1, 2, 3]);
    expect(shares).toEqual([
      [0.25, 0.25, 0.25, 0.25],
      [2 / 3, 0, 0, 1 / 3],
      [0, 0, 0, 0],
    ]);
  });

  it('does with values that are all the same', () => {
    expect(activationHistogram([[Float32Array.of(3, 3)]], 2)).toEqual({ edges: [3, 3.5], shares: [[1, 0]] });
  });
});
