/** Patterns of today's exporters, small: what stands in the middle of a network, and how it ends. */
import { createRandom } from '../../src/core/random.js';
import { createOnnxWriter, type Attributes, type ElementType } from '../../src/backends/onnx/writer.js';

/** `[N, channels, height, width]`. */
export interface Image {
  readonly name: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** A model that is being written: nodes and constants get names of their own. */
export interface Model {
  node(type: string, inputs: readonly string[], attributes?: Attributes): string;
  /** Further outputs beside the first. */
  nodes(type: string, inputs: readonly string[], outputs: number, attributes?: Attributes): readonly string[];
  constant(values: readonly number[], dims: readonly number[], type?: ElementType): string;
  ints(...values: readonly number[]): string;
  /** Random weights. */
  weights(...dims: readonly number[]): string;
  /** A convolution with padding that keeps the size. */
  conv(x: Image, channels: number, kernel?: number, attributes?: Attributes): Image;
}

export const SIDE = 12;
const ints = (...values: number[]) => ({ ints: values });
const int = (value: number) => ({ int: value });

function modelOf(
  seed: number,
  opset = 17,
): { model: Model; finish: (output: string, values: number) => Uint8Array } {
  const writer = createOnnxWriter();
  const random = createRandom(seed);
  let count = 0;
  const fresh = (type: string): string => `${type.toLowerCase()}_${++count}`;
  writer.input('x', 'float', ['N', 1, SIDE, SIDE]);
  const model: Model = {
    node: (type, inputs, attributes = {}) => writer.node(type, fresh(type), inputs, { attributes }),
    nodes(type, inputs, outputs, attributes = {}) {
      const unread = Array.from({ length: outputs - 1 }, () => fresh('part'));
      return [writer.node(type, fresh(type), inputs, { attributes, unread }), ...unread];
    },
    constant: (values, dims, type = 'float') => writer.constant(fresh('k'), type, values, dims),
    ints: (...values) => writer.constant(fresh('k'), 'int64', values, [values.length]),
    weights(...dims) {
      const size = dims.reduce((a, b) => a * b, 1);
      const scale = 1.5 / Math.sqrt(size / dims[0]!);
      return model.constant(
        Array.from({ length: size }, () => scale * (2 * random.uniform() - 1)),
        dims,
      );
    },
    conv(x, channels, kernel = 3, attributes = {}) {
      const pad = (kernel - 1) / 2;
      const name = model.node(
        'Conv',
        [x.name, model.weights(channels, x.channels, kernel, kernel), model.weights(channels)],
        { pads: ints(pad, pad, pad, pad), ...attributes },
      );
      return { ...x, name, channels };
    },
  };
  const finish = (output: string, values: number): Uint8Array => {
    writer.output(output, 'float', ['N', values]);
    return writer.finish({ graphName: 'p', doc: '', producerVersion: '', metadata: {}, opset });
  };
  return { model, finish };
}

type Body = (m: Model, x: Image) => Image;
const same =
  (make: (m: Model, x: string, image: Image) => string): Body =>
  (m, x) => ({ ...x, name: make(m, x.name, x) });
const perChannel = (m: Model): string => m.weights(4, 1, 1);
const halved = (x: Image, name: string, channels = x.channels): Image => ({
  name,
  channels,
  height: x.height / 2,
  width: x.width / 2,
});
const add = (m: Model, a: string, b: string): string => m.node('Add', [a, b]);
/** Channels in `groups` dealt out like cards. */
const shuffled = (m: Model, x: string, channels: number): string => {
  const grouped = m.node('Reshape', [x, m.ints(-1, 2, channels / 2, SIDE, SIDE)]);
  const dealt = m.node('Transpose', [grouped], { perm: ints(0, 2, 1, 3, 4) });
  return m.node('Reshape', [dealt, m.ints(-1, channels, SIDE, SIDE)]);
};
const slice = (m: Model, x: string, from: number[], to: number[], axes: number[], steps: number[]): string =>
  m.node('Slice', [x, m.ints(...from), m.ints(...to), m.ints(...axes), m.ints(...steps)]);
const quantized = (m: Model, x: string, scale: number, type: 'int8' | 'uint8'): string => {
  const parameters = [m.constant([scale], []), m.constant([0], [], type)];
  return m.node('DequantizeLinear', [m.node('QuantizeLinear', [x, ...parameters]), ...parameters]);
};

/** What stands in the middle, `[N, 4, 12, 12]` in. */
export const BODIES: Readonly<Record<string, Body>> = {
  nothing: (_m, x) => x,
  'a constant behind Identity that is read twice': same((m, x) =>
    add(m, m.node('Relu', [add(m, m.node('Identity', [x]), perChannel(m))]), x),
  ),
  'a factor behind Dropout that is read twice': same((m, x) =>
    add(m, m.node('Mul', [m.node('Dropout', [x]), perChannel(m)]), x),
  ),
  'a constant behind a Reshape that is read twice': same((m, x) => {
    const moved = m.node('Reshape', [x, m.ints(0, 4, SIDE * SIDE)]);
    const sum = m.node('Reshape', [add(m, moved, m.weights(1, 4, 1)), m.ints(0, 4, SIDE, SIDE)]);
    return add(m, sum, x);
  }),
  'a difference with a constant': same((m, x) => m.node('Sub', [x, perChannel(m)])),
  'a constant less the image': same((m, x) => m.node('Sub', [perChannel(m), x])),
  'a quotient by a constant': same((m, x) => m.node('Div', [x, m.constant([2.5, -3, 4, 0.5], [1, 4, 1, 1])])),
  'a negation': same((m, x) => m.node('Relu', [m.node('Neg', [x])])),
  'a difference of two images': (m, x) => {
    const y = m.conv(x, 4);
    return { ...x, name: m.node('Sub', [x.name, y.name]) };
  },
  'a residual': (m, x) => ({ ...x, name: m.node('Relu', [add(m, m.conv(x, 4).name, x.name)]) }),
  'a sum of three': (m, x) => ({
    ...x,
    name: m.node('Sum', [x.name, m.conv(x, 4).name, m.conv(x, 4, 1).name]),
  }),
  'a concatenation': (m, x) => ({
    ...x,
    channels: 7,
    name: m.node('Concat', [x.name, m.conv(x, 3).name], { axis: int(1) }),
  }),
  'a concatenation with channels last': (m, x) => {
    const last = (name: string): string => m.node('Transpose', [name], { perm: ints(0, 2, 3, 1) });
    const joined = m.node('Concat', [last(x.name), last(m.conv(x, 3).name)], { axis: int(3) });
    return { ...x, channels: 7, name: m.node('Transpose', [joined], { perm: ints(0, 3, 1, 2) }) };
  },
  'a split, halves exchanged': same((m, x) => {
    const [a, b] = m.nodes('Split', [x, m.ints(1, 3)], 2, { axis: int(1) });
    return m.node('Concat', [b!, m.node('Relu', [a!])], { axis: int(1) });
  }),
  'a split of which one part is read': (m, x) => ({
    ...x,
    channels: 2,
    name: m.nodes('Split', [x.name], 2, { axis: int(1) })[1]!,
  }),
  'a slice of channels': (m, x) => ({ ...x, channels: 2, name: slice(m, x.name, [1], [3], [1], [1]) }),
  'a slice of every other pixel': (m, x) => halved(x, slice(m, x.name, [0, 1], [SIDE, SIDE], [2, 3], [2, 2])),
  'a crop': (m, x) => ({
    ...x,
    height: 8,
    width: 9,
    name: slice(m, x.name, [2, 1], [10, 10], [2, 3], [1, 1]),
  }),
  'slices of pixels as channels': (m, x) => {
    const part = (y: number, z: number): string => slice(m, x.name, [y, z], [99, 99], [2, 3], [2, 2]);
    return halved(
      x,
      m.node('Concat', [part(0, 0), part(1, 0), part(0, 1), part(1, 1)], { axis: int(1) }),
      16,
    );
  },
  'a channel shuffle before a convolution': (m, x) => m.conv({ ...x, name: shuffled(m, x.name, 4) }, 4),
  'a channel shuffle before a grouped convolution': (m, x) => {
    const name = shuffled(m, x.name, 4);
    const weights = m.weights(4, 2, 3, 3);
    return { ...x, name: m.node('Conv', [name, weights], { group: int(2), pads: ints(1, 1, 1, 1) }) };
  },
  'a channel shuffle before a ReLU and a pool': (m, x) => {
    const relu = m.node('Relu', [shuffled(m, x.name, 4)]);
    return halved(x, m.node('MaxPool', [relu], { kernel_shape: ints(2, 2), strides: ints(2, 2) }));
  },
  'a channel shuffle before a constant for each channel': same((m, x) =>
    m.node('Mul', [shuffled(m, x, 4), perChannel(m)]),
  ),
  SpaceToDepth: (m, x) => halved(x, m.node('SpaceToDepth', [x.name], { blocksize: int(2) }), 16),
  'pixels as channels by reshapes': (m, x) => {
    const half = SIDE / 2;
    const split = m.node('Reshape', [x.name, m.ints(-1, 4, half, 2, half, 2)]);
    const moved = m.node('Transpose', [split], { perm: ints(0, 1, 3, 5, 2, 4) });
    return halved(x, m.node('Reshape', [moved, m.ints(-1, 16, half, half)]), 16);
  },
  'channels last and back': same((m, x) => {
    const last = m.node('Relu', [m.node('Transpose', [x], { perm: ints(0, 2, 3, 1) })]);
    return m.node('Transpose', [last], { perm: ints(0, 3, 1, 2) });
  }),
  'a matrix on every pixel': (m, x) => {
    const last = m.node('Transpose', [x.name], { perm: ints(0, 2, 3, 1) });
    const product = add(m, m.node('MatMul', [last, m.weights(4, 5)]), m.weights(5));
    return { ...x, channels: 5, name: m.node('Transpose', [product], { perm: ints(0, 3, 1, 2) }) };
  },
  'a matrix on rows of pixels': (m, x) => {
    const rows = m.node('Reshape', [x.name, m.ints(0, 4, -1)]);
    const product = m.node('MatMul', [m.node('Transpose', [rows], { perm: ints(0, 2, 1) }), m.weights(4, 5)]);
    const back = m.node('Transpose', [product], { perm: ints(0, 2, 1) });
    return { ...x, channels: 5, name: m.node('Reshape', [back, m.ints(0, 5, SIDE, SIDE)]) };
  },
  'a dilated convolution': (m, x) => m.conv(x, 3, 3, { dilations: ints(2, 2), pads: ints(2, 2, 2, 2) }),
  'a convolution dilated one way, with a stride': (m, x) => {
    const y = m.conv(x, 3, 3, { dilations: ints(1, 3), pads: ints(1, 3, 1, 3), strides: ints(2, 2) });
    return halved(x, y.name, 3);
  },
  'a depthwise convolution': same((m, x) =>
    m.node('Conv', [x, m.weights(4, 1, 3, 3)], { group: int(4), pads: ints(1, 1, 1, 1) }),
  ),
  'a depthwise convolution with two outputs each': (m, x) => {
    const attributes = { group: int(4), pads: ints(1, 1, 1, 1) };
    return { ...x, channels: 8, name: m.node('Conv', [x.name, m.weights(8, 1, 3, 3)], attributes) };
  },
  'a stride of two': (m, x) => halved(x, m.conv(x, 6, 5, { strides: ints(2, 2) }).name, 6),
  'padding that differs on every side': (m, x) => {
    const y = m.conv(x, 3, 3, { pads: ints(0, 1, 2, 3) });
    return { ...y, height: SIDE, width: SIDE + 2 };
  },
  'auto_pad SAME_UPPER with an even window': (m, x) => {
    const attributes = { auto_pad: { text: 'SAME_UPPER' }, strides: ints(2, 2) };
    return halved(x, m.node('Conv', [x.name, m.weights(3, 4, 4, 4)], attributes), 3);
  },
  'auto_pad SAME_LOWER with an even window': (m, x) => {
    const attributes = { auto_pad: { text: 'SAME_LOWER' } };
    return { ...x, channels: 3, name: m.node('Conv', [x.name, m.weights(3, 4, 2, 2)], attributes) };
  },
  'a Pad before a convolution': (m, x) => {
    const padded = m.node('Pad', [x.name, m.ints(0, 0, 1, 2, 0, 0, 2, 1)]);
    const y = m.node('Conv', [padded, m.weights(3, 4, 3, 3)]);
    return { name: y, channels: 3, height: SIDE + 1, width: SIDE + 1 };
  },
  'a Pad of zeros before a maximum of signed values': (m, x) => {
    const padded = m.node('Pad', [x.name, m.ints(0, 0, 1, 1, 0, 0, 1, 1)]);
    const name = m.node('MaxPool', [padded], { kernel_shape: ints(3, 3), strides: ints(1, 1) });
    return { ...x, name };
  },
  'a Pad before a factor': (m, x) => {
    const padded = m.node('Pad', [x.name, m.ints(0, 0, 1, 1, 0, 0, 1, 1)]);
    return { ...x, name: add(m, padded, perChannel(m)), height: SIDE + 2, width: SIDE + 2 };
  },
  'a padded maximum of signed values': same((m, x) =>
    m.node('MaxPool', [x], { kernel_shape: ints(3, 3), pads: ints(1, 1, 1, 1) }),
  ),
  'a maximum with ceil_mode': (m, x) => ({
    ...x,
    height: 4,
    width: 4,
    name: m.node('MaxPool', [x.name], {
      kernel_shape: ints(2, 2),
      strides: ints(3, 3),
      ceil_mode: int(1),
    }),
  }),
  'a mean of windows': (m, x) =>
    halved(x, m.node('AveragePool', [x.name], { kernel_shape: ints(2, 2), strides: ints(2, 2) })),
  'a mean that does not count its padding': same((m, x) =>
    m.node('AveragePool', [x], { kernel_shape: ints(3, 3), pads: ints(1, 1, 1, 1) }),
  ),
  'a mean with ceil_mode': (m, x) => ({
    ...x,
    height: 6,
    width: 6,
    name: m.node('AveragePool', [x.name], {
      kernel_shape: ints(3, 3),
      strides: ints(2, 2),
      ceil_mode: int(1),
    }),
  }),
  'a mean that counts its padding, with ceil_mode': (m, x) => ({
    ...x,
    height: 5,
    width: 5,
    name: m.node('AveragePool', [x.name], {
      kernel_shape: ints(3, 3),
      strides: ints(3, 3),
      pads: ints(1, 1, 0, 0),
      ceil_mode: int(1),
      count_include_pad: int(1),
    }),
  }),
  'a Pad before a mean that does not count its own': (m, x) => {
    const padded = m.node('Pad', [x.name, m.ints(0, 0, 1, 0, 0, 0, 0, 1)]);
    const name = m.node('AveragePool', [padded], { kernel_shape: ints(3, 3), pads: ints(1, 1, 1, 1) });
    return { ...x, name, height: SIDE + 1, width: SIDE + 1 };
  },
  'a mean that counts its padding': same((m, x) =>
    m.node('AveragePool', [x], {
      kernel_shape: ints(3, 3),
      pads: ints(1, 1, 1, 1),
      count_include_pad: int(1),
    }),
  ),
  'a batch normalisation before a padded convolution': (m, x) => {
    const positive = m.constant([0.5, 1.5, 2, 1], [4]);
    const parameters = [m.weights(4), m.weights(4), m.weights(4), positive];
    return m.conv({ ...x, name: m.node('BatchNormalization', [x.name, ...parameters]) }, 3);
  },
  'ReLU6 as Min of Relu': same((m, x) => m.node('Min', [m.node('Relu', [x]), m.constant([0.3], [])])),
  'ReLU6 as Max of Min': same((m, x) =>
    m.node('Max', [m.node('Min', [x, m.constant([0.3], [])]), m.constant([0], [])]),
  ),
  'ReLU as Max': same((m, x) => m.node('Max', [x, m.constant([0], [])])),
  'a leaky ReLU as Max': same((m, x) => m.node('Max', [m.node('Mul', [x, m.constant([0.1], [])]), x])),
  'a leaky ReLU': same((m, x) => m.node('LeakyRelu', [x], { alpha: { float: 0.2 } })),
  'a PReLU with a slope for each channel': same((m, x) =>
    m.node('PRelu', [x, m.constant([0.3, -0.2, 1.4, 0], [4, 1, 1])]),
  ),
  'a PReLU with one slope': same((m, x) => m.node('PRelu', [x, m.constant([0.25], [1])])),
  'a PReLU behind a channel shuffle': same((m, x) =>
    m.node('PRelu', [shuffled(m, x, 4), m.constant([0.3, -0.2, 1.4, 0], [4, 1, 1])]),
  ),
  'an ELU': same((m, x) => m.node('Elu', [x], { alpha: { float: 0.7 } })),
  'a GELU by the error function': same((m, x) => {
    const error = m.node('Erf', [m.node('Div', [x, m.constant([Math.SQRT2], [])])]);
    const product = m.node('Mul', [x, add(m, error, m.constant([1], []))]);
    return m.node('Mul', [product, m.constant([0.5], [])]);
  }),
  'a GELU whose half comes first': same((m, x) => {
    const error = m.node('Erf', [m.node('Mul', [x, m.constant([Math.SQRT1_2], [])])]);
    const share = m.node('Mul', [m.constant([0.5], []), add(m, m.constant([1], []), error)]);
    return m.node('Mul', [x, share]);
  }),
  'a GELU by tanh': same((m, x) => {
    const bend = m.node('Mul', [m.constant([0.044715], []), m.node('Pow', [x, m.constant([3], [])])]);
    const bent = m.node('Mul', [add(m, x, bend), m.constant([Math.sqrt(2 / Math.PI)], [])]);
    const share = add(m, m.node('Tanh', [bent]), m.constant([1], []));
    return m.node('Mul', [m.node('Mul', [x, m.constant([0.5], [])]), share]);
  }),
  'a hard-swish as a product': same((m, x) =>
    m.node('Mul', [x, m.node('HardSigmoid', [x], { alpha: { float: 1 / 6 } })]),
  ),
  'a gate by convolutions of the mean': same((m, x, image) => {
    const mean = { ...image, name: m.node('GlobalAveragePool', [x]), height: 1, width: 1 };
    const hidden = { ...mean, name: m.node('Relu', [m.conv(mean, 2, 1).name]), channels: 2 };
    return m.node('Mul', [x, m.node('Sigmoid', [m.conv(hidden, 4, 1).name])]);
  }),
  'a gate by dense layers, which comes first': same((m, x) => {
    const mean = m.node('ReduceMean', [x], { axes: ints(2, 3), keepdims: int(0) });
    const hidden = m.node('Relu', [
      m.node('Gemm', [mean, m.weights(2, 4), m.weights(2)], { transB: int(1) }),
    ]);
    const logits = m.node('Gemm', [hidden, m.weights(4, 2), m.weights(4)], { transB: int(1) });
    const gate = m.node('Reshape', [m.node('HardSigmoid', [logits]), m.ints(-1, 4, 1, 1)]);
    return m.node('Mul', [gate, x]);
  }),
  'a gate without an activation, on shuffled channels': same((m, x) => {
    const mean = m.node('GlobalMaxPool', [x]);
    return m.node('Mul', [shuffled(m, x, 4), m.node('Conv', [mean, m.weights(4, 4, 1, 1), m.weights(4)])]);
  }),
  'a Clip': same((m, x) => m.node('Clip', [x, m.constant([-0.1], []), m.constant([0.2], [])])),
  'weights times a constant for each channel': (m, x) => {
    const weights = m.node('Mul', [m.weights(3, 4, 3, 3), m.weights(3, 1, 1, 1)]);
    return { ...x, channels: 3, name: m.node('Conv', [x.name, weights], { pads: ints(1, 1, 1, 1) }) };
  },
  'weights made one by their length': (m, x) => {
    const v = m.weights(3, 4, 1, 1);
    const squares = m.node('Mul', [v, v]);
    const length = m.node('Sqrt', [m.node('Add', [squares, m.constant([0.01], [])])]);
    return { ...x, channels: 3, name: m.node('Conv', [x.name, m.node('Div', [v, length])]) };
  },
  'weights that are transposed': (m, x) => {
    const weights = m.node('Transpose', [m.weights(3, 3, 4, 5)], { perm: ints(3, 2, 0, 1) });
    return { ...x, channels: 5, name: m.node('Conv', [x.name, weights], { pads: ints(1, 1, 1, 1) }) };
  },
  'channels by a list': (m, x) => ({
    ...x,
    channels: 3,
    name: m.node('Gather', [x.name, m.ints(3, 0, 0)], { axis: int(1) }),
  }),
  'one channel taken out and put back': (m, x) => {
    const plane = m.node('Gather', [x.name, m.constant([2], [], 'int64')], { axis: int(1) });
    return { ...x, channels: 1, name: m.node('Unsqueeze', [plane, m.ints(1)]) };
  },
  'the mean of the channels': (m, x) => ({
    ...x,
    channels: 1,
    name: m.node('ReduceMean', [x.name], { axes: ints(1) }),
  }),
  'a convolution over rows': (m, x) => {
    const rows = m.node('ReduceMean', [x.name], { axes: ints(2), keepdims: int(0) });
    const y = m.node('Conv', [rows, m.weights(5, 4, 3), m.weights(5)], { pads: ints(1, 1) });
    const relu = m.node('Relu', [y]);
    return { name: m.node('Unsqueeze', [relu, m.ints(2)]), channels: 5, height: 1, width: SIDE };
  },
  'a convolution over columns and their maxima': (m, x) => {
    const columns = m.node('ReduceMax', [x.name], { axes: ints(3), keepdims: int(0) });
    const y = m.node('Conv', [columns, m.weights(5, 4, 3)], { dilations: ints(2), strides: ints(2) });
    return { name: m.node('Unsqueeze', [y, m.ints(3)]), channels: 5, height: 4, width: 1 };
  },
  'int8 weights': (m, x) => {
    const values = Array.from({ length: 108 }, (_, i) => ((i * 37) % 255) - 127);
    const scales = [m.constant([2 ** -8, 2 ** -7, 0.01], [3]), m.constant([0, 0, 0], [3], 'int8')];
    const weights = m.node('DequantizeLinear', [m.constant(values, [3, 4, 3, 3], 'int8'), ...scales], {
      axis: int(0),
    });
    return { ...x, channels: 3, name: m.node('Conv', [x.name, weights], { pads: ints(1, 1, 1, 1) }) };
  },
  'activations that are quantized': same((m, x) => quantized(m, m.node('Relu', [x]), 2 ** -7, 'uint8')),
  'signed activations that are quantized': same((m, x) => quantized(m, x, 2 ** -6, 'int8')),
  'a quantized residual that is read without rounding, too': (m, x) => ({
    ...x,
    name: add(m, quantized(m, x.name, 2 ** -6, 'int8'), m.conv(x, 4).name),
  }),
  'a shape of the file itself': same((m, x) => {
    const batch = m.node('Shape', [x], { start: int(0), end: int(1) });
    const whole = m.node('Concat', [batch, m.ints(4, SIDE, -1)], { axis: int(0) });
    return m.node('Reshape', [m.node('Flatten', [m.node('Relu', [x])]), whole]);
  }),
};

/** How a network ends: the name of its output, and of how many values. */
type Ending = (m: Model, x: Image) => readonly [string, number];

export const ENDINGS: Readonly<Record<string, Ending>> = {
  'the mean and a Gemm': (m, x) => {
    const pooled = m.node('Flatten', [m.node('GlobalAveragePool', [x.name])]);
    return [m.node('Gemm', [pooled, m.weights(2, x.channels), m.weights(2)], { transB: int(1) }), 2];
  },
  'all features and a softmax': (m, x) => {
    const flat = m.node('Reshape', [x.name, m.ints(-1, x.channels * x.height * x.width)]);
    const product = m.node('MatMul', [flat, m.weights(x.channels * x.height * x.width, 3)]);
    return [m.node('Softmax', [add(m, product, m.weights(3))], { axis: int(-1) }), 3];
  },
  'one value and a sigmoid': (m, x) => {
    const y = m.conv(x, 1, 1);
    const mean = m.node('ReduceMean', [m.node('ReduceMean', [y.name], { axes: ints(3) })], {
      axes: ints(2),
      keepdims: int(1),
    });
    return [m.node('Sigmoid', [m.node('Flatten', [mean])]), 1];
  },
};

/** The pattern `body`, ended by `ending`. */
export function patternModel(body: string, ending: string, seed: number): Uint8Array {
  const { model, finish } = modelOf(seed);
  const first = model.conv({ name: 'x', channels: 1, height: SIDE, width: SIDE }, 4);
  const [output, values] = ENDINGS[ending]!(model, BODIES[body]!(model, first));
  return finish(output, values);
}

/** A whole network from the image on, of `opset`. */
export function writtenModel(network: Ending, seed: number, opset: number): Uint8Array {
  const { model, finish } = modelOf(seed, opset);
  return finish(...network(model, { name: 'x', channels: 1, height: SIDE, width: SIDE }));
}
