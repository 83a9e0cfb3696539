import { describe, expect, it } from 'vitest';
import { emitFloatOnnx } from '../../src/backends/onnx/float.js';
import { createFloatReference } from '../../src/evaluate/float-reference.js';
import { createOrtFloat } from '../../src/backends/onnx/ort/float.js';
import { sampleFrames } from '../sample-graphs.js';
import { sampleFloatGraph } from './sample-float.js';

describe('float.onnx under ONNX Runtime', () => {
  const graph = sampleFloatGraph();
  const frames = sampleFrames(5, 26 * 22);

  it('equals the float reference to float32 rounding in every tensor', async () => {
    const onnx = await createOrtFloat(graph);
    const reference = createFloatReference(graph);
    for (const frame of frames) {
      const expected = reference.tensors(frame);
      const tensors = await onnx.evaluate(frame);
      expect([...tensors.keys()]).toEqual([...expected.keys()]);
      for (const [id, values] of expected) {
        // Sums of at most 150 terms of one sign or the other: a few ulps of the largest value of the tensor.
        const unit = 2 ** -23 * Math.max(1, ...values.map(Math.abs));
        const worst = values.reduce((m, v, i) => Math.max(m, Math.abs(v - tensors.get(id)![i]!)), 0);
        expect(worst / unit, id).toBeLessThan(32);
        expect(tensors.get(id)!.length, id).toBe(values.length);
      }
    }
    await onnx.close();
  });

  it('decides in batches what the reference decides', async () => {
    const onnx = await createOrtFloat(graph, { batch: 2 });
    const reference = createFloatReference(graph);
    const results = await onnx.run(frames);
    await onnx.close();
    frames.forEach((frame, i) => {
      const expected = reference.decide(frame);
      expect(results[i]!.score).toBeCloseTo(expected.score, 4);
      expect(results[i]!.keep).toBe(expected.keep);
    });
  });

  it('has the same bytes each time', () => {
    expect(emitFloatOnnx(graph)).toEqual(emitFloatOnnx(sampleFloatGraph()));
  });
});
