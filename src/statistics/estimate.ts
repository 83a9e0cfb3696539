/**
 * How many hits did the veto lose? Nobody knows the truth of a night of data; two estimates, each with what it rests on.
 *
 * From the second opinion: the classical finder is a test with a sensitivity and a specificity, both measured on
 * labelled reference frames. The share of its positives among the vetoed frames, corrected for both
 * (Rogan & Gladen, Am. J. Epidemiol. 107 (1978) 71), estimates the share of hits there. The interval carries all
 * three uncertainties: draws from the Beta posteriors (Jeffreys' prior) of the share, the sensitivity and the
 * specificity go through the same formula; 2.5 % and 97.5 % quantiles. It assumes that the finder errs on vetoed
 * frames as it does on others. Hits that are too weak for both are not seen by it: the second estimate is.
 *
 * From reviewed samples: a random sample of the vetoed frames of each stratum (with and without enough peaks) that
 * a human judged. Rests on nothing but the human's eye.
 */
import { createRandom, type Random } from '../core/random.js';

export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** The classical finder against the truth of the reference frames. */
export interface TestAccuracy {
  readonly truePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
  readonly falsePositives: number;
}

/** Frames of one kind (vetoed or kept) and how many of them the finder calls hits. */
export interface Stratum {
  readonly total: number;
  readonly positives: number;
}

export interface LostHits {
  /** Hits among the vetoed frames. */
  readonly lost: Estimate;
  /** Hits among all frames. */
  readonly hits: Estimate;
  /** `lost / hits`, in [0, 1]. */
  readonly lostShare: Estimate;
}

const DRAWS = 4000;

/** Gamma(shape, 1) by Marsaglia & Tsang, ACM Trans. Math. Softw. 26 (2000) 363. */
function gamma(shape: number, random: Random): number {
  if (shape < 1) return gamma(shape + 1, random) * (1 - random.uniform()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    if (Math.log(1 - random.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** One draw from the posterior of a share of which `yes` of `total` were seen. */
function drawShare(yes: number, total: number, random: Random): number {
  const a = gamma(yes + 0.5, random);
  const b = gamma(total - yes + 0.5, random);
  return a / (a + b);
}

function correct(share: number, sensitivity: number, specificity: number): number {
  const power = sensitivity + specificity - 1;
  // A test that is no better than a coin says nothing: its correction would divide by zero.
  if (power <= 0.01) return NaN;
  return Math.min(1, Math.max(0, (share + specificity - 1) / power));
}

function summarize(value: number, draws: readonly number[]): Estimate {
  const sorted = draws.filter((draw) => !Number.isNaN(draw)).sort((a, b) => a - b);
  if (sorted.length === 0 || Number.isNaN(value)) return { value: NaN, low: NaN, high: NaN };
  const at = (fraction: number): number => sorted[Math.round(fraction * (sorted.length - 1))]!;
  return { value, low: Math.min(value, at(0.025)), high: Math.max(value, at(0.975)) };
}

/** Hits lost, from the second opinion. The same input gives the same figures. */
export function estimateLostHits(vetoed: Stratum, kept: Stratum, accuracy: TestAccuracy): LostHits {
  const { truePositives, falseNegatives, trueNegatives, falsePositives } = accuracy;
  const actualHits = truePositives + falseNegatives;
  const actualMisses = trueNegatives + falsePositives;
  const random = createRandom(20260101);
  const through = (
    vetoedShare: number,
    keptShare: number,
    sensitivity: number,
    specificity: number,
  ): readonly [number, number, number] => {
    const lost = vetoed.total === 0 ? 0 : vetoed.total * correct(vetoedShare, sensitivity, specificity);
    const found = kept.total === 0 ? 0 : kept.total * correct(keptShare, sensitivity, specificity);
    return [lost, lost + found, lost + found === 0 ? 0 : lost / (lost + found)];
  };
  const share = ({ positives, total }: Stratum): number => (total === 0 ? 0 : positives / total);
  const point = through(
    share(vetoed),
    share(kept),
    actualHits === 0 ? NaN : truePositives / actualHits,
    actualMisses === 0 ? NaN : trueNegatives / actualMisses,
  );
  const draws = Array.from({ length: DRAWS }, () =>
    through(
      drawShare(vetoed.positives, vetoed.total, random),
      drawShare(kept.positives, kept.total, random),
      drawShare(truePositives, actualHits, random),
      drawShare(trueNegatives, actualMisses, random),
    ),
  );
  const [lost, hits, lostShare] = [0, 1, 2].map((k) =>
    summarize(
      point[k]!,
      draws.map((draw) => draw[k]!),
    ),
  );
  return { lost: lost!, hits: hits!, lostShare: lostShare! };
}

/** A stratum of which a random sample was judged. */
export interface ReviewedStratum {
  readonly total: number;
  /** Sampled frames judged right or wrong. */
  readonly judged: number;
  /** Of these, vetoed wrongly. */
  readonly wrong: number;
}

/** Hits lost, from a human's verdicts; null while a stratum that holds frames has no verdict. */
export function estimateReviewed(strata: readonly ReviewedStratum[]): Estimate | null {
  const filled = strata.filter((one) => one.total > 0);
  if (filled.length === 0 || filled.some((one) => one.judged === 0)) return null;
  const random = createRandom(20260102);
  const value = filled.reduce((sum, one) => sum + (one.total * one.wrong) / one.judged, 0);
  const draws = Array.from({ length: DRAWS }, () =>
    filled.reduce((sum, one) => {
      // What was judged is known; only the rest is uncertain.
      const rest = one.total - one.judged;
      return sum + one.wrong + rest * drawShare(one.wrong, one.judged, random);
    }, 0),
  );
  return summarize(value, draws);
}
