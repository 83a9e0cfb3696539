/**
 * Joins blocks of pixels into one: the brightest of them, the second brightest (of two that are equally bright, one of
 * them: what a pixel that stands alone leaves no trace in), or their sum.
 */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { fixedBase, only, pairSchema, type Shape } from '../common.js';

/** What a block can become. */
export const BIN_MODES = ['max', 'second', 'sum'] as const;

export const binSchema = z
  .strictObject({
    ...fixedBase,
    kind: z.literal('bin'),
    mode: z.enum(BIN_MODES),
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
  invariant(
    op.mode !== 'second' || op.factor[0] * op.factor[1] > 1,
    `${op.id}: a block of one pixel has no second brightest`,
  );
  return [height / op.factor[0], width / op.factor[1], channels];
}
