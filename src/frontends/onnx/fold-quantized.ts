/** Weights that a file quantizes or dequantizes itself: constants all of them. */
import { DATA_TYPE } from '../../onnx-file/proto.js';
import { first, type Fold } from './fold-shapes.js';
import { isPowerOfTwo, parameterIndex, parametersOf, quantOf, roundHalfEven } from './quantization.js';
import type { Constant } from './tensor-data.js';
import { axisIndex, constant, constantInput, intOf, optionalConstant, type Op } from './values.js';

const bitsOf = (type: number): number =>
  type === DATA_TYPE.uint16 || type === DATA_TYPE.int16 ? 16 : type === DATA_TYPE.int32 ? 32 : 8;

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
  const isCentred = zero === null || zero.data.every((z) => z === 0);
  const isPlain = isCentred && scale.data.every(isPowerOfTwo);
  return {
    ...constant(x.dims, values),
    quantized: { bits: bitsOf(x.type), isPowerOfTwo: isPlain },
  };
};

const quant: Fold = (op, inputs) => {
  const x = first(inputs);
  const { scale, zero, range } = quantOf(op);
  const [of, ofZero] = [scale, zero!].map((parameter) => parameterIndex(parameter, x.dims, 0));
  const values = Float32Array.from(x.data, (v, i) => {
    const s = scale.data[of!(i)]!;
    const z = zero!.data[ofZero!(i)]!;
    const q = roundHalfEven(Math.fround(v / s) + z);
    return (Math.min(Math.max(q, range.least), range.most) - z) * s;
  });
  const isPlain = zero!.data.every((z) => z === 0) && scale.data.every(isPowerOfTwo);
  return { ...constant(x.dims, values), quantized: { bits: range.bits, isPowerOfTwo: isPlain } };
};

export const QUANTIZED_FOLDS: Readonly<Record<string, Fold>> = {
  DequantizeLinear: dequantizeLinear,
  Quant: quant,
  QuantizeLinear: quantizeLinear,
};
