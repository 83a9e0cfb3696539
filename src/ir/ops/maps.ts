/**
 * What comes with every frame beside its words, a few values a pixel: pedestals and gain factors of each gain stage, a
 * word of gain, thresholds. Data, not constants: after a dark run others come, and the network stays as it is.
 */
import { z } from 'zod';
import { maxMantissa, minMantissa } from '../../fixed/format.js';
import { fixedBase, pairSchema } from '../common.js';
import type { OpRecord } from './record.js';

const schema = z
  .strictObject({
    ...fixedBase,
    kind: z.literal('maps'),
    /** `[height, width]` of the raw frame. */ size: pairSchema,
    /** Values a pixel, as one for each gain stage. */
    channels: z.int().min(1).max(4),
  })
  .readonly();

export const maps = {
  float: null,
  fixed: schema,
  traits: { given: true, raw: true, pointwise: true },
  shape: (op) => [op.size[0], op.size[1], op.channels],
  range: ({ format }) => ({ low: minMantissa(format), high: maxMantissa(format) }),
  reads: () => undefined,
} satisfies OpRecord<null, typeof schema>;
