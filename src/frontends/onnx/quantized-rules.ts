/**
 * Networks that were quantized elsewhere. A QuantizeLinear of activations is their limits, a clip, and a note of how they
 * are rounded; the integers in between are kept in mind as scale and zero point. Integer weights are dequantized.
 */
import { clipped } from './elementwise-rules.js';
import { conv, gemm, matMul } from './layer-rules.js';
import { parametersOf, quantOf, single } from './quantization.js';
import { refuse } from './refusal.js';
import type { Constant } from './tensor-data.js';
import { FOLDS } from './fold.js';
import { sum } from './join-rules.js';
import {
  activationInput,
  constantInput,
  floatOf,
  optionalConstant,
  plainInput,
  type Activation,
  type Codes,
  type Op,
  type Rule,
  type Target,
  type Value,
} from './values.js';

interface Limits {
  readonly scale: number;
  readonly zero: number;
  readonly range: { readonly least: number; readonly most: number };
}

/** `x` in the limits of a quantizer, in real units. */
function limited(op: Op, x: Activation, { scale, zero, range }: Limits, into: Target): Activation {
  const [min, max] = [(range.least - zero) * scale, (range.most - zero) * scale];
  const value = clipped(op, x, min, max, into);
  into.quantized(value.id, { scale, min, max });
  return value;
}

export const quantizeLinear: Rule = (op, into) => {
  const limits = single(parametersOf(op, 1));
  const x = limited(op, plainInput(op, 0, into), limits, into);
  return { ...x, codes: { scale: limits.scale, zero: limits.zero } };
};

/** `x` in real units, where it was quantized by these very parameters. */
function real(x: Activation, { scale, zero }: Codes): Activation {
  if (x.codes === null) return refuse('takes apart what was never quantized');
  const isSame = x.codes.scale === scale && x.codes.zero === zero;
  return isSame
    ? { ...x, codes: null }
    : refuse('is dequantized with another scale than it was quantized with');
}

const parametersAt = (op: Op, i: number): Codes => {
  const scale = constantInput(op, i);
  const zero = optionalConstant(op, i + 1);
  if (scale.data.length !== 1) refuse('dequantizes activations with a scale for each channel');
  return { scale: scale.data[0]!, zero: zero?.data[0] ?? 0 };
};

export const dequantizeLinear: Rule = (op) => real(activationInput(op, 0), parametersAt(op, 1));

export const quant: Rule = (op, into) => {
  const { scale, zero, range } = quantOf(op);
  return limited(op, plainInput(op, 0, into), single({ scale, zero, range }), into);
};

/** The operator of floats behind a quantized one: `type` with other inputs. */
const asFloat = (op: Op, type: string, inputs: readonly (Value | null)[]): Op => ({
  ...op,
  node: { ...op.node, type },
  inputs,
});

/** Weights in inputs `i` (values), `i + 1` (scale), `i + 2` (zero point) as floats; one scale for each place of `axis`. */
function floatWeights(op: Op, i: number, axis: number): Value {
  const attributes = new Map(op.node.attributes);
  attributes.set('axis', { ...EMPTY, name: 'axis', int: axis });
  const inputs = [op.inputs[i] ?? null, op.inputs[i + 1] ?? null, op.inputs[i + 2] ?? null];
  const constants = inputs.filter((x): x is { kind: 'constant' } & Constant => x?.kind === 'constant');
  if (constants.length !== inputs.length) refuse(`input ${i} is not a constant`);
  const fold = FOLDS.get('DequantizeLinear')!;
  return fold({ ...op, node: { ...op.node, attributes }, inputs }, constants);
}
const EMPTY = {
  name: '',
  float: 0,
  int: 0,
  text: '',
  ints: [],
  floats: [],
  tensor: null,
  hasSubgraph: false,
};

/** Integers at the scale of the accumulator, as floats. */
function floatBias(op: Op, i: number, x: Codes, weightScale: Constant): Value | null {
  const bias = optionalConstant(op, i);
  if (bias === null) return null;
  const at = (c: number): number => weightScale.data[weightScale.data.length === 1 ? 0 : c]!;
  const data = Float32Array.from(bias.data, (b, c) => b * x.scale * at(c));
  return { ...bias, kind: 'constant', data, type: 1 };
}

/** What `float` makes, quantized as inputs `i` and `i + 1` say. */
function requantized(op: Op, float: Value, i: number, into: Target): Activation {
  if (float.kind !== 'activation') return refuse('computes constants');
  const limits = single(parametersOf(op, i));
  return { ...limited(op, float, limits, into), codes: { scale: limits.scale, zero: limits.zero } };
}

/** Inputs x, its scale and zero point, weights, theirs, the result’s, bias. */
export const qLinearConv: Rule = (op, into) => {
  const codes = parametersAt(op, 1);
  const x = real(activationInput(op, 0), codes);
  const bias = floatBias(op, 8, codes, constantInput(op, 4));
  const float = conv(asFloat(op, 'Conv', [x, floatWeights(op, 3, 0), bias]), into);
  return requantized(op, float, 6, into);
};

export const qLinearMatMul: Rule = (op, into) => {
  const x = real(activationInput(op, 0), parametersAt(op, 1));
  const float = matMul(asFloat(op, 'MatMul', [x, floatWeights(op, 3, 1)]), into);
  return requantized(op, float, 6, into);
};

/** ONNX Runtime's: inputs x, its scale and zero point, weights, theirs, bias, the result’s (none: floats). */
export const qGemm: Rule = (op, into) => {
  if (floatOf(op, 'alpha', 1) !== 1) refuse('an alpha other than 1');
  const codes = parametersAt(op, 1);
  const x = real(activationInput(op, 0), codes);
  const axis = (op.node.attributes.get('transB')?.int ?? 0) !== 0 ? 0 : 1;
  const bias = floatBias(op, 6, codes, constantInput(op, 4));
  const float = gemm(asFloat(op, 'Gemm', [x, floatWeights(op, 3, axis), bias]), into);
  return optionalConstant(op, 7) === null ? float : requantized(op, float, 7, into);
};

/** ONNX Runtime's: inputs a, its scale and zero point, b, its scale and zero point, the result’s. */
export const qLinearAdd: Rule = (op, into) => {
  const a = real(activationInput(op, 0), parametersAt(op, 1));
  const b = real(activationInput(op, 3), parametersAt(op, 4));
  return requantized(op, sum(asFloat(op, 'Add', [a, b]), into), 6, into);
};
