/** Small networks as other tools quantize them: what stands in the file, at scales that the table names. */
import { createRandom, type Random } from '../../src/core/random.js';
import { createOnnxWriter, type Attributes, type ElementType } from '../../src/backends/onnx/writer.js';

export const SIDE = 12;

const QONNX = 'qonnx.custom_op.general';
const MICROSOFT = 'com.microsoft';
const ints = (...values: number[]) => ({ ints: values });
const int = (value: number) => ({ int: value });

/** `[N, channels, height, width]`, or `[N, channels]` where height is 0. */
export interface Tensor {
  readonly name: string;
  readonly channels: number;
  readonly height: number;
}

/** Scale and zero point of activations. */
export interface Step {
  readonly scale: number;
  readonly zero?: number;
  readonly type?: 'int8' | 'uint8' | 'uint16';
}

interface ConvOptions {
  readonly kernel?: number;
  readonly groups?: number;
  readonly stride?: number;
  /** Of weights, by channel; a power of two unless the model says otherwise. */
  readonly scales?: readonly number[];
  readonly bits?: number;
  readonly bias?: 'int32' | 'float' | 'none';
  /** Scale of the input: that of biases is its product with that of the weights. */
  readonly input?: number;
}

/** A model that is being written. */
export class QuantizedModel {
  readonly writer = createOnnxWriter();
  readonly random: Random;
  opset = 17;
  private count = 0;
  private readonly domains = new Set<string>();

  constructor(seed: number) {
    this.random = createRandom(seed);
    this.writer.input('x', 'float', ['N', 1, SIDE, SIDE]);
  }

