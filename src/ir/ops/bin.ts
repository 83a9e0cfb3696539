/**
 * Joins blocks of pixels into one: the brightest of them, the second brightest (of two that are equally bright, one of
 * them: what a pixel that stands alone leaves no trace in), or their sum.
 */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { fixedBase, only, pairSchema } from '../common.js';
import type { OpRecord } from './record.js';

/** What a block can become. */
export const BIN_MODES = ['max', 'second', 'sum'] as const;

const schema = z
  .strictObject({
    ...fixedBase,
    kind: z.literal('bin'),
    mode: z.enum(BIN_MODES),
    /** `[rows, columns]` of a block; the frame is a whole number of blocks. */
    factor: pairSchema,
  })
  .readonly();

export const bin = {
  float: schema,
  fixed: schema,
  traits: { preprocess: true },
  shape(op, inputs) {
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
  },
  range({ mode, factor }, [x]) {
    const n = mode === 'sum' ? factor[0] * factor[1] : 1;
    return { low: x!.range.low * n, high: x!.range.high * n };
  },
  reads({ factor: [rows, columns] }, _sources, [y, x, c], _shape, read) {
    for (let dy = 0; dy < rows; dy++)
      for (let dx = 0; dx < columns; dx++) read(0, y * rows + dy, x * columns + dx, c, 1);
  },
} satisfies OpRecord<typeof schema, typeof schema>;
