/** Every operator that an import takes, by ONNX's name. */
import { arithmetic, clip, extremum, leakyRelu, negative, relu } from './elementwise-rules.js';
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
  dequantizeLinear,
  qGemm,
  qLinearAdd,
  qLinearConv,
  qLinearMatMul,
  quant,
  quantizeLinear,
} from './quantized-rules.js';
import {
  cast,
  dropout,
  flatten,
  gather,
  head,
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
  ['Add', arithmetic('Add')],
  ['AveragePool', averagePool],
  ['BatchNormalization', batchNormalization],
  ['Cast', cast],
  ['Clip', clip],
  ['Concat', concat],
  ['Conv', conv],
  ['DequantizeLinear', dequantizeLinear],
  ['Div', arithmetic('Div')],
  ['Dropout', dropout],
  ['Flatten', flatten],
  ['Gather', gather],
  ['Gemm', gemm],
  ['GlobalAveragePool', globalAveragePool],
  ['GlobalMaxPool', globalMaxPool],
  ['Identity', pass],
  ['LeakyRelu', leakyRelu],
  ['LogSoftmax', head('logSoftmax')],
  ['MatMul', matMul],
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
  ['Relu', relu],
  ['Reshape', reshape],
  ['Shape', shapeOf],
  ['Sigmoid', head('sigmoid')],
  ['Slice', slice],
  ['Softmax', head('softmax')],
  ['SpaceToDepth', spaceToDepth],
  ['Squeeze', squeeze],
  ['Sub', arithmetic('Sub')],
  ['Sum', sum],
  ['Transpose', transpose],
  ['Unsqueeze', unsqueeze],
]);

/** Operators of other domains than ONNX's own, by domain and name. */
export const FOREIGN_RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['com.microsoft.QGemm', qGemm],
  ['com.microsoft.QLinearAdd', qLinearAdd],
  ['com.microsoft.QuantizeLinear', quantizeLinear],
  ['com.microsoft.DequantizeLinear', dequantizeLinear],
  ['qonnx.custom_op.general.Quant', quant],
  ['qonnx.custom_op.general.IntQuant', quant],
  ['onnx.brevitas.Quant', quant],
]);
