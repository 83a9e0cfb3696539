/**
 * Hits lost, from the veto's own prescale: of the frames that the network called misses, one in N was kept by a hash of its
 * number, whatever was in it. What the experiment's own analysis finds to be hits among those tells of all.
 *
 * With L hits among the misses, the number H of them that were kept is binomial (L, p), p the exact share of the prescale:
 * so is it however the beam, the sample or the detector drift, for the hash looks at the number alone. H / p is unbiased for
 * L; the interval for L is Clopper & Pearson's, turned to the number of trials: every L for which H is not too far out.
 * L − H of them are lost. Both ends also respect what was counted: L ≥ H, and at most the misses less those seen to be misses.
 */
import { UserError } from '../core/errors.js';
import { binomialCdf } from './binomial.js';

/** What one setting of the prescale saw. */
export interface MeteredStratum {
  /** Probability with which a miss was kept (`prescaleShare`), more than 0. */
  readonly share: number;
  /** Frames that the network called misses, kept ones too. */
  readonly misses: number;
  /** Of these, kept by the prescale: every one of them must have been judged. */
  readonly keptMisses: number;
  /** Of these, hits after all. */
  readonly hits: number;
}

export interface MeteredLoss {
  /** Hits that are gone: unbiased estimate, interval. */
  readonly lost: MeteredInterval;
  /** Of all hits, the share that is gone. The value is a ratio of unbiased figures; the interval is exact. */
  readonly lostShare: MeteredInterval;
  readonly confidence: number;
}

export interface MeteredInterval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

function checkStratum({ share, misses, keptMisses, hits }: MeteredStratum): void {
  const counts = [misses, keptMisses, hits];
  if (!(share > 0 && share <= 1))
    throw new UserError(`a prescale that keeps ${share} of the misses says nothing`, {
      field: 'prescale',
      remedy: 'set the prescale register: 100 keeps 1 in 100 misses',
    });
  if (counts.some((n) => !Number.isInteger(n) || n < 0) || hits > keptMisses || keptMisses > misses)
    throw new UserError(`${hits} hits of ${keptMisses} kept misses of ${misses} misses cannot be`, {
      field: 'counts',
      remedy: 'count hits among the misses that were kept, and these among all misses',
    });
}

/** The largest whole number in [low, high] for which `holds`, which holds up to some number; `low` if for none. */
function lastWhere(low: number, high: number, holds: (n: number) => boolean): number {
  let [a, b] = [low, high];
  while (a < b) {
    const middle = Math.ceil((a + b) / 2);
    if (holds(middle)) a = middle;
    else b = middle - 1;
  }
  return a;
}

/** Interval of the hits among the misses of one stratum, each side missing with at most `tail`. */
function hitsAmongMisses(s: MeteredStratum, tail: number): readonly [low: number, high: number] {
  const most = s.misses - (s.keptMisses - s.hits);
  // P(X ≤ H) falls with L: too many hits make so few seen unlikely.
  const high = lastWhere(s.hits, most, (l) => binomialCdf(s.hits, l, s.share) > tail);
  // P(X ≥ H) grows with L: too few hits make so many seen unlikely.
  const tooFew = (l: number): boolean => 1 - binomialCdf(s.hits - 1, l, s.share) <= tail;
  const low = s.hits === 0 || !tooFew(s.hits) ? s.hits : lastWhere(s.hits, most, tooFew) + 1;
  return [Math.min(low, high), high];
}

/** Strata of the same share are one. */
function joined(strata: readonly MeteredStratum[]): MeteredStratum[] {
  const byShare = new Map<number, MeteredStratum>();
  for (const s of strata) {
    const sum = byShare.get(s.share) ?? { share: s.share, misses: 0, keptMisses: 0, hits: 0 };
    byShare.set(s.share, {
      share: s.share,
      misses: sum.misses + s.misses,
      keptMisses: sum.keptMisses + s.keptMisses,
      hits: sum.hits + s.hits,
    });
  }
  return [...byShare.values()];
}

/**
 * Hits lost to the veto. `keptHits` are the hits among the frames that it kept for another reason than the prescale. With several
 * settings of the prescale the error is shared out among them (Bonferroni): the interval is then wider than it must be.
 */
export function meteredLoss(
  strata: readonly MeteredStratum[],
  keptHits: number,
  confidence = 0.95,
): MeteredLoss {
  strata.forEach(checkStratum);
  const parts = joined(strata);
  const tail = (1 - confidence) / 2 / Math.max(1, parts.length);
  const seen = parts.reduce((sum, s) => sum + s.hits, 0);
  const value = parts.reduce((sum, s) => sum + (s.hits * (1 - s.share)) / s.share, 0);
  const ranges = parts.map((s) => hitsAmongMisses(s, tail));
  const low = ranges.reduce((sum, [l]) => sum + l, -seen);
  const high = ranges.reduce((sum, [, h]) => sum + h, -seen);
  const shareOf = (lost: number): number => (lost === 0 ? 0 : lost / (lost + seen + keptHits));
  return {
    lost: { value, low, high },
    lostShare: { value: shareOf(value), low: shareOf(low), high: shareOf(high) },
    confidence,
  };
}

/**
 * The confidence of the `look`-th look (from 1) at a figure that is watched while it grows, so that all looks together are wrong with at
 * most 1 − `confidence`: the errors 1/(1·2), 1/(2·3), … of it sum to one.
 */
export const confidenceOfLook = (confidence: number, look: number): number =>
  1 - (1 - confidence) / (look * (look + 1));

export type LossVerdict =
  /** The whole interval is within the bound. */
  | 'within'
  /** The whole interval is beyond it: an alarm. */
  | 'beyond'
  /** Too little was seen to tell. */
  | 'open';

/** What an interval of the share of hits lost says of a bound. */
export const lossVerdict = (
  { lostShare }: { readonly lostShare: Pick<MeteredInterval, 'low' | 'high'> },
  bound: number,
): LossVerdict => (lostShare.high <= bound ? 'within' : lostShare.low > bound ? 'beyond' : 'open');
