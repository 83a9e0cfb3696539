/** The raw frame as the detector sends it. */
import { z } from 'zod';
import { format } from '../../fixed/format.js';
import { fixedBase, pairSchema } from '../common.js';
import type { OpRecord } from './record.js';

/** Its format. */
export const COUNTS = format(false, 16, 16);

const schema = z
  .strictObject({
    ...fixedBase,
    kind: z.literal('input'),
    /** `[height, width]` of the raw frame. */ size: pairSchema,
  })
  .readonly();

export const input = {
  float: schema,
  fixed: schema,
  traits: { preprocess: true, given: true, pointwise: true },
  shape: (op) => [op.size[0], op.size[1], 1],
  range: () => ({ low: 0, high: 65535 }),
  reads: () => undefined,
} satisfies OpRecord<typeof schema, typeof schema>;
