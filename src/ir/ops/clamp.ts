/** Limits raw counts to a range, so that a lookup table is small. */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { fixedBase, only } from '../common.js';
import type { OpRecord } from './record.js';

const schema = z
  .strictObject({ ...fixedBase, kind: z.literal('clamp'), min: z.int().min(0), max: z.int().min(1) })
  .readonly();

export const clamp = {
  float: schema,
  fixed: schema,
  traits: { preprocess: true, pointwise: true },
  shape(op, inputs) {
    invariant(op.min < op.max, `${op.id}: empty range [${op.min}, ${op.max}]`);
    return only(inputs, op.id);
  },
  range: ({ min, max }, [x]) => ({
    low: Math.min(Math.max(x!.range.low, min), max),
    high: Math.max(Math.min(x!.range.high, max), min),
  }),
  reads: (_op, _sources, [y, x, c], _shape, read) => {
    read(0, y, x, c, 1);
  },
} satisfies OpRecord<typeof schema, typeof schema>;
