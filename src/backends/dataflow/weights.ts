/** Weights in the order in which the multipliers take them: one row of factors for each cycle. */
import { bitsFor } from '../../fixed/format.js';
import { gainOf } from '../../ir/activations.js';
import type { Shape } from '../../ir/common.js';
import type { Weighted } from './folding.js';
import type { Folding } from './plan.js';

export interface WeightSteps {
  readonly steps: number;
  readonly multipliers: number;
  /** `[steps][multipliers]`, row-major; a row is [output lane][value]. */
  readonly values: Int32Array;
}

/** `weights[step]` of hls-templates/vetoc/matrix_vector.h and depthwise_conv2d.h. */
export function weightSteps(node: Weighted, input: Shape, folding: Folding): WeightSteps {
  return node.kind === 'depthwiseConv2d'
    ? depthwiseSteps(node, input, folding)
    : matrixSteps(node, input, folding);
}

function matrixSteps(
  node: Exclude<Weighted, { kind: 'depthwiseConv2d' }>,
  input: Shape,
  { inLanes, outLanes, tapFold }: Folding,
): WeightSteps {
  const kernel = node.kind === 'dense' ? 1 : node.kernel[0] * node.kernel[1];
  const groups = node.kind === 'dense' ? 1 : node.groups;
  const channels = node.weights.bias.length;
  const groupInputs = input[2] / groups;
  const groupOutputs = channels / groups;
  const words = groupInputs / inLanes;
  const outFold = groupOutputs / outLanes;
  const part = (kernel * inLanes) / tapFold;
  const steps = groups * words * tapFold * outFold;
  const multipliers = part * outLanes;
  const values = new Int32Array(steps * multipliers);
  let i = 0;
  for (let g = 0; g < groups; g++)
    for (let w = 0; w < words; w++)
      for (let t = 0; t < tapFold; t++)
        for (let o = 0; o < outFold; o++)
          for (let p = 0; p < outLanes; p++)
            for (let k = 0; k < part; k++) {
              const tap = t * part + k;
              const row = Math.floor(tap / inLanes) * groupInputs + w * inLanes + (tap % inLanes);
              values[i++] = node.weights.mantissas[row * channels + g * groupOutputs + o * outLanes + p]!;
            }
  return { steps, multipliers, values };
}

function depthwiseSteps(
  node: Extract<Weighted, { kind: 'depthwiseConv2d' }>,
  input: Shape,
  { inLanes, tapFold }: Folding,
): WeightSteps {
  const channels = input[2];
  const part = (node.kernel[0] * node.kernel[1]) / tapFold;
  const groups = channels / inLanes;
  const values = new Int32Array(node.weights.mantissas.length);
  let i = 0;
  for (let g = 0; g < groups; g++)
    for (let t = 0; t < tapFold; t++)
      for (let l = 0; l < inLanes; l++)
        for (let k = 0; k < part; k++)
          values[i++] = node.weights.mantissas[(t * part + k) * channels + g * inLanes + l]!;
  return { steps: groups * tapFold, multipliers: part * inLanes, values };
}

/** What the bias of a channel may be: from the biases themselves, or all that the proof allows for (worst case). */
export function biasLimit(node: Weighted): { readonly below: number; readonly above: number } {
  const { bias } = node.weights;
  if (!node.proof.worstCase)
    return {
      below: -bias.reduce((a, b) => Math.min(a, b), 0),
      above: bias.reduce((a, b) => Math.max(a, b), 0),
    };
  // The proof counts products below 2^(bits - 1) and a bias of as many signed bits, both scaled by a leaky ReLU.
  const bits = bitsFor(0, node.proof.accumulatorMax[0]! / gainOf(node.activation, 0));
  return { below: 2 ** (bits - 1), above: 2 ** (bits - 1) - 1 };
}
