/** Every operator that an import takes, by ONNX's name. */
import { ACTIVATION_RULES } from './activation-rules.js';
import { arithmetic, clip, extremum, negative } from './elementwise-rules.js';
import { head } from './head-rules.js';
import { expand, tile } from './repeat-rules.js';
import { resize } from './resize-rule.js';
import { concat, sum } from './join-rules.js';
import { batchNormalization, conv, gemm, matMul, spaceToDepth } from './layer-rules.js';
import {
  averagePool,
  globalAveragePool,
  globalMaxPool,
  maxPool,
  reduceMax,
  reduceMean,
  reduceSum,
} from './pool-rules.js';
import {
  qGemm,
  qLinearAdd,
  qLinearAveragePool,
  qLinearConcat,
  qLinearConv,
  qLinearGlobalAveragePool,
  qLinearLeakyRelu,
  qLinearMatMul,
  qLinearMul,
  qLinearReduceMean,
  qLinearSigmoid,
  qLinearSoftmax,
} from './qlinear-rules.js';
import { bipolarQuant, dequantizeLinear, dynamic, quant, quantizeLinear, trunc } from './quantized-rules.js';
import {
  cast,
  dropout,
  flatten,
  gather,
  pad,
  pass,
  reshape,
  shapeOf,
  slice,
  squeeze,
  transpose,
  unsqueeze,
} from './shape-rules.js';
import type { Rule } from './values.js';

/** Operators with one output that is read; `Split` stands beside this table. */
export const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...ACTIVATION_RULES,
  ['Add', arithmetic('Add')],
  ['AveragePool', averagePool],
  ['BatchNormalization', batchNormalization],
  ['Cast', cast],
  ['Clip', clip],
  ['Concat', concat],
  ['Conv', conv],
  ['ConvInteger', dynamic],
  ['DequantizeLinear', dequantizeLinear],
  ['Div', arithmetic('Div')],
  ['Dropout', dropout],
  ['DynamicQuantizeLinear', dynamic],
  ['Expand', expand],
  ['Flatten', flatten],
  ['Gather', gather],
  ['Gemm', gemm],
  ['GlobalAveragePool', globalAveragePool],
  ['GlobalMaxPool', globalMaxPool],
  ['Identity', pass],
  ['LogSoftmax', head('logSoftmax')],
  ['MatMul', matMul],
  ['MatMulInteger', dynamic],
  ['Max', extremum('Max')],
  ['MaxPool', maxPool],
  ['Min', extremum('Min')],
  ['Mul', arithmetic('Mul')],
  ['Neg', negative],
  ['Pad', pad],
  ['QLinearConv', qLinearConv],
  ['QLinearMatMul', qLinearMatMul],
  ['QuantizeLinear', quantizeLinear],
  ['ReduceMax', reduceMax],
  ['ReduceMean', reduceMean],
  ['ReduceSum', reduceSum],
  ['Reshape', reshape],
  ['Resize', resize],
  ['Shape', shapeOf],
  ['Sigmoid', head('sigmoid')],
  ['Slice', slice],
  ['Softmax', head('softmax')],
  ['SpaceToDepth', spaceToDepth],
  ['Squeeze', squeeze],
  ['Sub', arithmetic('Sub')],
  ['Sum', sum],
  ['Tile', tile],
  ['Transpose', transpose],
  ['Unsqueeze', unsqueeze],
  ['Upsample', resize],
]);

/** Operators of other domains than ONNX's own, by domain and name. */
const MICROSOFT: Readonly<Record<string, Rule>> = {
  DequantizeLinear: dequantizeLinear,
  QGemm: qGemm,
  QLinearAdd: qLinearAdd,
  QLinearAveragePool: qLinearAveragePool,
  QLinearConcat: qLinearConcat,
  QLinearGlobalAveragePool: qLinearGlobalAveragePool,
  QLinearLeakyRelu: qLinearLeakyRelu,
  QLinearMul: qLinearMul,
  QLinearReduceMean: qLinearReduceMean,
  QLinearSigmoid: qLinearSigmoid,
  QLinearSoftmax: qLinearSoftmax,
  QuantizeLinear: quantizeLinear,
};
const QONNX: Readonly<Record<string, Rule>> = {
  BipolarQuant: bipolarQuant,
  IntQuant: quant,
  Quant: quant,
  Trunc: trunc,
};
const named = (domain: string, rules: Readonly<Record<string, Rule>>): [string, Rule][] =>
  Object.entries(rules).map(([type, rule]) => [`${domain}.${type}`, rule]);

export const FOREIGN_RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...named('com.microsoft', MICROSOFT),
  ...named('qonnx.custom_op.general', QONNX),
  ...named('onnx.brevitas', QONNX),
]);
