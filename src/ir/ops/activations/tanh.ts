/** The hyperbolic tangent. */
import { z } from 'zod';
import { nodeBase } from '../../common.js';
import type { TabledRecord } from '../record.js';
import { sameAsInput, TABLED } from './common.js';

const fields = { kind: z.literal('tanh') };
const schema = z.strictObject({ ...nodeBase, ...fields }).readonly();

export const tanh = {
  float: schema,
  fixed: null,
  fields,
  traits: TABLED,
  shape: sameAsInput,
  apply: (_op, x) => Math.tanh(x),
  derivative: (_op, x) => 1 - Math.tanh(x) ** 2,
  usual: { kind: 'tanh' },
  nonNegative: () => false,
} satisfies TabledRecord<typeof fields, typeof schema>;
