/** Sets dead, hot and missing pixels to 0. */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { elements, fixedBase, only, type Shape } from '../common.js';

export const maskSchema = z
  .strictObject({
    ...fixedBase,
    kind: z.literal('mask'),
    /** `[height, width]`: 1 live, 0 masked. */
    live: z.instanceof(Uint8Array),
  })
  .readonly();
export type MaskOp = z.infer<typeof maskSchema>;

export function maskShape(op: MaskOp, inputs: readonly Shape[]): Shape {
  const shape = only(inputs, op.id);
  invariant(shape[2] === 1, `${op.id}: a mask acts on one channel`);
  invariant(
    op.live.length === elements(shape),
    `${op.id}: mask of ${op.live.length} for ${elements(shape)} pixels`,
  );
  invariant(
    op.live.every((bit) => bit === 0 || bit === 1),
    `${op.id}: a mask holds 0 and 1 only`,
  );
  return shape;
}
