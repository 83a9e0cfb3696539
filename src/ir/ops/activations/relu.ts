/** max(x, 0). */
import { z } from 'zod';
import { nodeBase } from '../../common.js';
import type { ActivationRecord } from '../record.js';
import { FUSED, sameAsInput } from './common.js';

const schema = z.strictObject({ ...nodeBase, kind: z.literal('relu') }).readonly();

export const relu = {
  float: schema,
  fixed: null,
  traits: { ...FUSED, homogeneous: true },
  shape: sameAsInput,
  apply: (_op, x) => Math.max(x, 0),
  nonNegative: () => true,
} satisfies ActivationRecord<typeof schema>;
