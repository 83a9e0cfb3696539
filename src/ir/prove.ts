/**
 * The proofs: an interval for every tensor and every accumulator of a fixed graph.
 *
 * A partial sum of products, taken in any order, lies between the sum of its negative contributions and the sum
 * of its positive ones; padding adds zeros and changes nothing. `proveStage` computes these bounds per output
 * channel from the weights themselves or, for reloadable weights, from the worst weight of the format.
 */
import { invariant } from '../core/errors.js';
import { castNumber } from '../fixed/cast.js';
import { bitsFor, fractionBits, maxMantissa, minMantissa, type Format } from '../fixed/format.js';
import type { Activation, NodeId, Proof, QuantizedWeights, Shape } from './common.js';
import { fixedShapes, type FixedGraph } from './graph.js';
import type { FixedNode, FixedNodeOf } from './ops/index.js';

/** All mantissas that a tensor can hold: low ≤ q ≤ high. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** Below this, integers are exact in float32. */
export const FLOAT32_EXACT = 2 ** 24;

/** What a stage reads: the range, format and shape of each input. */
export interface StageInput {
  readonly range: Range;
  readonly format: Format;
  readonly shape: Shape;
}

/** Per channel; `min` is 0 or below and `max` 0 or above, as no sum at all is a partial sum, too. */
interface Bounds {
  readonly min: Float64Array<ArrayBuffer>;
  readonly max: Float64Array<ArrayBuffer>;
  readonly fraction: Int32Array<ArrayBuffer>;
}

function finish(bounds: Bounds, activation: Activation, worstCase: boolean): Proof {
  const { min, max, fraction } = leakyBounds(bounds, activation);
  let low = 0;
  let high = 0;
  for (let c = 0; c < min.length; c++) {
    low = Math.min(low, min[c]!);
    high = Math.max(high, max[c]!);
  }
  invariant(-low < 2 ** 52 && high < 2 ** 52, 'an accumulator needs more than 53 bits');
  return {
    accumulatorMin: min,
    accumulatorMax: max,
    accumulatorFraction: fraction,
    accumulatorWidth: bitsFor(low, high, true),
    float32Exact: -low < FLOAT32_EXACT && high < FLOAT32_EXACT,
    worstCase,
  };
}

/** A leaky ReLU multiplies the accumulator by 2^k (positive) or by alpha's mantissa (negative). */
function leakyBounds(bounds: Bounds, activation: Activation): Bounds {
  if (activation.kind !== 'leakyRelu') return bounds;
  const scale = Math.max(2 ** activation.alphaFraction, activation.alphaMantissa);
  return {
    min: bounds.min.map((v) => v * scale),
    max: bounds.max.map((v) => v * scale),
    fraction: bounds.fraction.map((f) => f + activation.alphaFraction),
  };
}

/** Largest |Σ w·x| over `terms` weights of any value that `width` bits hold. */
const worstSum = (terms: number, width: number, { range }: StageInput): number =>
  terms * 2 ** (width - 1) * Math.max(Math.abs(range.low), Math.abs(range.high));

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

/** Bounds of Σ w·x + bias per channel; weight `i` belongs to output channel `i % channels`. */
function dotProductBounds(weights: QuantizedWeights, input: StageInput, reloadable: boolean): Bounds {
  const channels = weights.bias.length;
  const { low, high } = input.range;
  const min = new Float64Array(channels);
  const max = new Float64Array(channels);
  if (reloadable) {
    const most = reloadableSumBound(weights, input);
    min.fill(-most);
    max.fill(most);
  } else {
    for (let i = 0; i < weights.mantissas.length; i++) {
      const w = weights.mantissas[i]!;
      const c = i % channels;
      min[c]! += Math.min(w * low, w * high, 0);
      max[c]! += Math.max(w * low, w * high, 0);
    }
    for (let c = 0; c < channels; c++) {
      min[c]! += Math.min(weights.bias[c]!, 0);
      max[c]! += Math.max(weights.bias[c]!, 0);
    }
  }
  return { min, max, fraction: Int32Array.from(weights.fraction, (f) => f + fractionBits(input.format)) };
}

function sumBounds(
  count: number,
  channels: number,
  reciprocal: number,
  reciprocalFraction: number,
  input: StageInput,
): Bounds {
  const { low, high } = input.range;
  return {
    min: new Float64Array(channels).fill(Math.min(low, 0) * count * reciprocal),
    max: new Float64Array(channels).fill(Math.max(high, 0) * count * reciprocal),
    fraction: new Int32Array(channels).fill(fractionBits(input.format) + reciprocalFraction),
  };
}

/** The nodes that carry a proof. */
export type ProvenNode = Extract<FixedNode, { readonly proof: Proof }>;

