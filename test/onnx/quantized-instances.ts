/** Networks that quantize themselves, as PyTorch, TensorRT and ONNX Runtime write them: pairs in every place, with what is refused. */
import type { ElementType } from '../../src/backends/onnx/writer.js';
import type { Network } from './habits.js';
import type { Model } from './patterns.js';

const ints = (...values: number[]) => ({ ints: values });
const int = (value: number) => ({ int: value });
const k = (m: Model, value: number): string => m.constant([value], []);
const zero = (m: Model, value: number, type: ElementType): string => m.constant([value], [], type);
const relu = (m: Model, x: string): string => m.node('Relu', [x]);

/** `x` through a QuantizeLinear and a DequantizeLinear. */
function qdq(m: Model, x: string, scale: number, point: number, type: ElementType): string {
  const parameters = [k(m, scale), zero(m, point, type)];
  return m.node('DequantizeLinear', [m.node('QuantizeLinear', [x, ...parameters]), ...parameters]);
}

/** Weights that stand as bytes, with a scale, or one for each place along `axis`. */
function dqw(
  m: Model,
  dims: readonly number[],
  scales: readonly number[],
  points: readonly number[] | null,
  axis = 0,
  type: ElementType = 'int8',
): string {
  const least = type === 'uint8' ? 0 : -127;
  const values = Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => ((i * 37) % 255) + least);
  const extents = scales.length === 1 ? [] : [scales.length];
  const zeros = points === null ? [] : [m.constant(points, extents, type)];
  const inputs = [m.constant(values, dims, type), m.constant(scales, extents), ...zeros];
  return m.node('DequantizeLinear', inputs, scales.length === 1 ? {} : { axis: int(axis) });
}

const conv = (m: Model, x: string, weights: string, bias?: string): string =>
  m.node('Conv', [x, weights, ...(bias === undefined ? [] : [bias])], { pads: ints(1, 1, 1, 1) });

/** The mean of every channel and two logits. */
const end = (m: Model, x: string, from = 4): readonly [string, number] => {
  const mean = m.node('Flatten', [m.node('GlobalAveragePool', [x])]);
  return [m.node('Gemm', [mean, m.weights(2, from), m.weights(2)], { transB: int(1) }), 2];
};

