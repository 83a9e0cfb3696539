/** Depthwise convolution: each channel with its own kernel, multiplier 1. */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { fixedBase, nodeBase, only, windowFields, windowShape } from '../common.js';
import { overWindow, type OpRecord } from './record.js';
import { fixedWeighted, floatWeighted, sizesOf, weightedSum } from './weighted.js';

const fields = { kind: z.literal('depthwiseConv2d'), ...windowFields };

/** Weights `[kh, kw, channels, 1]`. */
const floatSchema = z.strictObject({ ...nodeBase, ...fields, ...floatWeighted }).readonly();
const fixedSchema = z.strictObject({ ...fixedBase, ...fields, ...fixedWeighted }).readonly();

export const depthwiseConv2d = {
  float: floatSchema,
  fixed: fixedSchema,
  traits: { weighted: true, sums: true, proved: true, fuses: true },
  shape(op, inputs) {
    const input = only(inputs, op.id);
    const { weights } = sizesOf(op);
    const expected = op.kernel[0] * op.kernel[1] * input[2];
    invariant(weights === expected, `${op.id}: ${weights} weights where the shape needs ${expected}`);
    return windowShape(input, op, input[2]);
  },
  sum: (op, inputs) => weightedSum(op.weights, inputs),
  reads(op, _sources, [y, x, c], [, , channels], read) {
    overWindow(op, y, x, (iy, ix, tap) => {
      read(0, iy, ix, c, op.weights.mantissas[tap * channels + c]!);
    });
  },
} satisfies OpRecord<typeof floatSchema, typeof fixedSchema>;