  get image(): Tensor {
    return { name: 'x', channels: 1, height: SIDE };
  }
  fresh(type: string): string {
    return `${type.toLowerCase()}_${++this.count}`;
  }
  node(type: string, inputs: readonly string[], attributes: Attributes = {}, domain = ''): string {
    if (domain !== '') this.domains.add(domain);
    return this.writer.node(
      type,
      this.fresh(type),
      inputs,
      domain === '' ? { attributes } : { attributes, domain },
    );
  }
  constant(values: ArrayLike<number>, dims: readonly number[], type: ElementType = 'float'): string {
    return this.writer.constant(this.fresh('k'), type, values, dims);
  }
  scalar(value: number, type: ElementType = 'float'): string {
    return this.constant([value], [], type);
  }
  /** Whole numbers of `bits`, as large as they get. */
  integers(count: number, bits: number): number[] {
    const most = 2 ** (bits - 1) - 1;
    return Array.from({ length: count }, () => this.random.integer(-most, most));
  }
  step({ scale, zero = 0, type = 'uint8' }: Step): readonly [string, string] {
    return [this.scalar(scale), this.scalar(zero, type)];
  }
  quantize(x: string, step: Step): string {
    return this.node('QuantizeLinear', [x, ...this.step(step)]);
  }
  dequantize(q: string, step: Step): string {
    return this.node('DequantizeLinear', [q, ...this.step(step)]);
  }
  /** QuantizeLinear and DequantizeLinear. */
  rounded(x: string, step: Step): string {
    return this.dequantize(this.quantize(x, step), step);
  }
  scalesOf(channels: number, given?: readonly number[]): readonly number[] {
    return given ?? Array.from({ length: channels }, (_, c) => 2 ** -(7 + (c % 3)));
  }
  bias(channels: number, scales: readonly number[], input: number, kind: ConvOptions['bias']): string | null {
    if (kind === 'none') return null;
    const whole = Array.from({ length: channels }, () => this.random.integer(-200, 200));
    const at = (c: number): number => input * scales[scales.length === 1 ? 0 : c]!;
    if (kind === 'float')
      return this.constant(
        whole.map((b, c) => (b + this.random.uniform()) * at(c)),
        [channels],
      );
    const step = [
      this.constant(
        whole.map((_, c) => at(c)),
        [channels],
      ),
      this.constant(new Int32Array(channels), [channels], 'int32'),
    ];
    return this.node('DequantizeLinear', [this.constant(whole, [channels], 'int32'), ...step], {
      axis: int(0),
    });
  }
  /** Weights `dims`, the first extent the channels, as int8 behind a DequantizeLinear. */
  weights(dims: readonly number[], scales: readonly number[], bits = 8): string {
    const values = this.integers(
      dims.reduce((a, b) => a * b, 1),
      bits,
    );
    const channels = scales.length;
    const step =
      channels === 1
        ? this.step({ scale: scales[0]!, type: 'int8' })
        : [this.constant(scales, [channels]), this.constant(new Int8Array(channels), [channels], 'int8')];
    return this.node('DequantizeLinear', [this.constant(values, dims, 'int8'), ...step], { axis: int(0) });
  }
  /** A convolution with dequantized weights. */
  conv(x: Tensor, channels: number, options: ConvOptions = {}): Tensor {
    const { kernel = 3, groups = 1, stride = 1, bits = 8, bias = 'int32', input = 2 ** -8 } = options;
    const scales = this.scalesOf(channels, options.scales);
    const weights = this.weights([channels, x.channels / groups, kernel, kernel], scales, bits);
    const biases = this.bias(channels, scales, input, bias);
    const pad = (kernel - 1) / 2;
    const name = this.node('Conv', [x.name, weights, ...(biases === null ? [] : [biases])], {
      pads: ints(pad, pad, pad, pad),
      strides: ints(stride, stride),
      group: int(groups),
    });
    return { name, channels, height: Math.ceil(x.height / stride) };
  }
  relu(x: Tensor): Tensor {
    return { ...x, name: this.node('Relu', [x.name]) };
  }
  round(x: Tensor, step: Step): Tensor {
    return { ...x, name: this.rounded(x.name, step) };
  }
  pool(type: string, x: Tensor, kernel: number, attributes: Attributes = {}): Tensor {
    const name = this.node(type, [x.name], {
      kernel_shape: ints(kernel, kernel),
      strides: ints(kernel, kernel),
      ...attributes,
    });
    return { ...x, name, height: Math.floor(x.height / kernel) };
  }
  global(x: Tensor, type = 'GlobalAveragePool'): Tensor {
    return { ...x, name: this.node(type, [x.name]), height: 1 };
  }
  flat(x: Tensor): Tensor {
    return {
      name: this.node('Flatten', [x.name]),
      channels: x.channels * Math.max(x.height, 1) ** 2,
      height: 0,
    };
  }
  /** A dense layer with dequantized weights `[classes, features]`. */
  dense(x: Tensor, classes: number, options: ConvOptions = {}): Tensor {
    const { bias = 'int32', input = 2 ** -6, bits = 8 } = options;
    const scales = options.scales ?? [2 ** -8];
    const weights = this.weights([classes, x.channels], scales, bits);
    const biases = this.bias(classes, scales, input, bias);
    const name = this.node('Gemm', [x.name, weights, ...(biases === null ? [] : [biases])], {
      transB: int(1),
    });
    return { name, channels: classes, height: 0 };
  }
  /** QONNX's Quant. */
  quant(
    x: string,
    scale: number | readonly [readonly number[], readonly number[]],
    bits: number,
    more: Attributes = {},
  ): string {
    const scales = typeof scale === 'number' ? this.scalar(scale) : this.constant(scale[0], scale[1]);
    return this.node(
      'Quant',
      [x, scales, this.scalar(0), this.scalar(bits)],
      { signed: int(1), narrow: int(0), rounding_mode: { text: 'ROUND' }, ...more },
      QONNX,
    );
  }
  custom(type: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.node(
      type,
      inputs,
      attributes,
      type === 'Trunc' || type === 'BipolarQuant' ? QONNX : MICROSOFT,
    );
  }
  /** Real weights. */
  reals(dims: readonly number[], size = 1): string {
    const count = dims.reduce((a, b) => a * b, 1);
    return this.constant(
      Array.from({ length: count }, () => size * (2 * this.random.uniform() - 1)),
      dims,
    );
  }
  finish(output: Tensor): Uint8Array {
    this.writer.output(output.name, 'float', ['N', output.channels]);
    const domains = Object.fromEntries([...this.domains].map((domain) => [domain, domain === QONNX ? 2 : 1]));
    const facts = { graphName: 'q', doc: '', producerVersion: '', metadata: {} };
    return this.writer.finish({ ...facts, opset: this.opset, domains });
  }
}

