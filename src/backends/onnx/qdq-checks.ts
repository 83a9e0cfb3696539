/** What keeps a fixed graph out of 8-bit QuantizeLinear/DequantizeLinear form. */
import type { UnsupportedReason } from '../../core/errors.js';
import { fractionBits } from '../../fixed/format.js';
import type { FixedGraph } from '../../ir/graph.js';
import {
  isPreprocess,
  isWeighted,
  type FixedNode,
  type FixedNodeOf,
  type WeightedKind,
} from '../../ir/ops/index.js';
import { analyseRanges, FLOAT32_EXACT, type Range, type StageInput } from '../../ir/prove.js';
import { sumBound } from './exact-sum.js';
import { largest } from './tensor.js';

export type Weighted = FixedNodeOf<WeightedKind>;
export type ByteType = 'int8' | 'uint8';

/** How mantissas become bytes: `mantissa − shift` in the type. */
export interface Storage {
  readonly type: ByteType;
  readonly shift: 0 | 128;
}

/**
 * The 8-bit storage of `range`, or null. Without uint8 an unsigned tensor is stored less 128: signed bytes of zero
 * point 0, the 128 in the biases around it.
 */
export function storage(range: Range, uint8: boolean): Storage | null {
  if (range.low >= -128 && range.high <= 127) return { type: 'int8', shift: 0 };
  if (range.low < 0 || range.high > 255) return null;
  return uint8 ? { type: 'uint8', shift: 0 } : { type: 'int8', shift: 128 };
}

export const BYTE_LIMITS = { int8: { low: -128, high: 127 }, uint8: { low: 0, high: 255 } } as const;

/** The largest accumulator of a stage with a proof, before a leaky slope. */
function accumulatorBound(node: FixedNode, inputs: readonly StageInput[]): number {
  if (isWeighted(node)) return sumBound(node.weights.mantissas, node.weights.bias, inputs[0]!.range);
  if (node.kind !== 'add') return 0;
  const fraction = Math.max(...inputs.map((x) => fractionBits(x.format)));
  return inputs.reduce((sum, x) => sum + largest(x.range) * 2 ** (fraction - fractionBits(x.format)), 0);
}

/** What storing less `shift` adds to the accumulators of a stage, in their units. */
function shiftOf(node: FixedNode, inputs: readonly StageInput[], shift: number): number {
  if (!isWeighted(node) && node.kind !== 'add') return 0;
  const fraction = Math.max(...inputs.map((x) => fractionBits(x.format)));
  const finest = isWeighted(node) ? fraction + Math.max(...node.weights.fraction) : fraction;
  return shift * 2 ** (finest - fractionBits(node.format));
}

/** Every reason why `graph` cannot be said in int8 (or, with `uint8`, in 8 bits). */
export function refusals(graph: FixedGraph, uint8: boolean): UnsupportedReason[] {
  const reasons: UnsupportedReason[] = [];
  const analysis = analyseRanges(graph);
  const readByNetwork = new Set(graph.nodes.filter((n) => !isPreprocess(n)).flatMap((n) => n.inputs));
  for (const node of graph.nodes) {
    const { range, inputs } = analysis.get(node.id)!;
    const refuse = (why: string): number => reasons.push({ what: node.id, why });
    const carried = isPreprocess(node) ? readByNetwork.has(node.id) : node.id !== graph.output;
    const stored = storage(range, uint8);
    if (carried && stored === null)
      refuse(`values from ${range.low} to ${range.high} do not fit 8 bits: use fewer, or the dialect fixed`);
    const bound = accumulatorBound(node, inputs) + (carried ? shiftOf(node, inputs, stored?.shift ?? 0) : 0);
    if (bound >= FLOAT32_EXACT) refuse(`sums of up to ${bound} are not exact in float32: use fewer bits`);
    if (!isWeighted(node)) continue;
    const least = uint8 ? -128 : -127;
    if (node.weights.mantissas.some((w) => w < least || w > 127))
      refuse(`weights outside [${least}, 127]: quantize weights to 7 bits${uint8 ? ' or 8' : ''}`);
    if (node.weights.bias.some((b) => Math.abs(b) >= 2 ** 31)) refuse('a bias does not fit int32');
  }
  return reasons;
}
