/**
 * What to do when a stage's partial sums reach 2^24, where float32 stops being exact. ONNX can still compute it
 * exactly when a split of the input channels brings every part below; otherwise the stage is refused, by name and
 * with the cheapest remedy.
 */
import { UserError, invariant } from '../core/errors.js';
import { FLOAT32_EXACT, type ProvenNode, type StageInput } from '../ir/prove.js';

/** Largest magnitude of the partial sums over one input channel (all taps of the window), per whole stage. */
function largestChannelSum(
  node: Extract<ProvenNode, { kind: 'conv2d' | 'dense' }>,
  input: StageInput,
): number {
  const { mantissas, bias } = node.weights;
  const channels = bias.length;
  const perGroup = node.kind === 'conv2d' ? input.shape[2] / node.groups : input.shape[2];
  const positive = new Float64Array(perGroup * channels);
  const negative = new Float64Array(perGroup * channels);
  const { low, high } = input.range;
  mantissas.forEach((w, i) => {
    const at = (Math.floor(i / channels) % perGroup) * channels + (i % channels);
    positive[at]! += Math.max(w * low, w * high, 0);
    negative[at]! -= Math.min(w * low, w * high, 0);
  });
  return Math.max(...[positive, negative].map((sums) => sums.reduce((a, b) => Math.max(a, b), 0)));
}

/** Largest magnitude that has to be exact in float32 however the stage is split. */
function leastExactBound(node: ProvenNode, input: StageInput, reloadable: boolean): number {
  const whole = Math.max(
    node.proof.accumulatorMax.reduce((a, b) => Math.max(a, b), 0),
    -node.proof.accumulatorMin.reduce((a, b) => Math.min(a, b), 0),
  );
  if (node.kind !== 'conv2d' && node.kind !== 'dense') return whole;
  if (!reloadable) return largestChannelSum(node, input);
  const taps = node.kind === 'conv2d' ? node.kernel[0] * node.kernel[1] : 1;
  const { low, high } = input.range;
  return taps * 2 ** (node.weights.width - 1) * Math.max(Math.abs(low), Math.abs(high));
}

/** Throws `UserError` unless `node` is exact in float32 as it is or after a split of its input channels. */
export function checkExactness(node: ProvenNode, inputs: readonly StageInput[], reloadable: boolean): void {
  if (node.proof.float32Exact) return;
  const input = inputs[0];
  invariant(input !== undefined, `${node.id} has no input`);
  const bound = leastExactBound(node, input, reloadable);
  if (bound < FLOAT32_EXACT) return;
  const excess = Math.ceil(Math.log2(bound / FLOAT32_EXACT + Number.EPSILON)) || 1;
  const readsBits = input.format.width;
  const remedy =
    'weights' in node && node.weights.width - excess >= 2
      ? `give ${node.id} ${node.weights.width - excess}-bit weights`
      : `give ${node.inputs.join(' and ')} ${Math.max(readsBits - excess, 2)}-bit activations`;
  throw new UserError(
    `partial sums reach ${bound}, which is not below 2^24: no split of its channels makes it exact in float32`,
    { field: `quantization.layers.${node.id}`, remedy },
  );
}