export type Build = (m: QuantizedModel) => Tensor;
const SIXTH = 2 ** -6;
const input = (m: QuantizedModel): Tensor => m.round(m.image, { scale: 2 ** -8 });
/** A rounded input, a convolution, ReLU, rounded. */
const begun = (m: QuantizedModel, step: Step = { scale: SIXTH }): Tensor =>
  m.round(m.relu(m.conv(input(m), 4)), step);
/** A mean over the image, rounded, and a dense layer. */
const ended = (m: QuantizedModel, x: Tensor, step: Step = { scale: 2 ** -7 }): Tensor =>
  m.dense(m.flat(m.round(m.global(x.height % 3 === 0 ? m.pool('MaxPool', x, 3) : x), step)), 2, {
    input: step.scale,
  });

/** Models that are the fixed-point network which they state, bit for bit. */
export const EXACT: Readonly<Record<string, Build>> = {
  'PyTorch: uint8 behind ReLU, int8 weights by channel, int32 biases': (m) => ended(m, begun(m)),
  'a rounded output': (m) => m.round(ended(m, begun(m)), { scale: 2 ** -4, type: 'int8' }),
  'weights that are rounded in the file': (m) => {
    const x = input(m);
    const scale = [
      m.constant([2 ** -7, 2 ** -6, 2 ** -7, 2 ** -5], [4]),
      m.constant(new Int8Array(4), [4], 'int8'),
    ];
    const q = m.node('QuantizeLinear', [m.reals([4, 1, 3, 3], 0.9), ...scale], { axis: int(0) });
    const w = m.node('DequantizeLinear', [q, ...scale], { axis: int(0) });
    const name = m.node('Conv', [x.name, w], { pads: ints(1, 1, 1, 1) });
    return ended(m, m.round(m.relu({ ...x, name, channels: 4 }), { scale: SIXTH }));
  },
  'biases in floats': (m) => {
    const x = m.round(m.relu(m.conv(input(m), 4, { bias: 'float' })), { scale: SIXTH });
    return m.round(ended(m, x), { scale: 2 ** -5, type: 'int8' });
  },
  'no biases': (m) => ended(m, m.round(m.relu(m.conv(input(m), 4, { bias: 'none' })), { scale: SIXTH })),
  'signed int8 throughout, as TensorRT has it': (m) => {
    const step: Step = { scale: 2 ** -5, type: 'int8' };
    const x = m.round(m.image, { scale: 2 ** -7, type: 'int8' });
    const y = m.round(m.relu(m.conv(x, 4, { input: 2 ** -7 })), step);
    return ended(m, m.round(m.relu(m.conv(y, 6, { input: 2 ** -5 })), step));
  },
  'a residual whose sum alone is rounded, as TensorRT has it': (m) => {
    const step: Step = { scale: 2 ** -5, type: 'int8' };
    const x = begun(m, step);
    const y = m.conv(x, 4, { input: 2 ** -5, bias: 'float' });
    const sum = { ...x, name: m.node('Add', [y.name, x.name]) };
    return ended(m, m.round(m.relu(sum), step));
  },
  'a residual of two scales': (m) => {
    const x = begun(m);
    const y = m.round(m.conv(x, 4, { input: SIXTH }), { scale: 2 ** -4, type: 'int8' });
    const sum = { ...x, name: m.node('Add', [x.name, y.name]) };
    return ended(m, m.round(m.relu(sum), { scale: 2 ** -4 }));
  },
  'a zero point in the middle': (m) => {
    const step: Step = { scale: 2 ** -5, zero: 97 };
    return ended(m, m.round(m.conv(input(m), 4), step));
  },
  'a zero point of 128, which is int8': (m) =>
    ended(m, m.round(m.conv(input(m), 4), { scale: 2 ** -5, zero: 128 })),
  'a zero point of the input': (m) => {
    const x = m.round(m.image, { scale: 2 ** -7, zero: 3 });
    return ended(m, m.round(m.relu(m.conv(x, 4, { input: 2 ** -7 })), { scale: SIXTH }));
  },
  'uint16 activations with a zero point': (m) => {
    m.opset = 21;
    const step: Step = { scale: 2 ** -9, zero: 32768, type: 'uint16' };
    return ended(m, m.round(m.conv(input(m), 4), step), step);
  },
  'uint16 activations': (m) => {
    m.opset = 21;
    const step: Step = { scale: 2 ** -12, type: 'uint16' };
    return ended(m, m.round(m.relu(m.conv(input(m), 4, { bits: 4 })), step), step);
  },
  'max pooling between, at the same scale': (m) => {
    const x = m.round(m.pool('MaxPool', begun(m), 2), { scale: SIXTH });
    return ended(m, x);
  },
  'max pooling between, at another scale': (m) => {
    const x = m.round(m.pool('MaxPool', begun(m), 2), { scale: 2 ** -4 });
    return ended(m, x);
  },
  'max pooling, not rounded again': (m) => ended(m, m.pool('MaxPool', begun(m), 2)),
  'a mean of four': (m) => ended(m, m.round(m.pool('AveragePool', begun(m), 2), { scale: SIXTH })),
  'a mean of nine, at the same scale': (m) =>
    ended(m, m.round(m.pool('AveragePool', begun(m), 3), { scale: SIXTH })),
  'a mean of sixteen, not rounded': (m) => {
    const x = m.flat(m.global(m.pool('MaxPool', begun(m), 3)));
    return m.round(m.dense(x, 2, { input: SIXTH }), { scale: 2 ** -2, type: 'int8' });
  },
  'a concatenation of two scales': (m) => {
    const x = begun(m);
    const y = m.round(m.relu(m.conv(x, 3, { input: SIXTH })), { scale: 2 ** -4 });
    const joined = { ...x, channels: 7, name: m.node('Concat', [x.name, y.name], { axis: int(1) }) };
    return ended(m, m.round(joined, { scale: 2 ** -5 }));
  },
  'a concatenation of two scales, not rounded': (m) => {
    const x = begun(m);
    const y = m.round(m.relu(m.conv(x, 3, { input: SIXTH })), { scale: 2 ** -4 });
    const joined = { ...x, channels: 7, name: m.node('Concat', [x.name, y.name], { axis: int(1) }) };
    return ended(m, m.round(m.relu(m.conv(joined, 4, { input: SIXTH })), { scale: 2 ** -3 }));
  },
  'rounded twice, coarser': (m) => ended(m, m.round(begun(m), { scale: 2 ** -3 })),
  'rounded twice, finer: nothing happens': (m) =>
    ended(m, m.round(begun(m, { scale: 2 ** -3 }), { scale: 2 ** -5 })),
  'rounded before its ReLU and behind it': (m) => {
    const x = m.round(m.conv(input(m), 4), { scale: 2 ** -5, type: 'int8' });
    return ended(m, m.round(m.relu(x), { scale: 2 ** -4 }));
  },
  'read rounded and read as it is': (m) => {
    const x = m.relu(m.conv(input(m), 4));
    const a = m.round(x, { scale: SIXTH });
    const b = m.round(x, { scale: 2 ** -3 });
    return ended(m, m.round({ ...x, name: m.node('Add', [a.name, b.name]) }, { scale: 2 ** -4 }));
  },
  'ReLU6 as a Clip': (m) => {
    const x = m.conv(input(m), 4);
    const clipped = { ...x, name: m.node('Clip', [x.name, m.scalar(0), m.scalar(1.5)]) };
    return ended(m, m.round(clipped, { scale: SIXTH }));
  },
  'a Clip that is not rounded': (m) => {
    const x = m.conv(input(m), 4, { bits: 4, bias: 'none', scales: [2 ** -4] });
    const clipped = { ...x, name: m.node('Clip', [x.name, m.scalar(0), m.scalar(6)]) };
    return ended(
      m,
      m.round(m.conv(clipped, 4, { bits: 3, scales: [2 ** -2], bias: 'none' }), {
        scale: 2 ** -2,
        type: 'int8',
      }),
    );
  },
  'a depthwise and a grouped convolution': (m) => {
    const x = begun(m);
    const y = m.round(m.relu(m.conv(x, 4, { groups: 4, input: SIXTH })), { scale: SIXTH });
    return ended(
      m,
      m.round(m.relu(m.conv(y, 6, { groups: 2, input: SIXTH, stride: 2 })), { scale: 2 ** -5 }),
    );
  },
  'a leaky ReLU of slope 0.125': (m) => {
    const x = m.conv(input(m), 4);
    const leaky = { ...x, name: m.node('LeakyRelu', [x.name], { alpha: { float: 0.125 } }) };
    return ended(m, m.round(leaky, { scale: 2 ** -5, type: 'int8' }), { scale: 2 ** -6, type: 'int8' });
  },
  'one logit': (m) => {
    const x = m.flat(m.round(m.global(m.pool('MaxPool', begun(m), 3)), { scale: SIXTH }));
    return m.dense(x, 1, { input: SIXTH });
  },
  'one logit, rounded': (m) => {
    const x = m.flat(m.round(m.global(m.pool('MaxPool', begun(m), 3)), { scale: SIXTH }));
    return m.round(m.dense(x, 1, { input: SIXTH }), { scale: 2 ** -4, type: 'int8' });
  },
  'the first layer reads floats': (m) => {
    const x = m.round(m.relu(m.conv(m.image, 4)), { scale: SIXTH });
    return ended(m, x);
  },
  'an input in coarser steps than the table': (m) => {
    const x = m.round(m.image, { scale: 2 ** -5 });
    return ended(m, m.round(m.relu(m.conv(x, 4, { input: 2 ** -5 })), { scale: SIXTH }));
  },
  'Trunc behind a sum, as Brevitas averages': (m) => {
    const x = begun(m);
    const sum = m.node('Mul', [m.pool('AveragePool', x, 3).name, m.scalar(9)]);
    const name = m.custom(
      'Trunc',
      [sum, m.scalar(SIXTH), m.scalar(0), m.scalar(12), m.scalar(2 ** -3), m.scalar(9)],
      { rounding_mode: { text: 'FLOOR' }, signed: int(0), narrow: int(0) },
    );
    return m.dense(m.flat({ name, channels: 4, height: 4 }), 2, { input: 2 ** -3 });
  },
};

