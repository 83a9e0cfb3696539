/** Joins blocks of pixels into one: the brightest of them, or their sum. */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { fixedBase, only, pairSchema, type Shape } from '../common.js';

export const binSchema = z
  .strictObject({
    ...fixedBase,
    kind: z.literal('bin'),
    mode: z.enum(['max', 'sum']),
    /** `[rows, columns]` of a block; the frame is a whole number of blocks. */
    factor: pairSchema,
  })
  .readonly();
export type BinOp = z.infer<typeof binSchema>;

export function binShape(op: BinOp, inputs: readonly Shape[]): Shape {
  const [height, width, channels] = only(inputs, op.id);
  invariant(
    height % op.factor[0] === 0 && width % op.factor[1] === 0,
    `${op.id}: ${height}×${width} is not a whole number of ${op.factor.join('×')} blocks`,
  );
  return [height / op.factor[0], width / op.factor[1], channels];
}
