/**
 * Networks without rounding ties. A sum that lies halfway between two results is rounded up by one rule, to even by
 * another: kernels that fuse operators have no other reason to differ. Here no sum ever does.
 *
 * - A weighted stage that drops bits gets sums twice as fine, every one of them odd: weights times two, the bias the odd
 *   number nearest to its own. A half is a multiple of two, as at least two bits are dropped now.
 * - A mean is a product with an odd reciprocal of more bits than its sums have: a half would need a sum of at least
 *   `2^(bits dropped − 1)`.
 * - An addition or concatenation keeps the bits of its inputs: nothing is rounded. Slopes below zero are odd at their finest
 *   fraction, so that a half would need a sum larger than there is.
 */
import { fractionBits, type Format } from '../fixed/format.js';
import { largestGain, slopesOf, type Activation } from '../ir/activations.js';
import type { NodeId, QuantizedWeights } from '../ir/common.js';
import type { FixedGraph } from '../ir/graph.js';
import type { Reciprocals } from '../ir/ops/counted.js';
import { isPreprocess, isWeighted, traitsOf, type FixedNode, type FusedNode } from '../ir/ops/index.js';
import { activationOf, analyseRanges, magnitude, type StageInput } from '../ir/prove.js';
import type { Reciprocal } from './reciprocal.js';

/** `weights` with odd sums in every channel that drops bits on the way to `to`; `bias` holds the real biases. */
export function withoutTies(
  weights: QuantizedWeights,
  bias: ArrayLike<number>,
  inputFraction: number,
  to: Format,
): QuantizedWeights {
  const drops = weights.fraction.map((f) => Number(f + inputFraction > fractionBits(to)));
  const channels = drops.length;
  return {
    mantissas: weights.mantissas.map((m, i) => m * 2 ** drops[i % channels]!),
    width: weights.width + Math.max(...drops),
    fraction: weights.fraction.map((f, c) => f + drops[c]!),
    bias: weights.bias.map((b, c) =>
      drops[c] === 1 ? 2 * Math.floor(bias[c]! * 2 ** (weights.fraction[c]! + inputFraction)) + 1 : b,
    ),
  };
}

/** As wide as the reciprocals of other networks. */
const MOST_RECIPROCAL = 2 ** 18;

/** The odd reciprocal of least error of at least `needed` fraction bits, where they are to be had. */
function oddReciprocal(count: number, needed: number): Reciprocal {
  let best: Reciprocal = { reciprocal: 1, reciprocalFraction: Math.ceil(Math.log2(count)) };
  let least = Infinity;
  for (let reciprocalFraction = 0; ; reciprocalFraction++) {
    const exact = 2 ** reciprocalFraction / count;
    const reciprocal = 2 * Math.floor(exact / 2) + 1;
    if (reciprocal >= MOST_RECIPROCAL) return best;
    const error = Math.abs(reciprocal / exact - 1);
    if (error >= least && best.reciprocalFraction >= needed) continue;
    least = error;
    best = { reciprocal, reciprocalFraction };
  }
}

/** The reciprocal of a mean of `count` values of `input` of which no sum comes to a half of a step of `to`. */
export function reciprocalWithoutTies(count: number, input: StageInput, to: Format): Reciprocal {
  const largest = Math.max(count * magnitude(input.range), 1);
  const finer = fractionBits(to) - fractionBits(input.format);
  return oddReciprocal(count, Math.ceil(Math.log2(largest + 1)) + 1 + finer);
}

const MOST_SLOPE_FRACTION = 15;

/** `alpha` at the finest fraction of slopes, odd. */
const oddSlope = (alpha: number): number => 2 * Math.floor((alpha * 2 ** MOST_SLOPE_FRACTION) / 2) + 1;

/** `fixed`, the activation that `given` of the float graph is, with odd slopes. */
export function slopesWithoutTies(given: FusedNode | null, fixed: Activation): Activation {
  if (given?.kind === 'leakyRelu' && fixed.kind === 'leakyRelu')
    return { ...fixed, alphaMantissa: oddSlope(given.alpha), alphaFraction: MOST_SLOPE_FRACTION };
  if (given?.kind === 'prelu' && fixed.kind === 'prelu')
    return {
      ...fixed,
      alphaMantissas: Array.from(given.alpha, oddSlope),
      alphaFraction: MOST_SLOPE_FRACTION,
    };
  return fixed;
}

/** `to` with the fraction bits of all `inputs`, so that moving them there rounds nothing. */
export function roundingNothing(to: Format, inputs: readonly StageInput[]): Format {
  const more = Math.max(0, ...inputs.map((x) => fractionBits(x.format) - fractionBits(to)));
  return { ...to, width: to.width + more };
}

const trailingZeros = (v: number): number => {
  let [rest, zeros] = [Math.abs(v), 0];
  while (rest !== 0 && rest % 2 === 0) [rest, zeros] = [rest / 2, zeros + 1];
  return rest === 0 ? Infinity : zeros;
};

/** Whether channel `c` of a weighted `node` never has a sum of which exactly `dropped − 1` low bits are zero. */
function isOddSum({ mantissas, bias }: QuantizedWeights, c: number): boolean {
  if (bias[c]! % 2 === 0) return false;
  for (let i = c; i < mantissas.length; i += bias.length) if (mantissas[i]! % 2 !== 0) return false;
  return true;
}

/** Every reciprocal by which sums of `node` are multiplied. */
const reciprocalsOf = (node: Reciprocals): readonly number[] =>
  node.reciprocals === undefined ? [node.reciprocal] : [...node.reciprocals].filter((r) => r !== 0);

/** Whether a value of `node` may lie halfway between two results. */
function mayTie(node: FixedNode, inputs: readonly StageInput[]): boolean {
  const target = fractionBits(node.format);
  if (!('proof' in node)) {
    if (node.kind === 'table' || traitsOf(node).keepsFormat === true) return false;
    return inputs.some((x) => fractionBits(x.format) > target);
  }
  const slope = slopesOf(activationOf(node));
  return node.proof.accumulatorFraction.some((fraction, c) => {
    const dropped = fraction - target;
    if (dropped <= 0) return false;
    const factors = [slope.positive, ...slope.negative].filter((factor) => factor !== 0);
    const largest = Math.max(-node.proof.accumulatorMin[c]!, node.proof.accumulatorMax[c]!);
    // Behind a slope an odd sum has the factors of two of the slope: a half has `dropped − 1`.
    if (isWeighted(node))
      return !isOddSum(node.weights, c) || factors.some((factor) => trailingZeros(factor) === dropped - 1);
    if ('reciprocal' in node) {
      const used = reciprocalsOf(node);
      return used.some((r) => r % 2 === 0) || largest / Math.min(...used) >= 2 ** (dropped - 1);
    }
    // A sum of other kinds may be any number up to the largest.
    const most = largest / largestGain(activationOf(node));
    return factors.some(
      (factor) => trailingZeros(factor) < dropped && most >= 2 ** (dropped - 1 - trailingZeros(factor)),
    );
  });
}

/** The stages of `graph` of which a value may lie halfway between two results; none: all roundings to nearest agree. */
export function stagesWithTies(graph: FixedGraph): readonly NodeId[] {
  const ranges = analyseRanges(graph);
  return graph.nodes
    .filter((node) => !isPreprocess(node) && mayTie(node, ranges.get(node.id)!.inputs))
    .map(({ id }) => id);
}
