/** Pixels as blocks (resizing to the nearest neighbour) through every part. */
import { describe, expect, it } from 'vitest';
import { placements } from '../../src/calibrate/geometry.js';
import { createFloatReference } from '../../src/evaluate/float-reference.js';
import { dequantize } from '../../src/explain/fixed-twin.js';
import { layerSchema } from '../../src/frontends/network/description.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import { nodeId } from '../../src/ir/common.js';
import type { FixedGraph, FloatGraph } from '../../src/ir/graph.js';
import { sampleFrames } from '../sample-graphs.js';
import { backFromFloatOnnx, expectExact, expectExactInQdq, expectFound, quantizedFor } from './everywhere.js';

const SIZE = [16, 18] as const;
const frames = sampleFrames(3, SIZE[0] * SIZE[1], 11);

function network(): FloatGraph {
  const graph = createNetwork({
    network: [
      { op: 'conv', filters: 6, stride: 2 },
      { op: 'maxPool' },
      { op: 'upsample' },
      { op: 'conv', filters: 4, kernel: 3 },
      { op: 'globalPool', mode: 'both' },
      { op: 'dense', units: 'classes' },
    ].map((layer) => layerSchema.parse(layer)),
    preprocess: preprocessNodes(preprocessSchema.parse({ factor: 1, channels: [{ clampMax: 255 }] }), SIZE),
    classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
    seed: 5,
  });
  // Blocks that are wider than they are high.
  const nodes = graph.nodes.map((n) => (n.kind === 'upsample' ? { ...n, factor: [2, 3] as const } : n));
  return { ...graph, nodes };
}

const quantized = (bits = 8): Promise<FixedGraph> => quantizedFor(network(), bits);

describe('pixels as blocks', () => {
  it('are the same integers in the interpreter, the evaluator, ONNX Runtime, the C++ and the RTL', async () => {
    const graph = await quantized();
    for (const options of [{ pixelsPerClock: 4 as const }, { framesPerSecond: 20_000 }]) {
      await expectExact(graph, { options });
    }
  }, 300_000);

  it('are named where the C++ copies the row before', async () => {
    await expectFound(
      await quantized(),
      'firmware/vetoc/upsample.h',
      (text) =>
        text.replace(
          'value = row[at];',
          'value = row[(at + CONFIG::GROUPS) % (CONFIG::WIDTH * CONFIG::GROUPS)];',
        ),
      'upsample1',
    );
  }, 300_000);

  it('are so between QuantizeLinear and DequantizeLinear, in float ONNX and in the twin of explanations', async () => {
    const fixed = await quantized(7);
    await expectExactInQdq(fixed, frames);
    const graph = network();
    const again = backFromFloatOnnx(graph);
    expect(again.nodes.find((n) => n.kind === 'upsample')).toMatchObject({ factor: [2, 3] });
    const wanted = createFloatReference(graph).decide(frames[0]!).logits;
    expect([...createFloatReference(again).decide(frames[0]!).logits]).toEqual([...wanted]);
    expect(dequantize(fixed).nodes.some((n) => n.kind === 'upsample')).toBe(true);
  });

  it('lie where their pixel lay on the frame', () => {
    const placed = placements(network());
    const [rows, columns] = placed.get(nodeId('upsample1'))!;
    const [before] = placed.get(nodeId('pool1'))!;
    expect(rows.step).toBe(before.step / 2);
    // The middle of a block is the middle of its pixel.
    expect(rows.origin + rows.step / 2).toBe(before.origin);
    expect(columns.step).toBe(before.step / 3);
  });
});
