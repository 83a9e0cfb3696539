/** Two-dimensional convolution (cross-correlation, as everywhere in this field), optionally grouped. */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { fixedBase, nodeBase, only, windowFields, windowShape } from '../common.js';
import { overWindow, type OpRecord } from './record.js';
import { fixedWeighted, floatWeighted, sizesOf, weightedSum } from './weighted.js';

const fields = { kind: z.literal('conv2d'), ...windowFields, groups: z.int().min(1) };

/** Weights `[kh, kw, cin/groups, cout]`. */
const floatSchema = z.strictObject({ ...nodeBase, ...fields, ...floatWeighted }).readonly();
const fixedSchema = z.strictObject({ ...fixedBase, ...fields, ...fixedWeighted }).readonly();

export const conv2d = {
  float: floatSchema,
  fixed: fixedSchema,
  traits: { weighted: true, sums: true, proved: true, fuses: true },
  shape(op, inputs) {
    const input = only(inputs, op.id);
    const { weights, channels } = sizesOf(op);
    invariant(
      input[2] % op.groups === 0 && channels % op.groups === 0,
      `${op.id}: ${input[2]} → ${channels} channels do not divide into ${op.groups} groups`,
    );
    const expected = op.kernel[0] * op.kernel[1] * (input[2] / op.groups) * channels;
    invariant(weights === expected, `${op.id}: ${weights} weights where the shape needs ${expected}`);
    return windowShape(input, op, channels);
  },
  sum: (op, inputs) => weightedSum(op.weights, inputs),
  reads(op, [input], [y, x, c], [, , channels], read) {
    const perGroup = input!.shape[2] / op.groups;
    const first = Math.floor(c / (channels / op.groups)) * perGroup;
    overWindow(op, y, x, (iy, ix, tap) => {
      for (let k = 0; k < perGroup; k++)
        read(0, iy, ix, first + k, op.weights.mantissas[(tap * perGroup + k) * channels + c]!);
    });
  },
} satisfies OpRecord<typeof floatSchema, typeof fixedSchema>;
