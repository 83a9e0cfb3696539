/**
 * A TensorFlow.js graph model in the operators of ONNX, so that one importer knows them all. Images stay channels last;
 * convolutions and pools stand between two transpositions, which move nothing in the IR. What has no form here keeps
 * TensorFlow's name and is refused by it.
 */
import type { UnsupportedReason } from '../../core/errors.js';
import type { OnnxNode } from '../onnx/model.js';
import type { RawTensor } from '../onnx/tensor-data.js';
import { flagOf, intsOf, textOf, type GraphNode } from './graph-def.js';
import { onnxNode, wholeTensor, type Value } from './onnx-nodes.js';

/** A weight of the file. */
export interface Weight {
  readonly dims: readonly number[];
  readonly values: ArrayLike<number>;
}

/** The ONNX graph as it grows. */
export interface Graph {
  readonly nodes: OnnxNode[];
  readonly initializers: Map<string, RawTensor>;
  readonly weights: ReadonlyMap<string, Weight>;
  readonly reasons: UnsupportedReason[];
}

/** What a rule has: the operator and where its parts go. */
class Place {
  private count = 0;
  constructor(
    readonly node: GraphNode,
    readonly graph: Graph,
  ) {}

  input(i: number): string {
    return this.node.inputs[i] ?? '';
  }
  /** Appends an operator under a name of its own, or under that of the node where it is the last. */
  add(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Value>> = {},
    last = false,
  ): string {
    const name = last ? this.node.name : `${this.node.name}/vetoc_${++this.count}`;
    this.graph.nodes.push(onnxNode(type, name, inputs, attributes));
    return name;
  }
  last(type: string, inputs: readonly string[], attributes: Readonly<Record<string, Value>> = {}): void {
    this.add(type, inputs, attributes, true);
  }
  whole(values: readonly number[], dims: readonly number[] = [values.length]): string {
    const name = `${this.node.name}/vetoc_${++this.count}`;
    this.graph.initializers.set(name, wholeTensor(name, dims, values));
    return name;
  }
  refuse(why: string): void {
    this.graph.reasons.push({ what: `${this.node.name} (${this.node.op})`, why });
  }
  /** The weight that is input `i`, looked at through nodes that only rename it. */
  weight(i: number): Weight | null {
    return this.graph.weights.get(this.input(i)) ?? null;
  }
  /** The whole numbers in input `i`. */
  wholes(i: number): readonly number[] {
    const weight = this.weight(i);
    if (weight === null) this.refuse(`input ${i} is not a constant`);
    return weight === null ? [] : Array.from(weight.values);
  }
}

type Rule = (place: Place) => void;
const FIRST = { perm: { ints: [0, 3, 1, 2] } };
const LAST = { perm: { ints: [0, 2, 3, 1] } };

const same =
  (type: string, attributes: (node: GraphNode) => Readonly<Record<string, Value>> = () => ({})): Rule =>
  (place) => {
    place.last(type, place.node.inputs, attributes(place.node));
  };

/** Strides, dilations and padding of a window; TensorFlow lists all four axes. */
function windowOf(place: Place): Readonly<Record<string, Value>> {
  const { node } = place;
  if (textOf(node, 'data_format', 'NHWC') !== 'NHWC') place.refuse('has its channels first');
  const pair = (name: string): readonly number[] => intsOf(node, name).slice(1, 3);
  const padding = textOf(node, 'padding', 'VALID');
  const explicit = intsOf(node, 'explicit_paddings');
  const dilations = pair('dilations');
  return {
    strides: { ints: pair('strides') },
    ...(dilations.length === 2 && { dilations: { ints: dilations } }),
    ...(padding === 'EXPLICIT'
      ? { pads: { ints: [explicit[2]!, explicit[4]!, explicit[3]!, explicit[5]!] } }
      : { auto_pad: { text: padding === 'SAME' ? 'SAME_UPPER' : 'VALID' } }),
  };
}

