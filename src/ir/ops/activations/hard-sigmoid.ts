/** clip(alpha · x + beta, 0, 1). Its slope, 1/6 or 1/5, is no binary fraction: integers do not say it exactly, a table does. */
import { z } from 'zod';
import { nodeBase } from '../../common.js';
import type { TabledRecord } from '../record.js';
import { sameAsInput, TABLED } from './common.js';

const fields = {
  kind: z.literal('hardSigmoid'),
  /** Slope and value at 0. */ alpha: z.number(),
  beta: z.number(),
};
const schema = z.strictObject({ ...nodeBase, ...fields }).readonly();

export const hardSigmoid = {
  float: schema,
  fixed: null,
  fields,
  traits: TABLED,
  shape: sameAsInput,
  apply: ({ alpha, beta }, x) => Math.min(Math.max(alpha * x + beta, 0), 1),
  derivative: ({ alpha, beta }, x) => (alpha * x + beta > 0 && alpha * x + beta < 1 ? alpha : 0),
  usual: { kind: 'hardSigmoid', alpha: 1 / 6, beta: 0.5 },
  nonNegative: () => true,
} satisfies TabledRecord<typeof fields, typeof schema>;
