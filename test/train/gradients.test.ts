import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { createRandom } from '../../src/core/random.js';
import { format } from '../../src/fixed/format.js';
import { nodeId, type Padding } from '../../src/ir/common.js';
import type { FloatGraph } from '../../src/ir/graph.js';
import type { FloatNode } from '../../src/ir/ops/index.js';
import { openBackend } from '../../src/tensorflow/backend.js';
import { createForwardPass } from '../../src/train/forward.js';
import { flattenParameters } from '../../src/train/parameters.js';
import { tf } from '../../src/tensorflow/tf.js';
import { heapTensor, heapView } from '../../src/tensorflow/wasm-heap.js';
import { withinHeap } from '../../src/tensorflow/wasm-memory.js';

/**
 * Every op that a network can hold, each alone between an input `[9, 10, 4]` and its own output, differentiated by
 * input and parameters. A random projection of the output stands for the loss.
 */
const random = createRandom(7);
const values = (length: number, scale = 0.5): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length }, () => scale * random.normal());
const window = (kernel: number, stride: number, padding: Padding) => ({
  kernel: [kernel, kernel] as const,
  strides: [stride, stride] as const,
  padding,
});
const none: Padding = [0, 0, 0, 0];
const input = nodeId('table');
const id = nodeId('op');
const one = { id, inputs: [input] };

const conv = (kernel: number, stride: number, padding: Padding, groups = 1): FloatNode => ({
  ...one,
  kind: 'conv2d',
  ...window(kernel, stride, padding),
  groups,
  weights: values(((kernel * kernel * 4) / groups) * 6),
  bias: values(6),
});
const depthwise = (kernel: number, stride: number, padding: Padding): FloatNode => ({
  ...one,
  kind: 'depthwiseConv2d',
  ...window(kernel, stride, padding),
  weights: values(kernel * kernel * 4),
  bias: values(4),
});

const cases: readonly (readonly [string, FloatNode])[] = [
  ['conv2d 3×3', conv(3, 1, [1, 1, 1, 1])],
  ['conv2d 3×3 stride 2', conv(3, 2, [1, 1, 1, 1])],
  ['conv2d 3×3 stride 2 without padding', conv(3, 2, none)],
  ['conv2d 5×5 stride 3 padded on one side', conv(5, 3, [2, 0, 1, 3])],
  ['conv2d 1×1 stride 2', conv(1, 2, none)],
  ['conv2d in two groups', conv(3, 1, [1, 1, 1, 1], 2)],
  ['conv2d 2×2 stride 4', conv(2, 4, none)],
  ['depthwiseConv2d', depthwise(3, 1, [1, 1, 1, 1])],
  ['depthwiseConv2d stride 2', depthwise(3, 2, [1, 1, 0, 0])],
  ['depthwiseConv2d 5×5 stride 3', depthwise(5, 3, [2, 2, 2, 2])],
  [
    'batchNorm',
    {
      ...one,
      kind: 'batchNorm',
      gamma: values(4),
      beta: values(4),
      mean: values(4),
      variance: values(4).map((v) => v * v + 0.1),
      epsilon: 1e-3,
    },
  ],
  ['relu', { ...one, kind: 'relu' }],
  ['clip', { ...one, kind: 'clip', min: -0.4, max: 0.7 }],
  ['leakyRelu', { ...one, kind: 'leakyRelu', alpha: 0.125 }],
  ['prelu', { ...one, kind: 'prelu', alpha: Float32Array.of(-0.3, 0.1, 0.6, 1.2) }],
  ['upsample', { ...one, kind: 'upsample', factor: [2, 3] }],
  ['maxPool', { ...one, kind: 'maxPool', ...window(2, 2, none) }],
  ['maxPool overlapping and padded', { ...one, kind: 'maxPool', ...window(3, 2, [1, 1, 1, 1]) }],
  ['avgPool', { ...one, kind: 'avgPool', ...window(2, 2, none) }],
  ['avgPool overlapping and padded', { ...one, kind: 'avgPool', ...window(3, 2, [1, 1, 1, 1]) }],
  [
    'avgPool that does not count its padding',
    { ...one, kind: 'avgPool', ...window(3, 2, [1, 1, 1, 1]), counted: [0, 0, 0, 0] },
  ],
  ['globalAvgPool', { ...one, kind: 'globalAvgPool' }],
  ['globalMaxPool', { ...one, kind: 'globalMaxPool' }],
  ['add', { ...one, kind: 'add', inputs: [input, input] }],
  ['concat', { ...one, kind: 'concat', inputs: [input, input, input] }],
  ['flatten', { ...one, kind: 'flatten' }],
];

const SHAPE: [number, number, number, number] = [3, 9, 10, 4];
const image = values(3 * 9 * 10 * 4, 1);

