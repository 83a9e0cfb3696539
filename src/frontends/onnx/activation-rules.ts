/** The operators that are one activation: a new one is an entry of the table below. */
import type { TabledFunction } from '../../ir/ops/activations/index.js';
import { perChannel } from './readers.js';
import { refuse } from './refusal.js';
import { behind, floatOf, plainInput, weightsInput, type Op, type Rule } from './values.js';

const relu: Rule = (op, into) => {
  const x = plainInput(op, 0, into);
  return behind(op, x, into, (id) => ({ id, kind: 'relu', inputs: [x.id] }));
};

export const leakyRelu: Rule = (op, into) => {
  const x = plainInput(op, 0, into);
  const alpha = floatOf(op, 'alpha', 0.01);
  return behind(op, x, into, (id) => ({ id, kind: 'leakyRelu', inputs: [x.id], alpha }));
};

/** One slope for all channels is a leaky ReLU, unless it falls below zero. */
const prelu: Rule = (op, into) => {
  const x = plainInput(op, 0, into);
  const given = weightsInput(op, 1);
  // Of channels that `x` does not hold nothing is read.
  const alpha = perChannel(given, x, into, 0);
  const [slope] = alpha;
  return behind(op, x, into, (id) =>
    given.data.length === 1 && into.shape(x.id)[2] > 1 && slope! >= 0
      ? { id, kind: 'leakyRelu', inputs: [x.id], alpha: slope! }
      : { id, kind: 'prelu', inputs: [x.id], alpha },
  );
};

/** An activation that becomes a table. */
const tabled =
  (of: (op: Op) => TabledFunction): Rule =>
  (op, into) => {
    const x = plainInput(op, 0, into);
    return behind(op, x, into, (id) => ({ id, inputs: [x.id], ...of(op) }));
  };

const tanh = tabled(() => ({ kind: 'tanh' }));
const hardSwish = tabled(() => ({ kind: 'hardSwish' }));
const hardSigmoid = tabled((op) => ({
  kind: 'hardSigmoid',
  alpha: floatOf(op, 'alpha', 0.2),
  beta: floatOf(op, 'beta', 0.5),
}));
const elu = tabled((op) => ({ kind: 'elu', alpha: floatOf(op, 'alpha', 1) }));
const gelu = tabled((op) => {
  const how = op.node.attributes.get('approximate')?.text ?? 'none';
  if (how !== 'none' && how !== 'tanh') refuse(`approximates by ${how}`);
  return { kind: 'gelu', approximate: how === 'tanh' };
});

interface ActivationRule {
  readonly rule: Rule;
  /** Attributes that the rule reads. */
  readonly attributes: readonly string[];
}

/** By the operator's name. A sigmoid stands elsewhere: at the end of a network it is left out. */
const TABLE: Readonly<Record<string, ActivationRule>> = {
  Elu: { rule: elu, attributes: ['alpha'] },
  Gelu: { rule: gelu, attributes: ['approximate'] },
  HardSigmoid: { rule: hardSigmoid, attributes: ['alpha', 'beta'] },
  HardSwish: { rule: hardSwish, attributes: [] },
  LeakyRelu: { rule: leakyRelu, attributes: ['alpha'] },
  PRelu: { rule: prelu, attributes: [] },
  Relu: { rule: relu, attributes: [] },
  Tanh: { rule: tanh, attributes: [] },
};

export const ACTIVATION_RULES: readonly (readonly [string, Rule])[] = Object.entries(TABLE).map(
  ([name, { rule }]) => [name, rule],
);
export const ACTIVATION_ATTRIBUTES: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(TABLE).map(([name, { attributes }]) => [name, attributes]),
);
