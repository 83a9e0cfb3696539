/** Networks of one module for a detector of several: what they compute, how they are quantized, and what is refused by name. */
import { describe, expect, it } from 'vitest';
import { createFloatReference } from '../../src/evaluate/float-reference.js';
import { emitHls } from '../../src/backends/hls/emit.js';
import { emitQonnx } from '../../src/backends/onnx/qonnx.js';
import { loadFpga } from '../../src/targets/load.js';
import { createRandom } from '../../src/core/random.js';
import { buildNetwork } from '../../src/frontends/network/build.js';
import type { LayerInput } from '../../src/frontends/network/description.js';
import { layerSchema } from '../../src/frontends/network/description.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { nodeId } from '../../src/ir/common.js';
import type { FloatGraph } from '../../src/ir/graph.js';
import { verifyFloatGraph } from '../../src/ir/verify.js';
import { partitionModules } from '../../src/passes/partition-modules.js';
import { toModules } from '../../src/passes/to-modules.js';
import { interpret } from '../../src/simulate/interpret.js';
import { checkFloat, FLOAT_CHECKS, quantized, type FloatSubject } from '../fuzz/float-checks.js';

const CLASSES = { classNames: ['miss', 'hit'], hitClasses: [false, true] };

function network(layers: readonly LayerInput[], factor = 2, size = [16, 12] as const): FloatGraph {
  const preprocess = preprocessNodes(
    preprocessSchema.parse({ factor, channels: [{ contrast: 1 }, { bin: 'sum', clampMax: 65535 }] }),
    size,
  );
  return buildNetwork(
    'modules',
    layers.map((layer) => layerSchema.parse(layer)),
    preprocess,
    CLASSES,
    5,
  );
}

const LAYERS: readonly LayerInput[] = [
  { op: 'conv', filters: 4, norm: true },
  { op: 'maxPool' },
  { op: 'residual', body: [{ op: 'conv', filters: 4, activation: 'none' }] },
  { op: 'squeezeExcite', reduction: 2 },
  { op: 'globalPool', mode: 'both' },
  { op: 'dense', units: 5 },
  { op: 'dense', units: 'classes' },
];

function frames(count: number, pixels: number): readonly Uint16Array[] {
  const random = createRandom(3);
  return Array.from({ length: count }, () =>
    Uint16Array.from({ length: pixels }, () =>
      random.uniform() < 0.05 ? random.integer(50, 3000) : random.integer(0, 9),
    ),
  );
}

const MODULES = 3;
const stacked = toModules(network(LAYERS), { count: MODULES });
const subject: FloatSubject = {
  graph: stacked,
  frames: frames(5, MODULES * 16 * 12),
  quantization: { activationBits: 8 },
};

describe('a network of one module on a detector of several', () => {
  it('pools what each module gives by itself', () => {
    const one = createFloatReference(network(LAYERS));
    const all = createFloatReference(stacked);
    const [frame] = subject.frames;
    const tensors = all.tensors(frame!);
    for (const pool of ['average1', 'maximum1'].map(nodeId)) {
      const parts = Array.from({ length: MODULES }, (_, k) =>
        one.tensors(frame!.slice(k * 192, (k + 1) * 192)).get(pool)!,
      );
      expect(tensors.get(pool)).toEqual(Float32Array.from(parts.flatMap((part) => [...part])));
      const joined = parts[0]!.map((_, c) =>
        pool === 'maximum1'
          ? Math.max(...parts.map((part) => part[c]!))
          : parts.reduce((sum, part) => sum + part[c]!, 0) / MODULES,
      );
      expect(tensors.get(nodeId(`${pool}_modules`))).toEqual(joined);
    }
  });

  it.each(FLOAT_CHECKS.filter((name) => name !== 'onnx import'))(
    'is the same network in %s',
    async (name) => {
      const outcome = await checkFloat(name, subject);
      expect(outcome.kind).toBe(name === 'layers model' ? 'unsupported' : 'same');
    },
  );

  it('is decided in parts as it is whole, once quantized', async () => {
    const fixed = await quantized(subject);
    const { fronts, frontOf, words, decision } = partitionModules(fixed);
    for (const frame of subject.frames) {
      const sent = new Uint16Array(MODULES * words);
      frontOf.forEach((front, k) => {
        sent.set(interpret(fronts[front]!, frame.slice(k * 192, (k + 1) * 192)).logits, k * words);
      });
      expect(interpret(decision, sent).logits).toEqual(interpret(fixed, frame).logits);
    }
  });
});

