/**
 * What an ONNX tensor is to an import: a constant, or a node of the float graph seen through ONNX's order of axes.
 */
import type { NodeId, Padding, Shape } from '../../ir/common.js';
import type { FloatNode } from '../../ir/ops/index.js';
import { DATA_TYPE } from '../../onnx-file/proto.js';
import type { Quantizer } from '../../ir/graph.js';
import type { Head } from '../imported.js';
import type { OnnxNode } from './model.js';
import { refuse } from './refusal.js';
import type { Constant } from './tensor-data.js';
import { imageView, type View } from './view.js';

/** The file's tensor holds the integers `real / scale + zero`. */
export interface Codes {
  readonly scale: number;
  readonly zero: number;
}

export interface Activation {
  readonly kind: 'activation';
  readonly id: NodeId;
  /** Where ONNX's elements are in the node's values; the batch comes first in ONNX and is no part of it. */
  readonly view: View;
  /** A `Pad` that the reader has to include, and its value. */
  readonly pad: { readonly padding: Padding; readonly value: number } | null;
  /** The extents behind the batch to which an `Expand` repeats it, which a product has to include; null where none does. */
  readonly spread: readonly number[] | null;
  readonly head: Head;
  /** The operator of the head: it becomes a node where something follows it. */
  readonly headOp?: Op;
  /** How what the head puts out is rounded; null where it is not. */
  readonly headQuantizer: Quantizer | null;
  /** Between QuantizeLinear and DequantizeLinear. */
  readonly codes: Codes | null;
}

export type Value = Activation | ({ readonly kind: 'constant' } & Constant) | { readonly kind: 'unknown' };

export const activation = (id: NodeId, view: View): Activation => ({
  kind: 'activation',
  id,
  view,
  pad: null,
  spread: null,
  head: 'logits',
  headQuantizer: null,
  codes: null,
});
/** The node `id` of `shape` as an image `[N, C, H, W]`. */
export const imageValue = (id: NodeId, shape: Shape): Activation => activation(id, imageView(shape));

export const constant = (
  dims: readonly number[],
  data: Constant['data'],
  type: number = DATA_TYPE.float,
): Value => ({ kind: 'constant', dims, data, type });
export const UNKNOWN: Value = { kind: 'unknown' };

/** One operator of the file with its inputs looked up: what a rule reads. */
export interface Op {
  readonly node: OnnxNode;
  /** Version of ONNX's operators. */
  readonly opset: number;
  /** Values of the inputs; one that is left out ('') is null. */
  readonly inputs: readonly (Value | null)[];
  /** The tensor in the attribute `value`. */
  readonly value: Constant | null;
}

/** The float graph as it grows. */
export interface Target {
  /** Extent of the batch axis in the file; 1 where it is symbolic. */
  readonly batch: number;
  /** Whether vetoc wrote the file. */
  readonly isOwn: boolean;
  /** Whether `op`, which flattens one pixel and so moves nothing, is a node all the same. */
  keepsFlatten(op: Op): boolean;
  shape(id: NodeId): Shape;
  nodeOf(id: NodeId): FloatNode;
  /** Appends a node named after the operator, with `suffix` where it is a part of one, and returns its id. */
  add(op: Op, make: (id: NodeId) => FloatNode, suffix?: string): NodeId;
  /** Appends a node like `id` that reads `input`; it joins and is rounded as that is. Returns its id. */
  copy(op: Op, id: NodeId, input: NodeId): NodeId;
  /** What `make` gives, made once for each `key`. */
  once<T>(key: string, make: () => T): T;
  /** Notes that `id`, a scale and offset or limits, may become one with the node before it where nobody else reads that. */
  joins(id: NodeId): void;
  /** Notes that the file rounds the values of node `id`. */
  quantized(id: NodeId, quantizer: Quantizer): void;
  mayBeNegative(id: NodeId): boolean;
}

export type Rule = (op: Op, into: Target) => Value;

/** Input `i` as an activation. */
export function activationInput(op: Op, i: number): Activation {
  const value = op.inputs[i] ?? null;
  if (value?.kind !== 'activation') return refuse(`input ${i} is not computed from the frame`);
  if (value.spread !== null)
    refuse(`reads what an Expand repeats to ${value.spread.join('×')}; only a product with an image may`);
  return value;
}

/** Refuses what follows a softmax, and what computes with the integers of a quantized tensor. */
export function endless(x: Activation): Activation {
  if (x.codes !== null) refuse('computes with quantized integers; a DequantizeLinear has to come first');
  return x.head === 'logits' ? x : refuse(`follows a ${x.head}, which is taken at the end of a network only`);
}