/** The activations that TensorFlow fuses into an operator, behind `x`; the last has the node's name. */
function fused(
  place: Place,
  x: string,
  names: readonly string[],
  back: (x: string, isLast: boolean) => string,
): void {
  let value = back(x, names.length === 0);
  names.forEach((name, i) => {
    const isLast = i === names.length - 1;
    const { node } = place;
    if (name === 'Relu') value = place.add('Relu', [value], {}, isLast);
    else if (name === 'Relu6')
      value = place.add('Clip', [value], { min: { float: 0 }, max: { float: 6 } }, isLast);
    else if (name === 'LeakyRelu') {
      const alpha = { alpha: { float: node.attributes.get('leakyrelu_alpha')?.f ?? 0.2 } };
      value = place.add('LeakyRelu', [value], alpha, isLast);
    } else if (name === 'Sigmoid' || name === 'Tanh') value = place.add(name, [value], {}, isLast);
    else place.refuse(`has ${name} fused into it`);
  });
}

/** Bias and activations that are fused into `place`. */
function fusions(place: Place): {
  readonly bias: readonly string[];
  readonly activations: readonly string[];
} {
  const ops = place.node.attributes.get('fused_ops')?.list?.s ?? [];
  const hasBias = ops[0] === 'BiasAdd';
  return { bias: hasBias ? [place.input(2)] : [], activations: hasBias ? ops.slice(1) : ops };
}

const convolution =
  (depthwise: boolean): Rule =>
  (place) => {
    const dims = place.weight(1)?.dims;
    if (dims?.length !== 4) {
      place.refuse('its weights are not a constant of four axes');
      return;
    }
    const [height, width, channels, multiple] = dims as readonly [number, number, number, number];
    const moved = place.add('Transpose', [place.input(1)], {
      perm: { ints: depthwise ? [2, 3, 0, 1] : [3, 2, 0, 1] },
    });
    const weights = depthwise
      ? place.add('Reshape', [moved, place.whole([channels * multiple, 1, height, width])])
      : moved;
    const { bias, activations } = fusions(place);
    const x = place.add('Transpose', [place.input(0)], FIRST);
    const y = place.add('Conv', [x, weights, ...bias], {
      ...windowOf(place),
      ...(depthwise && { group: { int: channels } }),
    });
    fused(place, y, activations, (value, isLast) => place.add('Transpose', [value], LAST, isLast));
  };

const pool =
  (type: string): Rule =>
  (place) => {
    const x = place.add('Transpose', [place.input(0)], FIRST);
    const kernel = { kernel_shape: { ints: intsOf(place.node, 'ksize').slice(1, 3) } };
    place.last('Transpose', [place.add(type, [x], { ...windowOf(place), ...kernel })], LAST);
  };

const matMul: Rule = (place) => {
  const { node } = place;
  if (flagOf(node, 'transpose_a')) place.refuse('transposes its first factor');
  const { bias, activations } = fusions(place);
  const attributes = { transB: { int: Number(flagOf(node, 'transpose_b')) } };
  fused(place, '', activations, (_x, isLast) =>
    place.add('Gemm', [place.input(0), place.input(1), ...bias], attributes, isLast),
  );
};

const batchNorm: Rule = (place) => {
  if (flagOf(place.node, 'is_training')) place.refuse('it is in training mode');
  const x = place.add('Transpose', [place.input(0)], FIRST);
  const parameters = [1, 2, 3, 4].map((i) => place.input(i));
  const epsilon = { epsilon: { float: place.node.attributes.get('epsilon')?.f ?? 1e-4 } };
  place.last('Transpose', [place.add('BatchNormalization', [x, ...parameters], epsilon)], LAST);
};

/** `Mean` and its like: axes in the second input. */
const reduction =
  (type: string): Rule =>
  (place) => {
    const keepdims = { keepdims: { int: Number(flagOf(place.node, 'keep_dims')) } };
    place.last(type, [place.input(0), place.whole(place.wholes(1))], keepdims);
  };

const pad: Rule = (place) => {
  const stated = place.wholes(1);
  const before = stated.filter((_, i) => i % 2 === 0);
  const after = stated.filter((_, i) => i % 2 === 1);
  const value = place.node.op === 'PadV2' ? [place.input(2)] : [];
  // Images are padded channels first, as the window that reads them is.
  if (before.length !== 4) {
    place.last('Pad', [place.input(0), place.whole([...before, ...after]), ...value]);
    return;
  }
  const first = (axes: readonly number[]): readonly number[] => [axes[0]!, axes[3]!, axes[1]!, axes[2]!];
  const x = place.add('Transpose', [place.input(0)], FIRST);
  const padded = place.add('Pad', [x, place.whole([...first(before), ...first(after)]), ...value]);
  place.last('Transpose', [padded], LAST);
};

