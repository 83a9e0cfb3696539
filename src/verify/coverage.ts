/**
 * What frames have exercised: saturation, rounding ties, signs and extremes of every stage that rounds, and how far
 * its accumulators came towards their proved bounds. What can happen and was never seen is listed.
 */
import { castNumber } from '../fixed/cast.js';
import { fractionBits, maxMantissa, minMantissa } from '../fixed/format.js';
import { elements, type NodeId } from '../ir/common.js';
import type { FixedGraph } from '../ir/graph.js';
import { slopeBelow, slopesOf } from '../ir/activations.js';
import type { SummingNode } from '../ir/ops/index.js';
import { activationOf, analyseRanges, type Range } from '../ir/prove.js';
import { drivenEnds, fieldsOf, provedEnds, sumStages, type SumStage } from './drills/sums.js';
import { roundedOf, unbounded } from './rounding.js';
import { accumulatorFraction, biasOf, visitSources, type NodeFacts, type Visit } from './trace.js';

export interface StageCoverage {
  readonly stage: NodeId;
  readonly values: number;
  /** Values that left the format at its top and at its bottom. */
  readonly saturatedHigh: number;
  readonly saturatedLow: number;
  /** Accumulators exactly between two values of the format. */
  readonly ties: number;
  /** Accumulators that the format does not hold exactly. */
  readonly rounded: number;
  readonly negative: number;
  readonly zero: number;
  readonly positive: number;
  /** Mantissas seen. */
  readonly low: number;
  readonly high: number;
  /** The least, over channels, of what was reached of the proved accumulator range; null without a proof. */
  readonly boundReached: number | null;
  /** Channels whose accumulator came to its least and to its greatest, by the proved ranges of what the stage reads. */
  readonly atLowest: number;
  readonly atHighest: number;
}

/** What the frames showed of the decision. */
export interface DecisionCoverage {
  readonly kept: number;
  readonly vetoed: number;
  /** Scores next to the threshold on its two sides, as `score - threshold`; null without such a frame. */
  readonly leastKept: number | null;
  readonly mostVetoed: number | null;
}

export interface Coverage {
  readonly frames: number;
  readonly stages: readonly StageCoverage[];
  readonly decision: DecisionCoverage;
  /** What could happen, by the proofs, and no frame has shown. */
  readonly unseen: readonly string[];
}

type Counts = {
  -readonly [K in Exclude<keyof StageCoverage, 'stage' | 'boundReached' | 'atLowest' | 'atHighest'>]: number;
};

interface Stage {
  readonly facts: SumStage;
  readonly counts: Counts;
  /** Per channel, of the accumulator before its activation. */
  readonly biases: readonly number[];
  readonly fractions: readonly number[];
  /** Values read to count one frame. */
  readonly work: number;
  readonly least: Float64Array;
  readonly most: Float64Array;
  /** Proved range of what the stage writes. */
  readonly reachable: Range;
}

export interface CoverageMeter {
  /** Counts one frame, given all its tensors, in the stages of `only` (in all unless given). */
  add(tensors: ReadonlyMap<NodeId, Int32Array>, only?: ReadonlySet<NodeId>): void;
  /** Counts one decision. */
  decide(score: number): void;
  /**
   * What each stage could show and has not, of the stages that take at most `work` values a frame to count; stages that
   * have shown all are left out.
   */
  unseen(work: number): ReadonlyMap<NodeId, readonly string[]>;
  result(): Coverage;
}

function countElement({ counts, facts, fractions, least, most }: Stage, sum: number, c: number): void {
  const { inexact, tie, above, below } = roundedOf(facts.node, fractions[c]!, sum, c);
  if (inexact) counts.rounded += 1;
  if (tie) counts.ties += 1;
  if (above) counts.saturatedHigh += 1;
  if (below) counts.saturatedLow += 1;
  least[c] = Math.min(least[c]!, sum);
  most[c] = Math.max(most[c]!, sum);
}

