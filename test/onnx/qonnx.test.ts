/** The QONNX dialect against the interpreter, evaluated by the official package with QONNX's operators added. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModelProto } from '../../src/onnx-file/proto.js';
import { emitQonnx } from '../../src/backends/onnx/qonnx.js';
import { lsb } from '../../src/fixed/format.js';
import { nodeId } from '../../src/ir/common.js';
import { findNode, fixedShapes, type FixedGraph } from '../../src/ir/graph.js';
import { interpret } from '../../src/simulate/interpret.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import { onnxMissing, runPython } from './official.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-qonnx-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The logits, in least significant bits, that the file gives for the network's inputs on `frame`. */
async function evaluate(graph: FixedGraph, file: Uint8Array, frame: Uint16Array): Promise<readonly number[]> {
  const model = join(folder, 'model.onnx');
  await writeFile(model, file);
  const { tensors } = interpret(graph, frame, true);
  const names = ModelProto.decode(file).graph!.input!.map((input) => nodeId(input.name!));
  const inputs = Object.fromEntries(
    names.map((id) => {
      const unit = lsb(findNode(graph, id).format);
      const data = Array.from(tensors.get(id)!, (q) => q * unit);
      return [id, { shape: [1, ...fixedShapes(graph).get(id)!], data }];
    }),
  );
  const answer = JSON.parse(await runPython('qonnx.py', JSON.stringify({ model, inputs }))) as {
    output: number[];
  };
  return answer.output.map((value) => value / lsb(findNode(graph, graph.output).format));
}

describe.skipIf(onnxMissing !== null)(`qonnx.onnx${onnxMissing ? ` (${onnxMissing})` : ''}`, () => {
  it.each([4, 8])('gives the interpreter’s logits at %i bits', async (bits) => {
    const graph = sampleFixedGraph({ weightBits: bits, activationBits: bits });
    const [frame] = sampleFrames(1, 40 * 36, 6);
    expect(await evaluate(graph, emitQonnx(graph), frame!)).toEqual([...interpret(graph, frame!).logits]);
  });

  it('states a scale for every output channel, a zero point of 0 and one bias scale', () => {
    const graph = sampleFixedGraph();
    const { node, initializer } = ModelProto.decode(emitQonnx(graph)).graph!;
    const quants = node!.filter(({ opType }) => opType === 'Quant');
    const dims = (name: string): number[] => initializer!.find((t) => t.name === name)!.dims!.map(Number);
    const weights = quants.filter(({ output }) => output![0]!.endsWith('_WeightQuant'));
    expect(weights.length).toBeGreaterThan(2);
    for (const { input } of weights) {
      const size = dims(input![1]!).reduce((a, b) => a * b, 1);
      const stage = dims(input![0]!);
      expect([1, stage[0], stage.at(-1)]).toContain(size);
    }
    for (const { input } of quants.filter(({ output }) => output![0]!.endsWith('_BiasQuant')))
      expect(dims(input![1]!)).toEqual([1]);
  });
});
