/** Constants that the file moves, picks or joins: shapes for a reshape, pads, transposed weights. */
import { refuse } from './refusal.js';
import { elementCount, type Constant } from './tensor-data.js';
import { axisIndex, constant, intOf, intsOf, wholeNumbers, type Op, type Value } from './values.js';

/** A fold makes no more values than this: the largest weights of the registry, transposed. */
const MOST_VALUES = 2 ** 26;

export type Fold = (op: Op, inputs: readonly Constant[]) => Value;

/** `values` as a constant of the type of `source`. */
export const like = (dims: readonly number[], source: Constant, values: ArrayLike<number>): Value =>
  constant(
    dims,
    source.data instanceof Float32Array ? Float32Array.from(values) : Float64Array.from(values),
    source.type,
  );

export const sized = (dims: readonly number[]): number => {
  const count = elementCount(dims);
  return count <= MOST_VALUES ? count : refuse(`a constant of ${dims.join('×')} values`);
};

export const first = (inputs: readonly Constant[]): Constant => inputs[0] ?? refuse('it has no input');

export const stridesOf = (dims: readonly number[]): number[] =>
  dims.map((_, i) => dims.slice(i + 1).reduce((a, b) => a * b, 1));

/** Elements of `x` at the positions that `index` gives for each output position. */
function rearranged(x: Constant, dims: readonly number[], index: (at: readonly number[]) => number): Value {
  const values = new Float64Array(sized(dims));
  const at = dims.map(() => 0);
  for (let i = 0; i < values.length; i++) {
    values[i] = x.data[index(at)]!;
    for (let k = dims.length - 1; k >= 0 && ++at[k]! === dims[k]!; k--) at[k] = 0;
  }
  return like(dims, x, values);
}

const transpose: Fold = (op, inputs) => {
  const x = first(inputs);
  const perm = intsOf(op, 'perm') ?? [...x.dims.keys()].reverse();
  const order = perm.map((axis) => axisIndex(axis, x.dims.length));
  if (new Set(order).size !== x.dims.length) refuse(`perm ${perm.join(', ')}`);
  const strides = stridesOf(x.dims);
  return rearranged(
    x,
    order.map((axis) => x.dims[axis]!),
    (at) => at.reduce((sum, k, i) => sum + k * strides[order[i]!]!, 0),
  );
};

const reshape: Fold = (op, inputs) => {
  const x = first(inputs);
  const stated = wholeNumbers(op, 'shape', 1) ?? refuse('its shape is missing');
  const kept = stated.map((extent, i) => (extent === 0 ? (x.dims[i] ?? 0) : extent));
  const known = kept.filter((extent) => extent >= 0).reduce((a, b) => a * b, 1);
  const dims = kept.map((extent) => (extent < 0 ? x.data.length / known : extent));
  if (elementCount(dims) !== x.data.length) refuse(`reshapes ${x.dims.join('×')} to ${stated.join('×')}`);
  return like(dims, x, x.data);
};

const flatten: Fold = (op, inputs) => {
  const x = first(inputs);
  const axis = intOf(op, 'axis', 1);
  const rows = x.dims.slice(0, axis).reduce((a, b) => a * b, 1);
  return like([rows, x.data.length / rows], x, x.data);
};

/** The range `[start, end)` in steps, with the bounds clamped as numpy does. */
export function positions(extent: number, start: number, end: number, step: number): number[] {
  if (!Number.isInteger(step) || step === 0) refuse(`a step of ${step}`);
  const clamped = (v: number, least: number, most: number): number =>
    Math.min(Math.max(v < 0 ? v + extent : v, least), most);
  const from = step > 0 ? clamped(start, 0, extent) : clamped(start, 0, extent - 1);
  const to = step > 0 ? clamped(end, 0, extent) : clamped(end, -1, extent - 1);
  const count = Math.max(0, Math.ceil((to - from) / step));
  return Array.from({ length: count }, (_, i) => from + i * step);
}

const slice: Fold = (op, inputs) => {
  const x = first(inputs);
  const starts = wholeNumbers(op, 'starts', 1) ?? refuse('its starts are missing');
  const ends = wholeNumbers(op, 'ends', 2) ?? refuse('its ends are missing');
  const axes = (wholeNumbers(op, 'axes', 3) ?? [...starts.keys()]).map((a) => axisIndex(a, x.dims.length));
  const steps = wholeNumbers(op, 'steps', 4) ?? starts.map(() => 1);
  const picked = x.dims.map((extent, axis) => {
    const i = axes.indexOf(axis);
    return i < 0
      ? positions(extent, 0, extent, 1)
      : positions(extent, starts[i]!, ends[i] ?? NaN, steps[i] ?? 1);
  });
  const strides = stridesOf(x.dims);
  return rearranged(
    x,
    picked.map((list) => list.length),
    (at) => at.reduce((sum, k, axis) => sum + picked[axis]![k]! * strides[axis]!, 0),
  );
};

