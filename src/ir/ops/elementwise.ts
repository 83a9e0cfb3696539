/** Ops on one value at a time, and the one that only renames positions. */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { elements, fixedBase, nodeBase, only, type Shape } from '../common.js';

export const reluSchema = z.strictObject({ ...nodeBase, kind: z.literal('relu') }).readonly();
export const clipSchema = z
  .strictObject({ ...nodeBase, kind: z.literal('clip'), min: z.number(), max: z.number() })
  .readonly();
export const leakyReluSchema = z
  .strictObject({ ...nodeBase, kind: z.literal('leakyRelu'), /** Slope below zero. */ alpha: z.number() })
  .readonly();
/** `y = scale * x + offset` per channel: what batch normalisation is at inference. */
export const batchNormSchema = z
  .strictObject({
    ...nodeBase,
    kind: z.literal('batchNorm'),
    gamma: z.instanceof(Float32Array),
    beta: z.instanceof(Float32Array),
    mean: z.instanceof(Float32Array),
    variance: z.instanceof(Float32Array),
    epsilon: z.number().positive(),
  })
  .readonly();
/** `[h, w, c]` to `[1, 1, h*w*c]`, row-major. */
export const floatFlattenSchema = z.strictObject({ ...nodeBase, kind: z.literal('flatten') }).readonly();
export const fixedFlattenSchema = z.strictObject({ ...fixedBase, kind: z.literal('flatten') }).readonly();
/** A change of format without arithmetic: rounds and saturates as the new format says. */
export const requantizeSchema = z.strictObject({ ...fixedBase, kind: z.literal('requantize') }).readonly();

export type BatchNormOp = z.infer<typeof batchNormSchema>;

export const sameAsInput = (op: { readonly id: string }, inputs: readonly Shape[]): Shape =>
  only(inputs, op.id);

export function batchNormShape(op: BatchNormOp, inputs: readonly Shape[]): Shape {
  const shape = only(inputs, op.id);
  for (const values of [op.gamma, op.beta, op.mean, op.variance])
    invariant(values.length === shape[2], `${op.id}: ${values.length} parameters for ${shape[2]} channels`);
  return shape;
}

export const flattenShape = (op: { readonly id: string }, inputs: readonly Shape[]): Shape => [
  1,
  1,
  elements(only(inputs, op.id)),
];
