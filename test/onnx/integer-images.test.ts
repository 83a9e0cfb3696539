/** Models that take the image as integers: where they scale it is their affair, and ONNX Runtime on the file judges. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOnnxWriter, type OnnxWriter } from '../../src/backends/onnx/writer.js';
import { createRandom } from '../../src/core/random.js';
import { importNetwork } from '../../src/frontends/import-network.js';
import { preprocessSchema } from '../../src/frontends/network/preprocess.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-integers-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const SIDE = 12;
const FLOAT = { to: { int: 1 } };

/** What becomes of the integers before (or behind) the first layer. */
interface Scaling {
  readonly before: (w: OnnxWriter, x: string) => string;
  readonly behind?: (w: OnnxWriter, y: string) => string;
}
const number = (w: OnnxWriter, name: string, value: number): string => w.constant(name, 'float', [value], []);
const cast = (w: OnnxWriter, x: string): string => w.node('Cast', 'cast', [x], { attributes: FLOAT });

const SCALINGS: Readonly<Record<string, Scaling>> = {
  'a quotient': { before: (w, x) => w.node('Div', 'div', [cast(w, x), number(w, 'most', 255)]) },
  'a product, a mean and a deviation': {
    before: (w, x) => {
      const scaled = w.node('Mul', 'mul', [cast(w, x), number(w, 'unit', 1 / 255)]);
      const centred = w.node('Sub', 'sub', [scaled, number(w, 'mean', 0.45)]);
      return w.node('Div', 'div', [centred, number(w, 'deviation', 0.22)]);
    },
  },
  'a scale behind the first layer': {
    before: cast,
    behind: (w, y) => w.node('Mul', 'mul', [y, number(w, 'unit', 1 / 255)]),
  },
  'a pool before the cast': {
    before: (w, x) => {
      const two = { ints: [2, 2] };
      const pooled = w.node('MaxPool', 'pool', [x], { attributes: { kernel_shape: two, strides: two } });
      return w.node('Div', 'div', [cast(w, pooled), number(w, 'most', 255)]);
    },
  },
  'a DequantizeLinear of the image itself': {
    before: (w, x) =>
      w.node('DequantizeLinear', 'real', [
        x,
        number(w, 'scale', 1 / 128),
        w.constant('zero', 'uint8', [128], []),
      ]),
  },
  'limits before a quotient': {
    before: (w, x) => {
      const cut = w.node('Clip', 'clip', [cast(w, x), number(w, 'low', 3), number(w, 'high', 200)]);
      return w.node('Div', 'div', [cut, number(w, 'most', 200)]);
    },
  },
};

function model(type: 'uint8' | 'uint16', { before, behind = (_w, y) => y }: Scaling): Uint8Array {
  const w = createOnnxWriter();
  const random = createRandom(8);
  const weights = (name: string, dims: number[]): string => {
    const values = Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.uniform() - 0.5);
    return w.constant(name, 'float', values, dims);
  };
  w.input('x', type, ['N', 1, SIDE, SIDE]);
  const first = w.node('Conv', 'conv', [before(w, 'x'), weights('w', [4, 1, 3, 3]), weights('b', [4])]);
  const relu = w.node('Relu', 'relu', [behind(w, first)]);
  const mean = w.node('Flatten', 'flat', [w.node('GlobalAveragePool', 'mean_of', [relu])]);
  w.output(
    w.node('Gemm', 'fc', [mean, weights('fc.w', [2, 4])], { attributes: { transB: { int: 1 } } }),
    'float',
    ['N', 2],
  );
  return w.finish({ graphName: 'g', doc: '', producerVersion: '', metadata: {}, opset: 17 });
}

async function taken(bytes: Uint8Array) {
  const path = join(folder, 'model.onnx');
  await writeFile(path, bytes);
  return importNetwork({
    path,
    rawSize: [SIDE, SIDE],
    preprocess: preprocessSchema.parse({ factor: 1 }),
    classes: () => ({ classNames: ['miss', 'hit'], hitClasses: [false, true] }),
  });
}

describe('an image of integers', () => {
  const types = (name: string): readonly ('uint8' | 'uint16')[] =>
    /Dequantize|pool/.test(name) ? ['uint8'] : ['uint8', 'uint16'];
  const cases = Object.keys(SCALINGS).flatMap((name) => types(name).map((type) => [type, name] as const));

  it.each(cases)('of %s with %s', async (type, name) => {
    const { comparison, preprocess } = await taken(model(type, SCALINGS[name]!));
    expect(preprocess!.bits).toBe(type === 'uint8' ? 8 : 16);
    expect(comparison!.magnitude).toBeGreaterThan(1e-2);
    expect(comparison!.difference / comparison!.magnitude).toBeLessThan(2 ** -17);
  });

  it('into integer layers of full weights is held against exact sums, which processors without VNNI saturate', async () => {
    const w = createOnnxWriter();
    const random = createRandom(9);
    const bytes = Int8Array.from({ length: 36 }, () => random.integer(-127, 127));
    const [scale, zero] = [number(w, 'scale', 1 / 256), w.constant('zero', 'uint8', [0], [])];
    const [unit, none] = [number(w, 'unit', 1 / 64), w.constant('none', 'int8', [0], [])];
    const out = number(w, 'out', 1 / 16);
    w.input('x', 'uint8', ['N', 1, SIDE, SIDE]);
    const weights = w.constant('w', 'int8', bytes, [4, 1, 3, 3]);
    const sums = w.node('QLinearConv', 'conv', ['x', scale, zero, weights, unit, none, out, zero]);
    const mean = w.node('GlobalAveragePool', 'mean', [w.node('DequantizeLinear', 'real', [sums, out, zero])]);
    const fc = w.constant(
      'fc',
      'float',
      Float32Array.from({ length: 8 }, () => random.uniform() - 0.5),
      [4, 2],
    );
    w.output(w.node('MatMul', 'logits', [w.node('Flatten', 'flat', [mean]), fc]), 'float', ['N', 2]);
    const facts = { graphName: 'g', doc: '', producerVersion: '', metadata: {}, opset: 17 };
    const { comparison } = await taken(w.finish(facts));
    expect(comparison!.magnitude).toBeGreaterThan(0.1);
    expect(comparison!.difference / comparison!.magnitude).toBeLessThan(2 ** -17);
  });

  it('that overflows in the original is refused in words', async () => {
    const huge: Scaling = {
      before: (w, x) => w.node('Mul', 'mul', [cast(w, x), number(w, 'unit', 3e38)]),
    };
    await expect(taken(model('uint8', huge))).rejects.toThrow(/the original puts out NaN or infinity/);
  });
});
