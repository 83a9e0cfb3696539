/** What one network loses beside another where both drop as many misses: the figure that a veto is chosen by. */
import { pointAt, vetoCurve, type VetoCurve } from '../statistics/veto-curve.js';

/** The largest share of hits that `curve` keeps at any threshold that rejects at least `misses` misses. */
export function hitsKeptAtRejection({ points }: VetoCurve, misses: number): number {
  return points.reduce(
    (most, p) => (p.missesRejected.count >= misses ? Math.max(most, p.hitsKept.value) : most),
    0,
  );
}

/**
 * Share of the hits that `other` loses beside `reference`, both on the same frames, at the rejection that `reference`
 * has where it keeps `keepFraction` of the hits. Negative where `other` keeps more.
 */
export function hitLoss(reference: VetoCurve, other: VetoCurve, keepFraction: number): number {
  const { count } = pointAt(reference, keepFraction).missesRejected;
  return hitsKeptAtRejection(reference, count) - hitsKeptAtRejection(other, count);
}

/** Nine Gaussian deviates of equal probability (the 1/18, 3/18, … quantiles). */
const DRAWS = [-1.5932, -0.9674, -0.5895, -0.2822, 0, 0.2822, 0.5895, 0.9674, 1.5932];

/**
 * The share of hits that noise of `sigma` on the scores is expected to cost at the same rejection: as if the noise of
 * quantization fell otherwise on every frame. Where few frames are at hand it tells networks apart that by luck lose
 * none of them.
 */
export function expectedHitLoss(
  scores: readonly number[],
  hits: readonly boolean[],
  sigma: number,
  keepFraction: number,
): number {
  const noisy = scores.flatMap((score) => DRAWS.map((z) => score + sigma * z));
  const labels = hits.flatMap((hit) => DRAWS.map(() => hit));
  const repeated = scores.flatMap((score) => DRAWS.map(() => score));
  return hitLoss(vetoCurve(repeated, labels), vetoCurve(noisy, labels), keepFraction);
}
