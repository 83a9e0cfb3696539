/** The end of a classifier, and a part of it. */
import type { Head } from '../imported.js';
import { asPlainVector } from './readers.js';
import { refuse } from './refusal.js';
import {
  activation,
  axisIndex,
  behindBatch,
  intOf,
  plainInput,
  type Activation,
  type Op,
  type Rule,
  type Target,
} from './values.js';
import { extentOf, extentsOf, sizeOf } from './view.js';

/** The end of a classifier: left out, and remembered. */
export const head =
  (kind: Exclude<Head, 'logits'>): Rule =>
  (op, into) => {
    const x = plainInput(op, 0, into);
    const axis = intOf(op, 'axis', op.opset < 13 ? 1 : -1);
    const isImage = into.shape(x.id)[0] * into.shape(x.id)[1] !== 1;
    if (kind !== 'sigmoid' && isImage) refuse('it is taken at the end of a network only');
    if (kind !== 'sigmoid') {
      const values = sizeOf(x.view);
      // Up to opset 12 over all axes from `axis` on.
      const over =
        op.opset < 13
          ? extentsOf(x.view).slice(axisIndex(axis, x.view.axes.length + 1) - 1)
          : [extentOf(x.view.axes[behindBatch(axis, x)]!)];
      if (over.reduce((a, b) => a * b, 1) !== values) refuse(`over axis ${axis}`);
    }
    return { ...x, head: kind, headOp: op };
  };

/**
 * The elements `at` of a softmax; null for anything else. One share of two is the sigmoid of the difference of their
 * logits; other parts are no function of the same part of the logits and are refused.
 */
export function partOfShares(op: Op, x: Activation, at: readonly number[], into: Target): Activation | null {
  if (x.head !== 'softmax' && x.head !== 'logSoftmax') return null;
  const [only, ...others] = at;
  const isPlain = x.headQuantizer === null && x.codes === null && x.view.axes.length === 1;
  if (x.head !== 'softmax' || !isPlain || sizeOf(x.view) !== 2 || only === undefined || others.length > 0)
    return refuse(
      `takes a part of a ${x.head}: export the network with all its classes, or with their logits`,
    );
  const { id } = asPlainVector(op, { ...x, head: 'logits' }, into);
  const weights = Float32Array.of(only === 0 ? 1 : -1, only === 0 ? -1 : 1);
  const bias = new Float32Array(1);
  const difference = into.add(
    op,
    (own) => ({ id: own, kind: 'dense', inputs: [id], weights, bias }),
    'difference',
  );
  return { ...activation(difference, { axes: [[]], offset: 0 }), head: 'sigmoid' };
}
