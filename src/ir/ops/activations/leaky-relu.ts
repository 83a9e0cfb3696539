/** x above zero, a part of it below. */
import { z } from 'zod';
import { nodeBase } from '../../common.js';
import type { ActivationRecord } from '../record.js';
import { FUSED, sameAsInput } from './common.js';

const schema = z
  .strictObject({ ...nodeBase, kind: z.literal('leakyRelu'), /** Slope below zero. */ alpha: z.number() })
  .readonly();

export const leakyRelu = {
  float: schema,
  fixed: null,
  traits: { ...FUSED, homogeneous: true },
  shape: sameAsInput,
  apply: ({ alpha }, x) => (x < 0 ? x * alpha : x),
  nonNegative: () => false,
} satisfies ActivationRecord<typeof schema>;
