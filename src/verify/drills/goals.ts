/** What each stage is to be driven to: both ends of every channel's accumulator, and its rounding ties. */
import { fractionBits } from '../../fixed/format.js';
import type { Random } from '../../core/random.js';
import { slopeBelow, slopesOf } from '../../ir/activations.js';
import { activationOf, type Range } from '../../ir/prove.js';
import { accumulatorFraction } from '../trace.js';
import { findTie, type Tie, type TieGrid, type TieWish } from './solve.js';
import { drivenEnds, fieldsOf, type Addends, type SumStage, type Term } from './sums.js';

export type Wish =
  { readonly kind: 'lowest' } | { readonly kind: 'highest' } | ({ readonly kind: 'tie' } & TieWish);

export interface Goal {
  readonly channel: number;
  readonly wish: Wish;
}

export function wishText({ channel, wish }: Goal): string {
  if (wish.kind !== 'tie') return `channel ${channel} to its ${wish.kind} accumulator`;
  const side = wish.side > 0 ? 'above' : 'below';
  return `channel ${channel} to a tie ${side} zero, over an ${wish.odd ? 'odd' : 'even'} value`;
}

/** Where the ties of channel `c` lie on one side of zero; null where its rounding drops nothing there. */
export function tieGrid({ node, sources }: SumStage, c: number, side: 1 | -1): TieGrid | null {
  const shift = accumulatorFraction(node, sources, c) - fractionBits(node.format);
  const slopes = slopesOf(activationOf(node));
  const negative = slopeBelow(slopes, c);
  if (side > 0) return shift > 0 ? { shift, factor: 1 } : null;
  // Below zero a ReLU leaves nothing, and so does a slope of 0.
  if (negative === 0) return null;
  let factor = negative;
  let left = shift + slopes.fraction;
  for (; factor % 2 === 0; factor /= 2) left -= 1;
  return left > 0 ? { shift: left, factor } : null;
}

/**
 * All goals of a stage, the most telling first: the ends and ties of the channel with the widest sums, then the ends of
 * the others, their ties above an odd or an even value by turns, and at last the other ties.
 */
export function goalsOf(stage: SumStage): readonly Goal[] {
  const fields = fieldsOf(stage);
  const reach = Array.from({ length: stage.shape[2] }, (_, c) => {
    const { low, high } = drivenEnds(stage, fields, c);
    return Math.max(-low, high);
  });
  const channels = [...reach.keys()].sort((a, b) => reach[b]! - reach[a]!);
  const ends = (c: number): Goal[] =>
    (['lowest', 'highest'] as const).map((kind) => ({ channel: c, wish: { kind } }));
  const ties = (c: number, odd: boolean): Goal[] =>
    ([1, -1] as const)
      .filter((side) => tieGrid(stage, c, side) !== null)
      .map((side) => ({ channel: c, wish: { kind: 'tie', side, odd } }));
  const isOdd = (c: number): boolean => c % 2 === 1;
  const [widest, ...others] = channels;
  return [
    ...ends(widest!),
    ...ties(widest!, isOdd(widest!)),
    ...others.flatMap(ends),
    ...others.flatMap((c) => ties(c, isOdd(c))),
    ...channels.flatMap((c) => ties(c, !isOdd(c))),
  ];
}

/** Values of a factor tried for one tie. */
const FACTORS = 48;

/** Like `valuesFor`, of one value times another, which comes last. */
function productFor(
  stage: SumStage,
  [term]: readonly Term[],
  factor: Range,
  { channel, wish }: Goal,
  random: Random,
): Values {
  const { range, weight } = term!;
  if (wish.kind !== 'tie') {
    const corners = [range.low, range.high].flatMap((a) =>
      [factor.low, factor.high].map((b) => [a, b] as const),
    );
    const up = wish.kind === 'highest' ? 1 : -1;
    const values = corners.reduce((best, at) => ((at[0] * at[1] - best[0] * best[1]) * up > 0 ? at : best));
    return { kind: 'found', values };
  }
  const grid = tieGrid(stage, channel, wish.side);
  if (grid === null) return { kind: 'none' };
  const all = factor.high - factor.low + 1;
  for (let i = 0; i < Math.min(all, FACTORS); i++) {
    const by = all <= FACTORS ? factor.low + i : random.integer(factor.low, factor.high);
    if (by === 0) continue;
    const tie = findTie({ terms: [{ ...term!, weight: weight * by }], bias: 0 }, grid, wish, random);
    if (tie.kind === 'found') return { kind: 'found', values: [...tie.values, by] };
  }
  return { kind: all <= FACTORS ? 'none' : 'missed' };
}

type Values = Tie | { readonly kind: 'found'; readonly values: readonly number[] };

/** The values, one a term and then that of the factor, that fulfil `goal`. */
export function valuesFor(stage: SumStage, sum: Addends, goal: Goal, random: Random): Values {
  const { channel, wish } = goal;
  if (sum.factor !== null) return productFor(stage, sum.terms, sum.factor.range, goal, random);
  if (wish.kind === 'tie') {
    const grid = tieGrid(stage, channel, wish.side);
    return grid === null ? { kind: 'none' } : findTie(sum, grid, wish, random);
  }
  const up = wish.kind === 'highest';
  return {
    kind: 'found',
    values: sum.terms.map(({ weight, range }) => (weight > 0 === up ? range.high : range.low)),
  };
}
