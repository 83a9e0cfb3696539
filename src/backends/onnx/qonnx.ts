/**
 * `qonnx.onnx`: the network of a fixed graph in QONNX's channels-last dialect, for hls4ml and FINN. Real values with
 * `Quant` nodes that state every width, scale and rounding; batch 1; every shape declared.
 *
 * Those tools have no operators for preprocessing: the model starts at the network's inputs, one for each
 * preprocessing tensor that the network reads (real values, `[1, height, width, channels]`), and ends at `logits`.
 * Averages are depthwise convolutions with the reciprocal as weight, which is what the arithmetic says.
 *
 * Source of the operators: QONNX (github.com/fastmachinelearning/qonnx), docs/qonnx-custom-ops and channels-last.
 * It refuses roundings and overflows that `Quant` cannot say.
 */
import { UnsupportedError, type UnsupportedReason } from '../../core/errors.js';
import { bitsFor, fractionBits, lsb, type Format, type Quantization } from '../../fixed/format.js';
import { elements, type Activation, type NodeId, type Shape, type Window } from '../../ir/common.js';
import { findNode, fixedShapes, type FixedGraph } from '../../ir/graph.js';
import { isPreprocess, type FixedNode, type FixedNodeOf, type PreprocessNode } from '../../ir/ops/index.js';
import { metadataOf, type EmitOptions } from './metadata.js';
import { createOnnxWriter, type OnnxWriter } from './writer.js';

const GENERAL = 'qonnx.custom_op.general';
const CHANNELS_LAST = 'qonnx.custom_op.channels_last';
/** What the QONNX tools of 2024 and later work with. */
const QONNX_OPSET = 13;

const ROUNDING: Readonly<Partial<Record<Quantization, string>>> = {
  AP_RND_CONV: 'ROUND',
  AP_TRN: 'FLOOR',
  AP_TRN_ZERO: 'DOWN',
};

/** A tensor of real values: `[1, height, width, channels]`, or `[1, channels]` for a vector. */
interface Value {
  readonly name: string;
  readonly shape: Shape;
  readonly rank: 2 | 4;
  readonly format: Format;
}

const dimsOf = ({ shape, rank }: Pick<Value, 'shape' | 'rank'>): readonly number[] =>
  rank === 4 ? [1, ...shape] : [1, elements(shape)];

type NetworkNode = Exclude<FixedNode, PreprocessNode>;
type Rules = {
  readonly [K in NetworkNode['kind']]: (
    emit: Emit,
    op: FixedNodeOf<K>,
    inputs: readonly Value[],
    shape: Shape,
  ) => Value;
};

interface Emit {
  /** An operator with one float output of dims `dims`. */
  node(
    type: string,
    name: string,
    inputs: readonly string[],
    dims: readonly number[],
    options?: Parameters<OnnxWriter['node']>[3],
  ): string;
  constant(name: string, values: ArrayLike<number>, dims: readonly number[]): string;
}

function createEmit(writer: OnnxWriter): Emit {
  return {
    node(type, name, inputs, dims, options) {
      writer.node(type, name, inputs, options);
      writer.declare(name, 'float', dims);
      return name;
    },
    constant(name, values, dims) {
      writer.constant(name, 'float', values, dims);
      writer.declare(name, 'float', dims);
      return name;
    },
  };
}

interface QuantFacts {
  readonly scale: ArrayLike<number>;
  readonly scaleDims: readonly number[];
  readonly bits: number;
  readonly signed: boolean;
  readonly narrow: boolean;
  readonly rounding: string;
}

/** A `Quant` of `input`, which has dims `dims`. Names end in a capital, which no node of a graph does. */
function quant(emit: Emit, name: string, input: string, dims: readonly number[], facts: QuantFacts): string {
  return emit.node(
    'Quant',
    name,
    [
      input,
      emit.constant(`${name}_scale`, facts.scale, facts.scaleDims),
      emit.constant(`${name}_zero`, [0], [1]),
      emit.constant(`${name}_bits`, [facts.bits], [1]),
    ],
    dims,
    {
      domain: GENERAL,
      attributes: {
        signed: { int: Number(facts.signed) },
        narrow: { int: Number(facts.narrow) },
        rounding_mode: { text: facts.rounding },
      },
    },
  );
}

