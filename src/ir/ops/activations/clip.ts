/** Between two limits. */
import { z } from 'zod';
import { nodeBase } from '../../common.js';
import type { ActivationRecord } from '../record.js';
import { FUSED, sameAsInput } from './common.js';

const schema = z
  .strictObject({ ...nodeBase, kind: z.literal('clip'), min: z.number(), max: z.number() })
  .readonly();

export const clip = {
  float: schema,
  fixed: null,
  traits: FUSED,
  shape: sameAsInput,
  apply: ({ min, max }, x) => Math.min(Math.max(x, min), max),
  nonNegative: ({ min }) => min >= 0,
} satisfies ActivationRecord<typeof schema>;
