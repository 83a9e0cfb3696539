/**
 * Activation, rounding and overflow of an exact accumulator, spelled in ONNX operators for every mode of
 * `ap_fixed`. Same bits as assigning to the format: each step is exact in the carrier.
 *
 * With v = accumulator · 2^−shift (exact: a power of two), R = Round(v) is half to even and d = v − R ∈ [−½, ½] is
 * exact (v is a multiple of its own step, and below ½ R is 0). The other nearest modes differ from R only where
 * |d| = ½; the truncations are Floor and its mirror image. Wrapping is v − 2^W·⌊v·2^−W⌋, exact because the
 * result has no more significant bits than v.
 */
import {
  fractionBits,
  maxMantissa,
  minMantissa,
  type Format,
  type Overflow,
  type Quantization,
} from '../../fixed/format.js';
import {
  largestGain,
  limitsOf,
  multiplies,
  rectifies,
  slopesOf,
  type Activation,
  type Slopes,
} from '../../ir/activations.js';
import type { NodeId } from '../../ir/common.js';
import { FLOAT32_EXACT, type Range } from '../../ir/prove.js';
import {
  carrierFor,
  inCarrier,
  largest,
  perChannel,
  scalar,
  type Carrier,
  type MantissaTensor,
  type Tensor,
} from './tensor.js';
import type { OnnxWriter } from './writer.js';

/** Emits `type` under `id.suffix` on names; constants are made from numbers. */
type Emit = (type: string, suffix: string, ...inputs: readonly (string | number)[]) => string;

function emitter(writer: OnnxWriter, id: NodeId, carrier: Carrier): Emit {
  return (type, suffix, ...inputs) =>
    writer.node(
      type,
      `${id}.${suffix}`,
      inputs.map((input, i) =>
        typeof input === 'string' ? input : scalar(writer, `${id}.${suffix}.${i}`, carrier, input),
      ),
    );
}

type Rounding = (emit: Emit, mask: (name: string) => string, v: string) => string;

/** `R + [tie and up]` or `R − [tie and down]`: moves the ties that half-to-even sent the other way. */
function moveTies(
  emit: Emit,
  mask: (name: string) => string,
  v: string,
  half: 0.5 | -0.5,
  sign?: 'Greater' | 'Less',
): (nearest: string, rest: string) => string {
  const label = half > 0 ? 'up' : 'down';
  return (nearest, rest) => {
    const tie = emit('Equal', `tie_${label}`, rest, half);
    const where =
      sign === undefined ? tie : emit('And', `moves_${label}`, tie, emit(sign, `${label}_side`, v, 0));
    return emit(half > 0 ? 'Add' : 'Sub', `moved_${label}`, nearest, mask(where));
  };
}

/** Round half to even, then ties as `positive` (those that went down) and `negative` (up) say. */
const nearest =
  (...moves: readonly { readonly half: 0.5 | -0.5; readonly sign?: 'Greater' | 'Less' }[]): Rounding =>
  (emit, mask, v) => {
    const even = emit('Round', 'rounded', v);
    if (moves.length === 0) return even;
    const rest = emit('Sub', 'rest', v, even);
    return moves.reduce((r, { half, sign }) => moveTies(emit, mask, v, half, sign)(r, rest), even);
  };

const ROUNDING: { readonly [Q in Quantization]: Rounding } = {
  AP_RND_CONV: nearest(),
  AP_RND: nearest({ half: 0.5 }),
  AP_RND_MIN_INF: nearest({ half: -0.5 }),
  AP_RND_INF: nearest({ half: 0.5, sign: 'Greater' }, { half: -0.5, sign: 'Less' }),
  AP_RND_ZERO: nearest({ half: 0.5, sign: 'Less' }, { half: -0.5, sign: 'Greater' }),
  AP_TRN: (emit, _mask, v) => emit('Floor', 'floor', v),
  AP_TRN_ZERO: (emit, _mask, v) =>
    emit('Mul', 'truncated', emit('Sign', 'sign', v), emit('Floor', 'magnitude', emit('Abs', 'abs', v))),
};

/** Of `v`, rounded from `exact`. */
type OverflowRule = (
  emit: Emit,
  mask: (name: string) => string,
  v: string,
  to: Format,
  low: number,
  exact: string,
) => string;

/** `v` reduced to the format's bits, two's complement. */
function wrapped(emit: Emit, mask: (name: string) => string, v: string, to: Format): string {
  const modulus = 2 ** to.width;
  const turns = emit('Floor', 'turns', emit('Mul', 'per_turn', v, 1 / modulus));
  const residue = emit('Sub', 'residue', v, emit('Mul', 'whole_turns', turns, modulus));
  if (!to.signed) return residue;
  const upper = mask(emit('GreaterOrEqual', 'upper_half', residue, modulus / 2));
  return emit('Sub', 'wrapped', residue, emit('Mul', 'one_turn', upper, modulus));
}

const saturate: OverflowRule = (emit, _mask, v, to, low) =>
  emit('Clip', 'saturated', v, low, maxMantissa(to));

