/** What convolutions and dense layers share: trained weights, a bias, an activation of their own. */
import { z } from 'zod';
import { fractionBits } from '../../fixed/format.js';
import { activationSchema } from '../activations.js';
import { proofSchema, weightsSchema, type QuantizedWeights } from '../common.js';
import type { SourceFacts, Sum } from './record.js';

export const floatWeighted = {
  /** Output channels last, but for a depthwise convolution's multiplier of 1. */
  weights: z.instanceof(Float32Array),
  /** `[cout]`. */
  bias: z.instanceof(Float32Array),
};

export const fixedWeighted = { weights: weightsSchema, activation: activationSchema, proof: proofSchema };

type AnyWeights =
  { readonly weights: Float32Array; readonly bias: Float32Array } | { readonly weights: QuantizedWeights };

/** Numbers of weights and of output channels. */
export const sizesOf = (op: AnyWeights): { readonly weights: number; readonly channels: number } =>
  'bias' in op
    ? { weights: op.weights.length, channels: op.bias.length }
    : { weights: op.weights.mantissas.length, channels: op.weights.bias.length };

export const weightedSum = (weights: QuantizedWeights, [input]: readonly SourceFacts[]): Sum => ({
  channels: weights.bias.length,
  parts: [{ source: 0, weights: weights.mantissas, repeat: 1 }],
  bias: weights.bias,
  fraction: (c) => weights.fraction[c]! + fractionBits(input!.format),
});