/** Windows of 2 by 2 without padding, bins of 2 by 2: none crosses a module's edge. */
const APART: readonly LayerInput[] = [
  { op: 'conv', filters: 4, kernel: 2, stride: 2, padding: 0 },
  { op: 'globalPool', mode: 'max' },
  { op: 'dense', units: 'classes' },
];

describe('where no window crosses an edge of a module', () => {
  const plain = (size: readonly [number, number]): FloatGraph =>
    buildNetwork(
      'apart',
      APART.map((layer) => layerSchema.parse(layer)),
      preprocessNodes(preprocessSchema.parse({ factor: 2 }), size),
      CLASSES,
      9,
    );

  it('the network of the whole frame is the same integers', async () => {
    const own = { ...subject, frames: frames(6, 4 * 16 * 12) };
    const whole = await quantized({ ...own, graph: plain([64, 12]) });
    const fixed = await quantized({ ...own, graph: toModules(plain([16, 12]), { count: 4 }) });
    const { fronts, frontOf, words, decision } = partitionModules(fixed);
    for (const frame of own.frames) {
      const sent = new Uint16Array(4 * words);
      frontOf.forEach((front, k) => {
        sent.set(interpret(fronts[front]!, frame.slice(k * 192, (k + 1) * 192)).logits, k * words);
      });
      expect(interpret(decision, sent).logits).toEqual(interpret(whole, frame).logits);
    }
  });
});

describe('what knows one picture alone', () => {
  it('refuses frames of several modules by name', async () => {
    const fixed = await quantized(subject);
    const target = await loadFpga('kcu1500');
    expect(() => emitHls(fixed, { target })).toThrow(/input: its frames are those of 3 modules/);
    expect(() => emitQonnx(fixed)).toThrow(/input: its frames are those of 3 modules/);
    expect(() => partitionModules({ ...fixed, reloadable: true })).toThrow(/exchanged in parts/);
  });
});

describe('a cut', () => {
  it.each([
    [
      'that does not exist',
      LAYERS,
      ['pool9'],
      'there is no layer pool9 to cut at',
      'cut at average1, maximum1',
    ],
    [
      'at a layer of images',
      LAYERS,
      ['pool1'],
      'pool1 (maxPool) is no global pool',
      'cut at average1, maximum1',
    ],
    [
      'at one of two pools',
      LAYERS,
      ['average1'],
      'maximum1 (globalMaxPool) mixes modules',
      'in front of the cut at average1',
    ],
    [
      'of a dense layer over pixels',
      [{ op: 'conv', filters: 2 }, { op: 'flatten' }, { op: 'dense', units: 'classes' }],
      undefined,
      'has no global pooling',
      'globalPool',
    ],
    [
      'that a gate crosses',
      [{ op: 'squeezeExcite' }, { op: 'flatten' }, { op: 'dense', units: 'classes' }],
      undefined,
      'has no global pooling',
      'globalPool',
    ],
  ] as const)('%s is refused by name', (_, layers, cut, message, remedy) => {
    const made = (): FloatGraph =>
      toModules(network(layers), { count: 2, ...(cut === undefined ? {} : { cut }) });
    expect(made).toThrow(message);
    expect(made).toThrow(remedy);
  });

  it('cannot be crossed: what acts on each module reads nothing in which they are joined', () => {
    const nodes = stacked.nodes.map((node) => (node.id === 'dense1' ? { ...node, modules: MODULES } : node));
    expect(() => verifyFloatGraph({ ...stacked, nodes })).toThrow();
  });
});
