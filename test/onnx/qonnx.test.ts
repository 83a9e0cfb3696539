/** The QONNX dialect against the interpreter, evaluated by the official package with QONNX's operators added. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModelProto } from '../../src/onnx-file/proto.js';
import { emitQonnx } from '../../src/backends/onnx/qonnx.js';
import { calibrationSchema } from '../../src/calibrate/recipe.js';
import { format, lsb } from '../../src/fixed/format.js';
import { layerSchema } from '../../src/frontends/network/description.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import { nodeId } from '../../src/ir/common.js';
import { findNode, fixedShapes, type FixedGraph } from '../../src/ir/graph.js';
import { TABLED_NAMES } from '../../src/ir/ops/activations/index.js';
import { tableOf } from '../../src/ir/ops/table.js';
import { quantizeNetwork } from '../../src/passes/quantize-network.js';
import { quantizationSchema } from '../../src/passes/recipe.js';
import { interpret } from '../../src/simulate/interpret.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import { onnxMissing, runPython } from './official.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-qonnx-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Two layers with `activation` between, and a gate. */
async function smallNetwork(activation: 'prelu' | (typeof TABLED_NAMES)[number]): Promise<FixedGraph> {
  const size = [16, 18] as const;
  const graph = createNetwork({
    network: [
      { op: 'conv', filters: 4, stride: 2, activation },
      { op: 'squeezeExcite', gate: 'sigmoid' },
      { op: 'globalPool', mode: 'max' },
      { op: 'dense', units: 'classes' },
    ].map((layer) => layerSchema.parse(layer)),
    preprocess: preprocessNodes(preprocessSchema.parse({ factor: 1, channels: [{ clampMax: 255 }] }), size),
    classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
    seed: 5,
  });
  const shown = sampleFrames(4, size[0] * size[1], 3).map((pixels) => ({ pixels, spots: null }));
  const { fixed } = await quantizeNetwork(graph, shown, {
    quantization: quantizationSchema.parse({ weightBits: 6, activationBits: 6, biasCorrection: false }),
    calibration: calibrationSchema.parse({ observer: 'min-max' }),
  });
  return fixed;
}

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
  const answer = JSON.parse(await runPython('qonnx_reference.py', JSON.stringify({ model, inputs }))) as {
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

  // The hard sigmoid has a tie, at −2.95, which float32 may round either way.
  it.each([...TABLED_NAMES.filter((name) => name !== 'hardSigmoid'), 'prelu'] as const)(
    'gives them behind %s, and behind a gate',
    async (activation) => {
      const graph = await smallNetwork(activation);
      const [frame] = sampleFrames(1, 16 * 18, 6);
      expect(await evaluate(graph, emitQonnx(graph), frame!)).toEqual([...interpret(graph, frame!).logits]);
    },
  );

  it('refuses a table that float32 could round otherwise, and says where', async () => {
    const hard = await smallNetwork('hardSigmoid');
    expect(() => emitQonnx(hard)).toThrow(/table of hardSigmoid holds a value at -2\.953125 that float32/);
    const graph = await smallNetwork('sigmoid');
    const nodes = graph.nodes.map((n) => {
      if (n.kind !== 'table') return n;
      // At 0 it is a half: between two values of a format of no fraction bits.
      const to = format(true, 4, 4);
      return { ...n, ...tableOf(n.of, findNode(graph, n.inputs[0]!).format, to), format: to };
    });
    expect(() => emitQonnx({ ...graph, nodes })).toThrow(/table of sigmoid holds a value at 0 that float32/);
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
