/** Operators of integers in and out (QOperator form): those of floats between a dequantizing and a quantizing. */
import { leakyRelu } from './activation-rules.js';
import { arithmetic } from './elementwise-rules.js';
import { FOLDS } from './fold.js';
import { concat, sum } from './join-rules.js';
import { conv, gemm, matMul } from './layer-rules.js';
import { averagePool, globalAveragePool, reduceMean } from './pool-rules.js';
import { inReal, limited, limitsAt, parametersAt, real } from './quantized-rules.js';
import { refuse } from './refusal.js';
import { head } from './head-rules.js';
import type { Constant } from './tensor-data.js';
import {
  activationInput,
  constantInput,
  floatOf,
  intOf,
  optionalConstant,
  type Activation,
  type Codes,
  type Op,
  type Rule,
  type Target,
  type Value,
} from './values.js';

/** The operator of floats behind a quantized one: `type` with other inputs. */
const asFloat = (op: Op, type: string, inputs: readonly (Value | null)[]): Op => ({
  ...op,
  node: { ...op.node, type },
  inputs,
});

const NO_ATTRIBUTE = { float: 0, text: '', ints: [], floats: [], tensor: null, hasSubgraph: false };

/** Weights in inputs `i` (values), `i + 1` (scale), `i + 2` (zero point) as floats; one scale for each place of `axis`. */
function floatWeights(op: Op, i: number, axis: number): Value {
  const attributes = new Map(op.node.attributes);
  attributes.set('axis', { ...NO_ATTRIBUTE, name: 'axis', int: axis });
  const inputs = [op.inputs[i] ?? null, op.inputs[i + 1] ?? null, op.inputs[i + 2] ?? null];
  const constants = inputs.filter((x): x is { kind: 'constant' } & Constant => x?.kind === 'constant');
  if (constants.length !== inputs.length) refuse(`input ${i} is not a constant`);
  const fold = FOLDS.get('DequantizeLinear')!;
  return fold({ ...op, node: { ...op.node, attributes }, inputs }, constants);
}

/** Integers at the scale of the accumulator, as floats. */
function floatBias(op: Op, i: number, x: Codes, weightScale: Constant): Value | null {
  const bias = optionalConstant(op, i);
  if (bias === null) return null;
  const at = (c: number): number => weightScale.data[weightScale.data.length === 1 ? 0 : c]!;
  const data = Float32Array.from(bias.data, (b, c) => b * x.scale * at(c));
  return { ...bias, kind: 'constant', data, type: 1 };
}

/** Input `i` in real units, by its scale and zero point in the two inputs behind it. */
const realInput = (op: Op, i: number, into: Target): Activation =>
  real(op, activationInput(op, i), parametersAt(op, i + 1), into);

/** What `float` makes, quantized as inputs `i` and `i + 1` say. */
function requantized(op: Op, float: Value, i: number, into: Target): Activation {
  if (float.kind !== 'activation') return refuse('computes constants');
  const limits = limitsAt(op, i);
  return { ...limited(op, float, limits, into), codes: { scale: limits.scale, zero: limits.zero } };
}

/** Inputs x, its scale and zero point, weights, theirs, the result’s, bias. */
export const qLinearConv: Rule = (op, into) => {
  const bias = floatBias(op, 8, parametersAt(op, 1), constantInput(op, 4));
  const float = conv(asFloat(op, 'Conv', [realInput(op, 0, into), floatWeights(op, 3, 0), bias]), into);
  return requantized(op, float, 6, into);
};

export const qLinearMatMul: Rule = (op, into) => {
  const float = matMul(asFloat(op, 'MatMul', [realInput(op, 0, into), floatWeights(op, 3, 1)]), into);
  return requantized(op, float, 6, into);
};

/** ONNX Runtime's: inputs x, its scale and zero point, weights, theirs, bias, the result’s (none: floats). */
export const qGemm: Rule = (op, into) => {
  if (floatOf(op, 'alpha', 1) !== 1) refuse('an alpha other than 1');
  const axis = intOf(op, 'transB', 0) !== 0 ? 0 : 1;
  const bias = floatBias(op, 6, parametersAt(op, 1), constantInput(op, 4));
  const float = gemm(asFloat(op, 'Gemm', [realInput(op, 0, into), floatWeights(op, 3, axis), bias]), into);
  return optionalConstant(op, 7) === null ? float : requantized(op, float, 7, into);
};

/** ONNX Runtime's: inputs a, its scale and zero point, b, its scale and zero point, the result’s. */
export const qLinearAdd: Rule = (op, into) =>
  requantized(op, sum(asFloat(op, 'Add', [realInput(op, 0, into), realInput(op, 3, into)]), into), 6, into);

/** As `qLinearAdd`; one factor is a constant. */
export const qLinearMul: Rule = (op, into) => {
  const factor = (i: number): Value =>
    op.inputs[i]?.kind === 'constant' ? floatWeights(op, i, 0) : realInput(op, i, into);
  return requantized(op, arithmetic('Mul')(asFloat(op, 'Mul', [factor(0), factor(3)]), into), 6, into);
};

/** ONNX Runtime's of one tensor: x, its scale and zero point, the result’s. */
const ofOne =
  (type: string, rule: Rule): Rule =>
  (op, into) => {
    if (intOf(op, 'channels_last', 0) !== 0) refuse('has its channels last');
    return requantized(op, rule(asFloat(op, type, [realInput(op, 0, into)]), into), 3, into);
  };
export const qLinearGlobalAveragePool = ofOne('GlobalAveragePool', globalAveragePool);
export const qLinearAveragePool = ofOne('AveragePool', averagePool);
export const qLinearReduceMean = ofOne('ReduceMean', reduceMean);
export const qLinearLeakyRelu = ofOne('LeakyRelu', leakyRelu);

/** The function at the end of a classifier, rounded. */
const ofEnd = (type: string, rule: Rule, opsetOf: (op: Op) => number = ({ opset }) => opset): Rule => {
  return (op, into) => {
    const limits = limitsAt(op, 3);
    const { scale, zero } = limits;
    const end = rule({ ...asFloat(op, type, [realInput(op, 0, into)]), opset: opsetOf(op) }, into);
    if (end.kind !== 'activation') return refuse('computes constants');
    return { ...end, headQuantizer: inReal(limits), codes: { scale, zero } };
  };
};
export const qLinearSigmoid = ofEnd('Sigmoid', head('sigmoid'));
/** It states by which opset its axis is meant. */
export const qLinearSoftmax = ofEnd('Softmax', head('softmax'), (op) => intOf(op, 'opset', op.opset));

/** ONNX Runtime's: the result’s scale and zero point, then value, scale and zero point of each. */
export const qLinearConcat: Rule = (op, into) => {
  const terms: Activation[] = [];
  for (let i = 2; i < op.inputs.length; i += 3) terms.push(realInput(op, i, into));
  return requantized(op, concat(asFloat(op, 'Concat', terms), into), 0, into);
};
