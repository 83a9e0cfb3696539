import { describe, expect, it } from 'vitest';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { floatShapes } from '../../src/ir/graph.js';
import { layerSchema } from '../../src/frontends/network/description.js';
import { createNetwork, NETWORKS } from '../../src/frontends/network/registry.js';
import { parameterCount } from '../../src/train/parameters.js';

const five = {
  classNames: ['Blank', 'No crystal', 'Weak', 'Good', 'Strong'],
  hitClasses: [false, false, true, true, true],
};
const grey = (size: number, factor: number) =>
  preprocessNodes(preprocessSchema.parse({ factor }), [size, size]);

describe('the registry', () => {
  // Counts published with the networks (1,000 classes, three channels), and their heads and first layers.
  it.each([
    { network: 'alexnet', published: 61_100_840, features: 4096, first: 64 * 121 },
    { network: 'resnet18', published: 11_689_512, features: 512, first: 64 * 49 },
    { network: 'resnet50', published: 25_557_032, features: 2048, first: 64 * 49 },
    { network: 'resnet101', published: 44_549_160, features: 2048, first: 64 * 49 },
  ])('has $network with the published number of parameters', ({ network, published, features, first }) => {
    const graph = createNetwork({ network, preprocess: grey(512, 1), classes: five, seed: 1 });
    const head = (classes: number): number => (features + 1) * classes;
    expect(parameterCount(graph)).toBe(published - head(1000) + head(5) - 2 * first);
  });

  it('has veto networks of the promised sizes for frames from 128×128 to 1024×1024', () => {
    const sizes = {
      'veto-nano': [1000, 2000],
      'veto-small': [5000, 10_000],
      'veto-base': [30_000, 50_000],
      'veto-large': [70_000, 100_000],
    } as const;
    for (const [network, [least, most]] of Object.entries(sizes))
      for (const [size, factor] of [
        [128, 1],
        [512, 4],
        [1024, 8],
      ] as const) {
        const graph = createNetwork({ network, preprocess: grey(size, factor), classes: five, seed: 1 });
        expect(parameterCount(graph)).toBeGreaterThan(least);
        expect(parameterCount(graph)).toBeLessThan(most);
        expect(floatShapes(graph).get(graph.output)).toEqual([1, 1, 5]);
      }
  });

  it('gives the same weights for the same seed only', () => {
    const make = (seed: number) =>
      createNetwork({ network: 'veto-nano', preprocess: grey(64, 2), classes: five, seed });
    expect(make(4)).toEqual(make(4));
    expect(make(4)).not.toEqual(make(5));
  });

  it('says which names there are', () => {
    expect(() =>
      createNetwork({ network: 'lenet', preprocess: grey(64, 1), classes: five, seed: 1 }),
    ).toThrow(new RegExp(`no network lenet.*${Object.keys(NETWORKS).join(', ')}`));
  });
});

describe('spot filters', () => {
  it('stand on the input channels in turn, each in units of one count there', () => {
    const channels = [{ clampMax: 4095 }, { bin: 'sum' as const, clampMax: 16383 }];
    const preprocess = preprocessNodes(preprocessSchema.parse({ factor: 4, channels }), [64, 64]);
    const layers = [
      { op: 'conv', filters: 8, init: 'spots', activation: 'clip' },
      { op: 'globalPool', mode: 'avg' },
      { op: 'dense', units: 'classes' },
    ].map((layer) => layerSchema.parse(layer));
    const graph = createNetwork({ network: layers, preprocess, classes: five, seed: 1 });
    const conv = graph.nodes.find((node) => node.kind === 'conv2d')!;
    // One count above zero: √(1/4095) and √(1/16383) of 255, in steps of 1/256.
    const units = [4 / 256, 2 / 256];
    const finders = 6;
    for (let filter = 0; filter < finders; filter++)
      for (const channel of [0, 1]) {
        const centre = conv.weights[(4 * 2 + channel) * 8 + filter]! * units[channel]!;
        const expected = channel === filter % 2 ? 1 : 0;
        expect(Math.abs(centre - expected)).toBeLessThan(0.15);
      }
  });
});

describe("a user's layers", () => {
  it('become a graph with residual, grouped and depthwise layers', () => {
    const layers = [
      { op: 'conv', filters: 8, norm: true, activation: 'leakyRelu' },
      {
        op: 'residual',
        body: [{ op: 'depthwise' }, { op: 'conv', filters: 8, kernel: 1, groups: 2, activation: 'none' }],
      },
      { op: 'avgPool', size: 2 },
      { op: 'globalPool', mode: 'both' },
      { op: 'dense', units: 'classes' },
    ].map((layer) => layerSchema.parse(layer));
    const graph = createNetwork({ network: layers, preprocess: grey(32, 2), classes: five, seed: 1 });
    expect(graph.nodes.map((n) => n.kind)).toEqual([
      'input', 'bin', 'clamp', 'lut', 'conv2d', 'batchNorm', 'leakyRelu', 'depthwiseConv2d', 'relu', 'conv2d',
      'add', 'relu', 'avgPool', 'globalAvgPool', 'globalMaxPool', 'concat', 'dense',
    ]); // prettier-ignore
  });

  it('are refused in words when they do not fit', () => {
    const layers = [
      { op: 'conv', filters: 8, kernel: 9, padding: 0 },
      { op: 'maxPool', size: 32 },
      { op: 'dense', units: 'classes' },
    ].map((layer) => layerSchema.parse(layer));
    expect(() => createNetwork({ network: layers, preprocess: grey(32, 2), classes: five, seed: 1 })).toThrow(
      /network custom.*window of 32 does not fit into 8/,
    );
    expect(() => layerSchema.parse({ op: 'conv', filters: 8, kernal: 3 })).toThrow(/kernal/);
  });
});
