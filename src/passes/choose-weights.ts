/**
 * How the weights of a stage become mantissas: to nearest or adaptively, and with the bias corrected for what the
 * rounding does to the mean of the output (Nagel et al. 2019, section 4.2, with means from calibration).
 */
import { channelMeans, type Ranges } from '../calibrate/ranges.js';
import { fractionBits } from '../fixed/format.js';
import type { NodeId } from '../ir/common.js';
import type { StageInput } from '../ir/prove.js';
import { covariance, roundChannel } from './adaptive-rounding.js';
import type { Moments } from './input-moments.js';
import {
  quantizeWeights,
  roundToNearest,
  type ChannelRounder,
  type ChannelWeights,
} from './quantize-weights.js';
import type { WeightedNode } from './rewrite.js';

/** What is known of the inputs of the layers. */
export interface InputKnowledge {
  readonly ranges: Ranges;
  /** Second moments; layers without are rounded to nearest. */
  readonly moments: ReadonlyMap<NodeId, Moments>;
}

/** Mantissas, scales and the real-valued bias to go with them. */
export interface StageWeights extends ChannelWeights {
  readonly bias: ArrayLike<number>;
}
export type WeightChooser = (
  node: WeightedNode,
  /** The float tensor that the node reads. */
  tensor: NodeId,
  input: StageInput,
  width: number,
) => StageWeights;

/** To nearest, bias as it is. */
export const nearestWeights: WeightChooser = (node, _tensor, input, width) => ({
  ...quantizeWeights(node.weights, node.bias, width, fractionBits(input.format)),
  bias: node.bias,
});

const groupOf = (node: WeightedNode, channel: number): number =>
  node.kind === 'conv2d' ? Math.floor(channel / (node.bias.length / node.groups)) : 0;

/** Mean of the input that each weight of output channel `channel` multiplies. */
function termMeans(node: WeightedNode, channel: number, means: ArrayLike<number>): Float64Array<ArrayBuffer> {
  const terms = node.weights.length / node.bias.length;
  if (node.kind === 'depthwiseConv2d') return new Float64Array(terms).fill(means[channel]!);
  if (node.kind === 'dense') return Float64Array.from(means);
  const perGroup = terms / (node.kernel[0] * node.kernel[1]);
  const first = groupOf(node, channel) * perGroup;
  return Float64Array.from({ length: terms }, (_, k) => means[first + (k % perGroup)]!);
}

function adaptiveRounder(node: WeightedNode, moments: Moments, width: number): ChannelRounder {
  const covariances = moments.matrices.map((m, g) => covariance(m, moments.means[g]!));
  return (weights, channel, most) => roundChannel(weights, covariances[groupOf(node, channel)]!, width, most);
}

function correctedBias(
  node: WeightedNode,
  chosen: ChannelWeights,
  meansOf: (c: number) => Float64Array,
): Float64Array {
  const channels = node.bias.length;
  return Float64Array.from(node.bias, (b, c) => {
    const unit = 2 ** -chosen.fraction[c]!;
    return meansOf(c).reduce((bias, mean, k) => {
      const at = k * channels + c;
      return bias - (chosen.mantissas[at]! * unit - node.weights[at]!) * mean;
    }, b);
  });
}

/** A chooser with knowledge of the data. */
export function informedWeights(
  { ranges, moments }: InputKnowledge,
  options: { readonly biasCorrection: boolean; readonly adaptiveRounding: boolean },
): WeightChooser {
  return (node, tensor, input, width) => {
    const known = options.adaptiveRounding ? moments.get(node.id) : undefined;
    const round = known === undefined ? roundToNearest(width) : adaptiveRounder(node, known, width);
    const chosen = quantizeWeights(node.weights, node.bias, width, fractionBits(input.format), round);
    const stats = ranges.tensors.get(tensor);
    if (!options.biasCorrection || stats === undefined) return { ...chosen, bias: node.bias };
    const means = channelMeans(stats);
    const meansOf = (c: number): Float64Array =>
      known === undefined ? termMeans(node, c, means) : known.means[groupOf(node, c)]!;
    return { ...chosen, bias: correctedBias(node, chosen, meansOf) };
  };
}