/** The values of `x` in the format of `op`. */
function stored(emit: Emit, id: NodeId, x: Omit<Value, 'format'>, format: Format): Value {
  const name = quant(emit, `${id}_Quant`, x.name, dimsOf(x), {
    scale: [lsb(format)],
    scaleDims: [1],
    bits: format.width,
    signed: format.signed,
    narrow: format.signed && format.overflow === 'AP_SAT_SYM',
    rounding: ROUNDING[format.quantization]!,
  });
  return { ...x, name, format };
}

function activated(
  emit: Emit,
  id: NodeId,
  x: Omit<Value, 'format'>,
  activation: Activation,
  format: Format,
): Value {
  const dims = dimsOf(x);
  switch (activation.kind) {
    case 'none':
      return stored(emit, id, x, format);
    case 'relu':
      return stored(emit, id, { ...x, name: emit.node('Relu', `${id}_Relu`, [x.name], dims) }, format);
    case 'leakyRelu': {
      const alpha = activation.alphaMantissa * 2 ** -activation.alphaFraction;
      const options = { attributes: { alpha: { float: alpha } } };
      const name = emit.node('LeakyRelu', `${id}_Leaky`, [x.name], dims, options);
      return stored(emit, id, { ...x, name }, format);
    }
    case 'clip': {
      const unit = lsb(format);
      const low = emit.constant(`${id}_Low`, [activation.min * unit], []);
      const high = emit.constant(`${id}_High`, [activation.max * unit], []);
      return stored(
        emit,
        id,
        { ...x, name: emit.node('Clip', `${id}_Clip`, [x.name, low, high], dims) },
        format,
      );
    }
  }
}

/** `[1, 1, c]` images as vectors and back; a vector of an image is its values in row-major order. */
function asVector(emit: Emit, x: Value): Value {
  if (x.rank === 2) return x;
  const shape: Shape = [1, 1, elements(x.shape)];
  const name = `${x.name}_Vector`;
  emit.node('Flatten', name, [x.name], [1, shape[2]]);
  return { ...x, name, rank: 2, shape };
}

/** Real weights `mantissa · 2^−fraction`, quantized with a scale per output channel on the axis where `dims` is C. */
function weightQuant(
  emit: Emit,
  id: NodeId,
  weights: {
    readonly ordered: Float64Array;
    readonly dims: readonly number[];
    readonly scaleDims: readonly number[];
    readonly fraction: Int32Array;
    readonly width: number;
    readonly signed?: boolean;
  },
): string {
  const scales = Array.from(weights.fraction, (f) => 2 ** -f);
  const uniform = scales.every((s) => s === scales[0]);
  const values = emit.constant(`${id}_Weights`, weights.ordered, weights.dims);
  return quant(emit, `${id}_WeightQuant`, values, weights.dims, {
    scale: uniform ? [scales[0]!] : scales,
    scaleDims: uniform ? [1] : weights.scaleDims,
    bits: weights.width,
    signed: weights.signed ?? true,
    narrow: false,
    rounding: 'ROUND',
  });
}

/** Adds biases, all at the finest of the accumulators' scales: the same values, one scale. */
function biased(
  emit: Emit,
  id: NodeId,
  x: Omit<Value, 'format'>,
  bias: Float64Array,
  fraction: readonly number[],
): Omit<Value, 'format'> {
  if (bias.every((b) => b === 0)) return x;
  const finest = Math.max(...fraction);
  const integers = Array.from(bias, (b, c) => b * 2 ** (finest - fraction[c]!));
  const dims = [bias.length];
  const values = emit.constant(
    `${id}_Bias`,
    integers.map((b) => b * 2 ** -finest),
    dims,
  );
  const quantized = quant(emit, `${id}_BiasQuant`, values, dims, {
    scale: [2 ** -finest],
    scaleDims: [1],
    bits: bitsFor(Math.min(0, ...integers), Math.max(0, ...integers), true),
    signed: true,
    narrow: false,
    rounding: 'ROUND',
  });
  return { ...x, name: emit.node('Add', `${id}_Add`, [x.name, quantized], dimsOf(x)) };
}

const windowAttributes = ({ kernel, strides, padding }: Window) => ({
  kernel_shape: { ints: kernel },
  strides: { ints: strides },
  pads: { ints: padding },
  dilations: { ints: [1, 1] },
});

