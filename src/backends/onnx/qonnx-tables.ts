/**
 * Tables of activations in QONNX: the function itself in float32 operators, and the `Quant` of the format. A table holds the
 * nearest values of the exact function; where float32 could round one of them otherwise, there is no such form.
 */
import { InvariantError } from '../../core/errors.js';
import { fractionBits, lsb, maxMantissa, minMantissa, type Format } from '../../fixed/format.js';
import { dispatch } from '../../ir/dispatch.js';
import type { ActivationNode, FixedNodeOf } from '../../ir/ops/index.js';
import { valueOf } from '../../ir/ops/table.js';
import { ACTIVATION_OPERATORS, type EmitOperator } from './float-activations.js';
import { dimsOf, stored, type Emit, type Value } from './qonnx-values.js';

/** The operators of `float.onnx`, but for the one that came after opset 13, which the tools around QONNX read. */
const OPERATORS: typeof ACTIVATION_OPERATORS = {
  ...ACTIVATION_OPERATORS,
  hardSwish(_op, emit, x) {
    const gate = emit('HardSigmoid', 'gate', [x], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } });
    return emit('Mul', 'value', [x, gate]);
  },
};

/** How far float32 operators may be from a function at x: two units in the last place of the largest value on the way. */
const doubt = (x: number): number => 2 ** -22 * Math.max(1, Math.abs(x));

/** The first input, in real units, at which float32 could round otherwise than the table does; null where there is none. */
export function uncertainInput(
  { of, first, table, format }: FixedNodeOf<'table'>,
  from: Format,
): number | null {
  const [low, high] = [minMantissa(format), maxMantissa(format)];
  const scale = 2 ** fractionBits(format);
  for (let i = 0; i < table.length; i++) {
    const x = (first + i) * lsb(from);
    const value = valueOf(of, x);
    // Where nothing is computed nothing is rounded before the Quant.
    if (value === x) continue;
    const exact = value * scale;
    const fromTie = Math.abs(exact - Math.floor(exact) - 0.5);
    // Beyond the format both saturate; what is exactly between is so in float32, too, only by chance.
    if (exact > low - 0.25 && exact < high + 0.25 && fromTie <= doubt(x) * scale) return x;
  }
  return null;
}

/** Names of QONNX's nodes end in a capital part, which no node of a graph does. */
const capital = (suffix: string): string => suffix.replace(/^./, (c) => c.toUpperCase());

export function tableStage(emit: Emit, op: FixedNodeOf<'table'>, x: Value): Value {
  const dims = dimsOf(x);
  const operator: EmitOperator = (type, suffix, inputs, attributes) => {
    const name = `${op.id}_${capital(suffix)}`;
    const names = inputs.map((given, i) =>
      typeof given === 'string' ? given : emit.constant(`${name}_${i}`, [given], [1]),
    );
    return emit.node(type, name, names, dims, attributes === undefined ? {} : { attributes });
  };
  const slopes = (): string => {
    throw new InvariantError(`${op.id}: a table has no slopes`);
  };
  const emitted = (node: ActivationNode): string => dispatch(OPERATORS, node, operator, x.name, slopes);
  const name = emitted({ id: op.id, inputs: op.inputs, ...op.of });
  // A table rounds to nearest, and to its limits, whatever its format does.
  const nearest: Format = { ...op.format, quantization: 'AP_RND_CONV' };
  return { ...stored(emit, op.id, { ...x, name }, nearest), format: op.format };
}
