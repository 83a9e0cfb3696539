/**
 * Removes channels that cannot matter: those that nothing multiplies by anything but 0, and those that are 0 for
 * every frame because their weights are 0 and their activation makes 0 of the bias. Keeps the meaning exactly.
 */
import { UserError } from '../core/errors.js';
import { findNode, type FloatGraph } from '../ir/graph.js';
import { channelPairs, inputChannels, type ChannelPair } from './channels.js';
import {
  applyActivation,
  isWeighted,
  withChannels,
  type ActivationNode,
  type FloatNode,
} from '../ir/ops/index.js';
import { replaceNodes } from './rewrite.js';

const activate = (value: number, activations: readonly ActivationNode[], channel: number): number =>
  activations.reduce((v, a) => applyActivation(a, v, channel), value);

/** Per channel of `pair.from`: whether it may go. */
function deadChannels(pair: ChannelPair, channelOf: Int32Array): boolean[] {
  const { from, to, activations } = pair;
  const channels = from.bias.length;
  const hasWeights = new Array<boolean>(channels).fill(false);
  from.weights.forEach((w, i) => {
    if (w !== 0) hasWeights[i % channels] = true;
  });
  const isRead = new Array<boolean>(channels).fill(false);
  to.weights.forEach((w, i) => {
    if (w !== 0) isRead[channelOf[i]!] = true;
  });
  return hasWeights.map((has, c) => !isRead[c] || (!has && activate(from.bias[c]!, activations, c) === 0));
}

const canPrune = ({ from, to }: ChannelPair): boolean =>
  (from.kind === 'dense' || (from.kind === 'conv2d' && from.groups === 1)) &&
  (to.kind === 'dense' || (to.kind === 'conv2d' && to.groups === 1));

function dropped(pair: ChannelPair, dead: readonly boolean[], channelOf: Int32Array): readonly FloatNode[] {
  const { from, to, activations } = pair;
  const channels = from.bias.length;
  return [
    ...activations.map((a) => withChannels(a, (i) => !dead[i % channels]!)),
    {
      ...from,
      weights: from.weights.filter((_, i) => !dead[i % channels]!),
      bias: from.bias.filter((_, c) => !dead[c]!),
    },
    { ...to, weights: to.weights.filter((_, i) => !dead[channelOf[i]!]!) },
  ];
}

/** Throws `UserError` when a whole layer is dead. */
export function pruneDeadChannels(graph: FloatGraph): FloatGraph {
  let result = graph;
  // From the end: a channel that is not read any more may leave its own inputs unread.
  for (const found of channelPairs(graph).toReversed()) {
    const from = findNode(result, found.from.id);
    const to = findNode(result, found.to.id);
    if (!isWeighted(from) || !isWeighted(to)) continue;
    const pair = { ...found, from, to };
    if (!canPrune(pair)) continue;
    const channelOf = inputChannels(result, pair);
    const dead = deadChannels(pair, channelOf);
    if (!dead.includes(true)) continue;
    if (!dead.includes(false))
      throw new UserError(`dead layer: no channel of ${from.id} reaches ${to.id}`, {
        remedy: 'train again with another seed or a lower learning rate',
      });
    result = replaceNodes(result, new Map(dropped(pair, dead, channelOf).map((node) => [node.id, node])));
  }
  return result;
}
