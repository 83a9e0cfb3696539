/** x above zero, alpha · (e^x − 1) below (Clevert et al., arXiv:1511.07289). */
import { z } from 'zod';
import { nodeBase } from '../../common.js';
import type { TabledRecord } from '../record.js';
import { sameAsInput, TABLED } from './common.js';

const fields = { kind: z.literal('elu'), /** What it comes to far below zero, negated. */ alpha: z.number() };
const schema = z.strictObject({ ...nodeBase, ...fields }).readonly();

export const elu = {
  float: schema,
  fixed: null,
  fields,
  traits: TABLED,
  shape: sameAsInput,
  apply: ({ alpha }, x) => (x < 0 ? alpha * Math.expm1(x) : x),
  derivative: ({ alpha }, x) => (x < 0 ? alpha * Math.exp(x) : 1),
  usual: { kind: 'elu', alpha: 1 },
  nonNegative: ({ alpha }) => alpha <= 0,
} satisfies TabledRecord<typeof fields, typeof schema>;
