/** The activations of the float graph in ONNX operators. */
import { dispatch, type Table } from '../../ir/dispatch.js';
import type { ActivationNode } from '../../ir/ops/index.js';
import { scalar, type Tensor } from './tensor.js';
import type { Attributes, OnnxWriter } from './writer.js';

/** Emits an operator of the node on names and constants; returns the name of its output. */
export type EmitOperator = (
  type: string,
  suffix: string,
  inputs: readonly (string | number)[],
  attributes?: Attributes,
) => string;

/** The name of a constant of one value for each channel. */
type PerChannel = (values: Float32Array) => string;

type Rules = Table<ActivationNode, [emit: EmitOperator, x: string, perChannel: PerChannel], string>;

/** Every activation as operators of ONNX, opset 17. */
export const ACTIVATION_OPERATORS: Rules = {
  relu: (_op, emit, x) => emit('Relu', 'value', [x]),
  clip: ({ min, max }, emit, x) => emit('Clip', 'value', [x, min, max]),
  leakyRelu: ({ alpha }, emit, x) => emit('LeakyRelu', 'value', [x], { alpha: { float: alpha } }),
  prelu: ({ alpha }, emit, x, perChannel) => emit('PRelu', 'value', [x, perChannel(alpha)]),
  sigmoid: (_op, emit, x) => emit('Sigmoid', 'value', [x]),
  tanh: (_op, emit, x) => emit('Tanh', 'value', [x]),
  silu: (_op, emit, x) => emit('Mul', 'value', [x, emit('Sigmoid', 'gate', [x])]),
  hardSwish: (_op, emit, x) => emit('HardSwish', 'value', [x]),
  hardSigmoid: ({ alpha, beta }, emit, x) =>
    emit('HardSigmoid', 'value', [x], { alpha: { float: alpha }, beta: { float: beta } }),
  elu: ({ alpha }, emit, x) => emit('Elu', 'value', [x], { alpha: { float: alpha } }),
  // Gelu is an operator from opset 20 on: these are its definitions.
  gelu({ approximate }, emit, x) {
    const half = emit('Mul', 'half', [x, 0.5]);
    if (!approximate) {
      const error = emit('Erf', 'error', [emit('Mul', 'in_deviations', [x, Math.SQRT1_2])]);
      return emit('Mul', 'value', [half, emit('Add', 'share', [error, 1])]);
    }
    const cube = emit('Mul', 'cube', [emit('Mul', 'square', [x, x]), x]);
    const bent = emit('Add', 'bent', [x, emit('Mul', 'bend', [cube, 0.044715])]);
    const tanh = emit('Tanh', 'tanh', [emit('Mul', 'scaled', [bent, Math.sqrt(2 / Math.PI)])]);
    return emit('Mul', 'value', [half, emit('Add', 'share', [tanh, 1])]);
  },
};

/** Names of constants where the operator's page has them, for reading the file. */
const CONSTANTS: Readonly<Record<string, readonly string[]>> = { Clip: ['', 'min', 'max'] };

/** `node` applied to `x`: the same tensor with other values. */
export function activated(writer: OnnxWriter, node: ActivationNode, x: Tensor): Tensor {
  const emit: EmitOperator = (type, suffix, inputs, attributes) =>
    writer.node(
      type,
      `${node.id}.${suffix}`,
      inputs.map((input, i) =>
        typeof input === 'string'
          ? input
          : scalar(writer, `${node.id}.${CONSTANTS[type]?.[i] ?? `${suffix}.${i}`}`, 'float', input),
      ),
      ...(attributes === undefined ? [] : [{ attributes }]),
    );
  // One for each channel, be they alike: a single one would be a leaky ReLU.
  const slopes = (values: Float32Array): string =>
    writer.constant(
      `${node.id}.slopes`,
      'float',
      values,
      x.rank === 4 ? [values.length, 1, 1] : [values.length],
    );
  return { ...x, name: dispatch(ACTIVATION_OPERATORS, node, emit, x.name, slopes) };
}