/** Nothing but the op. A concatenation of four one-channel inputs declares the four channels that it reads. */
function graphOf(op: FloatNode): FloatGraph {
  const raw = nodeId('input');
  return {
    name: 'one op',
    nodes: [
      { id: raw, kind: 'input', inputs: [], size: [9, 10], format: format(false, 16, 16) },
      { id: input, kind: 'concat', inputs: [raw, raw, raw, raw] },
      op,
    ],
    output: id,
    classNames: ['a', 'b'],
    hitClasses: [false, true],
    threshold: 0,
  };
}

interface Differentiated {
  readonly loss: number;
  readonly byInput: Float32Array;
  readonly byParameters: Float32Array[];
}

/** Loss = Σ projection · op(x); all gradients on the current back end. `training` uses batch statistics. */
function differentiate(
  op: FloatNode,
  x: Float32Array,
  parameters: Float32Array,
  training: boolean,
): Differentiated {
  const pass = createForwardPass(graphOf(op));
  return tf.tidy(() => {
    const given = pass.tensors(parameters, flattenParameters(pass.graph, pass.layout.statistics));
    const forward = (...[first, ...trainable]: tf.Tensor[]): tf.Scalar => {
      const out = pass
        .run(
          { trainable, statistics: given.statistics },
          new Map([[input, first as tf.Tensor4D]]),
          training ? { onStatistics: () => undefined } : {},
        )
        .get(id)!;
      const projection = tf.tensor(
        Float32Array.from({ length: out.size }, (_, i) => Math.sin(1 + 0.37 * i)),
        out.shape,
      );
      return tf.sum(tf.mul(out, projection));
    };
    const { value, grads } = tf.valueAndGrads(forward)([tf.tensor4d(x, SHAPE), ...given.trainable]);
    const [byInput, ...byParameters] = grads.map((g) => g.dataSync<'float32'>().slice());
    return { loss: value.dataSync()[0]!, byInput: byInput!, byParameters };
  });
}

const parametersOf = (op: FloatNode): Float32Array<ArrayBuffer> => {
  const pass = createForwardPass(graphOf(op));
  return flattenParameters(pass.graph, pass.layout.trainable);
};

const close = (a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number): void => {
  expect(a.length).toBe(b.length);
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!) / (1 + Math.abs(b[i]!)));
  expect(worst).toBeLessThan(tolerance);
};

describe('gradients on the wasm back end', () => {
  const variants = cases.flatMap(([name, op]) =>
    [false, true]
      .filter((training) => !training || op.kind === 'batchNorm')
      .map((training) => ({ name: training ? `${name} in training` : name, op, training })),
  );

  it.each(variants)('agree with the cpu back end: $name', async ({ op, training }) => {
    const parameters = parametersOf(op);
    await openBackend('cpu');
    const cpu = differentiate(op, image, parameters, training);
    await openBackend('wasm');
    const wasm = differentiate(op, image, parameters, training);
    close([wasm.loss], [cpu.loss], 1e-4);
    close(wasm.byInput, cpu.byInput, 1e-4);
    wasm.byParameters.forEach((g, i) => {
      close(g, cpu.byParameters[i]!, 2e-4);
    });
  });

  it.each(variants)('agree with finite differences: $name', async ({ op, training }) => {
    await openBackend('wasm');
    const parameters = parametersOf(op);
    const exact = differentiate(op, image, parameters, training);
    const draw = createRandom(11);
    const direction = (length: number) => Float32Array.from({ length }, () => draw.normal());
    const along = (g: ArrayLike<number>, d: Float32Array): number => d.reduce((s, v, i) => s + v * g[i]!, 0);
    // Central differences along a random direction; small enough that few kinks of relu and max are crossed.
    const h = 2e-3;
    const moved = (x: Float32Array, d: Float32Array, t: number) => x.map((v, i) => v + t * d[i]!);
    const dx = direction(image.length);
    const up = differentiate(op, moved(image, dx, h), parameters, training).loss;
    const down = differentiate(op, moved(image, dx, -h), parameters, training).loss;
    const expected = along(exact.byInput, dx);
    expect(Math.abs((up - down) / (2 * h) - expected)).toBeLessThan(0.03 * (1 + Math.abs(expected)));
    if (parameters.length === 0) return;
    const dp = direction(parameters.length);
    const more = differentiate(op, image, moved(parameters, dp, h), training).loss;
    const less = differentiate(op, image, moved(parameters, dp, -h), training).loss;
    const slope = along(
      exact.byParameters.flatMap((g) => [...g]),
      dp,
    );
    expect(Math.abs((more - less) / (2 * h) - slope)).toBeLessThan(0.03 * (1 + Math.abs(slope)));
  });

  it('of a clipped value passes where the value lies between the limits, both included, and nowhere else', async () => {
    await openBackend('wasm');
    const x = tf.tensor1d([-2, -1, -0.5, 0, 0.75, 1, 1.5, NaN]);
    const dy = tf.tensor1d([1, 2, 3, 4, 5, 6, 7, 8]);
    const gradient = tf.grad((v: tf.Tensor) => tf.clipByValue(v, -1, 1))(x, dy);
    expect([...gradient.dataSync()]).toEqual([0, 2, 3, 4, 5, 6, 0, 0]);
    // As TensorFlow.js composes it.
    await openBackend('cpu');
    const plain = tf.grad((v: tf.Tensor) => tf.clipByValue(v, -1, 1))(
      tf.tensor1d(x.dataSync()),
      tf.tensor1d(dy.dataSync()),
    );
    expect([...plain.dataSync()]).toEqual([0, 2, 3, 4, 5, 6, 0, 0]);
    await openBackend('wasm');
  });

  it('of equal largest values in a window goes to the first of them, row by row', async () => {
    await openBackend('wasm');
    const x = tf.tensor4d([1, 5, 5, 5, 2, 2, 2, 2, 7, 0, 7, 7, 0, 0, 0, 7], [1, 4, 4, 1]);
    const dy = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
    const gradient = tf.grad((v: tf.Tensor) => tf.maxPool(v as tf.Tensor4D, 2, 2, 'valid'))(x, dy);
    expect([...gradient.dataSync()]).toEqual([0, 1, 2, 0, 0, 0, 0, 0, 3, 0, 4, 0, 0, 0, 0, 0]);
  });

  it('leave no tensors behind', async () => {
    await openBackend('wasm');
    const op = conv(3, 2, [1, 1, 1, 1]);
    const parameters = parametersOf(op);
    differentiate(op, image, parameters, false);
    const before = tf.memory().numTensors;
    const data = tf.engine().backend.numDataIds();
    differentiate(op, image, parameters, false);
    expect(tf.memory().numTensors).toBe(before);
    expect(tf.engine().backend.numDataIds()).toBe(data);
  });
});

