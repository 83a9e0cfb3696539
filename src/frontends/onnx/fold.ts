/**
 * Constants computed by the file itself: shapes for a reshape, pads, transposed weights. What comes out of a fold is
 * bounded, so that a small file cannot ask for a large tensor.
 */
import { elementCount, type Constant } from './tensor-data.js';
import { axisIndex, constant, intOf, intsOf, refuse, wholeNumbers, type Op, type Value } from './values.js';

/** A fold makes no more values than this: the largest weights of the registry, transposed. */
const MOST_VALUES = 2 ** 26;

type Fold = (op: Op, inputs: readonly Constant[]) => Value;

const like = (dims: readonly number[], source: Constant['data'], values: ArrayLike<number>): Value =>
  constant(dims, source instanceof Float32Array ? Float32Array.from(values) : Float64Array.from(values));

const sized = (dims: readonly number[]): number => {
  const count = elementCount(dims);
  return count <= MOST_VALUES ? count : refuse(`a constant of ${dims.join('×')} values`);
};

const first = (inputs: readonly Constant[]): Constant => inputs[0] ?? refuse('it has no input');

/** Element by element; the shorter of the two is repeated where it is one value. */
const elementwise =
  (compute: (a: number, b: number) => number): Fold =>
  (_op, [a, b]) => {
    if (a === undefined || b === undefined) refuse('it needs two inputs');
    const large = a.data.length >= b.data.length ? a : b;
    const small = large === a ? b : a;
    if (small.data.length !== 1 && small.dims.join() !== large.dims.join())
      refuse(`arithmetic of constants of ${a.dims.join('×')} and ${b.dims.join('×')}`);
    const at = (x: Constant, i: number): number => x.data[x.data.length === 1 ? 0 : i]!;
    return like(
      large.dims,
      large.data,
      Float64Array.from(large.data, (_, i) => compute(at(a, i), at(b, i))),
    );
  };

/** Elements of `x` at the positions that `index` gives for each output position. */
function rearranged(x: Constant, dims: readonly number[], index: (at: readonly number[]) => number): Value {
  const values = new Float64Array(sized(dims));
  const at = dims.map(() => 0);
  for (let i = 0; i < values.length; i++) {
    values[i] = x.data[index(at)]!;
    for (let k = dims.length - 1; k >= 0 && ++at[k]! === dims[k]!; k--) at[k] = 0;
  }
  return like(dims, x.data, values);
}

const stridesOf = (dims: readonly number[]): number[] =>
  dims.map((_, i) => dims.slice(i + 1).reduce((a, b) => a * b, 1));

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
  return like(dims, x.data, x.data);
};

/** The range `[start, end)` in steps, with the bounds clamped as numpy does. */
function positions(extent: number, start: number, end: number, step: number): number[] {
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
  if (x?.dims.length !== 1 || indices === undefined || intOf(op, 'axis', 0) !== 0)
    refuse('a gather of other than a list');
  const at = Float64Array.from(indices.data, (i) => axisIndex(i, x.data.length));
  return like(
    indices.dims,
    x.data,
    at.map((i) => x.data[i]!),
  );
};

const concat: Fold = (op, inputs) => {
  const [x] = inputs;
  if (x === undefined || inputs.some((c) => c.dims.length !== 1) || axisIndex(intOf(op, 'axis', 0), 1) !== 0)
    refuse('joins constants that are no lists');
  const values = inputs.flatMap((c) => Array.from(c.data));
  return like([sized([values.length])], x.data, values);
};

const squeeze: Fold = (op, inputs) => {
  const x = first(inputs);
  const stated = wholeNumbers(op, 'axes', 1)?.map((axis) => axisIndex(axis, x.dims.length));
  const dims = x.dims.filter((extent, i) => (stated === undefined ? extent !== 1 : !stated.includes(i)));
  return elementCount(dims) === x.data.length ? like(dims, x.data, x.data) : refuse('squeezes what is not 1');
};

const unsqueeze: Fold = (op, inputs) => {
  const x = first(inputs);
  const stated = wholeNumbers(op, 'axes', 1) ?? refuse('its axes are missing');
  const rank = x.dims.length + stated.length;
  const at = stated.map((axis) => axisIndex(axis, rank));
  const rest = [...x.dims];
  const dims = Array.from({ length: rank }, (_, i) => (at.includes(i) ? 1 : rest.shift()!));
  return like(dims, x.data, x.data);
};

const FLOAT = 1;
const cast: Fold = (op, inputs) => {
  const { dims, data } = first(inputs);
  const to = intOf(op, 'to', FLOAT);
  if (to === FLOAT) return constant(dims, Float32Array.from(data));
  // Integers stand in doubles.
  return constant(
    dims,
    Float64Array.from(data, (v) => (to === 11 ? v : Math.trunc(v))),
  );
};

/** `Constant` has its value in one of several attributes. */
const stated: Fold = (op) => {
  if (op.value !== null) return { kind: 'constant', ...op.value };
  const of = (name: string) => op.node.attributes.get(name);
  const floats = of('value_floats')?.floats ?? [of('value_float')?.float].filter((v) => v !== undefined);
  if (floats.length > 0)
    return constant(of('value_floats') ? [floats.length] : [], Float32Array.from(floats));
  const ints = of('value_ints')?.ints ?? [of('value_int')?.int].filter((v) => v !== undefined);
  if (ints.length > 0) return constant(of('value_ints') ? [ints.length] : [], Float64Array.from(ints));
  return refuse('its value is no tensor of numbers');
};

/** Operators on constants alone, by ONNX's name. */
export const FOLDS: ReadonlyMap<string, Fold> = new Map<string, Fold>([
  ['Constant', stated],
  ['Identity', (_op, inputs) => ({ kind: 'constant', ...first(inputs) })],
  ['Cast', cast],
  ['Add', elementwise((a, b) => a + b)],
  ['Sub', elementwise((a, b) => a - b)],
  ['Mul', elementwise((a, b) => a * b)],
  ['Div', elementwise((a, b) => a / b)],
  ['Transpose', transpose],
  ['Reshape', reshape],
  ['Slice', slice],
  ['Gather', gather],
  ['Concat', concat],
  ['Squeeze', squeeze],
  ['Unsqueeze', unsqueeze],
  [
    'Shape',
    (_op, inputs) => {
      const { dims } = first(inputs);
      return constant([dims.length], Float64Array.from(dims));
    },
  ],
  [
    'ConstantOfShape',
    (op, inputs) => {
      const dims = Array.from(first(inputs).data);
      const filled = new Float64Array(sized(dims)).fill(op.value?.data[0] ?? 0);
      return like(dims, op.value?.data ?? filled, filled);
    },
  ],
]);
