/** Limits raw counts to a range, so that a lookup table is small. */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { fixedBase, only, type Shape } from '../common.js';

export const clampSchema = z
  .strictObject({ ...fixedBase, kind: z.literal('clamp'), min: z.int().min(0), max: z.int().min(1) })
  .readonly();
export type ClampOp = z.infer<typeof clampSchema>;

export function clampShape(op: ClampOp, inputs: readonly Shape[]): Shape {
  invariant(op.min < op.max, `${op.id}: empty range [${op.min}, ${op.max}]`);
  return only(inputs, op.id);
}
