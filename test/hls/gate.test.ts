/** The product of an image and a vector (squeeze-and-excite) through every part. */
import { describe, expect, it } from 'vitest';
import { createFloatReference } from '../../src/evaluate/float-reference.js';
import { dequantize } from '../../src/explain/fixed-twin.js';
import { format } from '../../src/fixed/format.js';
import { createFixedGraphBuilder } from '../../src/ir/build.js';
import { nodeId } from '../../src/ir/common.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { sampleFrames } from '../sample-graphs.js';
import { backFromFloatOnnx, everywhere, expectExact, expectExactInQdq, expectFound } from './everywhere.js';
import { network, quantized, SIZE } from './gated-network.js';

const frames = sampleFrames(3, SIZE[0] * SIZE[1], 11);

const products = (graph: FixedGraph) => graph.nodes.filter((n) => n.kind === 'multiply');

describe('the product with a vector', () => {
  it('is proved by the corners of what both can be, and refused where it has no form', async () => {
    const graph = await quantized();
    for (const { proof, format: to, inputs } of products(graph)) {
      const [x, gate] = inputs.map((id) => graph.nodes.find((n) => n.id === id)!.format);
      expect(proof.accumulatorFraction[0]).toBe(x!.width - x!.integer + gate!.width - gate!.integer);
      expect(proof.accumulatorWidth).toBeLessThanOrEqual(x!.width + gate!.width + 1);
      expect(to.width).toBe(8);
    }
    const builder = createFixedGraphBuilder();
    const counts = format(false, 16, 16);
    builder.add({ id: nodeId('input'), kind: 'input', inputs: [], size: [4, 4], format: counts });
    builder.add({ id: nodeId('most'), kind: 'globalMaxPool', inputs: [nodeId('input')], format: counts });
    const node = { kind: 'multiply', activation: { kind: 'none' }, format: counts } as const;
    const twice = { ...node, id: nodeId('twice'), inputs: [nodeId('most'), nodeId('most')] };
    expect(() => builder.add(twice)).toThrow(/with itself/);
    const images = { ...node, id: nodeId('images'), inputs: [nodeId('most'), nodeId('input')] };
    expect(() => builder.add(images)).toThrow(/no vector of as many channels/);
    // Both are counts below 2^16: the widest product that there is here.
    builder.add({ ...node, id: nodeId('product'), inputs: [nodeId('input'), nodeId('most')] });
  });

  it('gives the same integers in the interpreter, the evaluator, ONNX Runtime, the C++ and the RTL', async () => {
    const graph = await quantized();
    expect(products(graph)).toHaveLength(2);
    for (const options of [{ pixelsPerClock: 4 as const }, { framesPerSecond: 20_000 }]) {
      const { drills } = await expectExact(graph, { options });
      // Drills reach both ends of every product, and ties.
      for (const { id } of products(graph)) {
        const stage = drills?.stages.find((s) => s.stage === id);
        expect(stage?.lowest.channels, id).toBeGreaterThan(0);
        expect(stage?.highest.channels, id).toBeGreaterThan(0);
        expect((stage?.tiesAbove ?? 0) + (stage?.tiesBelow ?? 0), id).toBeGreaterThan(0);
      }
    }
  }, 300_000);

  it('gives them with weights that can be exchanged, and at 14 bits', async () => {
    expect((await everywhere(await quantized(14, true), { rtl: false })).verdict).toBe('exact');
  }, 300_000);

  it.each([
    ['a factor of the neighbouring lane', /x\.lane\[l\] \* factor\.lane\[l\]/, 'x.lane[l] * factor.lane[0]'],
    ['a product that is a sum', /x\.lane\[l\] \* factor\.lane\[l\]/, 'x.lane[l] + factor.lane[l]'],
  ])(
    'is named where the C++ has %s',
    async (_what, from, to) => {
      const change = (text: string): string => text.replace(from, to);
      await expectFound(await quantized(), 'firmware/vetoc/multiply.h', change, 'gated1');
    },
    300_000,
  );

  it('gives them as QuantizeLinear and DequantizeLinear', async () => {
    // What tables read has two bits more.
    const graph = await quantized(6);
    await expectExactInQdq(graph, frames);
  });

  it('comes back from float ONNX, and is itself in the twin that explanations work on', async () => {
    const graph = network();
    const again = backFromFloatOnnx(graph);
    expect(again.nodes.filter((n) => n.kind === 'multiply')).toHaveLength(2);
    const wanted = createFloatReference(graph).decide(frames[0]!).logits;
    createFloatReference(again)
      .decide(frames[0]!)
      .logits.forEach((logit, i) => {
        expect(logit).toBeCloseTo(wanted[i]!, 4);
      });
    expect(dequantize(await quantized()).nodes.filter((n) => n.kind === 'multiply')).toHaveLength(2);
  });
});
