import { describe, expect, it } from 'vitest';
import { emitQdqOnnx } from '../../src/backends/onnx/qdq.js';
import { layersInFloat } from '../../src/backends/onnx/qdq-checks.js';
import { createFixedGraphBuilder } from '../../src/ir/build.js';
import { ModelProto } from '../../src/onnx-file/proto.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { interpret } from '../../src/simulate/interpret.js';
import type { OrtOptimization } from '../../src/backends/onnx/ort/session.js';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import { askOfficial, int32Output, onnxMissing } from './official.js';

const size = [40, 36] as const;
const frames = sampleFrames(6, size[0] * size[1], 5);

/** How many values of all tensors differ from the interpreter. */
async function differences(
  graph: FixedGraph,
  model: Uint8Array,
  optimization: OrtOptimization,
): Promise<{ readonly different: number; readonly of: number }> {
  const witness = await createOrtWitness(graph, { optimization }, model);
  const results = await witness.run(frames, { tensors: true });
  const plain = await witness.run(frames);
  await witness.close();
  let different = 0;
  let of = 0;
  frames.forEach((frame, i) => {
    const expected = interpret(graph, frame, true);
    for (const [id, tensor] of expected.tensors) {
      of += tensor.length;
      tensor.forEach((v, k) => (different += Number(results[i]!.tensors.get(id)![k] !== v)));
    }
    expected.logits.forEach((v, k) => (different += Number(plain[i]!.logits[k] !== v)));
    different += Number(plain[i]!.keep !== expected.keep) + Number(plain[i]!.score !== expected.score);
  });
  return { different, of };
}

/** The layers that the file says are in float. */
const inFloatOf = (model: Uint8Array): readonly string[] => {
  const entry = ModelProto.decode(model).metadataProps!.find(({ key }) => key === 'vetoc.layers_in_float');
  return entry === undefined ? [] : (JSON.parse(entry.value!) as string[]);
};

/** Weights of twelve bits in the first layer alone. */
function wideFirstLayer(): FixedGraph {
  const graph = sampleFixedGraph({
    seed: 3,
    leastWeight: -127,
    weightBits: 7,
    activationBits: 7,
    inputBits: 7,
  });
  const b = createFixedGraphBuilder();
  for (const node of graph.nodes) {
    if (node.id !== 'conv1' || node.kind !== 'conv2d') b.add(node);
    else {
      const { weights } = node;
      const mantissas = weights.mantissas.map((m, i) => 16 * m + (i % 5));
      const fraction = weights.fraction.map((f) => f + 4);
      const bias = weights.bias.map((v) => 16 * v);
      b.add({ ...node, weights: { mantissas, fraction, bias, width: 12 } });
    }
  }
  return b.build({ ...graph });
}

const sevenBits = (): FixedGraph =>
  sampleFixedGraph({ weightBits: 7, activationBits: 7, inputBits: 7, seed: 3 });

/** Weights within [−127, 127], as the quantizer leaves them. */
const eightBits = (seed: number): FixedGraph => sampleFixedGraph({ seed, leastWeight: -127 });

describe('qdq-int8.onnx', () => {
  // The fused levels pick other kernels on other machines: `npm run bench` reports them, no promise is made.
  it.each(['disabled', 'basic'] as const)(
    'equals the interpreter in every tensor at optimisation level %s',
    async (level) => {
      const graph = sevenBits();
      expect((await differences(graph, emitQdqOnnx(graph), level)).different).toBe(0);
    },
  );

  it.each([1, 4, 9])(
    'equals the interpreter at 8 bits too, whose unsigned tensors are stored less 128 (seed %i)',
    async (seed) => {
      const graph = eightBits(seed);
      const unsigned = graph.nodes.filter(({ format }) => !format.signed && format.width === 8);
      expect(unsigned.length).toBeGreaterThan(2);
      for (const level of ['disabled', 'basic'] as const)
        expect((await differences(graph, emitQdqOnnx(graph), level)).different).toBe(0);
    },
  );

  it('holds signed int8 and zero points of 0 only', () => {
    for (const graph of [sevenBits(), eightBits(1)]) {
      const text = Buffer.from(emitQdqOnnx(graph)).toString('latin1');
      expect(text).toContain('zero_point.int8');
      expect(text).not.toContain('zero_point.uint8');
    }
  });

  it.each([9, 12])(
    'keeps what does not fit 8 bits in float, by name, with the bits of the interpreter: %i bits',
    async (bits) => {
      const graph = sampleFixedGraph({ weightBits: bits, activationBits: bits });
      const model = emitQdqOnnx(graph);
      expect(inFloatOf(model).length).toBeGreaterThan(3);
      expect(inFloatOf(model)).toEqual(layersInFloat(graph, false).map(({ id }) => id));
      expect((await differences(graph, model, 'disabled')).different).toBe(0);
    },
  );

  it('keeps a single wide layer in float and all others in int8', async () => {
    const graph = wideFirstLayer();
    const model = emitQdqOnnx(graph);
    expect(inFloatOf(model)).toEqual(['conv1']);
    expect((await differences(graph, model, 'disabled')).different).toBe(0);
    const types = ModelProto.decode(model).graph!.node!.map(({ opType }) => opType);
    expect(types.filter((type) => type === 'QuantizeLinear').length).toBeGreaterThan(5);
  });

  it('is exact with sums of 2^24 and more, which it takes apart', async () => {
    const graph = sampleFixedGraph({ gain: -6, weightBits: 14, activationBits: 12, inputBits: 12 });
    expect(layersInFloat(graph, false).some(({ why }) => why.includes('not exact in float32'))).toBe(true);
    expect((await differences(graph, emitQdqOnnx(graph), 'disabled')).different).toBe(0);
  });
});

describe('qdq.onnx with uint8', () => {
  it('is exact unfused at 8 bits', async () => {
    const graph = sampleFixedGraph({ seed: 4 });
    const model = emitQdqOnnx(graph, { uint8: true });
    expect((await differences(graph, model, 'disabled')).different).toBe(0);
  });

  it('keeps 12 bits in float', async () => {
    const graph = sampleFixedGraph({ weightBits: 12, activationBits: 12 });
    const model = emitQdqOnnx(graph, { uint8: true });
    expect(inFloatOf(model).length).toBeGreaterThan(3);
    expect((await differences(graph, model, 'disabled')).different).toBe(0);
  });
});

describe.skipIf(onnxMissing !== null)('the official onnx package on QDQ files', () => {
  it('accepts them, infers every shape and evaluates them to the same bits', async () => {
    const graphs = [sevenBits(), sampleFixedGraph({ seed: 4 }), eightBits(4)];
    const data = frames.slice(0, 2);
    const answers = await askOfficial(
      graphs.map((graph, i) => ({
        model: emitQdqOnnx(graph, { uint8: i === 1, intermediates: true }),
        frames: { data, size },
      })),
    );
    graphs.forEach((graph, g) => {
      expect(answers[g]!.error).toBeUndefined();
      expect(answers[g]!.unknown).toEqual([]);
      data.forEach((frame, i) => {
        for (const [id, tensor] of interpret(graph, frame, true).tensors) {
          const values = int32Output(answers[g]!, `${id}.tensor`);
          expect(values.subarray(i * tensor.length, (i + 1) * tensor.length), id).toEqual(tensor);
        }
      });
    });
  });
});
