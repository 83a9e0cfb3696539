/** x · clip(x/6 + 1/2, 0, 1): SiLU without an exponential (Howard et al., arXiv:1905.02244). */
import { z } from 'zod';
import { nodeBase } from '../../common.js';
import type { TabledRecord } from '../record.js';
import { sameAsInput, TABLED } from './common.js';

const fields = { kind: z.literal('hardSwish') };
const schema = z.strictObject({ ...nodeBase, ...fields }).readonly();

export const hardSwish = {
  float: schema,
  fixed: null,
  fields,
  traits: TABLED,
  shape: sameAsInput,
  apply: (_op, x) => x * Math.min(Math.max(x / 6 + 0.5, 0), 1),
  derivative: (_op, x) => (x < -3 ? 0 : x > 3 ? 1 : x / 3 + 0.5),
  usual: { kind: 'hardSwish' },
  nonNegative: () => false,
} satisfies TabledRecord<typeof fields, typeof schema>;
