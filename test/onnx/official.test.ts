import { describe, expect, it } from 'vitest';
import { emitFixedOnnx } from '../../src/backends/onnx/fixed.js';
import { emitFloatOnnx } from '../../src/backends/onnx/float.js';
import { interpret } from '../../src/simulate/interpret.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import { askOfficial, int32Output, onnxMissing } from './official.js';
import { sampleFloatGraph } from './sample-float.js';

const size = [40, 36] as const;

describe.skipIf(onnxMissing !== null)(
  `the official onnx package${onnxMissing ? ` (${onnxMissing})` : ''}`,
  () => {
    it('accepts every emitted file, infers every shape, and evaluates fixed.onnx to the same bits', async () => {
      const frames = sampleFrames(2, size[0] * size[1]);
      const graphs = [8, 16].map((bits) => sampleFixedGraph({ weightBits: bits, activationBits: bits }));
      const answers = await askOfficial([
        ...graphs.map((graph) => ({
          model: emitFixedOnnx(graph, { intermediates: true }),
          frames: { data: frames, size },
        })),
        ...graphs.map((graph) => ({ model: emitFixedOnnx(graph) })),
        { model: emitFloatOnnx(sampleFloatGraph()) },
        { model: emitFloatOnnx(sampleFloatGraph(), { intermediates: true }) },
      ]);
      for (const answer of answers) {
        expect(answer.error).toBeUndefined();
        expect(answer.unknown).toEqual([]);
        for (const dims of Object.values(answer.shapes).filter((d) => d.length > 1))
          expect(dims[0]).toBe('N');
      }
      graphs.forEach((graph, g) => {
        frames.forEach((frame, i) => {
          const expected = interpret(graph, frame, true);
          for (const [id, tensor] of expected.tensors) {
            const values = int32Output(answers[g]!, `${id}.tensor`);
            expect(values.subarray(i * tensor.length, (i + 1) * tensor.length), id).toEqual(tensor);
          }
          expect(int32Output(answers[g]!, 'score')[i]).toBe(expected.score);
        });
      });
    });

    it('refuses a file that is wrong, so that the test above can fail', async () => {
      const bytes = emitFixedOnnx(sampleFixedGraph());
      const wrong = Buffer.from(bytes);
      wrong.write('Conw', wrong.indexOf('Conv'));
      const [answer] = await askOfficial([{ model: wrong }]);
      expect(answer!.error).toContain('Conw');
    });
  },
);
