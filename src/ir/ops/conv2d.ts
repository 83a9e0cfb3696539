/** Two-dimensional convolution (cross-correlation, as everywhere in this field), optionally grouped. */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import {
  activationSchema,
  fixedBase,
  nodeBase,
  only,
  proofSchema,
  weightsSchema,
  windowFields,
  windowShape,
  type Shape,
} from '../common.js';

const conv2dFields = { kind: z.literal('conv2d'), ...windowFields, groups: z.int().min(1) };

export const floatConv2dSchema = z
  .strictObject({
    ...nodeBase,
    ...conv2dFields,
    /** `[kh, kw, cin/groups, cout]`. */
    weights: z.instanceof(Float32Array),
    /** `[cout]`. */
    bias: z.instanceof(Float32Array),
  })
  .readonly();
export type FloatConv2d = z.infer<typeof floatConv2dSchema>;

export const fixedConv2dSchema = z
  .strictObject({
    ...fixedBase,
    ...conv2dFields,
    weights: weightsSchema,
    activation: activationSchema,
    proof: proofSchema,
  })
  .readonly();
export type FixedConv2d = z.infer<typeof fixedConv2dSchema>;

export function conv2dShape(op: FloatConv2d | FixedConv2d, inputs: readonly Shape[]): Shape {
  const input = only(inputs, op.id);
  const bias = op.weights instanceof Float32Array ? (op as FloatConv2d).bias : op.weights.bias;
  const weights = op.weights instanceof Float32Array ? op.weights : op.weights.mantissas;
  const channels = bias.length;
  invariant(
    input[2] % op.groups === 0 && channels % op.groups === 0,
    `${op.id}: ${input[2]} → ${channels} channels do not divide into ${op.groups} groups`,
  );
  const expected = op.kernel[0] * op.kernel[1] * (input[2] / op.groups) * channels;
  invariant(
    weights.length === expected,
    `${op.id}: ${weights.length} weights where the shape needs ${expected}`,
  );
  return windowShape(input, op, channels);
}
