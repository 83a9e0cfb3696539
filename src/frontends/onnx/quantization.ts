/** Quantizers of ONNX (QuantizeLinear) and QONNX (Quant): a scale, a zero point and limits. */
import { DATA_TYPE } from '../../onnx-file/proto.js';
import { roundHalfEven } from '../../fixed/cast.js';
import type { Quantization } from '../../fixed/format.js';
import { refuse } from './refusal.js';
import type { Constant } from './tensor-data.js';
import { constantInput, intOf, optionalConstant, textOf, type Op } from './values.js';

/** `v` with `digits` bits of significand and exponents from `least` on, halves to even. */
export function roundedFloat(v: number, digits: number, least: number): number {
  if (v === 0 || !Number.isFinite(v)) return v;
  const unit = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(v))), least) - digits + 1);
  return roundHalfEven(v / unit) * unit;
}

export const isPowerOfTwo = (v: number): boolean => v > 0 && Number.isInteger(Math.log2(v));

/** Integers from `least` to `most`, of a width. */
export interface IntegerRange {
  readonly bits: number;
  readonly least: number;
  readonly most: number;
}

const RANGES: ReadonlyMap<number, IntegerRange> = new Map([
  [DATA_TYPE.uint8, { bits: 8, least: 0, most: 255 }],
  [DATA_TYPE.int8, { bits: 8, least: -128, most: 127 }],
  [DATA_TYPE.uint16, { bits: 16, least: 0, most: 65535 }],
  [DATA_TYPE.int16, { bits: 16, least: -32768, most: 32767 }],
]);

/** A quantizer with a scale and a zero point for all values, or one for each place along an axis. */
export interface Parameters {
  readonly scale: Constant;
  readonly zero: Constant | null;
  readonly range: IntegerRange;
}

/** Scale, zero point and integer type in inputs `i` and `i + 1`; without a zero point the type is uint8. */
export function parametersOf(op: Op, i: number, fallback: number = DATA_TYPE.uint8): Parameters {
  const scale = constantInput(op, i);
  const zero = optionalConstant(op, i + 1);
  const stated = intOf(op, 'output_dtype', 0);
  const type = zero?.type ?? (stated === 0 ? fallback : stated);
  const range = RANGES.get(type) ?? refuse(`quantizes to element type ${type}; 8 and 16 bits are taken`);
  if (scale.data.some((s) => !(s > 0) || !Number.isFinite(s))) refuse('a scale that is not positive');
  return { scale, zero, range };
}

/** One scale and one zero point. */
export function single({ scale, zero, range }: Parameters): {
  readonly scale: number;
  readonly zero: number;
  readonly range: IntegerRange;
} {
  if (scale.data.length !== 1 || (zero !== null && zero.data.length !== 1))
    refuse('quantizes activations with a scale for each channel');
  return { scale: scale.data[0]!, zero: zero?.data[0] ?? 0, range };
}

/** QONNX's roundings in AMD's words; CEIL and UP have none. */
const ROUNDINGS: Readonly<Record<string, Quantization>> = {
  ROUND: 'AP_RND_CONV',
  HALF_EVEN: 'AP_RND_CONV',
  FLOOR: 'AP_TRN',
  DOWN: 'AP_TRN_ZERO',
  ROUND_TO_ZERO: 'AP_TRN_ZERO',
  HALF_UP: 'AP_RND_INF',
  HALF_DOWN: 'AP_RND_ZERO',
};

function roundingOf(op: Op, otherwise: string): Quantization {
  const mode = textOf(op, 'rounding_mode', otherwise).toUpperCase();
  return ROUNDINGS[mode] ?? refuse(`rounds by ${mode}; ${Object.keys(ROUNDINGS).join(', ')} are taken`);
}

/** Input `i` as one whole number of bits. */
function bitsAt(op: Op, i: number): number {
  const { data } = constantInput(op, i);
  const [bits] = data;
  return data.length === 1 && Number.isInteger(bits) && bits! >= 1 && bits! <= 32
    ? bits!
    : refuse('a width that is not one whole number of bits');
}

function positiveScale(op: Op, i: number): Constant {
  const scale = constantInput(op, i);
  if (scale.data.some((s) => !(s > 0) || !Number.isFinite(s))) refuse('a scale that is not positive');
  return scale;
}

/** Integers of `bits`, as QONNX has them. */
function rangeOf(bits: number, signed: boolean, narrow: boolean): IntegerRange {
  const most = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1 - (narrow ? 1 : 0);
  const least = signed ? -(2 ** (bits - 1)) + (narrow ? 1 : 0) : 0;
  return { bits, least, most };
}

/** A quantizer of QONNX and how it rounds. */
export interface QonnxParameters extends Parameters {
  readonly rounding: Quantization;
}

/** The quantizer of a `Quant` of QONNX: inputs are value, scale, zero point and width. */
export function quantOf(op: Op): QonnxParameters {
  const range = rangeOf(bitsAt(op, 3), intOf(op, 'signed', 1) !== 0, intOf(op, 'narrow', 0) !== 0);
  return {
    scale: positiveScale(op, 1),
    zero: constantInput(op, 2),
    range,
    rounding: roundingOf(op, 'ROUND'),
  };
}

/**
 * The quantizer of a `Trunc` of QONNX: inputs are value, scale, zero point, width before and after; from version 2 on the
 * scale of the result stands before the width after. Steps of the result are as coarse as the bits that fall away.
 */
export function truncOf(op: Op): QonnxParameters {
  const isStated = op.inputs.length >= 6;
  const [bitsIn, bitsOut] = [bitsAt(op, 3), bitsAt(op, isStated ? 5 : 4)];
  const zero = constantInput(op, 2);
  if (zero.data.some((z) => z !== 0)) refuse('cuts bits off what has a zero point');
  if (!isStated)
    return refuse('is of version 1, whose result keeps the scale of what it cuts: export it again');
  const signed = intOf(op, 'signed', 1) !== 0;
  if (bitsOut > bitsIn) refuse(`cuts ${bitsIn} bits to ${bitsOut}`);
  return {
    scale: positiveScale(op, 4),
    zero,
    range: rangeOf(bitsOut, signed, intOf(op, 'narrow', 0) !== 0),
    rounding: roundingOf(op, 'FLOOR'),
  };
}

/** Per element of a tensor of `dims` which parameter is its own: one for all, one along `axis`, or as ONNX broadcasts. */
export function parameterIndex(
  parameter: Constant,
  dims: readonly number[],
  axis: number,
): (i: number) => number {
  const { data } = parameter;
  if (data.length === 1) return () => 0;
  if (parameter.dims.length <= 1) {
    if (dims[axis] !== data.length) refuse(`${data.length} scales along an axis of ${dims[axis] ?? 0}`);
    const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
    return (i) => Math.floor(i / inner) % data.length;
  }
  const along = parameter.dims.findIndex((extent) => extent > 1);
  const isBroadcast =
    parameter.dims.length === dims.length &&
    parameter.dims.every((extent, i) => (i === along ? extent === dims[i] : extent === 1));
  if (!isBroadcast) refuse(`scales of ${parameter.dims.join('×')} for ${dims.join('×')}`);
  return parameterIndex({ ...parameter, dims: [data.length] }, dims, along);
}
