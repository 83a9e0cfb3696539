/** Pooling: the largest or the mean of a window, or of the whole image. */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import {
  fixedBase,
  nodeBase,
  NO_PADDING,
  only,
  proofSchema,
  windowFields,
  windowShape,
  type Shape,
} from '../common.js';

/** Padded positions never win. */
const maxPoolFields = { kind: z.literal('maxPool'), ...windowFields };
export const floatMaxPoolSchema = z.strictObject({ ...nodeBase, ...maxPoolFields }).readonly();
export const fixedMaxPoolSchema = z.strictObject({ ...fixedBase, ...maxPoolFields }).readonly();

/** Padded positions count as zeros (ONNX: `count_include_pad = 1`). */
const avgPoolFields = { kind: z.literal('avgPool'), ...windowFields };
const globalAvgPoolFields = { kind: z.literal('globalAvgPool') };
const globalMaxPoolFields = { kind: z.literal('globalMaxPool') };

/** The exact sum times `reciprocal * 2^-reciprocalFraction`, requantized once. */
const reciprocalFields = {
  reciprocal: z
    .int()
    .min(1)
    .max(1 << 20),
  reciprocalFraction: z.int().min(0).max(48),
  proof: proofSchema,
};

export const floatAvgPoolSchema = z.strictObject({ ...nodeBase, ...avgPoolFields }).readonly();
export const fixedAvgPoolSchema = z
  .strictObject({ ...fixedBase, ...avgPoolFields, ...reciprocalFields })
  .readonly();
export const floatGlobalAvgPoolSchema = z.strictObject({ ...nodeBase, ...globalAvgPoolFields }).readonly();
export const fixedGlobalAvgPoolSchema = z
  .strictObject({ ...fixedBase, ...globalAvgPoolFields, ...reciprocalFields })
  .readonly();
export const floatGlobalMaxPoolSchema = z.strictObject({ ...nodeBase, ...globalMaxPoolFields }).readonly();
export const fixedGlobalMaxPoolSchema = z.strictObject({ ...fixedBase, ...globalMaxPoolFields }).readonly();

export type FloatMaxPool = z.infer<typeof floatMaxPoolSchema>;
export type FixedMaxPool = z.infer<typeof fixedMaxPoolSchema>;
export type FloatAvgPool = z.infer<typeof floatAvgPoolSchema>;
export type FixedAvgPool = z.infer<typeof fixedAvgPoolSchema>;

export function poolShape(
  op: FloatMaxPool | FixedMaxPool | FloatAvgPool | FixedAvgPool,
  inputs: readonly Shape[],
): Shape {
  const input = only(inputs, op.id);
  const [top, left, bottom, right] = op.kind === 'maxPool' ? op.padding : NO_PADDING;
  invariant(
    Math.max(top, bottom) < op.kernel[0] && Math.max(left, right) < op.kernel[1],
    `${op.id}: padding as large as the window leaves windows with nothing in them`,
  );
  return windowShape(input, op, input[2]);
}

export const globalPoolShape = (op: { readonly id: string }, inputs: readonly Shape[]): Shape => [
  1,
  1,
  only(inputs, op.id)[2],
];
