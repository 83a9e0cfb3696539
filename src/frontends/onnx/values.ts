/**
 * What an ONNX tensor is to an import: a constant, or a node of the float graph seen through ONNX's order of axes.
 *
 * The IR is channels last and has no batch; ONNX files move axes about as they like. So an activation carries the
 * names of its axes, and moving them costs nothing. Only a flattened image has its features in another order than the
 * IR's: it carries that order, and whoever reads features (a dense layer, a normalisation) sorts its parameters.
 */
import type { NodeId, Padding, Shape } from '../../ir/common.js';
import type { FloatNode } from '../../ir/ops/index.js';
import type { OnnxNode } from './model.js';
import type { Constant } from './tensor-data.js';

export type Axis = 'n' | 'c' | 'h' | 'w';

/** What a model does with its logits at its very end; the veto compares logits, so that it is left out. */
export type Head = 'logits' | 'softmax' | 'logSoftmax' | 'sigmoid';

export interface Activation {
  readonly kind: 'activation';
  readonly id: NodeId;
  /** Names of ONNX's axes in their order; an axis that is absent has the extent 1. */
  readonly axes: readonly Axis[];
  /** A `Pad` that the reader has to include, and its value. */
  readonly pad: { readonly padding: Padding; readonly value: number } | null;
  /** Feature `j` of the ONNX tensor is feature `order[j]` of the node; null: the same. Vectors only. */
  readonly order: Int32Array | null;
  readonly head: Head;
}

export type Value = Activation | ({ readonly kind: 'constant' } & Constant) | { readonly kind: 'unknown' };

export const activation = (id: NodeId, axes: readonly Axis[]): Activation => ({
  kind: 'activation',
  id,
  axes,
  pad: null,
  order: null,
  head: 'logits',
});
export const constant = (dims: readonly number[], data: Constant['data']): Value => ({
  kind: 'constant',
  dims,
  data,
});
export const UNKNOWN: Value = { kind: 'unknown' };

/** Why one node cannot be imported; the importer collects them all. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
export function refuse(why: string): never {
  throw new Refusal(why);
}

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
  /** Whether `op`, which flattens one pixel and so moves nothing, is a node all the same. */
  keepsFlatten(op: Op): boolean;
  shape(id: NodeId): Shape;
  nodeOf(id: NodeId): FloatNode;
  /** Appends a node named after the operator and returns its id. */
  add(op: Op, make: (id: NodeId) => FloatNode): NodeId;
  /** Puts `node` in the place of the one with its id. */
  amend(node: FloatNode): void;
  /** Whether input `i` of `op` is read by that operator only. */
  isReadOnce(op: Op, i: number): boolean;
  mayBeNegative(id: NodeId): boolean;
}

export type Rule = (op: Op, into: Target) => Value;

/** Input `i` as an activation. */
export function activationInput(op: Op, i: number): Activation {
  const value = op.inputs[i] ?? null;
  return value?.kind === 'activation' ? value : refuse(`input ${i} is not computed from the frame`);
}

/** Input `i` as an activation that nothing is pending on: no padding, no softmax. */
export function plainInput(op: Op, i: number): Activation {
  const x = activationInput(op, i);
  if (x.pad !== null) refuse('reads a Pad; only convolutions and pooling may');
  return endless(x);
}

/** Refuses what follows a softmax. */
export function endless(x: Activation): Activation {
  return x.head === 'logits' ? x : refuse(`follows a ${x.head}, which is taken at the end of a network only`);
}

/** Input `i` as a constant; null where it is left out. */
export function optionalConstant(op: Op, i: number): Constant | null {
  const value = op.inputs[i] ?? null;
  if (value === null) return null;
  return value.kind === 'constant' ? value : refuse(`input ${i} is not a constant`);
}

export const constantInput = (op: Op, i: number): Constant =>
  optionalConstant(op, i) ?? refuse(`input ${i} is missing`);

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
export const textOf = (op: Op, name: string, otherwise: string): string =>
  op.node.attributes.get(name)?.text ?? otherwise;

/** Position `axis` of `rank` axes, counted from behind where it is negative. */
export function axisIndex(axis: number, rank: number): number {
  const index = axis < 0 ? axis + rank : axis;
  return Number.isInteger(index) && index >= 0 && index < rank ? index : refuse(`there is no axis ${axis}`);
}

export const extentOf = ([h, w, c]: Shape, axis: Axis, batch: number): number =>
  ({ n: batch, c, h, w })[axis];

/** `x` as an image `[N, C, H, W]`, which is how convolutions and pooling read. */
export function imageAxes(x: Activation): Activation {
  return x.axes.join('') === 'nchw' ? x : refuse(`reads axes ${x.axes.join('')} as an image`);
}

/** `x` as a vector `[N, C]`. */
export function vectorAxes(x: Activation, shape: Shape): Activation {
  return x.axes.join('') === 'nc' && shape[0] * shape[1] === 1
    ? x
    : refuse(`reads axes ${x.axes.join('')} as a vector`);
}

/** Parameters in ONNX's order of features, in the node's. */
export function inNodeOrder(values: ArrayLike<number>, order: Int32Array | null): Float32Array<ArrayBuffer> {
  const sorted = Float32Array.from(values);
  if (order !== null) order.forEach((to, from) => (sorted[to] = values[from]!));
  return sorted;
}
