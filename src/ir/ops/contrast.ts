/**
 * How far a pixel stands above its surroundings `distance` pixels away: of each pair of opposite neighbours (in its
 * row, its column, its two diagonals) the darker one counts, of the four pairs the brightest, and what is below that is
 * 0. A constant offset leaves no trace, nor do straight edges and lines; a ring leaves little. Outside the image is 0.
 */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { fixedBase, only, windowShape, type Window } from '../common.js';
import type { OpRecord } from './record.js';

const schema = z
  .strictObject({
    ...fixedBase,
    kind: z.literal('contrast'),
    /** Pixels from the centre to each neighbour. */
    distance: z.int().min(1).max(8),
    /**
     * Without the last `distance` rows and columns, whose neighbours lie behind the end of the image: nothing waits for what
     * never comes.
     */
    causal: z.literal(true).optional(),
  })
  .readonly();
/** What is computed. */
export type Contrast = Pick<z.infer<typeof schema>, 'distance' | 'causal'>;

/** From the centre to one of each pair of opposite neighbours, in units of the distance. */
export const CONTRAST_DIRECTIONS = [
  [0, 1],
  [1, 0],
  [1, 1],
  [1, -1],
] as const;

/** What a line buffer needs to hold of the image to compute it. */
export function contrastWindow({ distance: d, causal }: Contrast): Window {
  const side = 2 * d + 1;
  const behind = causal === true ? 0 : d;
  return { kernel: [side, side], strides: [1, 1], padding: [d, d, behind, behind] };
}

export const contrast = {
  float: schema,
  fixed: schema,
  traits: { preprocess: true },
  shape(op, inputs) {
    const input = only(inputs, op.id);
    const { distance, causal } = op;
    invariant(
      causal === undefined || Math.min(input[0], input[1]) > distance,
      `${op.id}: a contrast ${distance} away leaves nothing of ${input[0]}×${input[1]} pixels`,
    );
    return windowShape(input, contrastWindow(op), input[2]);
  },
  range: (_op, [x]) => ({ low: 0, high: x!.range.high }),
  reads({ distance }, _sources, [y, x, c], _shape, read) {
    for (let iy = y - distance; iy <= y + distance; iy += distance)
      for (let ix = x - distance; ix <= x + distance; ix += distance) read(0, iy, ix, c, 1);
  },
} satisfies OpRecord<typeof schema, typeof schema>;
