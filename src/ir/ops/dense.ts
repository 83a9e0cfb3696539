/** Fully connected layer on a vector `[1, 1, channels]`. */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { fixedBase, nodeBase, only } from '../common.js';
import type { OpRecord } from './record.js';
import { fixedWeighted, floatWeighted, sizesOf, weightedSum } from './weighted.js';

/** Weights `[cin, cout]`. */
const floatSchema = z.strictObject({ ...nodeBase, kind: z.literal('dense'), ...floatWeighted }).readonly();
const fixedSchema = z.strictObject({ ...fixedBase, kind: z.literal('dense'), ...fixedWeighted }).readonly();

export const dense = {
  float: floatSchema,
  fixed: fixedSchema,
  traits: { weighted: true, sums: true, proved: true, fuses: true },
  shape(op, inputs) {
    const [height, width, channels] = only(inputs, op.id);
    invariant(height === 1 && width === 1, `${op.id}: a dense layer takes a vector, not ${height}×${width}`);
    const { weights, channels: outputs } = sizesOf(op);
    invariant(
      weights === channels * outputs,
      `${op.id}: ${weights} weights where the shape needs ${channels * outputs}`,
    );
    return [1, 1, outputs];
  },
  sum: (op, inputs) => weightedSum(op.weights, inputs),
  reads(op, [input], [, , c], [, , channels], read) {
    for (let k = 0; k < input!.shape[2]; k++) read(0, 0, 0, k, op.weights.mantissas[k * channels + c]!);
  },
} satisfies OpRecord<typeof floatSchema, typeof fixedSchema>;