describe('copies of tensors on the wasm back end', () => {
  it('share the numbers, which outlive the first: what a gradient keeps costs no memory', async () => {
    await openBackend('wasm');
    const first = tf.tensor1d([1, 2, 3]);
    const copy = first.clone();
    const place = (t: tf.Tensor): number => heapView(t).byteOffset;
    expect(place(copy)).toBe(place(first));
    first.dispose();
    const other = tf.tensor1d([4, 5, 6]);
    expect([...copy.dataSync()]).toEqual([1, 2, 3]);
    const before = tf.engine().backend.numDataIds();
    copy.dispose();
    expect(tf.engine().backend.numDataIds()).toBe(before - 1);
    other.dispose();
  });
});

describe('the end of the wasm heap', () => {
  it.each([
    ['at 4 GiB', 2 ** 30 - 1],
    ['beyond 32 bits', 2 ** 30 + 1],
  ])('%s is an error with a remedy, not a tensor at address 0', async (_where, length) => {
    await openBackend('wasm');
    expect(() => heapTensor([length])).toThrow(/microBatch: .*4 GiB.* — .*preprocess\.factor/u);
    const after = tf.scalar(5);
    expect(after.dataSync()[0]).toBe(5);
    after.dispose();
  });

  it('is the same error where WebAssembly itself gives up', () => {
    const abort = (): never => {
      throw new Error('Aborted(). Build with -sASSERTIONS for more info.');
    };
    expect(() => withinHeap(abort)).toThrow(UserError);
    const other = (): never => {
      throw new Error('the label is wrong');
    };
    expect(() => withinHeap(other)).toThrow('the label is wrong');
  });
});

describe('products of matrices on the wasm back end', () => {
  /** `out[r, c] = Σ_k left(r, k) · right(k, c)`. */
  const product = (
    [rows, terms, columns]: readonly [number, number, number],
    left: (r: number, k: number) => number,
    right: (k: number, c: number) => number,
  ): number[] =>
    Array.from({ length: rows * columns }, (_, i) =>
      Array.from(
        { length: terms },
        (__, k) => left(Math.floor(i / columns), k) * right(k, i % columns),
      ).reduce((sum, v) => sum + v),
    );

  it('with one of them transposed, as the gradient of a dense layer asks for them, are those of the definition', async () => {
    await openBackend('wasm');
    const [a, b] = [values(3 * 5), values(3 * 7)];
    const turnedA = tf.matMul(tf.tensor2d(a, [3, 5]), tf.tensor2d(b, [3, 7]), true, false);
    expect(turnedA.shape).toEqual([5, 7]);
    close(
      turnedA.dataSync(),
      product(
        [5, 3, 7],
        (r, k) => a[k * 5 + r]!,
        (k, c) => b[k * 7 + c]!,
      ),
      1e-6,
    );
    const c = values(4 * 5);
    const turnedB = tf.matMul(tf.tensor2d(a, [3, 5]), tf.tensor2d(c, [4, 5]), false, true);
    expect(turnedB.shape).toEqual([3, 4]);
    close(
      turnedB.dataSync(),
      product(
        [3, 5, 4],
        (r, k) => a[r * 5 + k]!,
        (k, column) => c[column * 5 + k]!,
      ),
      1e-6,
    );
    tf.dispose([turnedA, turnedB]);
  });
});
