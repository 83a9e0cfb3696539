/** The parts of a QuantizeLinear/DequantizeLinear graph: storage, the end of a stage, weights. */
import { fractionBits, lsb, maxMantissa, minMantissa, type Format } from '../../fixed/format.js';
import type { NodeId } from '../../ir/common.js';
import { limitsOf, multiplies, rectifies } from '../../ir/activations.js';
import { dispatch } from '../../ir/dispatch.js';
import type { FixedNode, FusingNode } from '../../ir/ops/index.js';
import type { Range } from '../../ir/prove.js';
import { fixedRules } from './fixed-rules.js';
import { realValues, type NodeFacts } from './preprocess.js';
import { BYTE_LIMITS, storage, type ByteType } from './qdq-checks.js';
import { scalar, type MantissaTensor, type Tensor } from './tensor.js';
import type { OnnxWriter } from './writer.js';

/** What a node emits into: the writer and whether uint8 is allowed. */
export interface Context {
  readonly writer: OnnxWriter;
  readonly uint8: boolean;
}

/**
 * A tensor after its DequantizeLinear: real values in float32, `[N, C, H, W]` or `[N, C]`, less `shift` least
 * significant bits.
 */
export interface RealTensor extends MantissaTensor {
  readonly shift: 0 | 128;
}

/** `x` plus (or, with a negative sign, less) its shift: an exact addition. */
function moved(writer: OnnxWriter, name: string, x: string, by: number): string {
  return writer.once(name, (n) => writer.node('Add', n, [x, scalar(writer, `${n}.by`, 'float', by)]));
}

/** The real values of `x` without its shift. */
export function restored(writer: OnnxWriter, x: RealTensor): RealTensor {
  if (x.shift === 0) return x;
  return { ...x, name: moved(writer, `${x.name}.restored`, x.name, x.shift * lsb(x.format)), shift: 0 };
}

const zeroPoint = (writer: OnnxWriter, type: ByteType): string =>
  writer.constant(`zero_point.${type}`, type, [0], []);

/**
 * QuantizeLinear and DequantizeLinear at the scale of `format`; values beyond the 8 bits saturate. `x` has been
 * shifted already where `isShifted`.
 */
export function quantizedPair(
  { writer, uint8 }: Context,
  id: NodeId,
  values: Tensor,
  { range, format }: { readonly range: Range; readonly format: Format },
  isShifted = false,
): RealTensor {
  const { type, shift } = storage(range, uint8)!;
  const x =
    shift === 0 || isShifted
      ? values
      : { ...values, name: moved(writer, `${id}.shifted`, values.name, -shift * lsb(format)) };
  const parameters = [scalar(writer, `${id}.lsb`, 'float', lsb(format)), zeroPoint(writer, type)];
  const q = writer.node('QuantizeLinear', `${id}.quantized`, [x.name, ...parameters]);
  const name = writer.node('DequantizeLinear', `${id}.real`, [q, ...parameters]);
  return { ...x, name, carrier: 'float', range, format, shift };
}

/** The mantissas behind real values: an exact multiplication. */
export function mantissas(writer: OnnxWriter, shifted: RealTensor): MantissaTensor {
  const x = restored(writer, shifted);
  const name = writer.once(`${x.name}.mantissa`, (n) =>
    writer.node('Mul', n, [x.name, scalar(writer, `${n}.scale`, 'float', 2 ** fractionBits(x.format))]),
  );
  return { ...x, name };
}

/** Whether QuantizeLinear rounds like `format`: half to even, then saturation. */
export const roundsLikeOnnx = ({ quantization, overflow }: Format): boolean =>
  quantization === 'AP_RND_CONV' && (overflow === 'AP_SAT' || overflow === 'AP_SAT_SYM');

/** Real accumulators into the stage's format, inside `limits`; `isShifted`: less the shift of its storage already. */
export function stored(
  context: Context,
  op: { readonly id: NodeId; readonly format: Format },
  x: Tensor,
  range: Range,
  limits: Range,
  isShifted = false,
): RealTensor {
  const { writer, uint8 } = context;
  const { type, shift } = storage(range, uint8)!;
  const byte = { low: BYTE_LIMITS[type].low + shift, high: BYTE_LIMITS[type].high + shift };
  const top = maxMantissa(op.format);
  const bottom =
    op.format.overflow === 'AP_SAT_SYM' && op.format.signed && op.format.width > 1
      ? -top
      : minMantissa(op.format);
  const low = Math.max(bottom, limits.low);
  const high = Math.min(top, limits.high);
  // Limits are multiples of the least significant bit, so that clipping before or after rounding is the same.
  // A format wider than the byte saturates at values that the proof excludes.
  const clips = low > byte.low || high < byte.high;
  const unit = lsb(op.format);
  const taken = isShifted ? shift : 0;
  const name = clips
    ? writer.node('Clip', `${op.id}.limited`, [
        x.name,
        scalar(writer, `${op.id}.low`, 'float', (Math.max(low, byte.low) - taken) * unit),
        scalar(writer, `${op.id}.high`, 'float', (Math.min(high, byte.high) - taken) * unit),
      ])
    : x.name;
  return quantizedPair(context, op.id, { ...x, name }, { range, format: op.format }, isShifted);
}

export const ANYTHING: Range = { low: -Infinity, high: Infinity };

/** Whether QuantizeLinear after a plain operator is all that a stage's end needs. */
export const isPlain = (op: FusingNode, range: Range, uint8: boolean): boolean =>
  !multiplies(op.activation) && roundsLikeOnnx(op.format) && storage(range, uint8) !== null;

/** The end of a plain stage: activation and storage. */
export function stageEnd(
  context: Context,
  op: FusingNode,
  accumulator: Tensor,
  range: Range,
  isShifted = false,
): RealTensor {
  const { activation } = op;
  // Shifted values are of an unsigned format, whose saturation at 0 is the ReLU.
  if (rectifies(activation) && !isShifted) {
    const name = context.writer.node('Relu', `${op.id}.relu`, [accumulator.name]);
    return stored(context, op, { ...accumulator, name }, range, ANYTHING);
  }
  const limits = limitsOf(activation);
  const within = limits === null ? ANYTHING : { low: limits.min, high: limits.max };
  return stored(context, op, accumulator, range, within, isShifted);
}

/** A stage by the operators of `fixed.onnx`, between two changes of representation. */
export function onMantissas(
  context: Context,
  op: FixedNode,
  inputs: readonly RealTensor[],
  facts: NodeFacts,
): RealTensor {
  const { writer } = context;
  const result = dispatch(
    fixedRules,
    op,
    writer,
    inputs.map((x) => mantissas(writer, x)),
    facts,
  );
  const stored = { ...result, range: facts.range, format: op.format };
  const real: RealTensor = { ...stored, ...realValues(writer, stored), shift: 0 };
  return storage(facts.range, context.uint8) === null ? real : quantizedPair(context, op.id, real, stored);
}
