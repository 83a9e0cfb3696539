/** Weights that a file quantizes or dequantizes itself: constants all of them. */
import { DATA_TYPE } from '../../onnx-file/proto.js';
import { roundHalfEven, roundReal } from '../../fixed/cast.js';
import { first, type Fold } from './fold-shapes.js';
import { parameterIndex, parametersOf, quantOf } from './quantization.js';
import type { Constant } from './tensor-data.js';
import { axisIndex, constant, constantInput, intOf, optionalConstant, type Op } from './values.js';

/** The axis of scales; a scalar has none. */
const axisOf = (op: Op, { dims }: Constant): number =>
  dims.length === 0 ? 0 : axisIndex(intOf(op, 'axis', dims.length > 1 ? 1 : 0), dims.length);

const quantizeLinear: Fold = (op, inputs) => {
  const x = first(inputs);
  const { scale, zero, range } = parametersOf(op, 1);
  const of = parameterIndex(scale, x.dims, axisOf(op, x));
  const values = Float64Array.from(x.data, (v, i) => {
    const q = roundHalfEven(Math.fround(v / scale.data[of(i)]!)) + (zero?.data[of(i)] ?? 0);
    return Math.min(Math.max(q, range.least), range.most);
  });
  return constant(x.dims, values, zero?.type ?? DATA_TYPE.uint8);
};

const dequantizeLinear: Fold = (op, inputs) => {
  const x = first(inputs);
  const scale = constantInput(op, 1);
  const zero = optionalConstant(op, 2);
  const of = parameterIndex(scale, x.dims, axisOf(op, x));
  const values = Float32Array.from(x.data, (q, i) => (q - (zero?.data[of(i)] ?? 0)) * scale.data[of(i)]!);
  return constant(x.dims, values);
};

const quant: Fold = (op, inputs) => {
  const x = first(inputs);
  const { scale, zero, range, rounding } = quantOf(op);
  const [of, ofZero] = [scale, zero!].map((parameter) => parameterIndex(parameter, x.dims, 0));
  const values = Float32Array.from(x.data, (v, i) => {
    const s = scale.data[of!(i)]!;
    const z = zero!.data[ofZero!(i)]!;
    const q = roundReal(Math.fround(v / s) + z, rounding);
    return (Math.min(Math.max(q, range.least), range.most) - z) * s;
  });
  return constant(x.dims, values);
};

/** The sign of every weight times its scale; 0 counts as positive. */
const bipolarQuant: Fold = (op, inputs) => {
  const x = first(inputs);
  const scale = constantInput(op, 1);
  const of = parameterIndex(scale, x.dims, 0);
  return constant(
    x.dims,
    Float32Array.from(x.data, (v, i) => (v >= 0 ? 1 : -1) * scale.data[of(i)]!),
  );
};

export const QUANTIZED_FOLDS: Readonly<Record<string, Fold>> = {
  BipolarQuant: bipolarQuant,
  DequantizeLinear: dequantizeLinear,
  IntQuant: quant,
  Quant: quant,
  QuantizeLinear: quantizeLinear,
};
