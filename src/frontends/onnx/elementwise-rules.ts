/** Limits, products that are activations, and arithmetic with constants: one scale and offset per channel. */
import { alike, product, sum } from './join-rules.js';
import { affineNode } from './affine.js';
import { hardGated, takenBack } from './hard-gates.js';
import { perChannel } from './readers.js';
import { refuse } from './refusal.js';
import {
  behind,
  optionalConstant,
  plainInput,
  weightsInput,
  type Activation,
  type Op,
  type Rule,
  type Target,
} from './values.js';

type Floats = Float32Array<ArrayBuffer>;

const LARGEST_FLOAT32 = (2 - 2 ** -23) * 2 ** 127;

/** `x · sigmoid(x)`, whichever comes first, or the same with a hard sigmoid; null for another product. */
function gated(op: Op, into: Target): Activation | null {
  const [a, b] = op.inputs;
  if (a?.kind !== 'activation' || b?.kind !== 'activation') return null;
  if (a.spread !== null || b.spread !== null) return null;
  if (a.id !== b.id) return hardGated(op, a, b, into);
  if (a.view !== b.view) return null;
  if ([a.head, b.head].sort().join() !== 'logits,sigmoid') return null;
  if (a.headQuantizer !== null || b.headQuantizer !== null) return null;
  return behind(op, a.head === 'logits' ? a : b, into, (id) => ({ id, kind: 'silu', inputs: [a.id] }));
}

const finite = (limit: number): number => Math.min(Math.max(limit, -LARGEST_FLOAT32), LARGEST_FLOAT32);

/** `x` within `[min, max]`: a node that may become one with the activation before it. */
export function clipped(op: Op, x: Activation, min: number, max: number, into: Target): Activation {
  if (!(min <= max)) refuse(`clips to [${min}, ${max}]`);
  if (min === 0 && max >= LARGEST_FLOAT32)
    return behind(op, x, into, (id) => ({ id, kind: 'relu', inputs: [x.id] }));
  const limits = { min: finite(min), max: finite(max) };
  const value = behind(op, x, into, (id) => ({ id, kind: 'clip', inputs: [x.id], ...limits }));
  into.joins(value.id);
  return value;
}

/** Limits in attributes (up to opset 10) or inputs; one that is left out is the end of float32. */
export const clip: Rule = (op, into) => {
  const x = plainInput(op, 0, into);
  const limit = (name: string, i: number, otherwise: number): number =>
    op.node.attributes.get(name)?.float ?? optionalConstant(op, i)?.data[0] ?? otherwise;
  const min = finite(limit('min', 1, -LARGEST_FLOAT32));
  const max = finite(limit('max', 2, LARGEST_FLOAT32));
  if (!(min <= max)) refuse(`clips to [${min}, ${max}]`);
  return behind(op, x, into, (id) => ({ id, kind: 'clip', inputs: [x.id], min, max }));
};

/** The factor by which every value of `x` is one of `of`: `Mul` by a constant; null where it is anything else. */
function factorOf(x: Activation, of: Activation, into: Target): number | null {
  const node = into.nodeOf(x.id);
  if (node.kind !== 'batchNorm' || node.inputs[0] !== of.id) return null;
  const [factor] = node.gamma;
  const isPlain = node.gamma.every((g) => g === factor) && node.beta.every((b) => b === 0);
  return isPlain && node.mean.every((m) => m === 0) && node.variance.every((v) => v === 1) ? factor! : null;
}

/** `Max(a · x, x)` with a from 0 to 1: a leaky ReLU. */
function leakyMaximum(op: Op, into: Target): Activation {
  const [a, b] = alike(op, plainInput(op, 0, into), plainInput(op, 1, into), into);
  for (const [scaled, x] of [
    [a, b],
    [b, a],
  ] as const) {
    const alpha = factorOf(scaled, x, into);
    if (alpha !== null && alpha >= 0 && alpha <= 1)
      return behind(op, x, into, (id) => ({ id, kind: 'leakyRelu', inputs: [x.id], alpha }));
  }
  return refuse('the larger of two activations');
}

/** `Min` and `Max` with a constant: one side of a clip. */
export const extremum =
  (kind: 'Min' | 'Max'): Rule =>
  (op, into) => {
    if (op.inputs.length === 1) return plainInput(op, 0, into);
    if (op.inputs.length !== 2) refuse(`${kind} of ${op.inputs.length} tensors`);
    const at = op.inputs.findIndex((value) => value?.kind === 'constant');
    if (at < 0) return kind === 'Max' ? leakyMaximum(op, into) : refuse('the smaller of two activations');
    const x = plainInput(op, 1 - at, into);
    const { data } = optionalConstant(op, at)!;
    const limit = data[0]!;
    if (data.some((v) => v !== limit) || Number.isNaN(limit))
      refuse('a limit that differs from channel to channel');
    return kind === 'Max'
      ? clipped(op, x, limit, LARGEST_FLOAT32, into)
      : clipped(op, x, -LARGEST_FLOAT32, limit, into);
  };

export const negative: Rule = (op, into) => {
  const x = plainInput(op, 0, into);
  const channels = into.shape(x.id)[2];
  return affineNode(op, x, new Float32Array(channels).fill(-1), new Float32Array(channels), into);
};

type Arithmetic = 'Add' | 'Sub' | 'Mul' | 'Div';

/** The constant that changes nothing. */
const NEUTRAL = { Add: 0, Sub: 0, Mul: 1, Div: 1 } as const;

/** Scale and offset of `x ∘ c`, or of `c ∘ x` where the constant comes first. */
function factors(kind: Arithmetic, c: Floats, first: boolean): readonly [Floats, Floats] {
  const ones = new Float32Array(c.length).fill(1);
  const zeros = new Float32Array(c.length);
  switch (kind) {
    case 'Add':
      return [ones, c];
    case 'Sub':
      return first ? [ones.map((v) => -v), c] : [ones, c.map((v) => -v)];
    case 'Mul':
      return [c, zeros];
    case 'Div':
      return first ? refuse('divides by an activation') : [c.map((v) => 1 / v), zeros];
  }
}

/** The difference of two activations: the sum with the second times −1. */
function difference(op: Op, into: Target): Activation {
  const [a, b] = alike(op, plainInput(op, 0, into), plainInput(op, 1, into), into);
  const channels = into.shape(b.id)[2];
  const less = affineNode(op, b, new Float32Array(channels).fill(-1), new Float32Array(channels), into);
  return behind(op, a, into, (id) => ({ id, kind: 'add', inputs: [a.id, less.id] }));
}

export const arithmetic =
  (kind: Arithmetic): Rule =>
  (op, into) => {
    const at = op.inputs.findIndex((value) => value?.kind === 'constant');
    if (at < 0) {
      if (kind === 'Add') return sum(op, into);
      if (kind === 'Sub') return difference(op, into);
      if (kind === 'Mul') return gated(op, into) ?? product(op, into);
      return refuse(`${kind} of two activations`);
    }
    const x = plainInput(op, 1 - at, into);
    const values = perChannel(weightsInput(op, at), x, into, NEUTRAL[kind]);
    const [scale, offset] = factors(kind, values, at === 0);
    if (!scale.every(Number.isFinite)) refuse('divides by 0');
    const before = offset.every((o) => o === 0) ? takenBack(x, scale, into) : null;
    if (before !== null) return before;
    return affineNode(op, x, scale, offset, into);
  };
