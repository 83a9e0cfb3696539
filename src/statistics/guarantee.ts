/**
 * A threshold with a guarantee: "at most α of the hits are lost, with confidence 1 − δ".
 *
 * Of n scores of hits, independent and from the same source as those to come, the k-th smallest leaves a share of hits
 * below it that is at most Beta(k, n − k + 1): whatever the distribution of scores, ties included (Wilks, Ann. Math.
 * Stat. 12 (1941) 91). The threshold is the largest of them for which P(Beta(k, n − k + 1) > α) ≤ δ. It says nothing of hits
 * of another source: another detector, another crystal, another night.
 */
import { UserError } from '../core/errors.js';
import { binomialCdf, clopperPearson } from './binomial.js';
import type { Interval } from './proportion.js';

export interface LossBound {
  /** α: the largest share of hits that may be lost, 0 to 1. */
  readonly lost: number;
  /** 1 − δ: how sure that is, 0 to 1. */
  readonly confidence: number;
}

export interface GuaranteedThreshold extends LossBound {
  /** Frames with `score >= threshold` are kept. */
  readonly threshold: number;
  /** It is the `rank`-th smallest score of the hits, from 1. */
  readonly rank: number;
  readonly hits: number;
  /** Hits below the threshold: fewer than `rank`. */
  readonly hitsBelow: number;
}

function checkBound({ lost, confidence }: LossBound): void {
  if (!(lost > 0 && lost < 1))
    throw new UserError(`${lost} is no share of hits that may be lost`, {
      field: 'lost',
      remedy: 'ask for more than 0 and less than 1: 0.001 for 0.1 %',
    });
  if (!(confidence > 0 && confidence < 1))
    throw new UserError(`${confidence} is no confidence`, {
      field: 'confidence',
      remedy: 'ask for more than 0 and less than 1: 0.95 for 95 %',
    });
}

/** The fewest hits that can carry `bound`: none of them may then be lost. */
export function hitsNeeded(bound: LossBound): number {
  checkBound(bound);
  const estimate = Math.max(1, Math.ceil(Math.log1p(-bound.confidence) / Math.log1p(-bound.lost)));
  // The quotient of two logarithms may miss a whole number by a rounding: the distribution decides.
  return [estimate - 1, estimate, estimate + 1].find((n) => n > 0 && carries(1, n, bound)) ?? estimate + 1;
}

const carries = (rank: number, hits: number, { lost, confidence }: LossBound): boolean =>
  binomialCdf(rank - 1, hits, lost) <= (1 - confidence) * (1 + 1e-12);

/** The largest rank that carries `bound`; 0 if not even the smallest score does. */
function guaranteedRank(hits: number, bound: LossBound): number {
  let low = 0;
  let high = hits;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (carries(middle, hits, bound)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * The highest threshold that loses at most `bound.lost` of the hits with `bound.confidence`, from the scores of hits that had no
 * part in training or in the choice of anything else. A `UserError` where they are too few.
 */
export function guaranteedThreshold(hitScores: ArrayLike<number>, bound: LossBound): GuaranteedThreshold {
  const needed = hitsNeeded(bound);
  const hits = hitScores.length;
  const rank = guaranteedRank(hits, bound);
  if (rank === 0) {
    const percent = (share: number): string => `${Number((100 * share).toPrecision(6))} %`;
    throw new UserError(
      `${hits} hits cannot carry "at most ${percent(bound.lost)} of the hits are lost, with confidence ${percent(bound.confidence)}"`,
      {
        field: 'lost',
        remedy: `it takes at least ${needed} hits, or a bound of ${percent(smallestBound(hits, bound.confidence))}`,
      },
    );
  }
  const sorted = Array.from(hitScores).sort((a, b) => a - b);
  const threshold = sorted[rank - 1]!;
  const hitsBelow = sorted.filter((score) => score < threshold).length;
  return { ...bound, threshold, rank, hits, hitsBelow };
}

/** The smallest share for which `hits` hits can carry a guarantee, rounded up to three digits. */
export function smallestBound(hits: number, confidence: number): number {
  if (hits === 0) return 1;
  const exact = -Math.expm1(Math.log1p(-confidence) / hits);
  const step = 10 ** (Math.floor(Math.log10(exact)) - 2);
  return Math.min(1, Number((Math.ceil(exact / step) * step).toPrecision(3)));
}

/** What holds of a threshold that was chosen before these hits were seen. */
export interface ThresholdBound extends LossBound {
  readonly hits: number;
  readonly hitsBelow: number;
}

/**
 * The largest share of hits that a threshold loses, with `confidence` (more than one half), from `hitsBelow` of `hits` below it: the
 * one-sided bound of Clopper & Pearson. The hits must have had no part in the choice of the threshold.
 */
export const boundOf = (hitsBelow: number, hits: number, confidence: number): ThresholdBound => ({
  hits,
  hitsBelow,
  confidence,
  lost: hits === 0 ? 1 : clopperPearson(hitsBelow, hits, 2 * confidence - 1).high,
});

export interface Yield {
  /** Share of misses rejected: of the validation's, with its exact interval at the same confidence. */
  readonly missesRejected: Interval & { readonly value: number };
  /** Share of all frames kept: data that is left. */
  readonly framesKept: Interval & { readonly value: number };
  /** Share of hits among what is kept. */
  readonly precision: Interval & { readonly value: number };
}

/**
 * What follows from `threshold` where a share `prevalence` of the frames are hits. The values take the hits below the threshold as
 * they were counted; the intervals the guarantee on the one side and every hit kept on the other.
 */
export function yieldAt(
  { threshold, hits, hitsBelow, lost, confidence }: GuaranteedThreshold,
  missScores: ArrayLike<number>,
  prevalence: number,
): Yield {
  if (!(prevalence >= 0 && prevalence <= 1))
    throw new UserError(`${prevalence} is no share of hits among all frames`, {
      field: 'prevalence',
      remedy: 'give 0 to 1: 0.05 where one frame in twenty is a hit',
    });
  const rejected = Array.from(missScores).filter((score) => score < threshold).length;
  const misses = missScores.length;
  const rate = misses === 0 ? { low: 0, high: 1 } : clopperPearson(rejected, misses, confidence);
  const value = misses === 0 ? NaN : rejected / misses;
  const kept = (hitsKept: number, missesRejected: number): number =>
    prevalence * hitsKept + (1 - prevalence) * (1 - missesRejected);
  const precise = (hitsKept: number, missesRejected: number): number =>
    (prevalence * hitsKept) / kept(hitsKept, missesRejected);
  const hitsKept = 1 - hitsBelow / hits;
  return {
    missesRejected: { value, ...rate },
    framesKept: { value: kept(hitsKept, value), low: kept(1 - lost, rate.high), high: kept(1, rate.low) },
    precision: {
      value: precise(hitsKept, value),
      low: precise(1 - lost, rate.low),
      high: precise(1, rate.high),
    },
  };
}
