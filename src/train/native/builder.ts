/** An ONNX graph of float32 tensors in which every shape is known: nodes by what they compute, named in order. */
import type { Attributes, NodeOptions, OnnxWriter } from '../../backends/onnx/writer.js';
import type { Padding } from '../../ir/common.js';

/** A float32 tensor of the graph. */
export interface Value {
  readonly name: string;
  readonly dims: readonly number[];
}

export interface Builder {
  readonly writer: OnnxWriter;
  /** One output of the operator `type`. */
  op(
    type: string,
    inputs: readonly (Value | string)[],
    dims: readonly number[],
    attributes?: Attributes,
    unread?: NodeOptions['unread'],
  ): Value;
  /** Name of a constant of integers. */
  integers(values: readonly number[]): string;
  scalar(value: number): Value;
  fresh(): string;
}

export function createBuilder(writer: OnnxWriter): Builder {
  let count = 0;
  const fresh = (): string => `v${(count += 1)}`;
  const nameOf = (x: Value | string): string => (typeof x === 'string' ? x : x.name);
  return {
    writer,
    fresh,
    op: (type, inputs, dims, attributes = {}, unread = []) => ({
      name: writer.node(type, fresh(), inputs.map(nameOf), { attributes, unread }),
      dims,
    }),
    integers: (values) => writer.constant(`i${values.join('_')}`, 'int64', values, [values.length]),
    scalar: (value) => ({ name: writer.constant(`f${value}`, 'float', [value], []), dims: [] }),
  };
}

/** How many numbers it holds. */
export const sizeOf = ({ dims }: Value): number => dims.reduce((product, extent) => product * extent, 1);

/** The larger of two shapes of which one broadcasts to the other. */
const wider = (a: Value, b: Value): readonly number[] => (sizeOf(a) >= sizeOf(b) ? a.dims : b.dims);

type Binary = 'Add' | 'Sub' | 'Mul' | 'Div';
export const binary = (b: Builder, type: Binary, x: Value, y: Value): Value =>
  b.op(type, [x, y], wider(x, y));

/** Where `type` holds of `x` and `y` 1, elsewhere 0. */
export function indicator(b: Builder, type: 'Equal' | 'Greater', x: Value, y: Value): Value {
  const dims = wider(x, y);
  return b.op('Cast', [b.op(type, [x, y], dims)], dims, { to: { int: 1 } });
}

/** Sum or mean of `x` over `axes`, which stay with an extent of 1. */
export function reduced(
  b: Builder,
  type: 'ReduceSum' | 'ReduceMean',
  x: Value,
  axes: readonly number[],
): Value {
  const dims = x.dims.map((d, i) => (axes.includes(i) ? 1 : d));
  return b.op(type, [x, b.integers(axes)], dims, { keepdims: { int: 1 } });
}

export const reshaped = (b: Builder, x: Value, dims: readonly number[]): Value =>
  b.op('Reshape', [x, b.integers(dims)], dims);

export const transposed = (b: Builder, x: Value, perm: readonly number[]): Value =>
  b.op(
    'Transpose',
    [x],
    perm.map((axis) => x.dims[axis]!),
    { perm: { ints: perm } },
  );

/** `x` from `starts` of `lengths`. */
export const sliced = (b: Builder, x: Value, starts: readonly number[], lengths: readonly number[]): Value =>
  b.op(
    'Slice',
    [
      x,
      b.integers(starts),
      b.integers(starts.map((s, i) => s + lengths[i]!)),
      b.integers(starts.map((_, i) => i)),
    ],
    lengths,
  );

/** As ONNX has it: top, left, bottom, right. */
export const padsOf = (padding: Padding): { readonly ints: readonly number[] } => ({ ints: [...padding] });
