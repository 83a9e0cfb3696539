/** x / (1 + e^-x), also called swish (Elfwing et al., arXiv:1702.03118). */
import { z } from 'zod';
import { nodeBase } from '../../common.js';
import type { TabledRecord } from '../record.js';
import { logistic, sameAsInput, TABLED } from './common.js';

const fields = { kind: z.literal('silu') };
const schema = z.strictObject({ ...nodeBase, ...fields }).readonly();

export const silu = {
  float: schema,
  fixed: null,
  fields,
  traits: TABLED,
  shape: sameAsInput,
  apply: (_op, x) => x * logistic(x),
  derivative: (_op, x) => logistic(x) * (1 + x * logistic(-x)),
  usual: { kind: 'silu' },
  nonNegative: () => false,
} satisfies TabledRecord<typeof fields, typeof schema>;
