/**
 * Instances of what was once found wrong in silence, or refused for the wrong cause, written anew: other names of operators in between,
 * other places, other nesting. `INSTANCES` are held against ONNX Runtime; `WITH_WORDS` are refused, in words.
 */
import type { Network } from './habits.js';
import { SIDE, type Image, type Model } from './patterns.js';

const ints = (...values: number[]) => ({ ints: values });
const int = (value: number) => ({ int: value });
const float = (value: number) => ({ float: value });
const text = (value: string) => ({ text: value });

const channels = (m: Model): string => m.weights(4, 1, 1);
const number = (m: Model, value: number): string => m.constant([value], []);
const add = (m: Model, a: string, b: string): string => m.node('Add', [a, b]);
const mul = (m: Model, a: string, b: string): string => m.node('Mul', [a, b]);
const relu = (m: Model, x: string): string => m.node('Relu', [x]);
const mean = (m: Model, x: string): string => m.node('GlobalAveragePool', [x]);
const flat = (m: Model, x: string): string => m.node('Flatten', [x]);
const gemm = (m: Model, x: string, from: number, to: number): string =>
  m.node('Gemm', [x, m.weights(to, from), m.weights(to)], { transB: int(1) });
const transposed = (m: Model, x: string, ...perm: number[]): string =>
  m.node('Transpose', [x], { perm: ints(...perm) });
const reshaped = (m: Model, x: string, ...shape: number[]): string =>
  m.node('Reshape', [x, m.ints(...shape)]);

/** The mean of every channel and two logits. */
const ended = (m: Model, x: string, from = 4): readonly [string, number] => [
  gemm(m, flat(m, mean(m, x)), from, 2),
  2,
];
/** The first layer, `[N, 4, 12, 12]`, then what `body` makes of it. */
const inside =
  (body: (m: Model, y: string, x: Image) => string, from = 4): Network =>
  (m, x) => {
    const y = m.conv(x, 4);
    return ended(m, body(m, y.name, y), from);
  };
/** Six features, then what `head` makes of them. */
const behind =
  (head: (m: Model, features: string) => readonly [string, number]): Network =>
  (m, x) =>
    head(m, flat(m, mean(m, relu(m, m.conv(x, 6).name))));
/** What `change` makes of one reader's value, beside another who reads the layer as it is. */
const beside = (change: (m: Model, y: string) => string): Network =>
  inside((m, y) => add(m, relu(m, change(m, y)), m.node('Sigmoid', [y])));
/** All pixels in a row. */
const row = (m: Model, x: Image): string => flat(m, x.name);
const PIXELS = SIDE * SIDE;