const gather: Fold = (op, inputs) => {
  const [x, indices] = inputs;
  if (x === undefined || indices === undefined) return refuse('it needs two inputs');
  const axis = axisIndex(intOf(op, 'axis', 0), x.dims.length);
  const at = Array.from(indices.data, (i) => axisIndex(i, x.dims[axis]!));
  const [before, after] = [x.dims.slice(0, axis), x.dims.slice(axis + 1)];
  const dims = [...before, ...indices.dims, ...after];
  const strides = stridesOf(x.dims);
  const own = stridesOf(indices.dims);
  return rearranged(x, dims, (place) => {
    const inside = place.slice(axis, axis + indices.dims.length);
    const chosen = at[inside.reduce((sum, k, i) => sum + k * own[i]!, 0)]!;
    const full = [...place.slice(0, axis), chosen, ...place.slice(axis + indices.dims.length)];
    return full.reduce((sum, k, i) => sum + k * strides[i]!, 0);
  });
};

const concat: Fold = (op, inputs) => {
  const x = first(inputs);
  const axis = axisIndex(intOf(op, 'axis', 0), x.dims.length);
  const isAlike = inputs.every(
    ({ dims }) =>
      dims.length === x.dims.length && dims.every((extent, i) => i === axis || extent === x.dims[i]),
  );
  if (!isAlike) refuse('joins constants of other extents');
  const dims = x.dims.map((extent, i) =>
    i === axis ? inputs.reduce((sum, c) => sum + c.dims[i]!, 0) : extent,
  );
  const values = new Float64Array(sized(dims));
  const rows = x.dims.slice(0, axis).reduce((a, b) => a * b, 1);
  let at = 0;
  for (let row = 0; row < rows; row++)
    for (const { data } of inputs) {
      const length = data.length / rows;
      values.set(data.subarray(row * length, (row + 1) * length), at);
      at += length;
    }
  return like(dims, x, values);
};

const squeeze: Fold = (op, inputs) => {
  const x = first(inputs);
  const stated = wholeNumbers(op, 'axes', 1)?.map((axis) => axisIndex(axis, x.dims.length));
  const dims = x.dims.filter((extent, i) => (stated === undefined ? extent !== 1 : !stated.includes(i)));
  return elementCount(dims) === x.data.length ? like(dims, x, x.data) : refuse('squeezes what is not 1');
};

const unsqueeze: Fold = (op, inputs) => {
  const x = first(inputs);
  const stated = wholeNumbers(op, 'axes', 1) ?? refuse('its axes are missing');
  const rank = x.dims.length + stated.length;
  const at = stated.map((axis) => axisIndex(axis, rank));
  const rest = [...x.dims];
  const dims = Array.from({ length: rank }, (_, i) => (at.includes(i) ? 1 : rest.shift()!));
  return like(dims, x, x.data);
};

const expand: Fold = (_op, inputs) => {
  const [x, asked] = inputs;
  if (x === undefined || asked === undefined) return refuse('it needs two inputs');
  const rank = Math.max(x.dims.length, asked.data.length);
  const own = [...new Array<number>(rank - x.dims.length).fill(1), ...x.dims];
  const wanted = [...new Array<number>(rank - asked.data.length).fill(1), ...asked.data];
  const dims = own.map((extent, i) => (extent === 1 ? wanted[i]! : extent));
  if (dims.some((extent, i) => wanted[i] !== 1 && wanted[i] !== extent))
    refuse(`expands ${x.dims.join('×')} to ${wanted.join('×')}`);
  const strides = stridesOf(own);
  return rearranged(x, dims, (at) => at.reduce((sum, k, i) => sum + (own[i] === 1 ? 0 : k) * strides[i]!, 0));
};

/** Operators that only move constants, by ONNX's name. */
export const SHAPE_FOLDS: Readonly<Record<string, Fold>> = {
  Concat: concat,
  Expand: expand,
  Flatten: flatten,
  Gather: gather,
  Reshape: reshape,
  Slice: slice,
  Squeeze: squeeze,
  Transpose: transpose,
  Unsqueeze: unsqueeze,
};
