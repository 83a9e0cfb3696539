/**
 * One accumulator as a sum of weights times values, each value anywhere in the range that is proved of its tensor: what
 * a stage can be driven to when it stands alone.
 */
import type { NodeId } from '../../ir/common.js';
import { cachedByGraph, type FixedGraph } from '../../ir/graph.js';
import { gainOf } from '../../ir/activations.js';
import { moduleShape } from '../../ir/modules.js';
import { isSumming, partsOf, sumOf as ownSum, type SummingNode } from '../../ir/ops/index.js';
import {
  activationOf,
  analyseRanges,
  productRange,
  sumBounds,
  type Bounds,
  type Range,
} from '../../ir/prove.js';
import { biasOf, factsOf, visitSources, type NodeFacts } from '../trace.js';

export interface SumStage extends NodeFacts {
  readonly node: SummingNode;
  /** Proved range of each input. */
  readonly ranges: readonly Range[];
}

/** The stages of `graph` that sum or round, with what is proved of their inputs. */
export function sumStages(graph: FixedGraph): readonly SumStage[] {
  const ranges = analyseRanges(graph);
  return [...factsOf(graph).values()].flatMap((facts): SumStage[] => {
    const { node } = facts;
    if (!isSumming(node)) return [];
    return [{ ...facts, node, ranges: ranges.get(node.id)!.inputs.map((i) => i.range) }];
  });
}

/** A value that an accumulator reads, and its weight. */
export interface Term {
  readonly source: NodeId;
  /** Flat index in the source's tensor. */
  readonly index: number;
  readonly weight: number;
  readonly range: Range;
}

/** The terms of element (y, x, c) whose weight is not 0, each value once; padding left out. */
export function termsOf({ node, sources, shape, ranges }: SumStage, y: number, x: number, c: number): Term[] {
  const terms: Term[] = [];
  visitSources(node, sources, shape, y, x, c, (source, index, weight) => {
    if (weight !== 0) terms.push({ source: node.inputs[source]!, index, weight, range: ranges[source]! });
  });
  return readsTwice(node) ? merged(terms) : terms;
}

const readsTwice = ({ inputs }: SummingNode): boolean => new Set(inputs).size < inputs.length;

/** A value that is read twice, as `add(x, x)` does, is one value with the sum of its weights. */
function merged(terms: readonly Term[]): Term[] {
  const once = new Map<string, Term>();
  for (const term of terms) {
    const key = `${term.source} ${term.index}`;
    const seen = once.get(key);
    once.set(key, seen === undefined ? term : { ...term, weight: seen.weight + term.weight });
  }
  return [...once.values()].filter(({ weight }) => weight !== 0);
}

/** Least and greatest value of bias + Σ weight · value. */
export function endsOf(terms: readonly Term[], bias: number): Range {
  let [low, high] = [bias, bias];
  for (const { weight, range } of terms) {
    low += Math.min(weight * range.low, weight * range.high);
    high += Math.max(weight * range.low, weight * range.high);
  }
  return { low, high };
}

/**
 * What the proof says of channel `c`'s accumulator before its activation: bounds of every partial sum, in any order. A
 * change of format has no proof of its own: its accumulator is the value that it reads.
 */
export function provedEnds(stage: SumStage, c: number): Range {
  const { node, ranges } = stage;
  if (!('proof' in node)) return ranges[0]!;
  if (node.proof.worstCase) {
    // Of any weights: as far below zero as above it. The proof is of the accumulator behind its activation.
    const most = node.proof.accumulatorMax[c]! / gainOf(activationOf(node), c);
    return { low: -most, high: most };
  }
  const { min, max } = ownBounds(stage);
  return { low: min[c]!, high: max[c]! };
}

/** Bounds of the accumulators of a stage before its activation. */
const ownBounds = cachedByGraph(({ node, sources, ranges }: SumStage): Bounds =>
  sumBounds(ownSum(node, sources)!, ranges),
);

