/** Fully connected layer on a vector `[1, 1, channels]`. */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import {
  activationSchema,
  fixedBase,
  nodeBase,
  only,
  proofSchema,
  weightsSchema,
  type Shape,
} from '../common.js';

export const floatDenseSchema = z
  .strictObject({
    ...nodeBase,
    kind: z.literal('dense'),
    /** `[cin, cout]`. */
    weights: z.instanceof(Float32Array),
    /** `[cout]`. */
    bias: z.instanceof(Float32Array),
  })
  .readonly();
export type FloatDense = z.infer<typeof floatDenseSchema>;

export const fixedDenseSchema = z
  .strictObject({
    ...fixedBase,
    kind: z.literal('dense'),
    weights: weightsSchema,
    activation: activationSchema,
    proof: proofSchema,
  })
  .readonly();
export type FixedDense = z.infer<typeof fixedDenseSchema>;

export function denseShape(op: FloatDense | FixedDense, inputs: readonly Shape[]): Shape {
  const [height, width, channels] = only(inputs, op.id);
  invariant(height === 1 && width === 1, `${op.id}: a dense layer takes a vector, not ${height}×${width}`);
  const bias = op.weights instanceof Float32Array ? (op as FloatDense).bias : op.weights.bias;
  const weights = op.weights instanceof Float32Array ? op.weights : op.weights.mantissas;
  invariant(
    weights.length === channels * bias.length,
    `${op.id}: ${weights.length} weights where the shape needs ${channels * bias.length}`,
  );
  return [1, 1, bias.length];
}