const concat: Rule = (place) => {
  const last = place.node.inputs.length - 1;
  const [axis = -1] = place.wholes(last);
  place.last('Concat', place.node.inputs.slice(0, last), { axis: { int: axis } });
};

/** A part of a shape: one number, or a range. */
const stridedSlice: Rule = (place) => {
  const [begin, end, strides] = [1, 2, 3].map((i) => place.wholes(i));
  const mask = (name: string): number => place.node.attributes.get(name)?.i ?? 0;
  if (begin!.length !== 1 || mask('new_axis_mask') !== 0 || mask('ellipsis_mask') !== 0) {
    place.refuse('takes a part along several axes');
    return;
  }
  if (mask('shrink_axis_mask') === 1) {
    place.last('Gather', [place.input(0), place.whole([begin![0]!], [])], { axis: { int: 0 } });
    return;
  }
  const from = mask('begin_mask') === 1 ? 0 : begin![0]!;
  const to = mask('end_mask') === 1 ? 2 ** 31 - 1 : end![0]!;
  place.last('Slice', [
    place.input(0),
    place.whole([from]),
    place.whole([to]),
    place.whole([0]),
    place.whole([strides![0]!]),
  ]);
};

const pack: Rule = (place) => {
  const parts = place.node.inputs.map((x) => place.add('Unsqueeze', [x, place.whole([0])]));
  place.last('Concat', parts, { axis: { int: 0 } });
};

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>(
  Object.entries({
    Add: same('Add'),
    AddV2: same('Add'),
    AvgPool: pool('AveragePool'),
    BiasAdd: same('Add'),
    Cast: same('Cast', () => ({ to: { int: 1 } })),
    ConcatV2: concat,
    Conv2D: convolution(false),
    DepthwiseConv2dNative: convolution(true),
    ExpandDims: (place) => {
      place.last('Unsqueeze', [place.input(0), place.whole(place.wholes(1))]);
    },
    FusedBatchNorm: batchNorm,
    FusedBatchNormV2: batchNorm,
    FusedBatchNormV3: batchNorm,
    FusedDepthwiseConv2dNative: convolution(true),
    Identity: same('Identity'),
    LeakyRelu: same('LeakyRelu', (node) => ({ alpha: { float: node.attributes.get('alpha')?.f ?? 0.2 } })),
    MatMul: matMul,
    Max: reduction('ReduceMax'),
    MaxPool: pool('MaxPool'),
    Maximum: same('Max'),
    Mean: reduction('ReduceMean'),
    Minimum: same('Min'),
    Mul: same('Mul'),
    Pack: pack,
    Pad: pad,
    PadV2: pad,
    RealDiv: same('Div'),
    Relu: same('Relu'),
    Relu6: same('Clip', () => ({ min: { float: 0 }, max: { float: 6 } })),
    Reshape: same('Reshape'),
    Shape: same('Shape'),
    Sigmoid: same('Sigmoid'),
    Softmax: same('Softmax', () => ({ axis: { int: -1 } })),
    Squeeze: (place) => {
      const axes = intsOf(place.node, 'squeeze_dims');
      place.last('Squeeze', axes.length === 0 ? [place.input(0)] : [place.input(0), place.whole(axes)]);
    },
    StopGradient: same('Identity'),
    StridedSlice: stridedSlice,
    Sub: same('Sub'),
    Sum: reduction('ReduceSum'),
    Tanh: same('Tanh'),
    _FusedConv2D: convolution(false),
    _FusedMatMul: matMul,
  }),
);

/** Appends what `node` is in ONNX; an operator without a form keeps its name, which the importer refuses. */
export function translateNode(node: GraphNode, graph: Graph): void {
  const rule = RULES.get(node.op);
  if (rule !== undefined) rule(new Place(node, graph));
  else graph.reasons.push({ what: `${node.name} (${node.op})`, why: 'there is no such operator in vetoc' });
}
