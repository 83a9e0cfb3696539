/**
 * A network that its file quantizes itself, taken as the fixed-point network that the file states: every rounding to
 * steps of a power of two is a format of the fixed graph, and what the file does not round is not rounded here.
 */
import { bitsFor, format, maxMantissa, minMantissa, type Format } from '../fixed/format.js';
import type { NodeId } from '../ir/common.js';
import { findNode, quantizerOf, type FloatGraph, type Quantizer } from '../ir/graph.js';
import { isActivation, traitsOf, type FloatNode } from '../ir/ops/index.js';
import type { Quantization } from './recipe.js';
import { removeNode, soleConsumer } from './rewrite.js';

/** The widest format that is taken from a file, or for values that it does not round: exact in float32. */
export const MOST_STATED_BITS = 24;

/** Whether the formats of `graph`'s file are taken over. */
export const isStated = (
  graph: FloatGraph,
  { asStated }: Pick<Quantization, 'asStated'>,
): graph is FloatGraph & Required<Pick<FloatGraph, 'quantizers'>> =>
  asStated && graph.quantizers !== undefined;

/** The format in which a file rounds; null where its step is no power of two or its width above `MOST_STATED_BITS`. */
export function statedFormat({ scale, min, max, rounding }: Quantizer): Format | null {
  const exponent = Math.log2(scale);
  if (!Number.isInteger(exponent)) return null;
  const [low, high] = [min / scale, max / scale];
  if (!Number.isInteger(low) || !Number.isInteger(high) || high - low >= 2 ** MOST_STATED_BITS) return null;
  const width = bitsFor(Math.min(low, 0), Math.max(high, 0), low < 0);
  return width > MOST_STATED_BITS ? null : format(low < 0, width, width + exponent, rounding);
}

/** Whether a stage ends with `node`: limits behind it are the saturation of its format, or a stage of their own. */
function endsStage(node: FloatNode): boolean {
  const { keepsFormat, sums, fuses } = traitsOf(node);
  return keepsFormat === true || (sums === true && fuses !== true) || isActivation(node);
}

/** Whether the limits of `node` are those at which its format saturates. */
function saturates(node: FloatNode, quantizer: Quantizer): boolean {
  const stated = statedFormat(quantizer);
  if (node.kind !== 'clip' || stated === null) return false;
  const { scale } = quantizer;
  return node.min <= minMantissa(stated) * scale && node.max >= maxMantissa(stated) * scale;
}

/** `graph` with `quantizer` on another node. */
function movedTo(graph: FloatGraph, from: NodeId, to: NodeId, quantizer: Quantizer): FloatGraph {
  const quantizers = { ...graph.quantizers, [to]: quantizer };
  const rest = Object.entries(quantizers).filter(([id]) => id !== from);
  return { ...graph, quantizers: Object.fromEntries(rest) };
}

/** Roundings behind pools, concatenations and tables become the formats of these. The meaning is kept. */
export function placeQuantizers(graph: FloatGraph): FloatGraph {
  let result = graph;
  for (const { id, inputs } of graph.nodes) {
    const quantizer = quantizerOf(result, id);
    const [from] = inputs;
    if (quantizer === null || from === undefined) continue;
    const node = findNode(result, id);
    const before = findNode(result, node.inputs[0]!);
    const isAlone = soleConsumer(result, before.id)?.id === id && quantizerOf(result, before.id) === null;
    if (!endsStage(before) || !isAlone || !saturates(node, quantizer)) continue;
    result = removeNode(movedTo(result, id, before.id, quantizer), id, before.id);
  }
  return result;
}

/** The network as floats alone: how its file rounds is forgotten. */
export function withoutQuantizers({ quantizers: _forgotten, ...graph }: FloatGraph): FloatGraph {
  return graph;
}
