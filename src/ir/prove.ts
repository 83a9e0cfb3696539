/**
 * The proofs: an interval for every tensor and every accumulator of a fixed graph.
 *
 * A partial sum of products, taken in any order, lies between the sum of its negative contributions and the sum
 * of its positive ones; padding adds zeros and changes nothing. `proveStage` computes these bounds per output
 * channel from the weights themselves or, for reloadable weights, from the worst weight of the format.
 */
import { invariant } from '../core/errors.js';
import { castNumber } from '../fixed/cast.js';
import { bitsFor, keepsOrder, maxMantissa, minMantissa, type Format } from '../fixed/format.js';
import { gainOf, limitsOf, NO_ACTIVATION, slopeBelow, slopesOf, type Activation } from './activations.js';
import type { NodeId, Proof, QuantizedWeights } from './common.js';
import { cachedByGraph, fixedShapes, type FixedGraph } from './graph.js';
import { isGiven, plainRange, sumOf, type FixedNode, type SummingNode } from './ops/index.js';
import type { Range, StageInput, Sum } from './ops/record.js';

export type { Range, StageInput } from './ops/record.js';

/** Below this, integers are exact in float32. */
export const FLOAT32_EXACT = 2 ** 24;

/** The nodes that carry a proof. */
export type ProvenNode = Extract<FixedNode, { readonly proof: Proof }>;

type WithoutProof<N> = N extends { readonly proof: Proof } ? Omit<N, 'proof'> : never;
/** A node before its accumulators are proved. */
export type UnprovenStage = WithoutProof<FixedNode>;

/** The activation inside a stage. */
export const activationOf = (node: SummingNode | UnprovenStage): Activation =>
  'activation' in node ? node.activation : NO_ACTIVATION;

/** Per channel; `min` is 0 or below and `max` 0 or above, as no sum at all is a partial sum, too. */
export interface Bounds {
  readonly min: Float64Array<ArrayBuffer>;
  readonly max: Float64Array<ArrayBuffer>;
}

/** All products of a value within `a` and one within `b`. */
export function productRange(a: Range, b: Range): Range {
  const corners = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high];
  return { low: Math.min(...corners), high: Math.max(...corners) };
}

/** Bounds of every partial sum of `sum`, per channel, of inputs within `ranges`. */
export function sumBounds({ channels, parts, bias }: Sum, ranges: readonly Range[]): Bounds {
  const min = new Float64Array(channels);
  const max = new Float64Array(channels);
  for (const { source, weights, repeat, times } of parts) {
    const own = ranges[source]!;
    const { low, high } = times === undefined ? own : productRange(own, ranges[times]!);
    const one = typeof weights === 'number';
    const count = one ? channels : weights.length;
    for (let i = 0; i < count; i++) {
      const w = (one ? weights : weights[i]!) * repeat;
      const c = i % channels;
      min[c]! += Math.min(w * low, w * high, 0);
      max[c]! += Math.max(w * low, w * high, 0);
    }
  }
  if (bias !== null)
    for (let c = 0; c < channels; c++) {
      min[c]! += Math.min(bias[c]!, 0);
      max[c]! += Math.max(bias[c]!, 0);
    }
  return { min, max };
}

/** Largest absolute value. */
export const magnitude = ({ low, high }: Range): number => Math.max(Math.abs(low), Math.abs(high));

/** The largest partial sum of any channel, of inputs of any sign up to the `magnitude` of their ranges. */
export function largestSum(sum: Sum, ranges: readonly Range[]): number {
  const either = ranges.map((r) => ({ low: -magnitude(r), high: magnitude(r) }));
  const { max } = sumBounds({ ...sum, bias: sum.bias?.map(Math.abs) ?? null }, either);
  return max.reduce((a, b) => Math.max(a, b), 0);
}

/** Largest |Σ w·x| over `terms` weights of any value that `width` bits hold. */
const worstSum = (terms: number, width: number, { range }: StageInput): number =>
  terms * 2 ** (width - 1) * magnitude(range);

const termsOf = (weights: QuantizedWeights): number => weights.mantissas.length / weights.bias.length;

/**
 * Signed bits of a bias that may be loaded in exchange for the network's own: as wide as the largest sum of products
 * and as the biases that are there. The proof of a stage with reloadable weights holds for every bias of this width.
 */
export function reloadableBiasWidth(weights: QuantizedWeights, input: StageInput): number {
  const sum = worstSum(termsOf(weights), weights.width, input);
  const low = weights.bias.reduce((a, b) => Math.min(a, b), -sum);
  const high = weights.bias.reduce((a, b) => Math.max(a, b), sum);
  return bitsFor(low, high, true);
}

/** A bound of every partial sum, over all weights and biases that may be loaded. */
export const reloadableSumBound = (weights: QuantizedWeights, input: StageInput): number =>
  worstSum(termsOf(weights), weights.width, input) + 2 ** (reloadableBiasWidth(weights, input) - 1);