/** `Conv` with weights through QONNX's quantizers. */
const qonnxConv = (m: QuantizedModel, x: Tensor, channels: number, weights: string): Tensor => ({
  ...x,
  channels,
  name: m.node('Conv', [x.name, weights], { pads: ints(1, 1, 1, 1) }),
});
const qonnxNetwork =
  (bits: number, rounding: string, more: Attributes = {}): Build =>
  (m) => {
    const mode = { rounding_mode: { text: rounding } };
    const x: Tensor = { ...m.image, name: m.quant('x', 2 ** -bits, bits, { signed: int(0), ...mode }) };
    const scales = [
      [2 ** -2, 2 ** -3, 2 ** -2, 2 ** -1],
      [4, 1, 1, 1],
    ] as const;
    const y = m.relu(qonnxConv(m, x, 4, m.quant(m.reals([4, 1, 3, 3]), scales, 4, more)));
    const z = { ...y, name: m.quant(y.name, 2 ** (1 - bits), bits, { signed: int(0), ...mode }) };
    const pooled = m.flat(z);
    const w = m.node('Transpose', [m.quant(m.reals([2, pooled.channels]), 2 ** -3, 5, more)], {
      perm: ints(1, 0),
    });
    return { name: m.node('MatMul', [pooled.name, w]), channels: 2, height: 0 };
  };

