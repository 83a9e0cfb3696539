/** Habits of exporters, each a whole small network: what a stranger's file may look like. */
import type { Image, Model } from './patterns.js';
import { SIDE } from './patterns.js';

const ints = (...values: number[]) => ({ ints: values });
const int = (value: number) => ({ int: value });
const float = (value: number) => ({ float: value });

export type Network = (m: Model, x: Image) => readonly [output: string, values: number];

/** The mean of every channel and two logits. */
const ended = (m: Model, x: string, channels: number): readonly [string, number] => {
  const mean = m.node('Flatten', [m.node('GlobalAveragePool', [x])]);
  return [m.node('Gemm', [mean, m.weights(2, channels), m.weights(2)], { transB: int(1) }), 2];
};
/** The first layer, `[N, 4, 12, 12]`, then what `body` makes of it. */
const inside =
  (body: (m: Model, y: string) => string, channels = 4): Network =>
  (m, x) =>
    ended(m, body(m, m.conv(x, 4).name), channels);
const image4: Image = { name: '', channels: 4, height: 1, width: 1 };
const scalar = (m: Model, value: number): string => m.constant([value], []);

export const HABITS: Readonly<Record<string, Network>> = {
  'batch normalisation taken apart, before a convolution': (m, x) => {
    const centred = m.node('Sub', [x.name, m.constant([0.3], [1, 1, 1, 1])]);
    const scaled = m.node('Div', [
      centred,
      m.node('Sqrt', [m.node('Add', [m.constant([0.2], [1]), m.constant([1e-5], [1])])]),
    ]);
    const moved = m.node('Add', [
      m.node('Mul', [m.constant([1.3], [1, 1, 1]), scaled]),
      m.constant([-0.1], [1, 1, 1]),
    ]);
    return ended(m, m.node('Relu', [m.conv({ ...x, name: moved }, 4).name]), 4);
  },
  'a Gemm with alpha and beta': (m, x) => {
    const flat = m.node('Flatten', [m.node('GlobalMaxPool', [m.conv(x, 4).name])]);
    return [m.node('Gemm', [flat, m.weights(4, 2), m.weights(2)], { alpha: float(0.5), beta: float(2) }), 2];
  },
  'a bias that comes first in its Add': (m, x) => {
    const flat = m.node('Flatten', [m.node('GlobalAveragePool', [m.conv(x, 4).name])]);
    return [m.node('Add', [m.weights(2), m.node('MatMul', [flat, m.weights(4, 2)])]), 2];
  },
  'a matrix that is transposed where it stands': (m, x) => {
    const flat = m.node('Squeeze', [m.node('GlobalAveragePool', [m.conv(x, 4).name]), m.ints(2, 3)]);
    return [m.node('MatMul', [flat, m.node('Transpose', [m.weights(2, 4)], { perm: ints(1, 0) })]), 2];
  },
  'a chain of Identity and Dropout': inside((m, y) =>
    ['Identity', 'Dropout', 'Identity', 'Identity'].reduce(
      (x, type) => m.node(type, [x]),
      m.node('Relu', [y]),
    ),
  ),
  'a Clip without a lower limit': inside((m, y) => m.node('Clip', [y, '', scalar(m, 0.25)])),
  'a Clip without an upper limit': inside((m, y) => m.node('Clip', [y, scalar(m, -0.125)])),
  'sums of one and of two': inside((m, y) => m.node('Sum', [m.node('Sum', [y]), m.node('Relu', [y])])),
  'means along axes that are counted from behind, in two steps': (m, x) => {
    const rows = m.node('ReduceMean', [m.conv(x, 4).name], { axes: ints(-1), keepdims: int(1) });
    const mean = m.node('ReduceMean', [rows], { axes: ints(-2, -1), keepdims: int(0) });
    return [m.node('Gemm', [mean, m.weights(4, 2), m.weights(2)]), 2];
  },
  'a sum over the image': (m, x) => {
    const sum = m.node('ReduceSum', [m.node('Relu', [m.conv(x, 4).name]), m.ints(2, 3)], {
      keepdims: int(0),
    });
    return [m.node('Gemm', [m.node('Mul', [sum, scalar(m, 1 / 64)]), m.weights(4, 2)]), 2];
  },
  'the largest value over the image': (m, x) => {
    const most = m.node('ReduceMax', [m.conv(x, 4).name], { axes: ints(2, 3), keepdims: int(0) });
    return [m.node('Gemm', [most, m.weights(4, 2), m.weights(2)]), 2];
  },
  'weights that two convolutions share': (m, x) => {
    const weights = m.weights(4, 4, 3, 3);
    const same = { pads: ints(1, 1, 1, 1) };
    const a = m.node('Relu', [m.node('Conv', [m.conv(x, 4).name, weights], same)]);
    return ended(m, m.node('Conv', [a, weights], same), 4);
  },
  'a bias out of ConstantOfShape': (m, x) => {
    const zeros = m.node('ConstantOfShape', [m.ints(4)]);
    const y = m.node('Conv', [m.conv(x, 4).name, m.weights(4, 4, 1, 1), zeros]);
    return ended(m, y, 4);
  },
  'weights by a Reshape and a Squeeze': (m, x) => {
    const cube = m.node('Reshape', [m.weights(36, 4), m.ints(4, 4, 3, 3)]);
    const bias = m.node('Squeeze', [m.weights(1, 4), m.ints(0)]);
    return ended(m, m.node('Conv', [m.conv(x, 4).name, cube, bias], { pads: ints(1, 1, 1, 1) }), 4);
  },
  'a reshape that copies extents': (m, x) => {
    const moved = m.node('Reshape', [m.conv(x, 4).name, m.ints(0, 0, -1)]);
    const back = m.node('Reshape', [m.node('Relu', [moved]), m.ints(0, 4, SIDE, SIDE)]);
    return ended(m, back, 4);
  },
  'a softmax of all axes from the first (opset 11 and before) by a flatten': (m, x) => {
    const y = m.node('Flatten', [m.node('GlobalAveragePool', [m.conv(x, 3).name])]);
    return [m.node('Softmax', [y], { axis: int(1) }), 3];
  },
  'logarithms of a softmax': (m, x) => {
    const y = m.node('Flatten', [m.node('GlobalAveragePool', [m.conv(x, 3).name])]);
    return [m.node('LogSoftmax', [y], { axis: int(-1) }), 3];
  },
  'padding by auto_pad VALID and none stated': inside((m, y) =>
    m.node('MaxPool', [m.node('Conv', [y, m.weights(4, 4, 3, 3)], { auto_pad: { text: 'VALID' } })], {
      kernel_shape: ints(2, 2),
      auto_pad: { text: 'NOTSET' },
    }),
  ),
  'a pad of rows, then a convolution that pads columns': inside((m, y) => {
    const padded = m.node('Pad', [y, m.ints(0, 0, 1, 0, 0, 0, 1, 0)]);
    return m.node('Conv', [padded, m.weights(4, 4, 3, 3)], { pads: ints(0, 1, 0, 1) });
  }),
  'halves exchanged by Slice and Concat': inside((m, y) => {
    const part = (from: number, to: number): string =>
      m.node('Slice', [y, m.ints(from), m.ints(to), m.ints(1), m.ints(1)]);
    return m.node('Concat', [part(2, 4), part(0, 2)], { axis: int(-3) });
  }),
  'an uneven split': inside((m, y) => {
    const [a, b] = m.nodes('Split', [y, m.ints(1, 3)], 2, { axis: int(1) });
    return m.node('Concat', [m.node('Relu', [b!]), a!], { axis: int(1) });
  }),
  'SiLU as a product': inside((m, y) => m.node('Mul', [m.node('Sigmoid', [y]), y])),
  'hard-swish as one operator': inside((m, y) => m.node('HardSwish', [y])),
  'hard-sigmoid with slopes of its own': inside((m, y) =>
    m.node('HardSigmoid', [y], { alpha: float(0.25), beta: float(0.4) }),
  ),
  'a square of batches behind each other': (m, x) => {
    const image = m.node('Unsqueeze', [m.node('Squeeze', [x.name, m.ints(1)]), m.ints(1)]);
    return ended(m, m.conv({ ...x, name: image }, 4).name, 4);
  },
  'channels last throughout, as TensorFlow has it': (m, x) => {
    const last = m.node('Transpose', [m.conv(x, 4).name], { perm: ints(0, 2, 3, 1) });
    const biased = m.node('Relu', [m.node('Add', [last, m.weights(4)])]);
    const mean = m.node('ReduceMean', [biased], { axes: ints(1, 2), keepdims: int(0) });
    return [m.node('Add', [m.node('MatMul', [mean, m.weights(4, 2)]), m.weights(2)]), 2];
  },
  'a dense layer over rows of features': (m, x) => {
    const rows = m.node('Reshape', [m.conv(x, 4).name, m.ints(-1, 4 * SIDE * SIDE)]);
    const hidden = m.node('Relu', [
      m.node('Gemm', [rows, m.weights(8, 4 * SIDE * SIDE), m.weights(8)], { transB: int(1) }),
    ]);
    return [
      m.node('Gemm', [m.node('Dropout', [hidden]), m.weights(2, 8), m.weights(2)], { transB: int(1) }),
      2,
    ];
  },
  'two heads of one convolution, added': (m, x) => {
    const y = m.node('Relu', [m.conv(x, 4).name]);
    const a = m.node('Flatten', [m.node('GlobalAveragePool', [y])]);
    const b = m.node('Flatten', [m.node('GlobalMaxPool', [y])]);
    const both = m.node('Concat', [a, b], { axis: int(1) });
    return [m.node('Gemm', [both, m.weights(2, 8), m.weights(2)], { transB: int(1) }), 2];
  },
  'one logit, squeezed to a vector of the batch': (m, x) => {
    const mean = m.node('GlobalAveragePool', [m.conv(x, 1).name]);
    return [m.node('Sigmoid', [m.node('Reshape', [mean, m.ints(-1, 1)])]), 1];
  },
  'a constant scale on the logits (temperature)': (m, x) => {
    const [logits] = ended(m, m.conv(x, 4).name, 4);
    return [m.node('Div', [logits, scalar(m, 1.7)]), 2];
  },
  'a difference of two branches': inside((m, y) => m.node('Relu', [m.node('Sub', [y, m.node('Relu', [y])])])),
  'the share of a hit out of a softmax of two': (m, x) => {
    const shares = m.node('Softmax', [ended(m, m.conv(x, 4).name, 4)[0]], { axis: int(1) });
    return [m.node('Slice', [shares, m.ints(1), m.ints(2), m.ints(1)]), 1];
  },
  'the share of a miss, gathered': (m, x) => {
    const shares = m.node('Softmax', [ended(m, m.conv(x, 4).name, 4)[0]], { axis: int(1) });
    return [m.node('Gather', [shares, m.ints(0)], { axis: int(1) }), 1];
  },
  'a grey image repeated as three channels by Tile': (m, x) => {
    const colours = m.node('Tile', [x.name, m.ints(1, 3, 1, 1)]);
    return ended(m, m.conv({ ...x, name: colours, channels: 3 }, 4).name, 4);
  },
  'a grey image expanded to three channels, each normalised': (m, x) => {
    const colours = m.node('Expand', [x.name, m.ints(1, 3, SIDE, SIDE)]);
    const centred = m.node('Sub', [colours, m.constant([0.485, 0.456, 0.406], [1, 3, 1, 1])]);
    const name = m.node('Div', [centred, m.constant([0.229, 0.224, 0.225], [1, 3, 1, 1])]);
    return ended(m, m.node('Relu', [m.conv({ ...x, name, channels: 3 }, 4).name]), 4);
  },
  'a gate that is expanded over the image': inside((m, y) => {
    const gate = m.node('Sigmoid', [
      m.conv({ ...image4, name: m.node('GlobalAveragePool', [y]) }, 4, 1).name,
    ]);
    return m.node('Mul', [m.node('Expand', [gate, m.node('Shape', [y])]), y]);
  }),
  'weights scaled by their own norm, which the file computes': (m, x) => {
    const raw = m.weights(4, 1, 3, 3);
    const norm = m.node('ReduceL2', [raw], { axes: ints(1, 2, 3), keepdims: int(1) });
    const scaled = m.node('Mul', [m.node('Div', [raw, norm]), m.weights(4, 1, 1, 1)]);
    return ended(m, m.node('Conv', [x.name, scaled]), 4);
  },
  'weights less their own mean, over their deviation': (m, x) => {
    const raw = m.weights(4, 1, 3, 3);
    const over = { axes: ints(1, 2, 3), keepdims: int(1) };
    const centred = m.node('Sub', [raw, m.node('ReduceMean', [raw], over)]);
    const square = m.node('ReduceMean', [m.node('Pow', [centred, scalar(m, 2)])], over);
    const deviation = m.node('Sqrt', [m.node('Add', [square, scalar(m, 1e-5)])]);
    return ended(m, m.node('Conv', [x.name, m.node('Div', [centred, deviation])]), 4);
  },
  'weights that the file chooses: the largest of three, and where a condition holds': (m, x) => {
    const largest = m.node('Max', [m.weights(4, 1, 3, 3), m.weights(4, 1, 3, 3), m.weights(4, 1, 3, 3)]);
    const same = m.node('Equal', [m.ints(1, 2, 3, 4), m.ints(1, 0, 3, 0)]);
    const cube = m.node('Reshape', [same, m.ints(4, 1, 1, 1)]);
    const kept = m.node('Where', [cube, largest, m.weights(4, 1, 3, 3)]);
    return ended(m, m.node('Conv', [x.name, kept]), 4);
  },
  'a ReLU between a flatten and a reshape': (m, x) => {
    const flat = m.node('Relu', [m.node('Flatten', [m.conv(x, 4).name])]);
    const image = m.node('Reshape', [flat, m.ints(-1, 4, SIDE, SIDE)]);
    return ended(m, m.conv({ ...x, name: image, channels: 4 }, 3).name, 3);
  },
};

