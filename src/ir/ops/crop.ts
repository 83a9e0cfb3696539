/** Cuts a rectangle out of the frame. */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { fixedBase, only, pairSchema, type Shape } from '../common.js';

export const cropSchema = z
  .strictObject({
    ...fixedBase,
    kind: z.literal('crop'),
    /** First row and column that are kept. */
    offset: z.tuple([z.int().min(0), z.int().min(0)]).readonly(),
    size: pairSchema,
  })
  .readonly();
export type CropOp = z.infer<typeof cropSchema>;

export function cropShape(op: CropOp, inputs: readonly Shape[]): Shape {
  const [height, width, channels] = only(inputs, op.id);
  invariant(
    op.offset[0] + op.size[0] <= height && op.offset[1] + op.size[1] <= width,
    `${op.id}: crop of ${op.size.join('×')} at ${op.offset.join(',')} leaves the ${height}×${width} frame`,
  );
  return [op.size[0], op.size[1], channels];
}