/** What Brevitas and others say in QONNX. */
export const QONNX_MODELS: Readonly<Record<string, Build>> = {
  '8 bits': qonnxNetwork(8, 'ROUND'),
  '3 bits, narrow weights': qonnxNetwork(3, 'ROUND', { narrow: int(1) }),
  'one bit of activations': qonnxNetwork(1, 'ROUND'),
  'cut off (FLOOR)': qonnxNetwork(5, 'FLOOR'),
  'towards zero (DOWN)': qonnxNetwork(5, 'DOWN'),
  'halves up (HALF_UP)': qonnxNetwork(4, 'HALF_UP'),
  'halves down (HALF_DOWN)': qonnxNetwork(4, 'HALF_DOWN'),
  'signed, narrow activations': (m) => {
    const x = { ...m.image, name: m.quant('x', 2 ** -7, 8) };
    const y = qonnxConv(m, x, 4, m.quant(m.reals([4, 1, 3, 3]), 2 ** -3, 4, { narrow: int(1) }));
    const z = { ...y, name: m.quant(y.name, 2 ** -4, 6, { narrow: int(1) }) };
    return m.dense(m.flat(m.pool('MaxPool', z, 3)), 2, { input: 2 ** -4, bias: 'none' });
  },
  'bipolar weights': (m) => {
    const x = { ...m.image, name: m.quant('x', 2 ** -7, 8) };
    const w = m.custom('BipolarQuant', [m.reals([4, 1, 3, 3]), m.scalar(2 ** -2)]);
    const y = m.relu(qonnxConv(m, x, 4, w));
    const z = { ...y, name: m.quant(y.name, 2 ** -3, 4, { signed: int(0) }) };
    return m.dense(m.flat(m.pool('MaxPool', z, 3)), 2, { input: 2 ** -3, bias: 'none' });
  },
};

