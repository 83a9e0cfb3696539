/**
 * Refuses, by name and with the cheapest remedy, a stage whose partial sums leave what can be computed exactly:
 * 2^52 for integers and double precision, and 2^24 where the recipe asks that every stage be exact in plain float32
 * (`float32: true`). Without that wish `fixed.onnx` splits such a stage into exact pieces and adds them.
 */
import { UserError } from '../core/errors.js';
import { largestGain } from '../ir/activations.js';
import {
  activationOf,
  FLOAT32_EXACT,
  largestSum,
  reloadableSumBound,
  stageSum,
  type StageInput,
  type UnprovenStage,
} from '../ir/prove.js';
import { LEAST_BITS } from './recipe.js';

/** Just below where the IR's own proofs stop. */
const INTEGER_EXACT = 2 ** 52;

/** A bound of every partial sum of `node`, never below what its proof says. */
export function partialSumBound(
  node: UnprovenStage,
  inputs: readonly StageInput[],
  reloadable: boolean,
): number {
  const bound =
    reloadable && 'weights' in node
      ? reloadableSumBound(node.weights, inputs[0]!)
      : largestSum(
          stageSum(node, inputs),
          inputs.map((i) => i.range),
        );
  return bound * largestGain(activationOf(node));
}

function remedyFor(node: UnprovenStage, inputs: readonly StageInput[], excess: number): string {
  const weightBits = 'weights' in node ? node.weights.width - excess : 0;
  if (weightBits >= LEAST_BITS) return `give ${node.id} ${weightBits}-bit weights`;
  const bits = Math.max(...inputs.map((i) => i.format.width)) - excess;
  return bits >= LEAST_BITS
    ? `give ${node.inputs.join(' and ')} ${bits}-bit activations`
    : `split ${node.id} into smaller layers`;
}

/** Throws `UserError` when `node` cannot be computed exactly in the way that is asked for. */
export function checkExactness(
  node: UnprovenStage,
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
