/** Cuts a rectangle out of the frame. */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { fixedBase, only, pairSchema } from '../common.js';
import type { OpRecord } from './record.js';

const schema = z
  .strictObject({
    ...fixedBase,
    kind: z.literal('crop'),
    /** First row and column that are kept. */
    offset: z.tuple([z.int().min(0), z.int().min(0)]).readonly(),
    size: pairSchema,
  })
  .readonly();

export const crop = {
  float: schema,
  fixed: schema,
  traits: { preprocess: true },
  shape(op, inputs) {
    const [height, width, channels] = only(inputs, op.id);
    invariant(
      op.offset[0] + op.size[0] <= height && op.offset[1] + op.size[1] <= width,
      `${op.id}: crop of ${op.size.join('×')} at ${op.offset.join(',')} leaves the ${height}×${width} frame`,
    );
    return [op.size[0], op.size[1], channels];
  },
  range: (_op, [x]) => x!.range,
  reads: ({ offset }, _sources, [y, x, c], _shape, read) => {
    read(0, y + offset[0], x + offset[1], c, 1);
  },
} satisfies OpRecord<typeof schema, typeof schema>;
