/** Every network of the registry, random weights, at several widths: ONNX Runtime against the interpreter. */
import { describe, expect, it } from 'vitest';
import { interpret } from '../../src/simulate/interpret.js';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import { NETWORK_NAMES, networkFrames, quantized, randomNetwork, sizeFor } from './networks.js';

const WIDTHS = [4, 6, 8, 12];

describe.each(NETWORK_NAMES)('%s', (name) => {
  const network = randomNetwork(name);
  it.each(WIDTHS)('is exact in ONNX Runtime at %i bits, unoptimised', async (bits) => {
    const graph = await quantized(network, { weightBits: bits, activationBits: bits });
    const frames = networkFrames(name.startsWith('veto-') ? 2 : 1, bits, sizeFor(name));
    const witness = await createOrtWitness(graph);
    const results = await witness.run(frames, { tensors: true });
    await witness.close();
    frames.forEach((frame, i) => {
      const expected = interpret(graph, frame, true);
      for (const [id, tensor] of expected.tensors) expect(results[i]!.tensors.get(id), id).toEqual(tensor);
      expect(results[i]!.logits).toEqual(expected.logits);
      expect(results[i]!.score).toBe(expected.score);
      expect(results[i]!.keep).toBe(expected.keep);
      expect(new Set(expected.logits).size, 'logits that say something').toBeGreaterThan(1);
    });
  });
});
