/** The ends of what is taken: opsets 7 and 8 as their exporters wrote them, 23, and weights of 16 bits; ONNX Runtime judges. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareWritten } from './import-written.js';
import { inFloat16, withHalfWeights } from './half-models.js';
import { BODIES, ENDINGS, patternModel, SIDE, type Image, writtenModel, type Model } from './patterns.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-ends-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const ints = (...values: number[]) => ({ ints: values });
const int = (value: number) => ({ int: value });
const float = (value: number) => ({ float: value });

/** A network of opset 7 or 8: what is an input today was an attribute, and weights were inputs of the graph. */
const old = (m: Model, x: Image): readonly [string, number] => {
  const first = m.conv(x, 4).name;
  const norm = m.node(
    'BatchNormalization',
    [first, m.weights(4), m.weights(4), m.weights(4), m.constant([1, 2, 0.5, 1], [4])],
    {
      epsilon: float(1e-4),
      momentum: float(0.9),
    },
  );
  const clipped = m.node('Clip', [norm], { min: float(0), max: float(6) });
  const padded = m.node('Pad', [clipped], {
    mode: { text: 'constant' },
    pads: ints(0, 0, 1, 1, 0, 0, 0, 0),
    value: float(0),
  });
  const pooled = m.node('MaxPool', [padded], { kernel_shape: ints(2, 2), strides: ints(2, 2) });
  const part = m.node('Slice', [pooled], { axes: ints(1), starts: ints(1), ends: ints(4) });
  const kept = m.node('Dropout', [part], { ratio: float(0.5) });
  const squeezed = m.node('Squeeze', [m.node('ReduceMean', [kept], { axes: ints(2, 3), keepdims: int(1) })], {
    axes: ints(2, 3),
  });
  const hidden = m.node(
    'LeakyRelu',
    [m.node('Gemm', [squeezed, m.weights(5, 3), m.weights(5)], { transB: int(1) })],
    {
      alpha: float(0.125),
    },
  );
  return [
    m.node('Softmax', [m.node('Gemm', [hidden, m.weights(2, 5), m.weights(2)], { transB: int(1) })], {
      axis: int(1),
    }),
    2,
  ];
};

/** What opset 18 to 23 say otherwise. */
const late = (m: Model, x: Image): readonly [string, number] => {
  const first = m.node('Gelu', [m.conv(x, 4).name], { approximate: { text: 'tanh' } });
  const padded = m.node('Pad', [first, m.ints(1, 0), m.constant([0], []), m.ints(2)]);
  const [a, b] = m.nodes('Split', [padded], 2, { axis: int(1), num_outputs: int(2) });
  const sum = m.node('HardSwish', [m.node('Add', [a!, b!])]);
  const mean = m.node('ReduceMean', [sum, m.ints(2, 3)], { keepdims: int(0) });
  return [m.node('Gemm', [mean, m.weights(2, 2), m.weights(2)]), 2];
};

async function compared(bytes: Uint8Array) {
  const comparison = await compareWritten(bytes, join(folder, 'model.onnx'));
  expect(comparison.magnitude).toBeGreaterThan(1e-3);
  return comparison;
}

const relative = ({ difference, magnitude }: { difference: number; magnitude: number }): number =>
  difference / magnitude;

describe('opsets', () => {
  it.each([7, 8])('%i equals ONNX Runtime', async (opset) => {
    for (const seed of [1, 2, 3])
      expect(relative(await compared(writtenModel(old, seed, opset)))).toBeLessThan(2 ** -17);
  });

  it.each([20, 23])('%i equals ONNX Runtime', async (opset) => {
    for (const seed of [1, 2, 3])
      expect(relative(await compared(writtenModel(late, seed, opset)))).toBeLessThan(2 ** -17);
  });

  it.each([6, 24])('%i is refused by its number', async (opset) => {
    await expect(compared(writtenModel(old, 1, opset))).rejects.toThrow(
      new RegExp(`opset ${opset}; opsets 7 to 23 are taken`),
    );
  });
});

describe('weights of 16 bits', () => {
  it.each(['float16', 'bfloat16'] as const)('in %s, cast to float32 where they are read', async (half) => {
    for (const body of ['a residual', 'a concatenation'].filter((name) => name in BODIES))
      for (const ending of Object.keys(ENDINGS))
        expect(relative(await compared(withHalfWeights(patternModel(body, ending, 5), half)))).toBeLessThan(
          2 ** -17,
        );
  });

  it('of a network that computes in float16: equal to its own rounding', async () => {
    for (const ending of ['the mean and a Gemm', 'one value and a sigmoid']) {
      const comparison = await compared(inFloat16(patternModel('a residual', ending, 5)));
      expect(comparison.precision).toBe('float16');
      expect(relative(comparison)).toBeLessThan(comparison.allowed);
      // It did compute in half precision.
      expect(relative(comparison)).toBeGreaterThan(2 ** -16);
    }
  });
});

describe('a ReLU between a flatten and a reshape', () => {
  it('equals ONNX Runtime', async () => {
    const network = (m: Model, x: Image): readonly [string, number] => {
      const flat = m.node('Relu', [m.node('Flatten', [m.conv(x, 4).name])]);
      const image = m.node('Reshape', [flat, m.ints(-1, 4, SIDE, SIDE)]);
      const y = m.conv({ ...x, name: image, channels: 4 }, 3);
      const all = m.node('Flatten', [y.name]);
      return [m.node('MatMul', [m.node('Relu', [all]), m.weights(3 * SIDE * SIDE, 2)]), 2];
    };
    expect(relative(await compared(writtenModel(network, 4, 17)))).toBeLessThan(2 ** -17);
  });
});