/** The sum that `node` makes of `inputs`. */
export function stageSum(node: UnprovenStage, inputs: readonly StageInput[]): Sum {
  invariant(inputs.length > 0, `${node.id} has no input`);
  // A record's sum does not look at the proof, which is not there yet.
  const sum = sumOf({ ...node, proof: NO_PROOF }, inputs);
  invariant(sum !== undefined, `${node.id}: ${node.kind} sums nothing`);
  return sum;
}

/** Stands for the proof of a node that is not proved yet. */
export const NO_PROOF: Proof = {
  accumulatorMin: new Float64Array(0),
  accumulatorMax: new Float64Array(0),
  accumulatorFraction: new Int32Array(0),
  accumulatorWidth: 1,
  float32Exact: false,
  worstCase: false,
};

function stageBounds(node: UnprovenStage, inputs: readonly StageInput[], reloadable: boolean): Bounds {
  const sum = stageSum(node, inputs);
  if (!reloadable || !('weights' in node))
    return sumBounds(
      sum,
      inputs.map((i) => i.range),
    );
  const most = reloadableSumBound(node.weights, inputs[0]!);
  return {
    min: new Float64Array(sum.channels).fill(-most),
    max: new Float64Array(sum.channels).fill(most),
  };
}

/** The proof for `node` reading `inputs`. */
export function proveStage(node: UnprovenStage, inputs: readonly StageInput[], reloadable: boolean): Proof {
  const activation = activationOf(node);
  const { fraction } = stageSum(node, inputs);
  const bounds = stageBounds(node, inputs, reloadable);
  const slopes = slopesOf(activation);
  const min = bounds.min.map((v, c) => v * gainOf(activation, c));
  // A slope below zero turns what is negative round.
  const max = bounds.max.map((v, c) =>
    Math.max(v * gainOf(activation, c), bounds.min[c]! * Math.min(slopeBelow(slopes, c), 0)),
  );
  const low = min.reduce((a, b) => Math.min(a, b), 0);
  const high = max.reduce((a, b) => Math.max(a, b), 0);
  invariant(-low < 2 ** 52 && high < 2 ** 52, 'an accumulator needs more than 53 bits');
  return {
    accumulatorMin: min,
    accumulatorMax: max,
    accumulatorFraction: Int32Array.from(min, (_, c) => fraction(c) + slopes.fraction),
    accumulatorWidth: bitsFor(low, high, true),
    float32Exact: -low < FLOAT32_EXACT && high < FLOAT32_EXACT,
    worstCase: reloadable && 'weights' in node,
  };
}

/** `range` inside the limits of `activation`. */
function limited(range: Range, activation: Activation): Range {
  const limits = limitsOf(activation);
  if (limits === null) return range;
  return {
    low: Math.min(Math.max(range.low, limits.min), limits.max),
    high: Math.max(Math.min(range.high, limits.max), limits.min),
  };
}

/** Range after activation and requantization of accumulators within the proof's bounds. */
function outputRange(proof: Proof, activation: Activation, to: Format): Range {
  // Wrapping, and saturation to zero, do not keep order: the whole format is the only safe answer.
  if (!keepsOrder(to)) return limited({ low: minMantissa(to), high: maxMantissa(to) }, activation);
  let low = Infinity;
  let high = -Infinity;
  const slopes = slopesOf(activation);
  for (let c = 0; c < proof.accumulatorMin.length; c++) {
    const fraction = proof.accumulatorFraction[c]!;
    const floor = slopeBelow(slopes, c) <= 0 ? 0 : -Infinity;
    low = Math.min(low, castNumber(Math.max(proof.accumulatorMin[c]!, floor), fraction, to));
    high = Math.max(high, castNumber(proof.accumulatorMax[c]!, fraction, to));
  }
  return limited({ low, high }, activation);
}

/** Output range of `node`; proven nodes are read from the proof that they carry. */
export function nodeRange(node: FixedNode, inputs: readonly StageInput[]): Range {
  invariant(isGiven(node) || inputs.length > 0, `${node.id} has no input`);
  if ('proof' in node) return outputRange(node.proof, activationOf(node), node.format);
  const range = plainRange(node, inputs);
  invariant(range !== undefined, `${node.id}: the range of ${node.kind} is unknown`);
  return range;
}

/** Range of every tensor of the graph, and what each node reads. */
export const analyseRanges = cachedByGraph(
  (
    graph: FixedGraph,
  ): ReadonlyMap<NodeId, { readonly range: Range; readonly inputs: readonly StageInput[] }> => {
    const shapes = fixedShapes(graph);
    const known = new Map<NodeId, { range: Range; inputs: readonly StageInput[]; node: FixedNode }>();
    for (const node of graph.nodes) {
      const inputs = node.inputs.map((id): StageInput => {
        const producer = known.get(id)!;
        return { range: producer.range, format: producer.node.format, shape: shapes.get(id)! };
      });
      known.set(node.id, { range: nodeRange(node, inputs), inputs, node });
    }
    return known;
  },
);
