/** Activation functions, and arithmetic with constants: one scale and offset per channel. */
import type { Shape } from '../../ir/common.js';
import type { FloatNodeOf } from '../../ir/ops/index.js';
import { sum } from './shape-rules.js';
import {
  constantInput,
  extentOf,
  floatOf,
  inNodeOrder,
  optionalConstant,
  plainInput,
  refuse,
  type Activation,
  type Op,
  type Rule,
  type Target,
} from './values.js';
import type { Constant } from './tensor-data.js';

const LARGEST_FLOAT32 = (2 - 2 ** -23) * 2 ** 127;

const behind = (op: Op, x: Activation, into: Target, make: Parameters<Target['add']>[1]): Activation => ({
  ...x,
  id: into.add(op, make),
});

export const relu: Rule = (op, into) => {
  const x = plainInput(op, 0);
  return behind(op, x, into, (id) => ({ id, kind: 'relu', inputs: [x.id] }));
};

export const leakyRelu: Rule = (op, into) => {
  const x = plainInput(op, 0);
  const alpha = floatOf(op, 'alpha', 0.01);
  return behind(op, x, into, (id) => ({ id, kind: 'leakyRelu', inputs: [x.id], alpha }));
};

/** Limits in attributes (up to opset 10) or inputs; one that is left out is the end of float32. */
export const clip: Rule = (op, into) => {
  const x = plainInput(op, 0);
  const limit = (name: string, i: number, otherwise: number): number =>
    op.node.attributes.get(name)?.float ?? optionalConstant(op, i)?.data[0] ?? otherwise;
  const min = limit('min', 1, -LARGEST_FLOAT32);
  const max = limit('max', 2, LARGEST_FLOAT32);
  if (!(min <= max)) refuse(`clips to [${min}, ${max}]`);
  return behind(op, x, into, (id) => ({ id, kind: 'clip', inputs: [x.id], min, max }));
};

/** The constant as one value per channel of `x`, in the node's order. */
function perChannel({ dims, data }: Constant, x: Activation, shape: Shape): Floats {
  const channels = shape[2];
  const missing = x.axes.length - dims.length;
  const isMine = dims.every((extent, i) => extent === 1 || x.axes[i + missing] === 'c');
  if (missing < 0 || !isMine || (data.length !== 1 && data.length !== channels))
    refuse(`a constant of ${dims.join('×')} is not one value per channel`);
  return data.length === 1
    ? new Float32Array(extentOf(shape, 'c', 1)).fill(data[0]!)
    : inNodeOrder(data, x.order);
}

type Floats = Float32Array<ArrayBuffer>;
type Weighted = FloatNodeOf<'conv2d' | 'depthwiseConv2d' | 'dense'>;

/** `x · scale + offset`: into the bias or the normalisation before it where nobody else reads that, else a node. */
function affine(op: Op, i: number, x: Activation, scale: Floats, offset: Floats, into: Target): Activation {
  const producer = into.nodeOf(x.id);
  const alone = into.isReadOnce(op, i);
  const isWeighted =
    producer.kind === 'conv2d' || producer.kind === 'depthwiseConv2d' || producer.kind === 'dense';
  if (alone && isWeighted && scale.every((s) => s === 1)) {
    into.amend({ ...(producer as Weighted), bias: producer.bias.map((b, c) => b + offset[c]!) });
    return x;
  }
  if (alone && producer.kind === 'batchNorm') {
    const gamma = producer.gamma.map((g, c) => g * scale[c]!);
    const beta = producer.beta.map((b, c) => b * scale[c]! + offset[c]!);
    into.amend({ ...producer, gamma, beta });
    return x;
  }
  const channels = scale.length;
  return behind(op, x, into, (id) => ({
    id,
    kind: 'batchNorm',
    inputs: [x.id],
    gamma: scale,
    beta: offset,
    mean: new Float32Array(channels),
    variance: new Float32Array(channels).fill(1),
    // Adds nothing to a variance of 1.
    epsilon: 1e-30,
  }));
}

type Arithmetic = 'Add' | 'Sub' | 'Mul' | 'Div';

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

export const arithmetic =
  (kind: Arithmetic): Rule =>
  (op, into) => {
    const at = op.inputs.findIndex((value) => value?.kind === 'constant');
    if (at < 0) return kind === 'Add' ? sum(op, into) : refuse(`${kind} of two activations`);
    const i = 1 - at;
    const x = plainInput(op, i);
    const values = perChannel(constantInput(op, at), x, into.shape(x.id));
    const [scale, offset] = factors(kind, values, at === 0);
    return affine(op, i, x, scale, offset, into);
  };
