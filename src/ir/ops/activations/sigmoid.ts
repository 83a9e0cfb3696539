/** 1 / (1 + e^-x). */
import { z } from 'zod';
import { nodeBase } from '../../common.js';
import type { TabledRecord } from '../record.js';
import { logistic, sameAsInput, TABLED } from './common.js';

const fields = { kind: z.literal('sigmoid') };
const schema = z.strictObject({ ...nodeBase, ...fields }).readonly();

export const sigmoid = {
  float: schema,
  fixed: null,
  fields,
  traits: TABLED,
  shape: sameAsInput,
  apply: (_op, x) => logistic(x),
  derivative: (_op, x) => logistic(x) * logistic(-x),
  usual: { kind: 'sigmoid' },
  nonNegative: () => true,
} satisfies TabledRecord<typeof fields, typeof schema>;
