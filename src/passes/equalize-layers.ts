/**
 * Cross-layer equalisation (Nagel et al., "Data-free quantization through weight equalization and bias
 * correction", 2019): scaling channel c of one layer by s and its reader's weights by 1/s changes nothing through
 * an activation with f(s·x) = s·f(x), and makes channels alike, so that one format serves them all.
 *
 * Here s is a power of two: the graph's meaning is kept bit for bit. Since weights have a scale per output channel,
 * what counts of the first layer is the size of its outputs; the measure is |bias| + 3·‖weights‖ unless
 * calibration supplies the true one.
 */
import type { NodeId } from '../ir/common.js';
import { findNode, type FloatGraph } from '../ir/graph.js';
import { channelPairs, inputChannels, type ChannelPair } from './channels.js';
import { isWeighted, replaceNodes } from './rewrite.js';

/** Largest activation magnitude of each output channel, by node. */
export type ChannelMagnitudes = ReadonlyMap<NodeId, Float64Array>;

/** At most this many doublings either way: beyond, the channel hardly matters and float32 range is lost. */
const MOST_DOUBLINGS = 8;

function outputSizes({ from }: ChannelPair): Float64Array {
  const channels = from.bias.length;
  const squares = new Float64Array(channels);
  from.weights.forEach((w, i) => (squares[i % channels]! += w * w));
  return squares.map((s, c) => Math.abs(from.bias[c]!) + 3 * Math.sqrt(s));
}

function readerSizes({ to, from }: ChannelPair, channelOf: Int32Array): Float64Array {
  const sizes = new Float64Array(from.bias.length);
  to.weights.forEach((w, i) => {
    const c = channelOf[i]!;
    sizes[c] = Math.max(sizes[c]!, Math.abs(w));
  });
  return sizes;
}

const homogeneous = (pair: ChannelPair): boolean => pair.activations.every((a) => a.kind !== 'clip');

/** `graph` with every pair of layers equalised once, in graph order. Exact: all scales are powers of two. */
export function equalizeLayers(graph: FloatGraph, magnitudes?: ChannelMagnitudes): FloatGraph {
  let result = graph;
  for (const found of channelPairs(graph)) {
    if (!homogeneous(found)) continue;
    const from = findNode(result, found.from.id);
    const to = findNode(result, found.to.id);
    if (!isWeighted(from) || !isWeighted(to)) continue;
    const pair = { ...found, from, to };
    const channelOf = inputChannels(result, pair);
    const outputs = magnitudes?.get(from.id) ?? outputSizes(pair);
    const readers = readerSizes(pair, channelOf);
    const scale = Float64Array.from(outputs, (out, c) => {
      const ratio = Math.sqrt(readers[c]! / out);
      if (!Number.isFinite(ratio) || ratio === 0) return 1;
      return 2 ** Math.min(Math.max(Math.round(Math.log2(ratio)), -MOST_DOUBLINGS), MOST_DOUBLINGS);
    });
    result = replaceNodes(
      result,
      new Map([
        [
          from.id,
          {
            ...from,
            weights: from.weights.map((w, i) => w * scale[i % scale.length]!),
            bias: from.bias.map((b, c) => b * scale[c]!),
          },
        ],
        [to.id, { ...to, weights: to.weights.map((w, i) => w / scale[channelOf[i]!]!) }],
      ]),
    );
  }
  return result;
}