/** Integers in and out; weights of 7 bits, as kernels without VNNI saturate sums of two products in 16 bits. */
export const QOPERATOR: Readonly<Record<string, Build>> = {
  'QLinearConv, pools of integers, QLinearAdd, QGemm': (m) => {
    const first: Step = { scale: 2 ** -8 };
    const step: Step = { scale: 2 ** -4 };
    const conv = (x: string, from: Step, cin: number, to: Step): string =>
      m.node(
        'QLinearConv',
        [
          x,
          ...m.step(from),
          m.constant(m.integers(4 * cin * 9, 7), [4, cin, 3, 3], 'int8'),
          m.constant([2 ** -7, 2 ** -8, 2 ** -7, 2 ** -6], [4]),
          m.constant(new Int8Array(4), [4], 'int8'),
          ...m.step(to),
          m.constant(m.integers(4, 9), [4], 'int32'),
        ],
        { pads: ints(1, 1, 1, 1) },
      );
    const a = conv(m.quantize('x', first), first, 1, step);
    const b = conv(a, step, 4, { scale: 2 ** -2, zero: 30 });
    const sum = m.custom('QLinearAdd', [
      a,
      ...m.step(step),
      b,
      ...m.step({ scale: 2 ** -2, zero: 30 }),
      ...m.step({ scale: 2 ** -2, zero: 40 }),
    ]);
    const pooled = m.pool('MaxPool', { name: sum, channels: 4, height: SIDE }, 3);
    const mean = m.custom('QLinearGlobalAveragePool', [
      pooled.name,
      ...m.step({ scale: 2 ** -2, zero: 40 }),
      ...m.step({ scale: 2 ** -3, zero: 20 }),
    ]);
    const flat = m.node('Flatten', [mean]);
    const name = m.custom(
      'QGemm',
      [
        flat,
        ...m.step({ scale: 2 ** -3, zero: 20 }),
        m.constant(m.integers(8, 7), [2, 4], 'int8'),
        m.constant([2 ** -7], []),
        m.constant([0], [], 'int8'),
        m.constant(m.integers(2, 10), [2], 'int32'),
      ],
      { transB: int(1) },
    );
    return { name, channels: 2, height: 0 };
  },
  'QLinearConcat, QLinearMatMul, rounded at the end': (m) => {
    const step: Step = { scale: 2 ** -8 };
    const q = m.quantize('x', step);
    const coarse = m.custom('QLinearAveragePool', [q, ...m.step(step), ...m.step({ scale: 2 ** -7 })], {
      kernel_shape: ints(2, 2),
      strides: ints(2, 2),
    });
    const large = m.node('MaxPool', [q], { kernel_shape: ints(2, 2), strides: ints(2, 2) });
    const joined = m.custom(
      'QLinearConcat',
      [...m.step({ scale: 2 ** -6 }), coarse, ...m.step({ scale: 2 ** -7 }), large, ...m.step(step)],
      { axis: int(1) },
    );
    const out: Step = { scale: 2 ** -1, zero: 128 };
    const y = m.node('QLinearMatMul', [
      m.node('Flatten', [joined]),
      ...m.step({ scale: 2 ** -6 }),
      m.constant(m.integers(144, 7), [72, 2], 'int8'),
      m.scalar(2 ** -7),
      m.scalar(0, 'int8'),
      ...m.step(out),
    ]);
    return { name: m.dequantize(y, out), channels: 2, height: 0 };
  },
};