export const INSTANCES: Readonly<Record<string, Network>> = {
  // A constant before which nothing seems to read the layer but one.
  'alias: a factor behind two squeezes of nothing': beside((m, y) => {
    const wide = m.node('Unsqueeze', [y, m.ints(1)]);
    return mul(m, m.node('Squeeze', [wide, m.ints(1)]), channels(m));
  }),
  'alias: a constant behind channels last and back': beside((m, y) =>
    transposed(m, add(m, transposed(m, y, 0, 2, 3, 1), m.weights(4)), 0, 3, 1, 2),
  ),
  'alias: a difference behind a cast to what it is': beside((m, y) =>
    m.node('Sub', [m.node('Cast', [y], { to: int(1) }), channels(m)]),
  ),
  'alias: a quotient behind a slice of all': beside((m, y) => {
    const all = m.node('Slice', [y, m.ints(0, 0), m.ints(99, 99), m.ints(2, 3)]);
    return m.node('Div', [all, number(m, -1.5)]);
  }),
  'alias: a factor behind a concatenation of one': beside((m, y) =>
    mul(m, m.node('Concat', [y], { axis: int(1) }), channels(m)),
  ),
  'alias: a constant behind a padding of nothing': beside((m, y) =>
    add(m, m.node('Pad', [y, m.ints(0, 0, 0, 0, 0, 0, 0, 0)]), channels(m)),
  ),
  'alias: a factor behind an expansion to the same': beside((m, y) =>
    mul(m, m.node('Expand', [y, m.ints(1, 1, 1, 1)]), channels(m)),
  ),
  'alias: a constant behind a sum of one': beside((m, y) => add(m, m.node('Sum', [y]), number(m, 0.3))),
  'alias: a normalisation behind dropout beside the layer': beside((m, y) => {
    const positive = m.constant([0.5, 1.5, 2, 1], [4]);
    const dropped = m.node('Dropout', [m.node('Identity', [y]), number(m, 0.4)]);
    return m.node('BatchNormalization', [dropped, m.weights(4), m.weights(4), m.weights(4), positive]);
  }),
  'alias: the same constant to both of two readers': inside((m, y) => {
    const k = channels(m);
    return add(m, relu(m, add(m, m.node('Identity', [y]), k)), m.node('Tanh', [add(m, y, k)]));
  }),
  'alias: two factors, one after the other, of one layer that is read again': inside((m, y) =>
    add(m, mul(m, mul(m, m.node('Identity', [y]), channels(m)), number(m, -2)), y),
  ),
  'alias: a constant behind features that end the network, too': behind((m, x) => {
    const logits = gemm(m, x, 6, 2);
    return [add(m, relu(m, add(m, m.node('Identity', [logits]), m.weights(2))), logits), 2];
  }),
  'alias: a factor on a pool whose input is read again': inside((m, y) => {
    const pooled = m.node('MaxPool', [y], { kernel_shape: ints(3, 3), pads: ints(1, 1, 1, 1) });
    return add(m, mul(m, m.node('Identity', [pooled]), m.constant([-1, 2, -0.5, 1], [1, 4, 1, 1])), pooled);
  }),
  'alias: what a Split left whole, scaled': inside((m, y) => {
    const [a, b] = m.nodes('Split', [y, m.ints(2, 2)], 2, { axis: int(1) });
    return m.node('Concat', [mul(m, a!, m.weights(2, 1, 1)), a!, b!], { axis: int(1) });
  }, 6),

  // Heads of one value.
  'head: a mean over everything': (m, x) => {
    const y = m.conv(x, 1, 3);
    return [m.node('ReduceMean', [flat(m, y.name)], { axes: ints(1), keepdims: int(1) }), 1];
  },
  'head: a matrix without bias, and squeezed by Reshape': behind((m, x) => [
    reshaped(m, m.node('MatMul', [x, m.weights(6, 1)]), -1, 1),
    1,
  ]),
  'head: the largest place of a map': (m, x) => [flat(m, m.node('GlobalMaxPool', [m.conv(x, 1, 1).name])), 1],
  'head: a sigmoid before the last reshape': behind((m, x) => [
    reshaped(m, m.node('Sigmoid', [gemm(m, x, 6, 1)]), 0, -1),
    1,
  ]),
  'head: two matrices side by side, each with its sigmoid': behind((m, x) => {
    const one = (): string => m.node('Sigmoid', [gemm(m, x, 6, 1)]);
    return [m.node('Concat', [one(), one()], { axis: int(1) }), 2];
  }),
  'head: a softmax of a logit and zero': behind((m, x) => {
    const z = gemm(m, x, 6, 1);
    return [
      m.node('Softmax', [m.node('Concat', [mul(m, z, number(m, 0)), z], { axis: int(1) })], { axis: int(1) }),
      2,
    ];
  }),
  'head: a difference of two matrices': behind((m, x) => [
    m.node('Sub', [gemm(m, x, 6, 1), gemm(m, x, 6, 1)]),
    1,
  ]),
  'head: a temperature and a bias behind one logit': behind((m, x) => [
    m.node('Sigmoid', [add(m, m.node('Div', [gemm(m, x, 6, 1), number(m, 2.5)]), number(m, -0.2))]),
    1,
  ]),
  'head: one less a sigmoid, beside it': behind((m, x) => {
    const p = m.node('Sigmoid', [gemm(m, x, 6, 1)]);
    return [m.node('Concat', [m.node('Sub', [number(m, 1), p]), p], { axis: int(1) }), 2];
  }),
  'head: a hyperbolic tangent': behind((m, x) => [m.node('Tanh', [gemm(m, x, 6, 1)]), 1]),
  'head: a convolution that takes the whole image': (m, x) => {
    const y = m.conv(x, 4);
    return [
      flat(m, m.node('Sigmoid', [m.node('Conv', [y.name, m.weights(1, 4, SIDE, SIDE), m.weights(1)])])),
      1,
    ];
  },

  // Networks without an image layer.
  'vector: three dense layers': (m, x) => {
    const a = relu(m, gemm(m, row(m, x), PIXELS, 9));
    return [gemm(m, m.node('Dropout', [relu(m, gemm(m, a, 9, 5))]), 5, 2), 2];
  },
  'vector: normalised features, a slope for each': (m, x) => {
    const a = gemm(m, row(m, x), PIXELS, 5);
    const positive = m.constant([0.5, 1.5, 2, 1, 0.7], [5]);
    const norm = m.node('BatchNormalization', [a, m.weights(5), m.weights(5), m.weights(5), positive]);
    return [gemm(m, m.node('PRelu', [norm, m.constant([0.1, -0.2, 0.9, 0, 1.3], [5])]), 5, 2), 2];
  },
  'vector: a residual of dense layers': (m, x) => {
    const a = relu(m, gemm(m, row(m, x), PIXELS, 6));
    return [gemm(m, add(m, a, m.node('Tanh', [gemm(m, a, 6, 6)])), 6, 2), 2];
  },
  'vector: features gated by themselves': (m, x) => {
    const a = gemm(m, row(m, x), PIXELS, 6);
    return [gemm(m, mul(m, a, m.node('Sigmoid', [gemm(m, a, 6, 6)])), 6, 2), 2];
  },
  'vector: halves of the features, exchanged': (m, x) => {
    const a = gemm(m, row(m, x), PIXELS, 6);
    const [p, q] = m.nodes('Split', [a, m.ints(2, 4)], 2, { axis: int(-1) });
    return [gemm(m, m.node('Concat', [relu(m, q!), p!], { axis: int(1) }), 6, 2), 2];
  },
  'vector: columns first, then dense': (m, x) => [
    gemm(m, flat(m, transposed(m, x.name, 0, 1, 3, 2)), PIXELS, 2),
    2,
  ],

  // Attributes and what they are when nobody states them.
  'attribute: LeakyRelu, HardSigmoid and Elu as they are by default': inside((m, y) =>
    m.node('Elu', [m.node('HardSigmoid', [m.node('LeakyRelu', [y])])]),
  ),
  'attribute: epsilon of a normalisation by default': inside((m, y) =>
    m.node('BatchNormalization', [
      y,
      m.weights(4),
      m.weights(4),
      m.weights(4),
      m.constant([1e-5, 2e-5, 1e-4, 1e-3], [4]),
    ]),
  ),
  'attribute: axes from behind, everywhere': inside((m, y) => {
    const [a, b] = m.nodes('Split', [y, m.ints(1, 3)], 2, { axis: int(-3) });
    const joined = m.node('Concat', [b!, a!], { axis: int(-3) });
    return m.node('Squeeze', [m.node('Unsqueeze', [joined, m.ints(-1)]), m.ints(-1)]);
  }),
  'attribute: Gemm that transposes nothing, scaled': behind((m, x) => [
    m.node('Gemm', [x, m.weights(6, 2), m.weights(1, 2)], {
      alpha: float(-0.75),
      beta: float(0.5),
      transA: int(0),
    }),
    2,
  ]),
  'attribute: Gather from behind': inside(
    (m, y) => m.node('Gather', [y, m.ints(-1, 0, -4)], { axis: int(1) }),
    3,
  ),
  'attribute: storage_order and dilations of a pool': inside((m, y) =>
    m.node('MaxPool', [relu(m, y)], {
      kernel_shape: ints(2, 2),
      dilations: ints(1, 1),
      storage_order: int(0),
    }),
  ),
  'attribute: a split by a number': inside((m, y) => {
    const [a, b] = m.nodes('Split', [y], 2, { axis: int(1) });
    return m.node('Concat', [b!, relu(m, a!), b!], { axis: int(1) });
  }, 6),
  'attribute: a softmax along the only other axis': behind((m, x) => [
    m.node('Softmax', [gemm(m, x, 6, 3)]),
    3,
  ]),
  'attribute: a shape from behind the batch': inside((m, y) => {
    const extents = m.node('Shape', [y], { start: int(-2) });
    return reshaped2(
      m,
      relu(m, reshaped(m, y, 0, 4, -1)),
      m.node('Concat', [m.ints(0, 4), extents], { axis: int(0) }),
    );
  }),
  'attribute: a reduction that keeps its axes by default': (m, x) => [
    flat(
      m,
      m.node('Conv', [
        m.node('ReduceMean', [m.conv(x, 4).name], { axes: ints(-1, -2) }),
        m.weights(2, 4, 1, 1),
      ]),
    ),
    2,
  ],

  // Activations in other words.
  'activation: ReLU6 with the constant first': inside((m, y) =>
    m.node('Min', [number(m, 0.2), m.node('Max', [number(m, 0), y])]),
  ),
  'activation: a Min and a Max of vectors of one': inside((m, y) =>
    m.node('Max', [m.node('Min', [y, m.constant([0.4], [1, 1, 1, 1])]), m.constant([-0.1], [1])]),
  ),
  'activation: leaky as a sum of two halves': inside((m, y) =>
    add(m, relu(m, y), mul(m, number(m, -0.1), relu(m, m.node('Neg', [y])))),
  ),
  'activation: SiLU with the gate first, through Identity': inside((m, y) =>
    mul(m, m.node('Sigmoid', [m.node('Identity', [y])]), m.node('Identity', [y])),
  ),
  'activation: hard-swish by a Clip': inside((m, y) => {
    const gate = m.node('Clip', [add(m, y, number(m, 3)), number(m, 0), number(m, 6)]);
    return m.node('Div', [mul(m, y, gate), number(m, 6)]);
  }),
  'activation: hard-swish whose sixth comes first': inside((m, y) => {
    const gate = m.node('Clip', [add(m, number(m, 3), y), number(m, 0), number(m, 6)]);
    return mul(m, y, mul(m, gate, number(m, 1 / 6)));
  }),
  'activation: hard-swish as MobileNetV3 of Keras writes it': inside((m, y) => {
    const six = m.node('Min', [relu(m, add(m, y, number(m, 3))), number(m, 6)]);
    return mul(m, mul(m, number(m, 1 / 6), six), y);
  }),
  'activation: hard-sigmoid by a Clip': inside((m, y) =>
    m.node('Clip', [add(m, mul(m, y, number(m, 0.2)), number(m, 0.5)), number(m, 0), number(m, 1)]),
  ),
  'activation: a PReLU with its slopes behind two axes': inside((m, y) =>
    m.node('PRelu', [y, m.constant([0.2, -0.4, 1.1, 0.7], [1, 4, 1, 1])]),
  ),
  'activation: GELU as Keras writes it': inside((m, y) => {
    const error = m.node('Erf', [mul(m, y, number(m, Math.SQRT1_2))]);
    return mul(m, mul(m, number(m, 0.5), y), add(m, number(m, 1), error));
  }),

  // Moving channels and pixels.
  'pixels: a shuffle in four groups of two': (m, x) => {
    const y = m.conv(x, 8).name;
    const dealt = transposed(m, reshaped(m, y, -1, 4, 2, SIDE, SIDE), 0, 2, 1, 3, 4);
    return ended(m, m.conv({ ...x, name: reshaped(m, dealt, -1, 8, SIDE, SIDE), channels: 8 }, 3).name, 3);
  },
  'pixels: blocks of three as channels': (m, x) => {
    const blocks = m.node('SpaceToDepth', [m.conv(x, 2).name], { blocksize: int(3) });
    return ended(m, m.conv({ name: blocks, channels: 18, height: 4, width: 4 }, 3).name, 3);
  },
  'pixels: four slices as channels, the focus of a detector': (m, x) => {
    const part = (y: number, z: number): string =>
      m.node('Slice', [x.name, m.ints(y, z), m.ints(SIDE, SIDE), m.ints(-2, -1), m.ints(2, 2)]);
    const joined = m.node('Concat', [part(0, 0), part(1, 0), part(0, 1), part(1, 1)], { axis: int(1) });
    return ended(m, m.conv({ name: joined, channels: 4, height: 6, width: 6 }, 3).name, 3);
  },
  'pixels: a window dilated three ways, padded unevenly': inside((m, y) =>
    m.node('Conv', [y, m.weights(4, 4, 2, 3)], {
      dilations: ints(3, 2),
      pads: ints(0, 1, 3, 2),
      strides: ints(1, 2),
    }),
  ),
  'pixels: means of windows in ceil_mode without their padding': inside((m, y) =>
    m.node('AveragePool', [y], {
      kernel_shape: ints(3, 2),
      strides: ints(2, 3),
      pads: ints(1, 0, 1, 1),
      ceil_mode: int(1),
    }),
  ),
  'pixels: a grouped convolution of a concatenation': inside((m, y) => {
    const joined = m.node('Concat', [y, relu(m, y)], { axis: int(1) });
    return m.node('Conv', [joined, m.weights(8, 2, 3, 3)], { group: int(4) });
  }, 8),
  'pixels: two pools side by side of one map': inside((m, y) => {
    const window = { kernel_shape: ints(2, 2), strides: ints(2, 2) };
    const both = [m.node('MaxPool', [y], window), m.node('AveragePool', [y], window)];
    return m.node('Concat', both, { axis: int(1) });
  }, 8),
  'pixels: rows convolved as one-dimensional, their channels normalised': (m, x) => {
    const rows = m.node('ReduceMax', [m.conv(x, 4).name], { axes: ints(2), keepdims: int(0) });
    const y = m.node('Conv', [rows, m.weights(5, 4, 3)], { strides: ints(2), pads: ints(1, 0) });
    const positive = m.constant([0.5, 1.5, 2, 1, 0.3], [5]);
    const norm = m.node('BatchNormalization', [y, m.weights(5), m.weights(5), m.weights(5), positive]);
    return [gemm(m, m.node('ReduceMean', [relu(m, norm)], { axes: ints(2), keepdims: int(0) }), 5, 2), 2];
  },

  // Gates.
  'gate: the mean by two reductions, unsqueezed twice': inside((m, y) => {
    const rows = m.node('ReduceMean', [y], { axes: ints(3), keepdims: int(0) });
    const hidden = relu(m, gemm(m, m.node('ReduceMean', [rows], { axes: ints(2), keepdims: int(0) }), 4, 2));
    const gate = m.node('HardSigmoid', [gemm(m, hidden, 2, 4)], { alpha: float(1 / 6) });
    return mul(m, m.node('Unsqueeze', [m.node('Unsqueeze', [gate, m.ints(2)]), m.ints(3)]), y);
  }),
  'gate: the mean by a window of the whole image': inside((m, y) => {
    const pooled = m.node('AveragePool', [y], { kernel_shape: ints(SIDE, SIDE) });
    return mul(m, y, m.node('Sigmoid', [m.node('Conv', [pooled, m.weights(4, 4, 1, 1), m.weights(4)])]));
  }),
  'gate: behind a residual, then added': inside((m, y, image) => {
    const body = m.conv({ ...image, name: relu(m, y) }, 4).name;
    const gate = m.node('Sigmoid', [gemm(m, flat(m, mean(m, body)), 4, 4)]);
    return relu(m, add(m, mul(m, body, reshaped(m, gate, 0, 4, 1, 1)), y));
  }),

  // Weights that are worked out.
  'weights: a factor, then a transpose': (m, x) => {
    const scaled = mul(m, m.weights(3, 3, 1, 4), m.constant([0.5, -1, 2, 0.25], [4]));
    return ended(m, m.node('Conv', [x.name, transposed(m, scaled, 3, 2, 0, 1)]));
  },
  'weights: the exponential of their logarithms, cast twice': (m, x) => {
    const raw = m.node('Cast', [m.node('Cast', [m.weights(4, 1, 3, 3)], { to: int(11) })], { to: int(1) });
    return ended(m, m.node('Conv', [x.name, m.node('Tanh', [raw])]));
  },
  'weights: bias by a Sub and a Squeeze': (m, x) => {
    const bias = m.node('Squeeze', [m.node('Sub', [m.weights(4, 1), m.weights(4, 1)]), m.ints(1)]);
    return ended(m, m.node('Conv', [x.name, m.weights(4, 1, 3, 3), bias]));
  },
  'weights: of int8 by channel, of the last layer': behind((m, x) => {
    const values = Array.from({ length: 12 }, (_, i) => ((i * 53) % 255) - 127);
    const scales = [m.constant([0.004, 0.01], [2]), m.constant([0, 0], [2], 'int8')];
    const weights = m.node('DequantizeLinear', [m.constant(values, [2, 6], 'int8'), ...scales], {
      axis: int(0),
    });
    return [m.node('Gemm', [x, weights, m.weights(2)], { transB: int(1) }), 2];
  }),
};

