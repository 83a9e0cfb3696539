/** What the records of activations share. */
import { only, type Shape } from '../../common.js';

export const sameAsInput = (op: { readonly id: string }, inputs: readonly Shape[]): Shape =>
  only(inputs, op.id);

/** Fused into the stage before it, where integers say it exactly. */
export const FUSED = { activation: 'fused', pointwise: true } as const;
/** A stage of its own: a table behind a format of its own. */
export const TABLED = { activation: 'tabled', pointwise: true } as const;

export const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
