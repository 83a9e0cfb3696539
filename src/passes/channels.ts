/**
 * Which layer alone reads the channels of another: the pairs on which equalisation and pruning work.
 */
import { floatShapes, type FloatGraph } from '../ir/graph.js';
import { isActivation, isWeighted, traitsOf, type ActivationNode, type FloatNode } from '../ir/ops/index.js';
import { soleConsumer, type WeightedNode } from './rewrite.js';

/** `from` feeds only `to`, through activations and ops that treat every channel alike and by itself. */
export interface ChannelPair {
  readonly from: WeightedNode;
  readonly to: WeightedNode;
  /** The activations in between, in order. */
  readonly activations: readonly ActivationNode[];
}

function follow(graph: FloatGraph, from: WeightedNode): ChannelPair | null {
  const activations: ActivationNode[] = [];
  let node: FloatNode | null = soleConsumer(graph, from.id);
  while (node !== null) {
    if (isWeighted(node)) return { from, to: node, activations };
    if (isActivation(node)) activations.push(node);
    else if (traitsOf(node).keepsChannels === undefined) return null;
    node = soleConsumer(graph, node.id);
  }
  return null;
}

export const channelPairs = (graph: FloatGraph): readonly ChannelPair[] =>
  graph.nodes.filter(isWeighted).flatMap((node) => follow(graph, node) ?? []);

/**
 * For every weight of `to`, the channel of `from` that it multiplies. After a flatten a dense layer has many
 * weights for one channel.
 */
export function inputChannels(graph: FloatGraph, pair: ChannelPair): Int32Array {
  const { to, from } = pair;
  const shapes = floatShapes(graph);
  const channels = from.bias.length;
  const outputs = to.bias.length;
  const readsFrom = shapes.get(to.inputs[0]!)![2];
  return Int32Array.from(to.weights, (_, i) => {
    if (to.kind === 'depthwiseConv2d') return i % channels;
    const row = Math.floor(i / outputs);
    if (to.kind === 'dense') return row % channels;
    const perGroup = readsFrom / to.groups;
    const group = Math.floor((i % outputs) / (outputs / to.groups));
    return group * perGroup + (row % perGroup);
  });
}
