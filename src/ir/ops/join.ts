/** Where branches meet: addition of two tensors, concatenation of channels. */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { activationSchema, fixedBase, nodeBase, proofSchema, sameShape, type Shape } from '../common.js';

export const floatAddSchema = z.strictObject({ ...nodeBase, kind: z.literal('add') }).readonly();
/** Both inputs are aligned to the finer resolution, added exactly, activated, requantized once. */
export const fixedAddSchema = z
  .strictObject({ ...fixedBase, kind: z.literal('add'), activation: activationSchema, proof: proofSchema })
  .readonly();

export const floatConcatSchema = z.strictObject({ ...nodeBase, kind: z.literal('concat') }).readonly();
/** All inputs have the output's format: the quantizer puts `requantize` nodes before it where they differ. */
export const fixedConcatSchema = z.strictObject({ ...fixedBase, kind: z.literal('concat') }).readonly();

export type FloatAdd = z.infer<typeof floatAddSchema>;
export type FixedAdd = z.infer<typeof fixedAddSchema>;
export type FloatConcat = z.infer<typeof floatConcatSchema>;
export type FixedConcat = z.infer<typeof fixedConcatSchema>;

export function addShape(op: FloatAdd | FixedAdd, inputs: readonly Shape[]): Shape {
  invariant(inputs.length === 2, `${op.id}: add takes two inputs, not ${inputs.length}`);
  invariant(
    sameShape(inputs[0]!, inputs[1]!),
    `${op.id}: add of ${inputs.map((s) => s.join('×')).join(' and ')}`,
  );
  return inputs[0]!;
}

export function concatShape(op: FloatConcat | FixedConcat, inputs: readonly Shape[]): Shape {
  invariant(inputs.length >= 2, `${op.id}: concat takes at least two inputs`);
  const [height, width] = inputs[0]!;
  let channels = 0;
  for (const shape of inputs) {
    invariant(shape[0] === height && shape[1] === width, `${op.id}: concat of images of different size`);
    channels += shape[2];
  }
  return [height, width, channels];
}
