/**
 * Refuses, by name and with the cheapest remedy, a stage whose partial sums leave what can be computed exactly:
 * 2^52 for integers and double precision, and 2^24 where the recipe asks that every stage be exact in plain float32
 * (`float32: true`). Without that wish `fixed.onnx` splits such a stage into exact pieces and adds them.
 */
import { UserError, invariant } from '../core/errors.js';
import type { Activation, QuantizedWeights } from '../ir/common.js';
import { FLOAT32_EXACT, reloadableSumBound, type ProvenNode, type StageInput } from '../ir/prove.js';
import { LEAST_BITS } from './recipe.js';

/** Just below where the IR's own proofs stop. */
const INTEGER_EXACT = 2 ** 52;

const magnitude = ({ range }: StageInput): number => Math.max(Math.abs(range.low), Math.abs(range.high));

const slope = (activation: Activation): number =>
  activation.kind === 'leakyRelu' ? Math.max(2 ** activation.alphaFraction, activation.alphaMantissa) : 1;

function dotProductBound(weights: QuantizedWeights, input: StageInput, reloadable: boolean): number {
  if (reloadable) return reloadableSumBound(weights, input);
  const channels = weights.bias.length;
  const sums = Float64Array.from(weights.bias, Math.abs);
  weights.mantissas.forEach((w, i) => (sums[i % channels]! += Math.abs(w) * magnitude(input)));
  return sums.reduce((a, b) => Math.max(a, b), 0);
}

/** A bound of every partial sum of `node`, never below what its proof says. */
export function partialSumBound(
  node: Omit<ProvenNode, 'proof'>,
  inputs: readonly StageInput[],
  reloadable: boolean,
): number {
  const n = node as ProvenNode;
  const first = inputs[0];
  invariant(first !== undefined, `${n.id} has no input`);
  switch (n.kind) {
    case 'conv2d':
    case 'depthwiseConv2d':
    case 'dense':
      return dotProductBound(n.weights, first, reloadable) * slope(n.activation);
    case 'avgPool':
      return n.kernel[0] * n.kernel[1] * magnitude(first) * n.reciprocal;
    case 'globalAvgPool':
      return first.shape[0] * first.shape[1] * magnitude(first) * n.reciprocal;
    case 'add': {
      const fractions = inputs.map((i) => i.format.width - i.format.integer);
      const finest = Math.max(...fractions);
      return (
        inputs.reduce((sum, input, k) => sum + magnitude(input) * 2 ** (finest - fractions[k]!), 0) *
        slope(n.activation)
      );
    }
  }
}

function remedyFor(node: Omit<ProvenNode, 'proof'>, inputs: readonly StageInput[], excess: number): string {
  const weightBits = 'weights' in node ? (node as { weights: QuantizedWeights }).weights.width - excess : 0;
  if (weightBits >= LEAST_BITS) return `give ${node.id} ${weightBits}-bit weights`;
  const bits = Math.max(...inputs.map((i) => i.format.width)) - excess;
  return bits >= LEAST_BITS
    ? `give ${node.inputs.join(' and ')} ${bits}-bit activations`
    : `split ${node.id} into smaller layers`;
}

/** Throws `UserError` when `node` cannot be computed exactly in the way that is asked for. */
export function checkExactness(
  node: Omit<ProvenNode, 'proof'>,
  inputs: readonly StageInput[],
  options: { readonly reloadable: boolean; readonly float32: boolean },
): void {
  const bound = partialSumBound(node, inputs, options.reloadable);
  const limit = options.float32 ? FLOAT32_EXACT : INTEGER_EXACT;
  if (bound < limit) return;
  const excess = Math.floor(Math.log2(bound / limit)) + 1;
  throw new UserError(
    `partial sums may reach ${bound}, exact ${options.float32 ? 'in float32' : 'arithmetic'} ends at 2^${Math.log2(limit)}`,
    { field: `layer ${node.id}`, remedy: remedyFor(node, inputs, excess) },
  );
}