/** Positions along one axis whose windows lie wholly inside and do not meet; else the one that reads most. */
function alongAxis(
  extent: number,
  kernel: number,
  stride: number,
  before: number,
  outputs: number,
): number[] {
  const read = (o: number): number => {
    const start = o * stride - before;
    return Math.min(extent, start + kernel) - Math.max(0, start);
  };
  const all = Array.from({ length: outputs }, (_, o) => o);
  const inside = all.filter((o) => read(o) === kernel);
  if (inside.length === 0) return [all.reduce((best, o) => (read(o) > read(best) ? o : best))];
  const step = Math.ceil(kernel / stride);
  return inside.filter((_, i) => i % step === 0);
}

/** How the elements of a stage share its inputs. */
export interface Fields {
  /** Positions `[y, x]` that read nothing in common. */
  readonly positions: readonly (readonly [number, number])[];
  /** Channels of different classes read nothing in common at the same position. */
  readonly classOf: (c: number) => number;
}

export function fieldsOf({ node, shape, sources }: SumStage): Fields {
  // Of several modules each is driven at the same places.
  const parts = partsOf(node);
  const [height, width, channels] = moduleShape(shape, parts);
  const [rows, columns] = moduleShape(sources[0]!.shape, parts);
  // All positions read the same vector.
  if (node.kind === 'multiply') return { positions: [[0, 0]], classOf: (c) => c };
  const places =
    'kernel' in node
      ? alongAxis(rows, node.kernel[0], node.strides[0], node.padding[0], height).flatMap((y) =>
          alongAxis(columns, node.kernel[1], node.strides[1], node.padding[1], width).map(
            (x) => [y, x] as const,
          ),
        )
      : Array.from({ length: height * width }, (_, i) => [Math.floor(i / width), i % width] as const);
  const positions = Array.from({ length: parts }, (_, k) =>
    places.map(([y, x]) => [k * height + y, x] as const),
  ).flat();
  if (node.kind === 'dense') return { positions, classOf: () => 0 };
  if (node.kind !== 'conv2d') return { positions, classOf: (c) => c };
  const perGroup = channels / node.groups;
  return { positions, classOf: (c) => Math.floor(c / perGroup) };
}

/** An accumulator taken apart: bias + factor · Σ weight · value. */
export interface Addends {
  readonly terms: readonly Term[];
  readonly bias: number;
  /** A value that is read, too, and that the terms are multiplied by; null where there is none. */
  readonly factor: Omit<Term, 'weight'> | null;
}

/** What the terms of element (y, x, c) are multiplied by, if anything. */
function factorOf(
  { node, sources, shape, ranges }: SumStage,
  y: number,
  x: number,
  c: number,
): Addends['factor'] {
  let factor: Addends['factor'] = null;
  if (node.kind !== 'multiply') return factor;
  visitSources(node, sources, shape, y, x, c, (_source, _index, _weight, times) => {
    if (times !== undefined)
      factor = { source: node.inputs[times.source]!, index: times.index, range: ranges[times.source]! };
  });
  return factor;
}

/** Bias, terms and factor of channel `c` at a position. */
export const sumOf = (stage: SumStage, [y, x]: readonly [number, number], c: number): Addends => ({
  terms: termsOf(stage, y, x, c),
  bias: biasOf(stage.node, stage.sources, c),
  factor: factorOf(stage, y, x, c),
});

/** The accumulator that the values `given` make. */
export function accumulatorOf(
  { terms, bias, factor }: Addends,
  given: ReadonlyMap<NodeId, Int32Array>,
): number {
  const by = factor === null ? 1 : given.get(factor.source)![factor.index]!;
  return terms.reduce((sum, t) => sum + by * t.weight * given.get(t.source)![t.index]!, bias);
}

/** Least and greatest accumulator that channel `c` can be driven to, by its first position. */
export function drivenEnds(stage: SumStage, { positions }: Fields, c: number): Range {
  const { node, sources, shape, ranges } = stage;
  const [y, x] = positions[0]!;
  if (readsTwice(node)) return endsOf(termsOf(stage, y, x, c), biasOf(node, sources, c));
  // Without a list of terms: a dense layer has millions.
  const bias = biasOf(node, sources, c);
  let [low, high] = [bias, bias];
  visitSources(node, sources, shape, y, x, c, (source, _index, weight, times) => {
    const own = ranges[source]!;
    const range = times === undefined ? own : productRange(own, ranges[times.source]!);
    low += Math.min(weight * range.low, weight * range.high);
    high += Math.max(weight * range.low, weight * range.high);
  });
  return { low, high };
}
