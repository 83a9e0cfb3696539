/** Windows and contrasts that end with the last pixel, through every part. */
import { describe, it } from 'vitest';
import { layerSchema } from '../../src/frontends/network/description.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import type { FloatGraph } from '../../src/ir/graph.js';
import { sampleFrames } from '../sample-graphs.js';
import { expectExact, expectExactInQdq, expectFound, quantizedFor } from './everywhere.js';

const SIZE = [36, 40] as const;

/** What the recipe `veto` is made of, small. */
function network(): FloatGraph {
  return createNetwork({
    network: [
      { op: 'conv', filters: 4, kernel: 5, padding: 'causal', activation: 'clip' },
      { op: 'maxPool' },
      { op: 'conv', filters: 6, stride: 2, padding: 'causal' },
      { op: 'conv', filters: 6, padding: 'causal' },
      { op: 'globalPool', mode: 'both' },
      { op: 'dense', units: 'classes' },
    ].map((layer) => layerSchema.parse(layer)),
    preprocess: preprocessNodes(
      preprocessSchema.parse({
        factor: 2,
        causal: true,
        channels: [{ contrast: 2 }, { bin: 'second', contrast: 1 }, { bin: 'sum', clampMax: 16383 }],
      }),
      SIZE,
    ),
    classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
    seed: 5,
  });
}

describe('windows that end with the last pixel', () => {
  it('are the same integers in the interpreter, the evaluator, ONNX Runtime, the C++ and the RTL', async () => {
    const graph = await quantizedFor(network());
    await expectExact(graph);
    await expectExact(graph, { options: { pixelsPerClock: 4, latencyMicroseconds: 2 } });
  }, 600_000);

  it('are named where the C++ compares a pixel with the wrong neighbour', async () => {
    await expectFound(
      await quantizedFor(network()),
      'firmware/vetoc/contrast.h',
      (text) => text.replace('D * SIDE - D}', 'D * SIDE - D + 1}'),
      'contrast_0',
    );
  }, 300_000);

  it('are so between QuantizeLinear and DequantizeLinear', async () => {
    await expectExactInQdq(await quantizedFor(network(), 7), sampleFrames(3, SIZE[0] * SIZE[1], 11));
  });
});
