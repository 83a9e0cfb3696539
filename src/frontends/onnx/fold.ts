/**
 * Constants computed by the file itself: shapes, scaled weights, dequantized weights. What comes out of a fold is
 * bounded, so that a small file cannot ask for a large tensor.
 */
import { DATA_TYPE } from '../../onnx-file/proto.js';
import { first, like, SHAPE_FOLDS, sized, stridesOf, type Fold } from './fold-shapes.js';
import { REDUCE_FOLDS } from './fold-reduce.js';
import { QUANTIZED_FOLDS } from './fold-quantized.js';
import { roundedFloat } from './quantization.js';
import { refuse } from './refusal.js';
import { isInteger, type Constant } from './tensor-data.js';
import { constant, intOf, optionalConstant, type Value } from './values.js';

/** Extents of the result of arithmetic on tensors of these extents, as ONNX broadcasts them. */
function broadcast(a: readonly number[], b: readonly number[]): readonly number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [x, y] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1];
    if (x !== y && x !== 1 && y !== 1) refuse(`arithmetic of constants of ${a.join('×')} and ${b.join('×')}`);
    return x === 1 ? y : x;
  });
}

/** Strides of `x` along the axes of `dims`; 0 where it is repeated. */
function stridesIn({ dims: own }: Constant, dims: readonly number[]): readonly number[] {
  const strides = stridesOf(own);
  return dims.map((_, i) => {
    const k = i - dims.length + own.length;
    return (own[k] ?? 1) === 1 ? 0 : strides[k]!;
  });
}

/** Element by element; integers are divided as integers. */
const elementwise =
  (compute: (a: number, b: number) => number): Fold =>
  (_op, [a, b]) => {
    if (a === undefined || b === undefined) return refuse('it needs two inputs');
    const dims = broadcast(a.dims, b.dims);
    const values = new Float64Array(sized(dims));
    const [ofA, ofB] = [stridesIn(a, dims), stridesIn(b, dims)];
    const at = dims.map(() => 0);
    let [i, j] = [0, 0];
    for (let n = 0; n < values.length; n++) {
      values[n] = compute(a.data[i]!, b.data[j]!);
      for (let k = dims.length - 1; k >= 0; k--) {
        i += ofA[k]!;
        j += ofB[k]!;
        if (++at[k]! < dims[k]!) break;
        i -= ofA[k]! * dims[k]!;
        j -= ofB[k]! * dims[k]!;
        at[k] = 0;
      }
    }
    const whole = isInteger(a.type) ? values.map((v) => Math.trunc(v)) : values;
    return constant(dims, a.data instanceof Float32Array ? Float32Array.from(whole) : whole, a.type);
  };

/** `fold` of two, of as many inputs as there are. */
const ofMany =
  (fold: Fold): Fold =>
  (op, [one, ...others]) => {
    let result: Constant = one ?? refuse('it has no input');
    for (const other of others) {
      const value = fold(op, [result, other]);
      result = value.kind === 'constant' ? value : refuse('its inputs are no constants');
    }
    return { kind: 'constant', ...result };
  };

const equal: Fold = (op, [a, b]) => {
  if (a === undefined || b === undefined) return refuse('it needs two inputs');
  const value = elementwise((x, y) => Number(x === y))(op, [a, b]);
  return value.kind === 'constant' ? { ...value, type: DATA_TYPE.bool } : value;
};

/** The second input where the first is true, the third elsewhere. */
const where: Fold = (op, [condition, a, b]) => {
  if (condition === undefined || a === undefined || b === undefined) return refuse('it needs three inputs');
  const asDoubles = (of: Constant): Constant => ({
    dims: of.dims,
    data: Float64Array.from(of.data),
    type: DATA_TYPE.double,
  });
  const kept = elementwise((value, keep) => (keep !== 0 ? value : 0));
  const others = elementwise((value, keep) => (keep !== 0 ? 0 : value));
  const parts = [kept(op, [asDoubles(a), condition]), others(op, [asDoubles(b), condition])];
  const sum = elementwise((x, y) => x + y)(op, parts as readonly Constant[]);
  return sum.kind === 'constant' ? like(sum.dims, a, sum.data) : sum;
};