/** Models that are not in every bit what they state, and the word of the report that says so. */
export const DEPARTING: Readonly<Record<string, readonly [build: Build, says: RegExp]>> = {
  'a mean of thirty-six with halves': [
    (m) =>
      m.dense(m.flat(m.round(m.global(m.pool('MaxPool', begun(m), 2)), { scale: SIXTH })), 2, {
        input: SIXTH,
      }),
    /mean of 36 is a product with a reciprocal/,
  ],
  'weights in steps of 0.01': [
    (m) => ended(m, m.round(m.relu(m.conv(input(m), 4, { scales: [0.01] })), { scale: SIXTH })),
    /no integers of up to 16 bits times powers of two/,
  ],
  'a leaky ReLU of slope 0.1': [
    (m) => {
      const x = m.conv(input(m), 4);
      const leaky = { ...x, name: m.node('LeakyRelu', [x.name], { alpha: { float: 0.1 } }) };
      return ended(m, m.round(leaky, { scale: 2 ** -5, type: 'int8' }));
    },
    /its slope of 0\.1/,
  ],
  'a sigmoid between': [
    (m) => {
      const x = m.round(m.conv(input(m), 4), { scale: 2 ** -4, type: 'int8' });
      const s = { ...x, name: m.node('Sigmoid', [x.name]) };
      return ended(m, m.round(s, { scale: 2 ** -8 }), { scale: 2 ** -8 });
    },
    /table of the nearest values/,
  ],
  'a bias in floats before an output that is not rounded': [
    (m) => {
      const x = m.flat(m.round(m.global(m.pool('MaxPool', begun(m), 3)), { scale: SIXTH }));
      return m.dense(x, 2, { input: SIXTH, bias: 'float' });
    },
    /biases are finer than its sums/,
  ],
};

/** Models of which a part has to be calibrated, and the word of the report that says so. */
export const CALIBRATED: Readonly<Record<string, readonly [build: Build, says: RegExp]>> = {
  'activations in steps of 0.03': [
    (m) => ended(m, begun(m, { scale: 0.03 })),
    /steps of 0\.03000, which is no power of two/,
  ],
};

export const quantizedModel = (build: Build, seed: number): Uint8Array => {
  const m = new QuantizedModel(seed);
  return m.finish(build(m));
};
