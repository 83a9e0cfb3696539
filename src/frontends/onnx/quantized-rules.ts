/**
 * Networks that were quantized elsewhere. A QuantizeLinear of activations is their limits, a clip, and a note of how they
 * are rounded; the integers in between are kept in mind as scale and zero point. Integer weights are dequantized.
 */
import { affineNode } from './affine.js';
import { clipped } from './elementwise-rules.js';
import { parametersOf, quantOf, single, truncOf } from './quantization.js';
import { refuse } from './refusal.js';
import {
  activationInput,
  constantInput,
  optionalConstant,
  plainInput,
  type Activation,
  type Codes,
  type Op,
  type Rule,
  type Target,
} from './values.js';
import type { Quantizer } from '../../ir/graph.js';

interface Limits {
  readonly scale: number;
  readonly zero: number;
  readonly range: { readonly least: number; readonly most: number };
  readonly rounding: Quantizer['rounding'];
}

/** The rounding in real units. */
export const inReal = ({ scale, zero, range, rounding }: Limits): Quantizer => ({
  scale,
  min: (range.least - zero) * scale,
  max: (range.most - zero) * scale,
  rounding,
});

/** `x` in the limits of a quantizer, in real units. */
export function limited(op: Op, x: Activation, limits: Limits, into: Target): Activation {
  const quantizer = inReal(limits);
  const value = clipped(op, x, quantizer.min, quantizer.max, into);
  into.quantized(value.id, quantizer);
  return value;
}

/** Scale and zero point of a QuantizeLinear, halves to even. */
export const limitsAt = (op: Op, i: number): Limits => ({
  ...single(parametersOf(op, i)),
  rounding: 'AP_RND_CONV',
});

/** Whether `x` is the end of a classifier whose value is to be rounded: left out with it. */
const isRoundedEnd = (x: Activation): boolean =>
  x.head !== 'logits' && x.pad === null && x.codes === null && x.headQuantizer === null;

export const quantizeLinear: Rule = (op, into) => {
  const limits = limitsAt(op, 1);
  const codes = { scale: limits.scale, zero: limits.zero };
  const end = activationInput(op, 0);
  if (isRoundedEnd(end)) return { ...end, codes, headQuantizer: inReal(limits) };
  return { ...limited(op, plainInput(op, 0, into), limits, into), codes };
};

/** `x` in real units, where it was quantized by these very parameters, or is an input of integers. */
export function real(op: Op, x: Activation, { scale, zero }: Codes, into: Target): Activation {
  if (x.codes === null) {
    // The only integers that nothing has quantized are those of the image.
    const channels = into.shape(x.id)[2];
    const [scales, offsets] = [scale, -zero * scale].map((v) => new Float32Array(channels).fill(v));
    return affineNode(op, x, scales!, offsets!, into);
  }
  const isSame = x.codes.scale === scale && x.codes.zero === zero;
  return isSame
    ? { ...x, codes: null }
    : refuse('is dequantized with another scale than it was quantized with');
}

export const parametersAt = (op: Op, i: number): Codes => {
  const scale = constantInput(op, i);
  const zero = optionalConstant(op, i + 1);
  if (scale.data.length !== 1) refuse('dequantizes activations with a scale for each channel');
  return { scale: scale.data[0]!, zero: zero?.data[0] ?? 0 };
};

export const dequantizeLinear: Rule = (op, into) =>
  real(op, activationInput(op, 0), parametersAt(op, 1), into);

export const quant: Rule = (op, into) => {
  const { scale, zero, range, rounding } = quantOf(op);
  const limits = { ...single({ scale, zero, range }), rounding };
  const end = activationInput(op, 0);
  if (isRoundedEnd(end)) return { ...end, headQuantizer: inReal(limits) };
  return limited(op, plainInput(op, 0, into), limits, into);
};

/** Brevitas' mean of integers: the lowest bits of what is quantized already are cut off. */
export const trunc: Rule = (op, into) => {
  const { scale, zero, range, rounding } = truncOf(op);
  return limited(op, plainInput(op, 0, into), { ...single({ scale, zero, range }), rounding }, into);
};

export const bipolarQuant: Rule = () =>
  refuse('it leaves the sign of activations alone, which no stage here can say; weights may have it');

/** What quantizes every frame by its own largest value. */
export const dynamic: Rule = () =>
  refuse(
    'it chooses its scale anew for every frame (dynamic quantization): quantize statically, or export in float32',
  );
