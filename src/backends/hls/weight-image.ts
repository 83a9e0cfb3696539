/**
 * Images of weights: what `vetoc export weights` writes and firmware with reloadable weights takes in. The format
 * stands in hls-templates/vetoc/reload.h.
 */
import { UserError, invariant, type ErrorPlace } from '../../core/errors.js';
import { fractionBits } from '../../fixed/format.js';
import { fixedShapes, type FixedGraph } from '../../ir/graph.js';
import type { Weighted } from '../dataflow/folding.js';
import { withReloadableWeights } from './reloadable.js';
import { MAX_RELOADED_SHIFT } from './stages/common.js';
import { channelWords, factorWords, wordBytes, wordsCrc } from './part-words.js';
import { structureOf, type WeightLayout, type WeightPart } from './weight-layout.js';

/** "VEW2", the first word. */
const MAGIC = 0x32574556;

/** Refuses a network that the firmware was not made for, and names the first difference. */
function checkStructure(layout: WeightLayout, graph: FixedGraph, place: ErrorPlace): void {
  const lines = structureOf(graph);
  const at = Array.from(
    { length: Math.max(lines.length, layout.structure.length) },
    (_, i) => lines[i] === layout.structure[i],
  ).indexOf(false);
  if (at < 0) return;
  throw new UserError(
    `the network is not the one that the firmware was made for: it has "${lines[at] ?? 'nothing'}" where the firmware has "${layout.structure[at] ?? 'nothing'}"`,
    { ...place, remedy: 'build new firmware with vetoc export hls --reloadable' },
  );
}

/** Left shift of each channel's accumulator; refuses scales that the firmware has no room for. */
function shiftsOf(part: WeightPart, node: Weighted, place: ErrorPlace): number[] {
  const { proof, format } = node;
  if (proof.accumulatorWidth > part.accumulatorWidth)
    throw new UserError(
      `${node.id} needs accumulators of ${proof.accumulatorWidth} bits, the firmware's have ${part.accumulatorWidth}`,
      place,
    );
  return Array.from(proof.accumulatorFraction, (f, c) => {
    const shift = part.rounding - (f - fractionBits(format));
    if (shift < 0 || shift > MAX_RELOADED_SHIFT)
      throw new UserError(
        `${node.id}, channel ${c}: the scale of its weights is beyond the firmware's by 2^${shift < 0 ? -shift : shift - MAX_RELOADED_SHIFT}`,
        { ...place, remedy: 'build new firmware with vetoc export hls --reloadable' },
      );
    return shift;
  });
}

/** The words of a part's channels; refuses biases and scales that the firmware has no room for. */
function checkedChannelWords(node: Weighted, part: WeightPart, place: ErrorPlace): number[] {
  const shifts = shiftsOf(part, node, place);
  node.weights.bias.forEach((bias, c) => {
    if (bias < part.biasLow || bias > part.biasHigh)
      throw new UserError(
        `${node.id}, channel ${c}: the bias ${bias} is not within ${part.biasLow} and ${part.biasHigh}, which the firmware has room for`,
        { ...place, remedy: 'build new firmware with vetoc export hls --reloadable' },
      );
  });
  return channelWords(node.weights.bias, shifts);
}

/**
 * The image that gives firmware of `layout` the weights and the threshold of `network`. `place` stands in errors.
 * Throws `UserError` where the firmware cannot take them.
 */
export function weightImage(layout: WeightLayout, network: FixedGraph, place: ErrorPlace = {}): Uint32Array {
  checkStructure(layout, network, place);
  const graph = withReloadableWeights(network);
  const shapes = fixedShapes(graph);
  const words: number[] = [MAGIC, layout.design];
  for (const part of layout.parts) {
    const node = graph.nodes.find((n) => n.id === part.node) as Weighted;
    const own = [
      ...factorWords(node, part.folding, shapes.get(node.inputs[0]!)!),
      ...checkedChannelWords(node, part, place),
    ];
    invariant(
      own.length === part.words,
      `the part of ${part.node} has ${own.length} words, not ${part.words}`,
    );
    words.push(...own);
  }
  words.push(((graph.threshold % 2 ** 32) + 2 ** 32) % 2 ** 32);
  return Uint32Array.from([...words, wordsCrc(words)]);
}

/** The bytes of an image: little-endian words. */
export const imageBytes = (image: Uint32Array): Uint8Array => wordBytes(image);
