import { describe, expect, it } from 'vitest';
import { emitFixedOnnx } from '../../src/backends/onnx/fixed.js';
import { interpret } from '../../src/simulate/interpret.js';
import { ORT_OPTIMIZATIONS } from '../../src/backends/onnx/ort/session.js';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import { inputNode } from '../../src/ir/graph.js';
import { zooNetwork } from '../hls/networks.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';

const PIXELS = 40 * 36;

describe('fixed.onnx under ONNX Runtime', () => {
  it.each(ORT_OPTIMIZATIONS)(
    'equals the interpreter in every tensor at optimisation level %s',
    async (optimization) => {
      const graph = sampleFixedGraph();
      const frames = sampleFrames(7, PIXELS);
      const witness = await createOrtWitness(graph, { optimization, batch: 3 });
      const results = await witness.run(frames, { tensors: true });
      const plain = await witness.run(frames);
      await witness.close();
      frames.forEach((frame, i) => {
        const expected = interpret(graph, frame, true);
        expect(results[i]).toEqual(expected);
        expect({ ...plain[i], tensors: null }).toEqual({ ...expected, tensors: null });
      });
    },
  );

  it.each([
    [2, 2],
    [4, 4],
    [8, 8],
    [12, 12],
    [16, 16],
    [16, 4],
    [3, 16],
  ])('is exact with %i-bit weights and %i-bit activations', async (weightBits, activationBits) => {
    const graph = sampleFixedGraph({ weightBits, activationBits, seed: weightBits });
    const frames = sampleFrames(4, PIXELS, 9);
    const witness = await createOrtWitness(graph);
    const results = await witness.run(frames, { tensors: true });
    await witness.close();
    frames.forEach((frame, i) => {
      expect(results[i]).toEqual(interpret(graph, frame, true));
    });
  });

  it('equals the interpreter in every tensor of a network with every way through preprocessing', async () => {
    const graph = zooNetwork();
    const { size } = inputNode(graph);
    const frames = sampleFrames(4, size[0] * size[1], 5);
    const witness = await createOrtWitness(graph, { batch: 4 });
    const results = await witness.run(frames, { tensors: true });
    await witness.close();
    frames.forEach((frame, i) => {
      expect(results[i]).toEqual(interpret(graph, frame, true));
    });
  });

  it('has the same bytes each time', () => {
    expect(emitFixedOnnx(sampleFixedGraph())).toEqual(emitFixedOnnx(sampleFixedGraph()));
  });
});
