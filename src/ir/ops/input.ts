/** The raw frame as the detector sends it. */
import { z } from 'zod';

import { fixedBase, pairSchema, type Shape } from '../common.js';

/** Format is always `ap_ufixed<16,16>`. */
export const inputSchema = z
  .strictObject({
    ...fixedBase,
    kind: z.literal('input'),
    /** `[height, width]` of the raw frame. */ size: pairSchema,
  })
  .readonly();
export type InputOp = z.infer<typeof inputSchema>;

export const inputShape = (op: InputOp): Shape => [op.size[0], op.size[1], 1];
