/** A small network with two products of an image and a vector, one of them in a residual. */
import { layerSchema } from '../../src/frontends/network/description.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import type { FixedGraph, FloatGraph } from '../../src/ir/graph.js';
import { quantizedFor } from './everywhere.js';

export const SIZE = [16, 18] as const;

export const network = (): FloatGraph =>
  createNetwork({
    network: [
      { op: 'conv', filters: 6, stride: 2, activation: 'leakyRelu' },
      { op: 'squeezeExcite', reduction: 2 },
      {
        op: 'residual',
        body: [
          { op: 'conv', filters: 6 },
          { op: 'squeezeExcite', gate: 'sigmoid' },
        ],
        activation: 'none',
      },
      { op: 'globalPool', mode: 'both' },
      { op: 'dense', units: 'classes' },
    ].map((layer) => layerSchema.parse(layer)),
    preprocess: preprocessNodes(preprocessSchema.parse({ factor: 1, channels: [{ clampMax: 255 }] }), SIZE),
    classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
    seed: 5,
  });

export const quantized = (bits = 8, reloadable = false): Promise<FixedGraph> =>
  quantizedFor(network(), bits, reloadable);
