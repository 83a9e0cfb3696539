/** Averages whose windows count less at the border than inside, through every part. */
import { describe, expect, it } from 'vitest';
import { createFloatReference } from '../../src/evaluate/float-reference.js';
import { layerSchema } from '../../src/frontends/network/description.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import { countMap } from '../../src/ir/ops/counted.js';
import type { FixedGraph, FloatGraph } from '../../src/ir/graph.js';
import { countedReciprocals } from '../../src/passes/reciprocal.js';
import { verifyFloatGraph } from '../../src/ir/verify.js';
import { sampleFrames } from '../sample-graphs.js';
import { backFromFloatOnnx, expectExact, expectExactInQdq, expectFound, quantizedFor } from './everywhere.js';

const SIZE = [16, 18] as const;
const frames = sampleFrames(3, SIZE[0] * SIZE[1], 11);

/** Padding of which one row and no column counts. */
function network(): FloatGraph {
  const graph = createNetwork({
    network: [
      { op: 'conv', filters: 6, stride: 2, activation: 'leakyRelu' },
      { op: 'avgPool', size: 3, stride: 2, padding: 1 },
      { op: 'conv', filters: 4, kernel: 1 },
      { op: 'globalPool', mode: 'both' },
      { op: 'dense', units: 'classes' },
    ].map((layer) => layerSchema.parse(layer)),
    preprocess: preprocessNodes(preprocessSchema.parse({ factor: 1, channels: [{ clampMax: 255 }] }), SIZE),
    classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
    seed: 5,
  });
  const nodes = graph.nodes.map((n) =>
    n.kind === 'avgPool' ? { ...n, padding: [1, 1, 2, 2] as const, counted: [1, 0, 0, 0] as const } : n,
  );
  return verifyFloatGraph({ ...graph, nodes });
}

const quantized = (bits = 8): Promise<FixedGraph> => quantizedFor(network(), bits);

describe('an average that does not count all of its padding', () => {
  it('counts rows times columns, each window by itself', () => {
    const op = { kernel: [3, 3], strides: [2, 2], padding: [1, 1, 1, 1], counted: [0, 0, 0, 0] } as const;
    expect(countMap(op, [5, 4, 1], [3, 2, 1])).toEqual([4, 6, 6, 9, 4, 6]);
    expect(countMap({ ...op, counted: undefined }, [5, 4, 1], [3, 2, 1])).toEqual([9, 9, 9, 9, 9, 9]);
  });

  it('has reciprocals of one fraction, each within half a part in 2^8 of what it should be', () => {
    const { reciprocals, reciprocalFraction } = countedReciprocals([16, 12, 9, 4], 16, 255, 8);
    for (const n of [16, 12, 9, 4])
      expect(Math.abs(reciprocals[n]! * n * 2 ** -reciprocalFraction - 1)).toBeLessThan(2 ** -9);
    expect(reciprocals[10]).toBe(0);
  });

  it('is the same integers in the interpreter, the evaluator, ONNX Runtime, the C++ and the RTL', async () => {
    const graph = await quantized();
    await expectExact(graph, { options: { pixelsPerClock: 4 } });
  }, 300_000);

  it('is named where the C++ divides border windows as whole ones', async () => {
    await expectFound(
      await quantized(),
      'firmware/tables/pool1.h',
      (text) => text.replace('rows[row] * columns[column]', '9'),
      'pool1',
    );
  }, 300_000);

  it('is so between QuantizeLinear and DequantizeLinear, and comes back from float ONNX', async () => {
    const fixed = await quantized(7);
    await expectExactInQdq(fixed, frames);
    const graph = network();
    const again = backFromFloatOnnx(graph);
    expect(again.nodes.find((n) => n.kind === 'avgPool')).toMatchObject({ counted: [1, 0, 0, 0] });
    const wanted = createFloatReference(graph).decide(frames[0]!).logits;
    expect([...createFloatReference(again).decide(frames[0]!).logits]).toEqual([...wanted]);
  });
});