const mapped =
  (compute: (v: number) => number): Fold =>
  (_op, inputs) => {
    const x = first(inputs);
    return constant(
      x.dims,
      x.data instanceof Float32Array ? x.data.map(compute) : x.data.map(compute),
      x.type,
    );
  };

const cast: Fold = (op, inputs) => {
  const { dims, data } = first(inputs);
  const to = intOf(op, 'to', DATA_TYPE.float);
  if (to === DATA_TYPE.float) return constant(dims, Float32Array.from(data));
  if (to === DATA_TYPE.float16)
    return constant(
      dims,
      Float32Array.from(data, (v) => roundedFloat(v, 11, -14)),
      to,
    );
  if (to === DATA_TYPE.bfloat16)
    return constant(
      dims,
      Float32Array.from(data, (v) => roundedFloat(v, 8, -126)),
      to,
    );
  // Integers stand in doubles.
  return constant(
    dims,
    Float64Array.from(data, (v) => (to === DATA_TYPE.double ? v : Math.trunc(v))),
    to,
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
  if (ints.length > 0)
    return constant(of('value_ints') ? [ints.length] : [], Float64Array.from(ints), DATA_TYPE.int64);
  return refuse('its value is no tensor of numbers');
};

const shape: Fold = (op, inputs) => {
  const part = first(inputs).dims.slice(intOf(op, 'start', 0), op.node.attributes.get('end')?.int);
  return constant([part.length], Float64Array.from(part), DATA_TYPE.int64);
};

const filled: Fold = (op, inputs) => {
  const dims = Array.from(first(inputs).data);
  const values = new Float64Array(sized(dims)).fill(op.value?.data[0] ?? 0);
  const type = op.value?.type ?? DATA_TYPE.float;
  return constant(dims, type === DATA_TYPE.float ? Float32Array.from(values) : values, type);
};

const clip: Fold = (op, inputs) => {
  const x = first(inputs);
  const limit = (name: string, i: number, otherwise: number): number =>
    op.node.attributes.get(name)?.float ?? optionalConstant(op, i)?.data[0] ?? otherwise;
  const [low, high] = [limit('min', 1, -Infinity), limit('max', 2, Infinity)];
  return like(
    x.dims,
    x,
    Float64Array.from(x.data, (v) => Math.min(Math.max(v, low), high)),
  );
};

const same: Fold = (_op, inputs): Value => ({ kind: 'constant', ...first(inputs) });

/** Operators on constants alone, by ONNX's name. */
export const FOLDS: ReadonlyMap<string, Fold> = new Map<string, Fold>(
  Object.entries({
    ...SHAPE_FOLDS,
    ...QUANTIZED_FOLDS,
    ...REDUCE_FOLDS,
    Abs: mapped(Math.abs),
    Add: elementwise((a, b) => a + b),
    Cast: cast,
    Ceil: mapped(Math.ceil),
    Clip: clip,
    Constant: stated,
    ConstantOfShape: filled,
    Div: elementwise((a, b) => a / b),
    Equal: equal,
    Exp: mapped(Math.exp),
    Floor: mapped(Math.floor),
    Log: mapped(Math.log),
    Identity: same,
    Max: ofMany(elementwise(Math.max)),
    Min: ofMany(elementwise(Math.min)),
    Mul: elementwise((a, b) => a * b),
    Neg: mapped((v) => -v),
    Pow: elementwise((a, b) => a ** b),
    Reciprocal: mapped((v) => 1 / v),
    Shape: shape,
    Softplus: mapped((v) => Math.log1p(Math.exp(v))),
    Sqrt: mapped(Math.sqrt),
    Sub: elementwise((a, b) => a - b),
    Sum: ofMany(elementwise((a, b) => a + b)),
    Tanh: mapped(Math.tanh),
    Where: where,
  }),
);