/** The proof for `node` reading `inputs`. The `proof` that the node carries already is not looked at. */
export function proveStage(
  node: Omit<ProvenNode, 'proof'>,
  inputs: readonly StageInput[],
  reloadable: boolean,
): Proof {
  const n = node as ProvenNode;
  const first = inputs[0];
  invariant(first !== undefined, `${n.id} has no input`);
  switch (n.kind) {
    case 'conv2d':
    case 'depthwiseConv2d':
    case 'dense':
      return finish(dotProductBounds(n.weights, first, reloadable), n.activation, reloadable);
    case 'avgPool':
    case 'globalAvgPool': {
      const count = n.kind === 'avgPool' ? n.kernel[0] * n.kernel[1] : first.shape[0] * first.shape[1];
      const bounds = sumBounds(count, first.shape[2], n.reciprocal, n.reciprocalFraction, first);
      return finish(bounds, { kind: 'none' }, false);
    }
    case 'add': {
      const second = inputs[1];
      invariant(second !== undefined, `${n.id} has one input`);
      return finish(addBounds(first, second), n.activation, false);
    }
  }
}

function addBounds(a: StageInput, b: StageInput): Bounds {
  const fraction = Math.max(fractionBits(a.format), fractionBits(b.format));
  const scaleA = 2 ** (fraction - fractionBits(a.format));
  const scaleB = 2 ** (fraction - fractionBits(b.format));
  const channels = a.shape[2];
  const low = Math.min(a.range.low * scaleA, 0) + Math.min(b.range.low * scaleB, 0);
  const high = Math.max(a.range.high * scaleA, 0) + Math.max(b.range.high * scaleB, 0);
  return {
    min: new Float64Array(channels).fill(low),
    max: new Float64Array(channels).fill(high),
    fraction: new Int32Array(channels).fill(fraction),
  };
}

/** Range after activation and requantization of accumulators within the proof's bounds. */
function outputRange(proof: Proof, activation: Activation, to: Format): Range {
  // Wrapping, and saturation to zero, do not keep order: the whole format is the only safe answer.
  if (to.overflow !== 'AP_SAT' && to.overflow !== 'AP_SAT_SYM')
    return clipRange({ low: minMantissa(to), high: maxMantissa(to) }, activation);
  let low = Infinity;
  let high = -Infinity;
  for (let c = 0; c < proof.accumulatorMin.length; c++) {
    const floor = activation.kind === 'relu' ? 0 : proof.accumulatorMin[c]!;
    low = Math.min(low, castNumber(floor, proof.accumulatorFraction[c]!, to));
    high = Math.max(high, castNumber(proof.accumulatorMax[c]!, proof.accumulatorFraction[c]!, to));
  }
  return clipRange({ low, high }, activation);
}

const clipRange = (range: Range, activation: Activation): Range =>
  activation.kind === 'clip'
    ? {
        low: Math.min(Math.max(range.low, activation.min), activation.max),
        high: Math.max(Math.min(range.high, activation.max), activation.min),
      }
    : range;

function castRange(range: Range, from: Format, to: Format): Range {
  if (to.overflow !== 'AP_SAT' && to.overflow !== 'AP_SAT_SYM')
    return { low: minMantissa(to), high: maxMantissa(to) };
  return {
    low: castNumber(range.low, fractionBits(from), to),
    high: castNumber(range.high, fractionBits(from), to),
  };
}

const union = (ranges: readonly Range[]): Range => ({
  low: Math.min(...ranges.map((r) => r.low)),
  high: Math.max(...ranges.map((r) => r.high)),
});

function tableRange(node: FixedNodeOf<'lut'>, input: Range): Range {
  invariant(
    input.low >= node.first && input.high < node.first + node.table.length,
    `${node.id}: input range [${input.low}, ${input.high}] leaves the table of ${node.table.length} from ${node.first}`,
  );
  let low = Infinity;
  let high = -Infinity;
  for (let i = input.low; i <= input.high; i++) {
    const value = node.table[i - node.first]!;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return { low, high };
}

/** Output range of `node`; proven nodes are read from the proof that they carry. */
export function nodeRange(node: FixedNode, inputs: readonly StageInput[]): Range {
  const first = inputs[0];
  if (node.kind === 'input') return { low: 0, high: 65535 };
  invariant(first !== undefined, `${node.id} has no input`);
  switch (node.kind) {
    case 'crop':
    case 'maxPool':
    case 'globalMaxPool':
    case 'flatten':
      return first.range;
    case 'contrast':
      return { low: 0, high: first.range.high };
    case 'mask':
      return union([first.range, { low: 0, high: 0 }]);
    case 'bin': {
      const n = node.mode === 'sum' ? node.factor[0] * node.factor[1] : 1;
      return { low: first.range.low * n, high: first.range.high * n };
    }
    case 'clamp':
      return {
        low: Math.min(Math.max(first.range.low, node.min), node.max),
        high: Math.max(Math.min(first.range.high, node.max), node.min),
      };
    case 'lut':
      return tableRange(node, first.range);
    case 'conv2d':
    case 'depthwiseConv2d':
    case 'dense':
    case 'add':
      return outputRange(node.proof, node.activation, node.format);
    case 'avgPool':
    case 'globalAvgPool':
      return outputRange(node.proof, { kind: 'none' }, node.format);
    case 'concat':
      return union(inputs.map((i) => i.range));
    case 'requantize':
      return castRange(first.range, first.format, node.format);
  }
}

/** Range of every tensor of the graph, and what each node reads. */
export function analyseRanges(
  graph: FixedGraph,
): ReadonlyMap<NodeId, { readonly range: Range; readonly inputs: readonly StageInput[] }> {
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
}
