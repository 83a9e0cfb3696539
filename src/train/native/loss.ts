/** The loss of `gradient.ts` and its gradient by the logits `[n, classes]`, as nodes of an ONNX graph. */
import type { LossOptions } from '../gradient.js';
import { binary, indicator, reduced, type Builder, type Value } from './builder.js';

export interface LossInputs {
  readonly logits: Value;
  /** 1 at the label, `[n, classes]`. */
  readonly truth: Value;
  /** Of each frame its class's weight over the size of the batch, `[n, 1]`. */
  readonly weights: Value;
  /** What the teacher says, softened, `[n, classes]`; null without one. */
  readonly opinion: Value | null;
}

export interface LossNodes {
  /** Weighted, over the batch: a share of it. */
  readonly loss: Value;
  readonly gradient: Value;
}

type Part = LossNodes;

/** `[n, 1]`: the largest of the logits whose class is a hit or is none, and where it stands. */
function largest(
  b: Builder,
  logits: Value,
  isIn: readonly boolean[],
): { readonly value: Value; readonly at: Value } {
  const outside = {
    name: b.writer.constant(
      `outside${isIn.map(Number).join('')}`,
      'float',
      isIn.map((yes) => (yes ? 0 : -1e30)),
      [1, isIn.length],
    ),
    dims: [1, isIn.length],
  };
  const shown = binary(b, 'Add', logits, outside);
  const value = b.op('ReduceMax', [shown, b.integers([1])], [logits.dims[0]!, 1], { keepdims: { int: 1 } });
  return { value, at: indicator(b, 'Equal', shown, value) };
}

function crossEntropy(b: Builder, logits: Value, target: Value): Part {
  const log = b.op('LogSoftmax', [logits], logits.dims, { axis: { int: 1 } });
  const loss = reduced(b, 'ReduceSum', binary(b, 'Mul', target, log), [1]);
  const gradient = binary(b, 'Sub', b.op('Softmax', [logits], logits.dims, { axis: { int: 1 } }), target);
  return { loss: binary(b, 'Mul', loss, b.scalar(-1)), gradient };
}

const weighed = (b: Builder, { loss, gradient }: Part, weight: number, inner = weight): Part => ({
  loss: binary(b, 'Mul', loss, b.scalar(weight)),
  gradient: binary(b, 'Mul', gradient, b.scalar(inner)),
});
const together = (b: Builder, one: Part, other: Part): Part => ({
  loss: binary(b, 'Add', one.loss, other.loss),
  gradient: binary(b, 'Add', one.gradient, other.gradient),
});

/** The logistic loss of the veto score. */
function vetoPart(b: Builder, logits: Value, truth: Value, hitClasses: readonly boolean[]): Part {
  const hits = largest(b, logits, hitClasses);
  const misses = largest(
    b,
    logits,
    hitClasses.map((hit) => !hit),
  );
  const n = logits.dims[0]!;
  const signs = {
    name: b.writer.constant(
      'signs',
      'float',
      hitClasses.map((hit) => (hit ? -1 : 1)),
      [1, hitClasses.length],
    ),
    dims: [1, hitClasses.length],
  };
  const sign = reduced(b, 'ReduceSum', binary(b, 'Mul', truth, signs), [1]);
  const wrong = binary(b, 'Mul', binary(b, 'Sub', hits.value, misses.value), sign);
  const slope = binary(b, 'Mul', sign, b.op('Sigmoid', [wrong], [n, 1]));
  return {
    loss: b.op('Softplus', [wrong], [n, 1]),
    gradient: binary(b, 'Mul', binary(b, 'Sub', hits.at, misses.at), slope),
  };
}

export function lossNodes(
  b: Builder,
  { logits, truth, weights, opinion }: LossInputs,
  hitClasses: readonly boolean[],
  { labelSmoothing, vetoLoss, teacher }: LossOptions,
): LossNodes {
  const smooth = binary(
    b,
    'Add',
    binary(b, 'Mul', truth, b.scalar(1 - labelSmoothing)),
    b.scalar(labelSmoothing / hitClasses.length),
  );
  let part = crossEntropy(b, logits, smooth);
  if (teacher !== null && opinion !== null) {
    const { weight, temperature: t } = teacher;
    const softened = crossEntropy(b, binary(b, 'Div', logits, b.scalar(t)), opinion);
    part = together(b, weighed(b, part, 1 - weight), weighed(b, softened, weight * t * t, weight * t));
  }
  if (vetoLoss > 0) part = together(b, part, weighed(b, vetoPart(b, logits, truth, hitClasses), vetoLoss));
  return {
    loss: reduced(b, 'ReduceSum', binary(b, 'Mul', part.loss, weights), [0, 1]),
    gradient: binary(b, 'Mul', part.gradient, weights),
  };
}
