/** What keeps layers of a fixed graph out of 8-bit QuantizeLinear/DequantizeLinear form. */
import type { UnsupportedReason } from '../../core/errors.js';
import { fractionBits } from '../../fixed/format.js';
import type { NodeId, QuantizedWeights } from '../../ir/common.js';
import type { FixedGraph } from '../../ir/graph.js';
import {
  isNetwork,
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
  if (node.kind === 'multiply') return inputs.reduce((bound, x) => bound * largest(x.range), 1);
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

/**
 * `weights` as coarse as they can be said, by channel: mantissas without the factors of two that all of a channel share.
 * Biases keep their own scale.
 */
export function coarsest({
  mantissas,
  fraction,
}: QuantizedWeights): Pick<QuantizedWeights, 'mantissas' | 'fraction'> {
  const channels = fraction.length;
  const bits = new Int32Array(channels);
  mantissas.forEach((m, i) => (bits[i % channels]! |= m));
  const shared = bits.map((b) => (b === 0 ? 0 : 31 - Math.clz32(b & -b)));
  return {
    mantissas: mantissas.map((m, i) => m >> shared[i % channels]!),
    fraction: fraction.map((f, c) => f - shared[c]!),
  };
}

/** Why the stage `node` is no QuantizeLinear/DequantizeLinear form; null where it is. */
function againstStage(
  node: FixedNode,
  inputs: readonly StageInput[],
  stored: Storage,
  isCarried: boolean,
  uint8: boolean,
): string | null {
  const bound = accumulatorBound(node, inputs) + (isCarried ? shiftOf(node, inputs, stored.shift) : 0);
  if (bound >= FLOAT32_EXACT) return `sums of up to ${bound} are not exact in float32`;
  if (!isWeighted(node)) return null;
  const least = uint8 ? -128 : -127;
  if (coarsest(node.weights).mantissas.some((w) => w < least || w > 127))
    return `weights outside [${least}, 127]`;
  return node.weights.bias.some((b) => Math.abs(b) >= 2 ** 31) ? 'a bias that does not fit int32' : null;
}

/** A layer that is computed by the exact operators of `fixed.onnx` on floats. */
export interface InFloat {
  readonly id: NodeId;
  readonly why: string;
}

/** The layers of `graph` that cannot be said in int8 (or, with `uint8`, in 8 bits): they stay in float, with the same bits. */
export function layersInFloat(graph: FixedGraph, uint8: boolean): readonly InFloat[] {
  const analysis = analyseRanges(graph);
  return graph.nodes.flatMap((node): InFloat[] => {
    if (!isNetwork(node)) return [];
    const { range, inputs } = analysis.get(node.id)!;
    const isCarried = node.id !== graph.output;
    const found = storage(range, uint8);
    const why =
      isCarried && found === null
        ? `values from ${range.low} to ${range.high} do not fit 8 bits`
        : againstStage(node, inputs, found ?? { type: 'int8', shift: 0 }, isCarried, uint8);
    return why === null ? [] : [{ id: node.id, why }];
  });
}

/** Every reason why `graph` has no form around 8 bits at all: tensors that float32 does not hold. */
export function refusals(graph: FixedGraph): UnsupportedReason[] {
  const analysis = analyseRanges(graph);
  return graph.nodes.flatMap((node): UnsupportedReason[] => {
    const most = largest(analysis.get(node.id)!.range);
    return !isNetwork(node) || most < FLOAT32_EXACT
      ? []
      : [{ what: node.id, why: `values of up to ${most} are not exact in float32: use the dialect fixed` }];
  });
}
