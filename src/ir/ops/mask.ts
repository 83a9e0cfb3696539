/** Sets dead, hot and missing pixels to 0. */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { elements, fixedBase, only } from '../common.js';
import { union, type OpRecord } from './record.js';

const schema = z
  .strictObject({
    ...fixedBase,
    kind: z.literal('mask'),
    /** `[height, width]`: 1 live, 0 masked. */
    live: z.instanceof(Uint8Array),
  })
  .readonly();

export const mask = {
  float: schema,
  fixed: schema,
  traits: { preprocess: true, pointwise: true },
  shape(op, inputs) {
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
  },
  range: (_op, [x]) => union([x!.range, { low: 0, high: 0 }]),
  reads({ live }, _sources, [y, x, c], shape, read) {
    if (live[y * shape[1] + x] === 1) read(0, y, x, c, 1);
  },
} satisfies OpRecord<typeof schema, typeof schema>;
