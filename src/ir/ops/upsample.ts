/** Every pixel as a block of pixels: resizing to the nearest neighbour by whole factors. */
import { z } from 'zod';
import { fixedBase, nodeBase, only, pairSchema } from '../common.js';
import type { OpRecord } from './record.js';

const fields = {
  kind: z.literal('upsample'),
  /** `[vertical, horizontal]` pixels of a block. */ factor: pairSchema,
};
const float = z.strictObject({ ...nodeBase, ...fields }).readonly();
const fixed = z.strictObject({ ...fixedBase, ...fields }).readonly();

export const upsample = {
  float,
  fixed,
  traits: { keepsFormat: true, keepsChannels: true, keepsSign: true },
  shape({ id, factor }, inputs) {
    const [height, width, channels] = only(inputs, id);
    return [height * factor[0], width * factor[1], channels];
  },
  range: (_op, [x]) => x!.range,
  reads: ({ factor }, _sources, [y, x, c], _shape, read) => {
    read(0, Math.floor(y / factor[0]), Math.floor(x / factor[1]), c, 1);
  },
} satisfies OpRecord<typeof float, typeof fixed>;