/** Networks that are refused, and the words that say why. */
export const REFUSED: Readonly<Record<string, readonly [network: Network, says: RegExp]>> = {
  'an image turned upside down': [
    inside((m, y) => m.node('Slice', [y, m.ints(-1), m.ints(-(2 ** 31)), m.ints(2), m.ints(-1)])),
    /mixes pixels and channels/,
  ],
  'a transposed convolution': [
    inside((m, y) => m.node('ConvTranspose', [y, m.weights(4, 4, 2, 2)], { strides: ints(2, 2) })),
    /ConvTranspose/,
  ],
  'normalisation of every image': [
    inside((m, y) => m.node('InstanceNormalization', [y, m.weights(4), m.weights(4)])),
    /InstanceNormalization/,
  ],
  'padding by reflection': [
    inside((m, y) => m.node('Pad', [y, m.ints(0, 0, 1, 1, 0, 0, 1, 1)], { mode: { text: 'reflect' } })),
    /pads by reflect/,
  ],
  'a share out of a softmax of three': [
    (m, x) => {
      const shares = m.node('Softmax', [m.node('Flatten', [m.node('GlobalMaxPool', [m.conv(x, 3).name])])]);
      return [m.node('Slice', [shares, m.ints(1), m.ints(2), m.ints(1)]), 1];
    },
    /takes a part of a softmax: export the network with all its classes/,
  ],
  'a variance below 0': [
    inside((m, y) => {
      const variance = m.constant([1, -2, 1, 1], [4]);
      return m.node('BatchNormalization', [y, m.weights(4), m.weights(4), m.weights(4), variance]);
    }),
    /holds a negative variance/,
  ],
  'a vector expanded over an image and convolved': [
    inside((m, y) => {
      const wide = m.node('Expand', [m.node('GlobalMaxPool', [y]), m.ints(1, 4, SIDE, SIDE)]);
      return m.node('Conv', [wide, m.weights(4, 4, 3, 3)]);
    }),
    /reads what an Expand repeats to 4×12×12/,
  ],
  'pixels repeated by Tile': [
    inside((m, y) => m.node('Tile', [y, m.ints(1, 1, 2, 2)])),
    /another axis than the channels/,
  ],
  'a logarithm of activations': [
    inside((m, y) => m.node('Log', [y])),
    /Log\): it is taken of constants alone/,
  ],
  'scales chosen anew for every frame': [
    inside((m, y) => m.nodes('DynamicQuantizeLinear', [y], 3)[0]!),
    /dynamic quantization/,
  ],
  'an attribute that nobody knows': [
    inside((m, y) => m.node('Relu', [y], { sharpness: float(2) })),
    /attribute sharpness is not understood/,
  ],
};