/** A sigmoid that something follows is no end of a network: a node of its own. */
export function gate(op: Op, x: Activation, into: Target): Activation {
  if (x.head !== 'sigmoid' || x.pad !== null) return x;
  const from = x.headOp ?? op;
  const make = (): NodeId => into.add(from, (id) => ({ id, kind: 'sigmoid', inputs: [x.id] }));
  const node = into.once(`sigmoid ${x.id}`, make);
  const { headQuantizer } = x;
  if (headQuantizer === null) return { ...x, id: node, head: 'logits' };
  const rounded = into.once(`sigmoid ${x.id} ${JSON.stringify(headQuantizer)}`, () => {
    const { min, max } = headQuantizer;
    const id = into.add(from, (id) => ({ id, kind: 'clip', inputs: [node], min, max }), 'rounded');
    into.quantized(id, headQuantizer);
    return id;
  });
  return { ...x, id: rounded, head: 'logits', headQuantizer: null };
}

/** Input `i` as an activation that nothing is pending on: padding is carried out, there is no softmax. */
export function plainInput(op: Op, i: number, into: Target): Activation {
  const x = endless(gate(op, activationInput(op, i), into));
  if (x.pad === null) return x;
  const { padding, value } = x.pad;
  if (value !== 0) refuse(`reads a Pad of ${value}; only pooling may`);
  const channels = into.shape(x.id)[2];
  return into.once(`pad ${x.id} ${padding.join()}`, () => {
    const id = into.add(
      op,
      (id) => ({
        id,
        kind: 'depthwiseConv2d',
        inputs: [x.id],
        kernel: [1, 1],
        strides: [1, 1],
        padding,
        weights: new Float32Array(channels).fill(1),
        bias: new Float32Array(channels),
      }),
      'pad',
    );
    return imageValue(id, into.shape(id));
  });
}

/** Input `i` as a constant; null where it is left out. */
export function optionalConstant(op: Op, i: number): Constant | null {
  const value = op.inputs[i] ?? null;
  if (value === null) return null;
  return value.kind === 'constant' ? value : refuse(`input ${i} is not a constant`);
}

export const constantInput = (op: Op, i: number): Constant =>
  optionalConstant(op, i) ?? refuse(`input ${i} is missing`);

/** Input `i` as weights: numbers all of them. */
export function weightsInput(op: Op, i: number): Constant {
  const given = optionalWeights(op, i);
  return given ?? refuse(`input ${i} is missing`);
}
export function optionalWeights(op: Op, i: number): Constant | null {
  const given = optionalConstant(op, i);
  if (given?.data.some((v) => !Number.isFinite(v)) === true)
    refuse(`${op.node.inputs[i]!} holds a value that is not finite (NaN or infinite)`);
  return given;
}

/** A list of whole numbers that stands in an attribute or, in later opsets, in input `i`. */
export function wholeNumbers(op: Op, attribute: string, i: number): readonly number[] | null {
  const stated = op.node.attributes.get(attribute);
  if (stated !== undefined) return stated.ints;
  const input = optionalConstant(op, i);
  return input === null ? null : Array.from(input.data);
}

export const intOf = (op: Op, name: string, otherwise: number): number =>
  op.node.attributes.get(name)?.int ?? otherwise;
export const floatOf = (op: Op, name: string, otherwise: number): number =>
  op.node.attributes.get(name)?.float ?? otherwise;
export const intsOf = (op: Op, name: string): readonly number[] | null =>
  op.node.attributes.get(name)?.ints ?? null;
export const floatsOf = (op: Op, name: string): readonly number[] | null =>
  op.node.attributes.get(name)?.floats ?? null;
export const textOf = (op: Op, name: string, otherwise: string): string =>
  op.node.attributes.get(name)?.text ?? otherwise;

/** Position `axis` of `rank` axes, counted from behind where it is negative. */
export function axisIndex(axis: number, rank: number): number {
  const index = axis < 0 ? axis + rank : axis;
  return Number.isInteger(index) && index >= 0 && index < rank ? index : refuse(`there is no axis ${axis}`);
}

/** `axis` of an activation as a position behind the batch. */
export function behindBatch(axis: number, x: Activation): number {
  const index = axisIndex(axis, x.view.axes.length + 1);
  return index === 0 ? refuse('works along the batch') : index - 1;
}

/** `x` behind one more node, which `make` makes: its values lie alike. */
export const behind = (
  op: Op,
  x: Activation,
  into: Target,
  make: Parameters<Target['add']>[1],
): Activation => ({
  ...x,
  id: into.add(op, make),
});
