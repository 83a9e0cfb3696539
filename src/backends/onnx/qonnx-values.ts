/**
 * Real values in QONNX: tensors with their format, and the `Quant` nodes that state widths, scales and roundings.
 *
 * Source of the operators: QONNX (github.com/fastmachinelearning/qonnx), docs/qonnx-custom-ops and channels-last.
 */
import type { Activation } from '../../ir/activations.js';
import { elements, type NodeId, type Shape } from '../../ir/common.js';
import {
  fractionBits,
  lsb,
  maxMantissa,
  minMantissa,
  type Format,
  type Quantization,
} from '../../fixed/format.js';
import type { OnnxWriter } from './writer.js';

export const GENERAL = 'qonnx.custom_op.general';
export const CHANNELS_LAST = 'qonnx.custom_op.channels_last';

/** How `Quant` rounds; what is missing it cannot say. */
export const ROUNDING: Readonly<Partial<Record<Quantization, string>>> = {
  AP_RND_CONV: 'ROUND',
  AP_TRN: 'FLOOR',
  AP_TRN_ZERO: 'DOWN',
};

/** A tensor of real values: `[1, height, width, channels]`, or `[1, channels]` for a vector. */
export interface Value {
  readonly name: string;
  readonly shape: Shape;
  readonly rank: 2 | 4;
  readonly format: Format;
}

export const dimsOf = ({ shape, rank }: Pick<Value, 'shape' | 'rank'>): readonly number[] =>
  rank === 4 ? [1, ...shape] : [1, elements(shape)];

export interface Emit {
  /** An operator with one float output of dims `dims`. */
  node(
    type: string,
    name: string,
    inputs: readonly string[],
    dims: readonly number[],
    options?: Parameters<OnnxWriter['node']>[3],
  ): string;
  constant(name: string, values: ArrayLike<number>, dims: readonly number[]): string;
}

export function createEmit(writer: OnnxWriter): Emit {
  return {
    node(type, name, inputs, dims, options) {
      writer.node(type, name, inputs, options);
      writer.declare(name, 'float', dims);
      return name;
    },
    constant(name, values, dims) {
      writer.constant(name, 'float', values, dims);
      writer.declare(name, 'float', dims);
      return name;
    },
  };
}

interface QuantFacts {
  readonly scale: ArrayLike<number>;
  readonly scaleDims: readonly number[];
  readonly bits: number;
  readonly signed: boolean;
  readonly narrow: boolean;
  readonly rounding: string;
}

/** A `Quant` of `input`, which has dims `dims`. Names end in a capital, which no node of a graph does. */
export function quant(
  emit: Emit,
  name: string,
  input: string,
  dims: readonly number[],
  facts: QuantFacts,
): string {
  return emit.node(
    'Quant',
    name,
    [
      input,
      emit.constant(`${name}_scale`, facts.scale, facts.scaleDims),
      emit.constant(`${name}_zero`, [0], [1]),
      emit.constant(`${name}_bits`, [facts.bits], [1]),
    ],
    dims,
    {
      domain: GENERAL,
      attributes: {
        signed: { int: Number(facts.signed) },
        narrow: { int: Number(facts.narrow) },
        rounding_mode: { text: facts.rounding },
      },
    },
  );
}

/** The values of `x` in the format of `op`. */
export function stored(
  emit: Emit,
  id: NodeId,
  x: Omit<Value, 'format'>,
  format: Format,
  suffix = 'Quant',
): Value {
  const name = quant(emit, `${id}_${suffix}`, x.name, dimsOf(x), {
    scale: [lsb(format)],
    scaleDims: [1],
    bits: format.width,
    signed: format.signed,
    narrow: format.signed && format.overflow === 'AP_SAT_SYM',
    rounding: ROUNDING[format.quantization]!,
  });
  return { ...x, name, format };
}

export function activated(
  emit: Emit,
  id: NodeId,
  x: Omit<Value, 'format'>,
  activation: Activation,
  format: Format,
): Value {
  const dims = dimsOf(x);
  switch (activation.kind) {
    case 'none':
      return stored(emit, id, x, format);
    case 'relu':
      return stored(emit, id, { ...x, name: emit.node('Relu', `${id}_Relu`, [x.name], dims) }, format);
    case 'leakyRelu': {
      const alpha = activation.alphaMantissa * 2 ** -activation.alphaFraction;
      const options = { attributes: { alpha: { float: alpha } } };
      const name = emit.node('LeakyRelu', `${id}_Leaky`, [x.name], dims, options);
      return stored(emit, id, { ...x, name }, format);
    }
    case 'prelu': {
      const { alphaMantissas, alphaFraction } = activation;
      const slopes = alphaMantissas.map((m) => m * 2 ** -alphaFraction);
      // Of the channels, which come last.
      const operands = [x.name, emit.constant(`${id}_Slopes`, slopes, [slopes.length])];
      return stored(emit, id, { ...x, name: emit.node('PRelu', `${id}_Leaky`, operands, dims) }, format);
    }
    case 'clip':
      return clipped(emit, id, x, activation, format);
  }
}

/**
 * Limits as hls4ml takes them: a ReLU and a Quant that saturates, else `high − relu(high − x)` of what is quantized
 * already, which is exact. `Clip` has no place there.
 */
function clipped(
  emit: Emit,
  id: NodeId,
  x: Omit<Value, 'format'>,
  { min, max }: Extract<Activation, { kind: 'clip' }>,
  format: Format,
): Value {
  const dims = dimsOf(x);
  const unit = lsb(format);
  const positive = min === 0 ? { ...x, name: emit.node('Relu', `${id}_Relu`, [x.name], dims) } : x;
  const bits = Math.log2(max + 1);
  if (min === 0 && Number.isInteger(bits) && bits >= 1)
    return stored(emit, id, positive, {
      ...format,
      signed: false,
      width: bits,
      integer: bits - fractionBits(format),
    });
  let value = stored(emit, id, positive, format, 'Saturated');
  if (min !== 0 && min > minMantissa(format)) {
    const low = emit.constant(`${id}_Low`, [min * unit], [1]);
    const above = emit.node('Sub', `${id}_AboveLow`, [value.name, low], dims);
    const rest = emit.node('Relu', `${id}_AboveLowRelu`, [above], dims);
    value = { ...value, name: emit.node('Add', `${id}_FromLow`, [rest, low], dims) };
  }
  if (max < maxMantissa(format)) {
    const high = emit.constant(`${id}_High`, [max * unit], [1]);
    const below = emit.node('Sub', `${id}_BelowHigh`, [high, value.name], dims);
    const rest = emit.node('Relu', `${id}_BelowHighRelu`, [below], dims);
    value = { ...value, name: emit.node('Sub', `${id}_ToHigh`, [high, rest], dims) };
  }
  return stored(emit, id, value, format);
}

/** `[1, 1, c]` images as vectors and back; a vector of an image is its values in row-major order. */
export function asVector(emit: Emit, x: Value): Value {
  if (x.rank === 2) return x;
  const shape: Shape = [1, 1, elements(x.shape)];
  const name = `${x.name}_Vector`;
  emit.node('Flatten', name, [x.name], [1, shape[2]]);
  return { ...x, name, rank: 2, shape };
}
