/**
 * Folding: how many lanes and multipliers each stage gets, the fewest that keep its cycles per frame within budget.
 *
 * The cycle counts are those of the loops in hls-templates/vetoc: every innermost loop is pipelined with an
 * initiation interval of 1, so that a stage takes as many cycles per frame as its innermost bodies run.
 */
import type { Shape } from '../../ir/common.js';
import type { FixedNodeOf } from '../../ir/ops/index.js';
import type { Folding } from './plan.js';

/** All divisors of `n`, ascending. */
export function divisors(n: number): number[] {
  const result: number[] = [];
  for (let d = 1; d <= n; d++) if (n % d === 0) result.push(d);
  return result;
}

/** Vitis HLS refuses wider streams. */
export const MAX_STREAM_BITS = 4096;

export type Weighted = FixedNodeOf<'conv2d'> | FixedNodeOf<'depthwiseConv2d'> | FixedNodeOf<'dense'>;

export interface WeightedCost {
  readonly folding: Folding;
  /** Of the line buffer: positions of the padded image. 0 where there is none. */
  readonly windowCycles: number;
  readonly multiplyCycles: number;
  readonly multipliers: number;
}

export const isPointwise = (node: Weighted): boolean =>
  node.kind === 'dense' ||
  (node.kind === 'conv2d' &&
    [...node.kernel, ...node.strides].every((v) => v === 1) &&
    node.padding.every((v) => v === 0));

/** Positions of the padded image that a sliding window walks over. */
export function paddedPositions(
  input: Shape,
  padding: readonly [top: number, left: number, bottom: number, right: number],
): number {
  const [top, left, bottom, right] = padding;
  return (input[0] + top + bottom) * (input[1] + left + right);
}

/** Cycles and multipliers of a weighted stage under `folding`. */
export function weightedCost(node: Weighted, input: Shape, output: Shape, folding: Folding): WeightedCost {
  const { inLanes, outLanes, tapFold } = folding;
  const kernel = node.kind === 'dense' ? 1 : node.kernel[0] * node.kernel[1];
  const vectors = output[0] * output[1];
  const windowCycles =
    node.kind === 'dense' || isPointwise(node)
      ? 0
      : paddedPositions(input, node.padding) * (input[2] / inLanes);
  if (node.kind === 'depthwiseConv2d')
    return {
      folding,
      windowCycles,
      multiplyCycles: vectors * (input[2] / inLanes) * tapFold,
      multipliers: (kernel / tapFold) * inLanes,
    };
  const groups = node.kind === 'dense' ? 1 : node.groups;
  const outFold = output[2] / groups / outLanes;
  return {
    folding,
    windowCycles,
    multiplyCycles: vectors * (input[2] / inLanes) * tapFold * outFold,
    multipliers: ((kernel * inLanes) / tapFold) * outLanes,
  };
}

/** Products of a frame: every weight is used once at each output position. */
export const macsPerFrame = (node: Weighted, output: Shape): number =>
  node.weights.mantissas.length * output[0] * output[1];

export const cyclesOf = (cost: WeightedCost): number => Math.max(cost.windowCycles, cost.multiplyCycles);

/** Every way to fold `node`, and what it costs. */
export function foldings(node: Weighted, input: Shape, output: Shape, inputBits: number): WeightedCost[] {
  const kernel = node.kind === 'dense' ? 1 : node.kernel[0] * node.kernel[1];
  const groups = node.kind === 'conv2d' ? node.groups : 1;
  const result: WeightedCost[] = [];
  for (const inLanes of divisors(input[2] / groups)) {
    if (kernel * inLanes * inputBits > MAX_STREAM_BITS) break;
    const outs = node.kind === 'depthwiseConv2d' ? [inLanes] : divisors(output[2] / groups);
    for (const outLanes of outs) {
      if (outLanes * node.format.width > MAX_STREAM_BITS) break;
      for (const tapFold of divisors(node.kind === 'depthwiseConv2d' ? kernel : kernel * inLanes))
        result.push(weightedCost(node, input, output, { inLanes, outLanes, tapFold }));
    }
  }
  return result;
}

/**
 * The cheapest folding within `budget` cycles a frame: fewest multipliers, then no repacking of the producer's words,
 * then fewest cycles, then the narrowest window. Where none is fast enough, the fastest.
 */
export function chooseFolding(
  node: Weighted,
  input: Shape,
  output: Shape,
  inputBits: number,
  producerLanes: number,
  budget: number,
): WeightedCost {
  const better = (a: WeightedCost, b: WeightedCost): boolean => {
    const fitsA = cyclesOf(a) <= budget;
    const fitsB = cyclesOf(b) <= budget;
    if (fitsA !== fitsB) return fitsA;
    const key = (c: WeightedCost): number[] => [
      ...(fitsA ? [] : [cyclesOf(c)]),
      c.multipliers,
      c.folding.inLanes === producerLanes ? 0 : 1,
      cyclesOf(c),
      c.folding.inLanes,
    ];
    const keyA = key(a);
    const keyB = key(b);
    const i = keyA.findIndex((v, k) => v !== keyB[k]);
    return i >= 0 && keyA[i]! < keyB[i]!;
  };
  const all = foldings(node, input, output, inputBits);
  return all.reduce((best, cost) => (better(cost, best) ? cost : best));
}
