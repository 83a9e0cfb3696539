/**
 * Cross-layer equalisation (after Nagel et al., "Data-free quantization through weight equalization and bias
 * correction", 2019): scaling channel c of one layer by s_c and its reader's weights by 1/s_c changes nothing
 * through an activation with f(s·x) = s·f(x), and makes channels alike, so that one format serves them all.
 *
 * Here every s_c is a power of two, so the graph's meaning is kept bit for bit, and is chosen by the noise that it
 * leaves at the reader's output: rounding of activations (one step for all channels) against rounding of the
 * reader's weights (one step for each of its outputs), with the activations that calibration saw.
 */
import type { NodeId } from '../ir/common.js';
import { findNode, type FloatGraph } from '../ir/graph.js';
import { createNoise, type NoiseModel, type ReaderWeights } from './equalization-noise.js';
import { channelPairs, inputChannels, type ChannelPair } from './channels.js';
import { isWeighted, traitsOf } from '../ir/ops/index.js';
import { replaceNodes, type WeightedNode } from './rewrite.js';

/** What was seen of every channel of a tensor. */
export interface ChannelStats {
  readonly largest: Float64Array;
  readonly meanSquare: Float64Array;
}

/** Pairs of more channels × outputs are left alone: their tables would not fit into memory. */
const MOST_PAIRS = 2 ** 24;
const MOST_SWEEPS = 20;
/** At most this many doublings either way: float32 range and bias resolution are finite. */
const MOST_DOUBLINGS = 10;

function readerWeights({ from, to }: ChannelPair, channelOf: Int32Array): ReaderWeights {
  const channels = from.bias.length;
  const outputs = to.bias.length;
  const squares = new Float64Array(channels * outputs);
  const largest = new Float64Array(channels * outputs);
  to.weights.forEach((w, i) => {
    const at = channelOf[i]! * outputs + (i % outputs);
    squares[at]! += w * w;
    largest[at] = Math.max(largest[at]!, Math.abs(w));
  });
  return { outputs, squares, largest, taps: to.weights.length / outputs / channels };
}

/**
 * How far each channel may be scaled up: until what it is before its activation reaches as far as the widest channel
 * does behind it. A channel that calibration never saw active seems to cost nothing at any scale; other frames may
 * wake it, and then it would take the range of all channels.
 */
export function mostScales(before: ChannelStats, behind: ChannelStats): Float64Array {
  const reach = behind.largest.reduce((a, b) => Math.max(a, b), 0);
  return before.largest.map((v) => (v === 0 ? 1 : Math.max(1, reach / v)));
}

/** Powers of two up to `most` by coordinate descent on the noise; all 1 where nothing helps. */
export function bestScales(model: NoiseModel, most: Float64Array): Float64Array<ArrayBuffer> {
  const scales = new Float64Array(model.largest.length).fill(1);
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    // Anew for every sweep, so that rounding of its running sums does not pile up.
    const noise = createNoise(model, scales);
    let least = noise.with(0, scales[0]!);
    let changed = false;
    for (let c = 0; c < scales.length; c++)
      for (const factor of [2, 0.5]) {
        const scale = scales[c]! * factor;
        if ((factor > 1 && scale > most[c]!) || Math.abs(Math.log2(scale)) > MOST_DOUBLINGS) continue;
        const value = noise.with(c, scale);
        if (value >= least * (1 - 1e-9)) continue;
        least = value;
        changed = true;
        scales[c] = scale;
        noise.set(c, scale);
      }
    if (!changed) break;
  }
  return scales;
}

const homogeneous = (pair: ChannelPair): boolean =>
  pair.activations.every((a) => traitsOf(a).homogeneous === true);

function scaled(pair: ChannelPair, scale: Float64Array, channelOf: Int32Array): readonly WeightedNode[] {
  const { from, to } = pair;
  return [
    {
      ...from,
      weights: from.weights.map((w, i) => w * scale[i % scale.length]!),
      bias: from.bias.map((b, c) => b * scale[c]!),
    },
    { ...to, weights: to.weights.map((w, i) => w / scale[channelOf[i]!]!) },
  ];
}

export interface EqualizeOptions {
  /** By tensor, of the graph as it is given. */
  readonly seen: ReadonlyMap<NodeId, ChannelStats>;
  readonly activationBits: number;
  readonly weightBits: number;
}

/** `graph` with every pair of layers equalised once, in graph order. Exact: all scales are powers of two. */
export function equalizeLayers(graph: FloatGraph, options: EqualizeOptions): FloatGraph {
  let result = graph;
  for (const found of channelPairs(graph)) {
    const from = findNode(result, found.from.id);
    const to = findNode(result, found.to.id);
    const before = options.seen.get(found.from.id);
    const behind = options.seen.get(found.activations.at(-1)?.id ?? found.from.id);
    if (!homogeneous(found) || !isWeighted(from) || !isWeighted(to)) continue;
    if (before === undefined || behind === undefined) continue;
    if (from.bias.length * to.bias.length > MOST_PAIRS) continue;
    const pair = { ...found, from, to };
    const channelOf = inputChannels(result, pair);
    const reader = readerWeights(pair, channelOf);
    const scales = bestScales({ ...options, ...behind, reader }, mostScales(before, behind));
    result = replaceNodes(result, new Map(scaled(pair, scales, channelOf).map((node) => [node.id, node])));
  }
  return result;
}
