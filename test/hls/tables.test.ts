/** Activations that become tables: one test of each through every part. */
import { describe, expect, it } from 'vitest';
import { calibrationSchema } from '../../src/calibrate/recipe.js';
import { emitFloatOnnx } from '../../src/backends/onnx/float.js';
import { createFixedEvaluator } from '../../src/evaluate/fixed-evaluate.js';
import { createFloatReference } from '../../src/evaluate/float-reference.js';
import { dequantize } from '../../src/explain/fixed-twin.js';
import { format, lsb, minMantissa } from '../../src/fixed/format.js';
import { layerSchema } from '../../src/frontends/network/description.js';
import { importOwnOnnx } from '../../src/frontends/onnx/import.js';
import { readOnnxModel } from '../../src/frontends/onnx/model.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import type { FixedGraph, FloatGraph } from '../../src/ir/graph.js';
import { TABLED_NAMES, usualFunction } from '../../src/ir/ops/activations/index.js';
import { MOST_TABLE_BITS, slopeOf, tableOf, valueOf } from '../../src/ir/ops/table.js';
import { verifyFixedGraph } from '../../src/ir/verify.js';
import { quantizeNetwork } from '../../src/passes/quantize-network.js';
import { quantizationSchema } from '../../src/passes/recipe.js';
import { interpret } from '../../src/simulate/interpret.js';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import { make, projectOf } from './project.js';
import { sampleFrames } from '../sample-graphs.js';

type Name = (typeof TABLED_NAMES)[number];
const SIZE = [16, 18] as const;

function network(activation: Name): FloatGraph {
  return createNetwork({
    network: [
      { op: 'conv', filters: 4, stride: 2, activation },
      { op: 'residual', body: [{ op: 'conv', filters: 4, activation: 'none' }], activation },
      { op: 'globalPool', mode: 'both' },
      { op: 'dense', units: 5, activation },
      { op: 'dense', units: 'classes' },
    ].map((layer) => layerSchema.parse(layer)),
    preprocess: preprocessNodes(preprocessSchema.parse({ factor: 1, channels: [{ clampMax: 255 }] }), SIZE),
    classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
    seed: 5,
  });
}

async function quantized(activation: Name, bits = 8): Promise<FixedGraph> {
  const frames = sampleFrames(4, SIZE[0] * SIZE[1], 3).map((pixels) => ({ pixels, spots: null }));
  const { fixed } = await quantizeNetwork(network(activation), frames, {
    quantization: quantizationSchema.parse({ weightBits: 8, activationBits: bits, biasCorrection: false }),
    calibration: calibrationSchema.parse({ observer: 'min-max' }),
  });
  return fixed;
}

const noFiles = (): never => {
  throw new Error('no external data');
};
const frames = sampleFrames(3, SIZE[0] * SIZE[1], 11);

describe.each(TABLED_NAMES)('%s', (name) => {
  it('has the slope of its values', () => {
    const f = usualFunction(name);
    for (const x of [-7.3, -2.1, -0.6, 0.4, 1.9, 6.8])
      expect(slopeOf(f, x)).toBeCloseTo((valueOf(f, x + 1e-5) - valueOf(f, x - 1e-5)) / 2e-5, 5);
  });

  it('is a table of the nearest values, of no more than 2^12 entries, and a table that is not is refused', async () => {
    const graph = await quantized(name, 12);
    const tables = graph.nodes.filter((n) => n.kind === 'table');
    expect(tables).toHaveLength(3);
    for (const { table, of, format: to, first, inputs } of tables) {
      const from = graph.nodes.find((n) => n.id === inputs[0])!.format;
      expect(table.length).toBeLessThanOrEqual(2 ** MOST_TABLE_BITS);
      for (const i of [0, 100, table.length >> 1, table.length - 1]) {
        const real = valueOf(of, (first + i) * lsb(from));
        const nearest = Math.abs(table[i]! * lsb(to) - real) <= lsb(to) / 2 + 1e-9;
        expect(nearest || table[i] === minMantissa(to) || table[i]! * lsb(to) < real).toBe(true);
      }
    }
    const changed = graph.nodes.map((n) =>
      n.kind === 'table' ? { ...n, table: n.table.map((v, i) => (i === 7 ? v - 1 : v)) } : n,
    );
    expect(() => verifyFixedGraph({ ...graph, nodes: changed })).toThrow(/entry 7 of the table/);
  });

  it('gives the same bits in the interpreter, the evaluator, ONNX Runtime and the compiled C++', async () => {
    const graph = await quantized(name);
    const witness = await createOrtWitness(graph);
    const results = await witness.run(frames, { tensors: true });
    await witness.close();
    const evaluator = createFixedEvaluator(graph);
    frames.forEach((frame, i) => {
      const expected = interpret(graph, frame, true);
      evaluator.visit(frame, (id, q) => {
        expect(q, id).toEqual(expected.tensors.get(id));
      });
      for (const [id, tensor] of expected.tensors) expect(results[i]!.tensors.get(id), id).toEqual(tensor);
    });
    // Of six ROMs the compiler sees one kind: two of them, one of signed entries.
    if (name !== 'silu' && name !== 'sigmoid') return;
    const { code, output } = await make(projectOf(graph, { pixelsPerClock: 2 }), 'check');
    expect(code, output).toBe(0);
  });

  it('comes back from float ONNX, and is itself in the twin that explanations work on', async () => {
    const graph = network(name);
    const bytes = emitFloatOnnx(graph);
    const again = importOwnOnnx(readOnnxModel(bytes, `${name}.onnx`), noFiles);
    expect(again.nodes.filter((n) => n.kind === name)).toHaveLength(3);
    const wanted = createFloatReference(graph).decide(frames[0]!).logits;
    createFloatReference(again)
      .decide(frames[0]!)
      .logits.forEach((logit, i) => {
        expect(logit).toBeCloseTo(wanted[i]!, 5);
      });
    const twin = dequantize(await quantized(name));
    expect(twin.nodes.filter((n) => n.kind === name)).toHaveLength(3);
    const logits = createFloatReference(twin).decide(frames[0]!).logits;
    expect(logits.every(Number.isFinite)).toBe(true);
  });
});

describe('a table', () => {
  it('keeps its values within a symmetric format', () => {
    const { table } = tableOf(
      { kind: 'tanh' },
      format(true, 6, 4),
      format(true, 4, 1, 'AP_TRN', 'AP_SAT_SYM'),
    );
    expect(Math.min(...table)).toBe(-7);
    expect(Math.max(...table)).toBe(7);
  });
});