function addStage(stage: Stage, tensors: ReadonlyMap<NodeId, Int32Array>): void {
  const { node, shape, sources } = stage.facts;
  const inputs = node.inputs.map((id) => tensors.get(id)!);
  const output = tensors.get(node.id)!;
  const { counts } = stage;
  let sum = 0;
  const visit: Visit = (source, index, weight, times) => {
    const factor = times === undefined ? 1 : inputs[times.source]![times.index]!;
    sum += inputs[source]![index]! * weight * factor;
  };
  let i = 0;
  for (let y = 0; y < shape[0]; y++)
    for (let x = 0; x < shape[1]; x++)
      for (let c = 0; c < shape[2]; c++) {
        sum = stage.biases[c]!;
        visitSources(node, sources, shape, y, x, c, visit);
        countElement(stage, sum, c);
        const mantissa = output[i++]!;
        counts.values += 1;
        if (mantissa < 0) counts.negative += 1;
        else if (mantissa === 0) counts.zero += 1;
        else counts.positive += 1;
        counts.low = Math.min(counts.low, mantissa);
        counts.high = Math.max(counts.high, mantissa);
      }
}

/** The least share, over channels, of the proved accumulator range that was reached. */
function boundReached(stage: Stage): number | null {
  const { node } = stage.facts;
  if (!('proof' in node)) return null;
  let least = 1;
  stage.least.forEach((low, c) => {
    const proved = provedEnds(stage.facts, c);
    const span = proved.high - proved.low;
    const seen = Math.max(stage.most[c]!, 0) - Math.min(low, 0);
    if (span > 0) least = Math.min(least, seen / span);
  });
  return least;
}

/** How many channels came to the ends of their accumulators. */
function endsReached({ facts, least, most }: Stage): {
  readonly atLowest: number;
  readonly atHighest: number;
} {
  const fields = fieldsOf(facts);
  let [atLowest, atHighest] = [0, 0];
  least.forEach((low, c) => {
    const ends = drivenEnds(facts, fields, c);
    if (low <= ends.low) atLowest += 1;
    if (most[c]! >= ends.high) atHighest += 1;
  });
  return { atLowest, atHighest };
}

interface Possible {
  readonly saturatedHigh: boolean;
  readonly saturatedLow: boolean;
  readonly ties: boolean;
}

/** An average's accumulator is a multiple of its reciprocal, and may be too small to reach the first tie. */
function tieIsReachable(node: SummingNode, shift: number, high: number): boolean {
  if (shift <= 0) return false;
  if (!('reciprocal' in node)) return true;
  let half = 2 ** (shift - 1);
  for (let r = node.reciprocal; r % 2 === 0 && half > 0.5; r /= 2) half /= 2;
  return half >= 1 && high / node.reciprocal >= half;
}

/** What the proof lets happen. */
function possible(stage: Stage): Possible {
  const { facts } = stage;
  const { node } = facts;
  const target = node.format;
  const slopes = slopesOf(activationOf(node));
  const channels = stage.least.length;
  let [saturatedHigh, saturatedLow, ties] = [false, false, false];
  for (let c = 0; c < channels; c++) {
    const proof = 'proof' in node ? node.proof : null;
    const fraction = proof?.accumulatorFraction[c] ?? stage.fractions[c]!;
    const low = slopeBelow(slopes, c) <= 0 ? 0 : (proof?.accumulatorMin[c] ?? facts.ranges[0]!.low);
    const high = proof?.accumulatorMax[c] ?? facts.ranges[0]!.high;
    saturatedHigh ||= castNumber(high, fraction, unbounded(target)) > maxMantissa(target);
    saturatedLow ||= castNumber(low, fraction, unbounded(target)) < minMantissa(target);
    ties ||= tieIsReachable(node, fraction - fractionBits(target), high);
  }
  return { saturatedHigh, saturatedLow, ties };
}