/** The IR's `[kh, kw, cin/groups, cout]` to channels-last `[cout, kh, kw, cin/groups]`, as real values. */
function channelsLastWeights(mantissas: Int32Array, fraction: Int32Array): Float64Array {
  const channels = fraction.length;
  const rest = mantissas.length / channels;
  return Float64Array.from(
    { length: mantissas.length },
    (_, i) =>
      mantissas[(i % rest) * channels + Math.floor(i / rest)]! * 2 ** -fraction[Math.floor(i / rest)]!,
  );
}

interface ConvFacts extends Window {
  readonly id: NodeId;
  readonly groups: number;
  readonly mantissas: Int32Array;
  readonly fraction: Int32Array;
  readonly width: number;
  readonly signed?: boolean;
}

function convolution(emit: Emit, conv: ConvFacts, x: Value, shape: Shape): Omit<Value, 'format'> {
  const channels = shape[2];
  const perGroup = x.shape[2] / conv.groups;
  const weights = weightQuant(emit, conv.id, {
    ...conv,
    ordered: channelsLastWeights(conv.mantissas, conv.fraction),
    dims: [channels, ...conv.kernel, perGroup],
    scaleDims: [channels, 1, 1, 1],
  });
  const name = emit.node('Conv', `${conv.id}_Conv`, [x.name, weights], [1, ...shape], {
    domain: CHANNELS_LAST,
    attributes: { ...windowAttributes(conv), group: { int: conv.groups } },
  });
  return { name, shape, rank: 4 };
}

function convolutionStage(
  emit: Emit,
  op: FixedNodeOf<'conv2d' | 'depthwiseConv2d'>,
  x: Value,
  shape: Shape,
): Value {
  const groups = op.kind === 'conv2d' ? op.groups : shape[2];
  const sum = convolution(emit, { ...op, ...op.weights, groups }, x, shape);
  const fraction = Array.from(op.weights.fraction, (f) => f + fractionBits(x.format));
  return activated(
    emit,
    op.id,
    biased(emit, op.id, sum, op.weights.bias, fraction),
    op.activation,
    op.format,
  );
}

/** A mean as a depthwise convolution whose every weight is the reciprocal. */
function mean(
  emit: Emit,
  op: FixedNodeOf<'avgPool' | 'globalAvgPool'>,
  x: Value,
  shape: Shape,
  window: Window,
): Value {
  const channels = shape[2];
  const conv: ConvFacts = {
    ...window,
    id: op.id,
    groups: channels,
    mantissas: new Int32Array(window.kernel[0] * window.kernel[1] * channels).fill(op.reciprocal),
    fraction: new Int32Array(channels).fill(op.reciprocalFraction),
    width: bitsFor(0, op.reciprocal, false),
    signed: false,
  };
  return stored(emit, op.id, convolution(emit, conv, x, shape), op.format);
}

const wholeImage = ({ shape }: Value): Window => ({
  kernel: [shape[0], shape[1]],
  strides: [1, 1],
  padding: [0, 0, 0, 0],
});

function largest(emit: Emit, op: FixedNode, x: Value, shape: Shape, window: Window): Value {
  const name = emit.node('MaxPool', `${op.id}_MaxPool`, [x.name], [1, ...shape], {
    domain: CHANNELS_LAST,
    attributes: windowAttributes(window),
  });
  return { ...x, name, shape, rank: 4, format: op.format };
}

/** Inputs as vectors where one of them is, else as images. */
const alike = (emit: Emit, inputs: readonly Value[]): readonly Value[] =>
  inputs.every((x) => x.rank === 4) ? inputs : inputs.map((x) => asVector(emit, x));

