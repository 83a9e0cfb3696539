/** Maps clamped counts to the network's input through a table (linear, square root, logarithm, …). */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { fixedBase, only, type Shape } from '../common.js';

export const lutSchema = z
  .strictObject({
    ...fixedBase,
    kind: z.literal('lut'),
    /** The input value that maps to `table[0]`; the input's proved range must lie within the table. */
    first: z.int().min(0),
    /** Mantissas of the output format. */
    table: z.instanceof(Int32Array),
  })
  .readonly();
export type LutOp = z.infer<typeof lutSchema>;

export function lutShape(op: LutOp, inputs: readonly Shape[]): Shape {
  invariant(op.table.length > 0, `${op.id}: empty table`);
  return only(inputs, op.id);
}