export const QUANTIZED: Readonly<Record<string, Network>> = {
  'image quantized, weights quantized where they stand': (m, x) => {
    const w = m.weights(4, 1, 3, 3);
    return end(m, relu(m, conv(m, qdq(m, x.name, 2 ** -7, 0, 'uint8'), qdq(m, w, 2 ** -7, 0, 'int8'))));
  },
  'zero point 128 of signed values': (m, x) =>
    end(
      m,
      relu(
        m,
        conv(m, qdq(m, m.conv(x, 4).name, 2 ** -6, 128, 'uint8'), dqw(m, [4, 4, 3, 3], [2 ** -8], [0])),
      ),
    ),
  'zero point 3 of int8, scale 0.013': (m, x) =>
    end(
      m,
      relu(
        m,
        conv(
          m,
          qdq(m, m.conv(x, 4).name, 0.013, 3, 'int8'),
          dqw(m, [4, 4, 3, 3], [0.003, 0.001, 0.004, 0.002], [0, 0, 0, 0]),
        ),
      ),
    ),
  'weights with a zero point': (m, x) =>
    end(m, conv(m, m.conv(x, 4).name, dqw(m, [4, 4, 3, 3], [0.004], [7]))),
  'uint8 weights by channel with zero points': (m, x) =>
    end(
      m,
      conv(
        m,
        m.conv(x, 4).name,
        dqw(m, [4, 4, 3, 3], [0.004, 0.002, 0.001, 0.003], [128, 120, 130, 127], 0, 'uint8'),
      ),
    ),
  'weights along the inputs (axis 1)': (m, x) =>
    end(
      m,
      conv(m, m.conv(x, 4).name, dqw(m, [3, 4, 3, 3], [0.004, 0.002, 0.001, 0.003], [0, 0, 0, 0], 1)),
      3,
    ),
  'a bias of int32': (m, x) => {
    const b = m.node('DequantizeLinear', [
      m.constant([100, -2000, 300, 7], [4], 'int32'),
      m.constant([2 ** -14], []),
    ]);
    return end(
      m,
      relu(
        m,
        conv(m, qdq(m, m.conv(x, 4).name, 2 ** -6, 0, 'int8'), dqw(m, [4, 4, 3, 3], [2 ** -8], null), b),
      ),
    );
  },
  'one pair read by two convolutions': (m, x) => {
    const q = qdq(m, relu(m, m.conv(x, 4).name), 2 ** -7, 0, 'uint8');
    return end(
      m,
      m.node('Add', [
        conv(m, q, dqw(m, [4, 4, 3, 3], [2 ** -8], null)),
        conv(m, q, dqw(m, [4, 4, 3, 3], [2 ** -9], null)),
      ]),
    );
  },
  'a pair behind a pool and before a concatenation of another scale': (m, x) => {
    const a = qdq(
      m,
      m.node('MaxPool', [relu(m, m.conv(x, 4).name)], { kernel_shape: ints(2, 2), strides: ints(2, 2) }),
      2 ** -7,
      0,
      'uint8',
    );
    const b = qdq(
      m,
      relu(m, m.node('Conv', [x.name, m.weights(3, 1, 2, 2)], { strides: ints(2, 2) })),
      2 ** -6,
      0,
      'uint8',
    );
    return end(m, m.node('Concat', [a, b], { axis: int(1) }), 7);
  },
  'a residual of pairs, rounded again': (m, x) => {
    const a = qdq(m, m.conv(x, 4).name, 2 ** -6, 0, 'int8');
    const b = qdq(m, conv(m, a, dqw(m, [4, 4, 3, 3], [2 ** -8], null)), 2 ** -5, 0, 'int8');
    return end(m, qdq(m, relu(m, m.node('Add', [a, b])), 2 ** -5, 0, 'uint8'));
  },
  'logits rounded to bytes': (m, x) => {
    const [l] = end(m, relu(m, m.conv(x, 4).name));
    return [qdq(m, l, 2 ** -6, 0, 'int8'), 2];
  },
  'a sigmoid rounded to bytes': (m, x) => {
    const g = m.node(
      'Gemm',
      [m.node('Flatten', [m.node('GlobalMaxPool', [m.conv(x, 4).name])]), m.weights(1, 4), m.weights(1)],
      { transB: int(1) },
    );
    return [qdq(m, m.node('Sigmoid', [g]), 1 / 256, 0, 'uint8'), 1];
  },
  'pair around a leaky ReLU and an average': (m, x) => {
    const a = qdq(
      m,
      m.node('LeakyRelu', [m.conv(x, 4).name], { alpha: { float: 0.125 } }),
      2 ** -6,
      0,
      'int8',
    );
    return end(
      m,
      qdq(
        m,
        m.node('AveragePool', [a], { kernel_shape: ints(2, 2), strides: ints(2, 2) }),
        2 ** -6,
        0,
        'int8',
      ),
    );
  },
  'a MaxPool on the bytes themselves': (m, x) => {
    const p = [k(m, 2 ** -6), zero(m, 0, 'int8')];
    const q = m.node('QuantizeLinear', [m.conv(x, 4).name, ...p]);
    return end(
      m,
      m.node('DequantizeLinear', [
        m.node('MaxPool', [q], { kernel_shape: ints(2, 2), strides: ints(2, 2) }),
        ...p,
      ]),
    );
  },
  'a ReLU6 by the range of its bytes': (m, x) =>
    end(
      m,
      conv(
        m,
        qdq(m, m.node('Clip', [m.conv(x, 4).name, k(m, 0), k(m, 0.5)]), 0.5 / 255, 0, 'uint8'),
        m.weights(4, 4, 3, 3),
      ),
    ),
};

/** What is refused, and the words that say why. */
export const QUANTIZED_REFUSED: Readonly<Record<string, readonly [network: Network, says: RegExp]>> = {
  'pairs by channel of activations': [
    (m, x) => {
      const p = [
        m.constant([2 ** -6, 2 ** -5, 2 ** -7, 2 ** -6], [4]),
        m.constant([0, 0, 0, 0], [4], 'int8'),
      ];
      const q = m.node(
        'DequantizeLinear',
        [m.node('QuantizeLinear', [m.conv(x, 4).name, ...p], { axis: int(1) }), ...p],
        { axis: int(1) },
      );
      return end(m, conv(m, q, m.weights(4, 4, 3, 3)));
    },
    /a scale for each channel/,
  ],
  'a Q without its DQ': [
    (m, x) => {
      const q = m.node('QuantizeLinear', [m.conv(x, 4).name, k(m, 0.1), zero(m, 0, 'int8')]);
      return end(m, m.node('Cast', [q], { to: int(1) }));
    },
    /a DequantizeLinear has to come first/,
  ],
  'DQ of another scale than Q': [
    (m, x) => {
      const q = m.node('QuantizeLinear', [m.conv(x, 4).name, k(m, 2 ** -6), zero(m, 0, 'int8')]);
      return end(m, m.node('DequantizeLinear', [q, k(m, 2 ** -5), zero(m, 0, 'int8')]));
    },
    /another scale than it was quantized with/,
  ],
  'DQ of another zero point than Q': [
    (m, x) => {
      const q = m.node('QuantizeLinear', [m.conv(x, 4).name, k(m, 2 ** -6), zero(m, 0, 'int8')]);
      return end(m, m.node('DequantizeLinear', [q, k(m, 2 ** -6), zero(m, 2, 'int8')]));
    },
    /another scale than it was quantized with/,
  ],
};
