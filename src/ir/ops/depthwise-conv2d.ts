/** Depthwise convolution: each channel with its own kernel, multiplier 1. */
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

const depthwiseFields = { kind: z.literal('depthwiseConv2d'), ...windowFields };

export const floatDepthwiseConv2dSchema = z
  .strictObject({
    ...nodeBase,
    ...depthwiseFields,
    /** `[kh, kw, channels, 1]`. */
    weights: z.instanceof(Float32Array),
    /** `[channels]`. */
    bias: z.instanceof(Float32Array),
  })
  .readonly();
export type FloatDepthwiseConv2d = z.infer<typeof floatDepthwiseConv2dSchema>;

export const fixedDepthwiseConv2dSchema = z
  .strictObject({
    ...fixedBase,
    ...depthwiseFields,
    weights: weightsSchema,
    activation: activationSchema,
    proof: proofSchema,
  })
  .readonly();
export type FixedDepthwiseConv2d = z.infer<typeof fixedDepthwiseConv2dSchema>;

export function depthwiseConv2dShape(
  op: FloatDepthwiseConv2d | FixedDepthwiseConv2d,
  inputs: readonly Shape[],
): Shape {
  const input = only(inputs, op.id);
  const weights = op.weights instanceof Float32Array ? op.weights : op.weights.mantissas;
  const expected = op.kernel[0] * op.kernel[1] * input[2];
  invariant(
    weights.length === expected,
    `${op.id}: ${weights.length} weights where the shape needs ${expected}`,
  );
  return windowShape(input, op, input[2]);
}