const reshaped2 = (m: Model, x: string, shape: string): string => m.node('Reshape', [x, shape]);

/** What is refused, and the words that say why. */
export const WITH_WORDS: Readonly<Record<string, readonly [network: Network, says: RegExp]>> = {
  'a normalisation in training mode': [
    inside((m, y) => {
      const positive = m.constant([0.5, 1.5, 2, 1], [4]);
      const parameters = [y, m.weights(4), m.weights(4), m.weights(4), positive];
      return m.nodes('BatchNormalization', parameters, 3, { training_mode: int(1) })[0]!;
    }),
    /training/,
  ],
  'a dropout that is told to drop': [
    inside((m, y) => m.node('Dropout', [y, number(m, 0.5), m.constant([1], [], 'bool')])),
    /Dropout.*training/s,
  ],
  'a factor that is no number': [inside((m, y) => mul(m, y, number(m, NaN))), /NaN|not finite/],
  'an infinite slope': [inside((m, y) => m.node('LeakyRelu', [y], { alpha: float(Infinity) })), /alpha/],
  'a variance that is no number': [
    inside((m, y) =>
      m.node('BatchNormalization', [
        y,
        m.weights(4),
        m.weights(4),
        m.weights(4),
        m.constant([1, NaN, 1, 1], [4]),
      ]),
    ),
    /NaN|not finite/,
  ],
  'a scale of zero': [
    inside((m, y) => {
      const parameters = [number(m, 0), m.constant([0], [], 'int8')];
      return m.node('DequantizeLinear', [m.node('QuantizeLinear', [y, ...parameters]), ...parameters]);
    }),
    /scale/,
  ],
  'a padding by ones': [
    inside((m, y) => m.node('Pad', [y, m.ints(0, 0, 1, 1, 0, 0, 1, 1), number(m, 1)])),
    /Pad|pads/,
  ],
  'a product of two maps': [
    inside((m, y, image) => mul(m, y, m.conv({ ...image, name: y }, 4).name)),
    /product|multipl/i,
  ],
  'a gate that bends nearly where that of a hard-swish does': [
    inside((m, y) => {
      const gate = m.node('Clip', [add(m, y, number(m, 2.5)), number(m, 0), number(m, 5)]);
      return m.node('Div', [mul(m, y, gate), number(m, 5)]);
    }),
    /product of two images/,
  ],
  'a gate for every pixel': [
    inside((m, y, image) => mul(m, y, m.node('Sigmoid', [m.conv({ ...image, name: y }, 1, 1).name]))),
    /product|multipl/i,
  ],
  'a constant for every pixel': [
    inside((m, y) => add(m, y, m.weights(1, 1, SIDE, SIDE))),
    /is not one value for each channel/,
  ],
  'a slope for every pixel': [
    inside((m, y) => m.node('PRelu', [y, m.weights(1, SIDE, SIDE)])),
    /is not one value for each channel/,
  ],
  'a softmax in the middle': [inside((m, y) => m.node('Softmax', [y], { axis: int(1) })), /Softmax|softmax/],
  'a recurrent layer': [
    (m, x) => {
      const steps = transposed(m, reshaped(m, x.name, -1, SIDE, SIDE), 1, 0, 2);
      const lstm = m.node('LSTM', [steps, m.weights(1, 16, SIDE), m.weights(1, 16, 4)], {
        hidden_size: int(4),
      });
      return [gemm(m, reshaped(m, lstm, -1, SIDE * 4), SIDE * 4, 2), 2];
    },
    /LSTM/,
  ],
  'pixels out of channels': [
    inside((m, y) => m.node('DepthToSpace', [y], { blocksize: int(2) }), 1),
    /DepthToSpace/,
  ],
  'a resize in between': [
    inside((m, y) => m.node('Resize', [y, '', m.constant([1, 1, 2, 2], [4])], { mode: text('linear') })),
    /mode linear/,
  ],
  'a mean of the batch': [inside((m, y) => m.node('ReduceMean', [y], { axes: ints(0) })), /batch|axis/],
  'the place of the largest logit': [
    behind((m, x) => [m.node('ArgMax', [gemm(m, x, 6, 3)], { axis: int(1) }), 1]),
    /ArgMax/,
  ],
  'a power of activations': [inside((m, y) => m.node('Pow', [y, number(m, 2)])), /Pow/],
  'layer normalisation': [
    inside((m, y) => m.node('LayerNormalization', [y, m.weights(SIDE)])),
    /LayerNormalization/,
  ],
  'a Transpose without perm, which turns the batch too': [
    inside((m, y) => m.node('Transpose', [m.node('Transpose', [y])])),
    /moves the batch/,
  ],
  'a Flatten that takes the batch in': [
    (m, x) => [gemm(m, m.node('Flatten', [m.conv(x, 4).name], { axis: int(2) }), PIXELS, 2), 2],
    /flattens the batch/,
  ],
  'a crop by a Pad below zero': [
    inside((m, y) => m.node('Pad', [y, m.ints(0, 0, -1, -2, 0, 0, 0, -1)])),
    /pads of 0, 0, -1, -2/,
  ],
};