const OVERFLOW: { readonly [O in Overflow]: OverflowRule } = {
  AP_SAT: saturate,
  AP_SAT_SYM: saturate,
  AP_SAT_ZERO: (emit, mask, v, to, low) => {
    const inside = emit(
      'And',
      'inside',
      emit('GreaterOrEqual', 'not_below', v, low),
      emit('LessOrEqual', 'not_above', v, maxMantissa(to)),
    );
    return emit('Mul', 'kept', v, mask(inside));
  },
  AP_WRAP: wrapped,
  AP_WRAP_SM: (emit, mask, v, to, _low, exact) => {
    const kept = wrapped(emit, mask, v, to);
    if (!to.signed) return kept;
    // The lowest dropped bit, taken before rounding, is the parity of the turns in the exact value.
    const turns = emit('Floor', 'exact_turns', emit('Mul', 'exact_per_turn', exact, 2 ** -to.width));
    const pairs = emit('Floor', 'pairs', emit('Mul', 'half_turns', turns, 0.5));
    const dropped = emit('Sub', 'dropped_bit', turns, emit('Mul', 'even_turns', pairs, 2));
    const sign = mask(emit('Less', 'negative', kept, 0));
    const disagree = emit('Abs', 'disagree', emit('Sub', 'difference', sign, dropped));
    const outside = mask(emit('Not', 'outside', emit('Equal', 'inside', kept, v)));
    const swing = emit('Sub', 'swing', emit('Sub', 'inverted', -1, kept), kept);
    const correction = emit('Mul', 'correction', emit('Mul', 'inverts', disagree, outside), swing);
    return emit('Add', 'sign_magnitude', kept, correction);
  },
};

/** A tensor of exact accumulators: |a| ≤ bound, the least significant bit of channel c weighs 2^−fraction[c]. */
export interface Accumulator extends Tensor {
  readonly bound: number;
  readonly fraction: ArrayLike<number>;
}

/** Beyond this many bits to the right, an accumulator below 2^53 is a tiny non-zero or zero: the same rounding. */
const MAX_SHIFT = 60;

/** Accumulators times a factor on each side of zero: the larger of the two products, or the lesser; or what is on each side. */
function leaky(
  emit: Emit,
  a: string,
  { negative, positive }: Slopes,
  perChannel: (values: readonly number[]) => string,
): string {
  const [slope] = negative;
  if (negative.length === 1) {
    const straight = positive === 1 ? a : emit('Mul', 'straight', a, positive);
    const sloped = emit('Mul', 'sloped', a, slope!);
    return emit(slope! <= positive ? 'Max' : 'Min', 'leaky', straight, sloped);
  }
  const above = emit('Mul', 'straight', emit('Relu', 'above', a), positive);
  const below = emit('Mul', 'sloped', emit('Min', 'below', a, 0), perChannel(negative));
  return emit('Add', 'leaky', above, below);
}

/**
 * `accumulator` through `activation` into format `to`; `range` is what the graph proves of the result.
 * `id` prefixes every name that is emitted.
 */
export function requantized(
  writer: OnnxWriter,
  id: NodeId,
  accumulator: Accumulator,
  activation: Activation,
  to: Format,
  range: Range,
): MantissaTensor {
  const slopes = slopesOf(activation);
  const exact = accumulator.bound * largestGain(activation) < FLOAT32_EXACT && to.width <= 24;
  const a = inCarrier(writer, accumulator, exact ? accumulator.carrier : 'double');
  const emit = emitter(writer, id, a.carrier);
  const mask = (name: string): string =>
    writer.node('Cast', `${name}.number`, [name], {
      attributes: { to: { int: a.carrier === 'float' ? 1 : 11 } },
    });
  const saturates = to.overflow === 'AP_SAT' || to.overflow === 'AP_SAT_SYM';

  let v = a.name;
  const isRelu = rectifies(activation);
  if (multiplies(activation))
    v = leaky(emit, v, slopes, (factors) => perChannel(writer, `${id}.slopes`, a, factors));
  // Rounding keeps order and zero, so that where the format saturates the limit below does for the ReLU.
  if (isRelu && !saturates) v = emit('Relu', 'relu', v);

  const extra = slopes.fraction - fractionBits(to);
  const shifts = Array.from(accumulator.fraction, (f) => Math.min(f + extra, MAX_SHIFT));
  if (shifts.some((s) => s !== 0)) {
    const factors = shifts.map((s) => 2 ** -s);
    v = emit('Mul', 'scaled', v, perChannel(writer, `${id}.scale`, a, factors));
  }
  const exactValue = v;
  if (shifts.some((s) => s > 0)) v = ROUNDING[to.quantization](emit, mask, v);
  // One signed bit has no symmetric range: it keeps its -1.
  const symmetric = to.overflow === 'AP_SAT_SYM' && to.signed && to.width > 1;
  const bottom = symmetric ? -maxMantissa(to) : minMantissa(to);
  const low = isRelu && saturates ? 0 : bottom;
  v = OVERFLOW[to.overflow](emit, mask, v, to, low, exactValue);
  const limits = limitsOf(activation);
  if (limits !== null) v = emit('Clip', 'clipped', v, limits.min, limits.max);

  const result = { name: v, carrier: a.carrier, rank: a.rank, shape: a.shape, range, format: to };
  return inCarrier(writer, result, carrierFor(largest(range)));
}