const rules: Rules = {
  conv2d: (emit, op, [x], shape) => convolutionStage(emit, op, x!, shape),
  depthwiseConv2d: (emit, op, [x], shape) => convolutionStage(emit, op, x!, shape),
  dense(emit, op, [input], shape) {
    const x = asVector(emit, input!);
    const { mantissas, fraction, width, bias } = op.weights;
    const channels = bias.length;
    const dims = [x.shape[2], channels];
    const weights = weightQuant(emit, op.id, {
      ordered: Float64Array.from(mantissas, (m, i) => m * 2 ** -fraction[i % channels]!),
      dims,
      scaleDims: [1, channels],
      fraction,
      width,
    });
    const name = emit.node('MatMul', `${op.id}_MatMul`, [x.name, weights], [1, channels]);
    const sums = Array.from(fraction, (f) => f + fractionBits(x.format));
    return activated(
      emit,
      op.id,
      biased(emit, op.id, { name, shape, rank: 2 }, bias, sums),
      op.activation,
      op.format,
    );
  },
  maxPool: (emit, op, [x], shape) => largest(emit, op, x!, shape, op),
  globalMaxPool: (emit, op, [x], shape) => largest(emit, op, x!, shape, wholeImage(x!)),
  avgPool: (emit, op, [x], shape) => mean(emit, op, x!, shape, op),
  globalAvgPool: (emit, op, [x], shape) => mean(emit, op, x!, shape, wholeImage(x!)),
  add(emit, op, inputs, shape) {
    const [a, b] = alike(emit, inputs);
    const sum = { shape, rank: a!.rank, name: `${op.id}_Sum` };
    emit.node('Add', sum.name, [a!.name, b!.name], dimsOf(sum));
    return activated(emit, op.id, sum, op.activation, op.format);
  },
  concat(emit, op, inputs, shape) {
    const values = alike(emit, inputs);
    const { rank } = values[0]!;
    const value: Value = { name: `${op.id}_Concat`, shape, rank, format: op.format };
    const names = values.map((x) => x.name);
    emit.node('Concat', value.name, names, dimsOf(value), { attributes: { axis: { int: rank - 1 } } });
    return value;
  },
  flatten: (emit, op, [x]) => ({ ...asVector(emit, x!), format: op.format }),
  requantize: (emit, op, [x]) => stored(emit, op.id, x!, op.format),
};

/** Everything that `Quant` cannot say. */
function refusals(graph: FixedGraph): UnsupportedReason[] {
  return graph.nodes.flatMap((node) => {
    if (isPreprocess(node)) return [];
    const { quantization, overflow } = node.format;
    const reasons: UnsupportedReason[] = [];
    if (ROUNDING[quantization] === undefined)
      reasons.push({ what: node.id, why: `Quant does not round as ${quantization}` });
    if (overflow !== 'AP_SAT' && overflow !== 'AP_SAT_SYM')
      reasons.push({ what: node.id, why: `Quant does not overflow as ${overflow}: it saturates` });
    return reasons;
  });
}

/** The bytes of `qonnx.onnx`. Throws `UnsupportedError` with every reason. */
export function emitQonnx(graph: FixedGraph, options: EmitOptions = {}): Uint8Array {
  const reasons = refusals(graph);
  if (reasons.length > 0) throw new UnsupportedError('ONNX dialect qonnx', reasons);
  const writer = createOnnxWriter();
  const emit = createEmit(writer);
  const shapes = fixedShapes(graph);
  const values = new Map<NodeId, Value>();
  const read = (id: NodeId): Value => {
    const known = values.get(id);
    if (known !== undefined) return known;
    const { format } = findNode(graph, id);
    const shape = shapes.get(id)!;
    writer.input(id, 'float', [1, ...shape]);
    const value = stored(emit, id, { name: id, shape, rank: 4 }, { ...format, quantization: 'AP_RND_CONV' });
    values.set(id, value);
    return value;
  };
  for (const node of graph.nodes) {
    if (isPreprocess(node)) continue;
    // The table is keyed by kind, so rule and node agree; TypeScript cannot correlate the two.
    const rule = rules[node.kind] as (
      emit: Emit,
      op: FixedNode,
      inputs: readonly Value[],
      shape: Shape,
    ) => Value;
    values.set(node.id, rule(emit, node, node.inputs.map(read), shapes.get(node.id)!));
  }
  const logits = asVector(emit, values.get(graph.output)!);
  writer.output(logits.name, 'float', [1, graph.hitClasses.length]);
  return writer.finish({
    graphName: graph.name,
    doc: 'The network of a vetoc fixed graph in the QONNX channels-last dialect; raw frames are preprocessed before it.',
    producerVersion: options.producerVersion ?? '',
    metadata: metadataOf('qonnx', graph, options),
    opset: QONNX_OPSET,
    domains: { [GENERAL]: 1, [CHANNELS_LAST]: QONNX_OPSET },
  });
}