/** What a stage has not shown, in words. */
const UNSEEN = {
  above: 'no value above the format',
  below: 'no value below the format',
  tie: 'no accumulator on a rounding tie',
  negative: 'no negative value',
  positive: 'no positive value',
} as const;
export const unseenLine = (stage: NodeId, what: keyof typeof UNSEEN): string => `${stage}: ${UNSEEN[what]}`;

function unseenOf(stage: Stage): string[] {
  const { counts, facts } = stage;
  const can = possible(stage);
  const { id } = facts.node;
  const unseen: string[] = [];
  if (can.saturatedHigh && counts.saturatedHigh === 0) unseen.push(unseenLine(id, 'above'));
  if (can.saturatedLow && counts.saturatedLow === 0) unseen.push(unseenLine(id, 'below'));
  if (can.ties && counts.ties === 0) unseen.push(unseenLine(id, 'tie'));
  if (stage.reachable.low < 0 && counts.negative === 0) unseen.push(unseenLine(id, 'negative'));
  if (stage.reachable.high > 0 && counts.positive === 0) unseen.push(unseenLine(id, 'positive'));
  return unseen;
}

/** Values that a frame's elements of the stage read. */
function workOf({ node, shape, sources }: NodeFacts): number {
  const [height, width, channels] = shape;
  if ('weights' in node) return height * width * node.weights.mantissas.length;
  if (node.kind === 'globalAvgPool') return elements(sources[0]!.shape);
  return height * width * channels * (node.kind === 'avgPool' ? node.kernel[0] * node.kernel[1] : 2);
}

/** A meter for the stages of `graph` that sum and round. */
export function createCoverageMeter(graph: FixedGraph): CoverageMeter {
  const ranges = analyseRanges(graph);
  const stages = sumStages(graph).map((facts): Stage => {
    const counts: Counts = {
      values: 0,
      saturatedHigh: 0,
      saturatedLow: 0,
      ties: 0,
      rounded: 0,
      negative: 0,
      zero: 0,
      positive: 0,
      low: Infinity,
      high: -Infinity,
    };
    const channels = facts.shape[2];
    return {
      facts,
      counts,
      biases: Array.from({ length: channels }, (_, c) => biasOf(facts.node, facts.sources, c)),
      fractions: Array.from({ length: channels }, (_, c) =>
        accumulatorFraction(facts.node, facts.sources, c),
      ),
      work: workOf(facts),
      least: new Float64Array(channels).fill(Infinity),
      most: new Float64Array(channels).fill(-Infinity),
      reachable: ranges.get(facts.node.id)!.range,
    };
  });
  const decision: { -readonly [K in keyof DecisionCoverage]: DecisionCoverage[K] } = {
    kept: 0,
    vetoed: 0,
    leastKept: null,
    mostVetoed: null,
  };
  const unseenDecisions = (): string[] => [
    ...(decision.kept === 0 ? ['decision: no frame kept'] : []),
    ...(decision.vetoed === 0 ? ['decision: no frame vetoed'] : []),
  ];
  let frames = 0;
  return {
    add(tensors, only) {
      frames += 1;
      for (const stage of stages) if (only?.has(stage.facts.node.id) ?? true) addStage(stage, tensors);
    },
    decide(score) {
      const margin = score - graph.threshold;
      if (margin >= 0) {
        decision.kept += 1;
        decision.leastKept = Math.min(decision.leastKept ?? Infinity, margin);
      } else {
        decision.vetoed += 1;
        decision.mostVetoed = Math.max(decision.mostVetoed ?? -Infinity, margin);
      }
    },
    unseen: (work) =>
      new Map(
        stages
          .filter((stage) => stage.work <= work)
          .map((stage) => [stage.facts.node.id, unseenOf(stage)] as const)
          .filter(([, lines]) => lines.length > 0),
      ),
    result: () => ({
      frames,
      stages: stages.map((s) => ({
        stage: s.facts.node.id,
        ...s.counts,
        boundReached: boundReached(s),
        ...endsReached(s),
      })),
      decision: { ...decision },
      unseen: frames === 0 ? [] : [...stages.flatMap(unseenOf), ...unseenDecisions()],
    }),
  };
}
