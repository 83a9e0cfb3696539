/** What the drills of a stage have shown, counted from the values that it was given. */
import type { NodeId } from '../../ir/common.js';
import { accumulatorFraction } from '../trace.js';
import { roundedOf } from '../rounding.js';
import { drivenEnds, fieldsOf, provedEnds, type SumStage } from './sums.js';
import type { Goal } from './goals.js';

/** How many channels came to one end of their accumulators. */
export interface EndReached {
  /** Channels driven there: no inputs within their proved ranges go further. */
  readonly channels: number;
  /** Those of them that came to the proved bound itself. */
  readonly proved: number;
  /** Of the channels driven there, the farthest from its proved bound, as a share of all that is proved; null for none. */
  readonly farthest: number | null;
}

export interface StageDrills {
  readonly stage: NodeId;
  readonly channels: number;
  readonly lowest: EndReached;
  readonly highest: EndReached;
  /** Accumulators put exactly between two values of the format, above and below zero. */
  readonly tiesAbove: number;
  readonly tiesBelow: number;
  /** Ties wished for that no accumulator of the channel can be, and that were not found. */
  readonly tiesImpossible: number;
  readonly tiesMissed: number;
  /** Accumulators driven out of the format, at its top and at its bottom. */
  readonly saturatedHigh: number;
  readonly saturatedLow: number;
  /** Goals that the budget left out. */
  readonly leftOut: number;
  /** Why the proved bound is wider than what was reached; null where it is not. */
  readonly wider: string | null;
}

export interface StageMeter {
  /** Counts the accumulator `sum` of the channel of `goal`. */
  reached(goal: Goal, sum: number): void;
  noTie(kind: 'none' | 'missed'): void;
  leftOut(goals: number): void;
  result(): StageDrills;
}

/** Why no drill can reach what is proved of the stage, if so. */
function whyWider(stage: SumStage): string | null {
  const { node, shape, sources } = stage;
  const fields = fieldsOf(stage);
  const reachesAll = Array.from({ length: shape[2] }, (_, c) => {
    const [can, proved] = [drivenEnds(stage, fields, c), provedEnds(stage, c)];
    return can.low <= proved.low && can.high >= proved.high;
  }).every(Boolean);
  if (reachesAll) return null;
  if ('proof' in node && node.proof.worstCase) return 'it holds for all weights that may be loaded';
  const inside = 'kernel' in node && node.kernel.every((k, axis) => k <= sources[0]!.shape[axis]!);
  if ('kernel' in node && !inside) return 'no window lies wholly inside the image';
  return 'it holds for partial sums too, as those before the bias';
}

interface End {
  readonly channels: Set<number>;
  readonly proved: Set<number>;
  farthest: number | null;
}

export function createStageMeter(stage: SumStage): StageMeter {
  const fields = fieldsOf(stage);
  const ends = { lowest: newEnd(), highest: newEnd() };
  const counts = {
    tiesAbove: 0,
    tiesBelow: 0,
    tiesImpossible: 0,
    tiesMissed: 0,
    saturatedHigh: 0,
    saturatedLow: 0,
    leftOut: 0,
  };
  return {
    reached({ channel, wish }, sum) {
      const rounded = roundedOf(
        stage.node,
        accumulatorFraction(stage.node, stage.sources, channel),
        sum,
        channel,
      );
      if (rounded.tie && sum > 0) counts.tiesAbove += 1;
      if (rounded.tie && sum < 0) counts.tiesBelow += 1;
      if (rounded.above) counts.saturatedHigh += 1;
      if (rounded.below) counts.saturatedLow += 1;
      if (wish.kind === 'tie') return;
      const end = ends[wish.kind];
      const side = wish.kind === 'lowest' ? 'low' : 'high';
      const proved = provedEnds(stage, channel);
      const missing = Math.abs(sum - proved[side]);
      if (sum === drivenEnds(stage, fields, channel)[side]) end.channels.add(channel);
      if (missing === 0) end.proved.add(channel);
      end.farthest = Math.max(end.farthest ?? 0, missing === 0 ? 0 : missing / (proved.high - proved.low));
    },
    noTie(kind) {
      counts[kind === 'none' ? 'tiesImpossible' : 'tiesMissed'] += 1;
    },
    leftOut(goals) {
      counts.leftOut += goals;
    },
    result: () => ({
      stage: stage.node.id,
      channels: stage.shape[2],
      lowest: endReached(ends.lowest),
      highest: endReached(ends.highest),
      ...counts,
      wider: whyWider(stage),
    }),
  };
}

const newEnd = (): End => ({ channels: new Set(), proved: new Set(), farthest: null });
const endReached = ({ channels, proved, farthest }: End): EndReached => ({
  channels: channels.size,
  proved: proved.size,
  farthest,
});
