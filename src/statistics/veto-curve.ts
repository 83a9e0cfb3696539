/** The veto curve: how many hits are kept for how many misses rejected, and thresholds on it. */
import { invariant } from '../core/errors.js';
import { proportion, type Proportion } from './proportion.js';

export interface VetoPoint {
  /** Frames with `score >= threshold` are kept. */
  readonly threshold: number;
  /** Fraction of hits kept (recall). */
  readonly hitsKept: Proportion;
  /** Fraction of misses rejected. */
  readonly missesRejected: Proportion;
}

export interface VetoCurve {
  /** From keeping every frame to keeping none, one point per distinct score and one beyond. */
  readonly points: readonly VetoPoint[];
  /** Area under the ROC curve; ties count half. NaN when hits or misses are absent. */
  readonly auc: number;
}

/** The veto curve (an ROC curve with named axes) of `scores`, where a larger score means hit. */
export function vetoCurve(scores: ArrayLike<number>, hits: ArrayLike<boolean | number>): VetoCurve {
  const order = Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  const isHit = (i: number): boolean => Boolean(hits[i]);
  const hitTotal = order.filter(isHit).length;
  const missTotal = order.length - hitTotal;
  const points: VetoPoint[] = [];
  let hitsLost = 0;
  let missesRejected = 0;
  let area = 0;
  const push = (threshold: number): void => {
    points.push({
      threshold,
      hitsKept: proportion(hitTotal - hitsLost, hitTotal),
      missesRejected: proportion(missesRejected, missTotal),
    });
  };
  for (let k = 0; k < order.length;) {
    const score = scores[order[k]!]!;
    push(score);
    let tiedHits = 0;
    let tiedMisses = 0;
    for (; k < order.length && scores[order[k]!]! === score; k++)
      if (isHit(order[k]!)) tiedHits += 1;
      else tiedMisses += 1;
    area += tiedHits * (missesRejected + tiedMisses / 2);
    hitsLost += tiedHits;
    missesRejected += tiedMisses;
  }
  push(Infinity);
  return { points, auc: hitTotal * missTotal === 0 ? NaN : area / (hitTotal * missTotal) };
}

/** The points of `curve` where it turns: between two of them only hits, or only misses, leave. */
export function corners({ points }: VetoCurve): readonly VetoPoint[] {
  const movesHits = (a: VetoPoint, b: VetoPoint): boolean => a.hitsKept.count !== b.hitsKept.count;
  const movesMisses = (a: VetoPoint, b: VetoPoint): boolean =>
    a.missesRejected.count !== b.missesRejected.count;
  return points.filter((point, i) => {
    const [before, after] = [points[i - 1], points[i + 1]];
    if (before === undefined || after === undefined) return true;
    const hits = movesHits(before, point) || movesHits(point, after);
    const misses = movesMisses(before, point) || movesMisses(point, after);
    return hits && misses;
  });
}

/** The point of `curve` that rejects most while keeping at least `keepFraction` of the hits. */
export function pointAt(curve: VetoCurve, keepFraction: number): VetoPoint {
  let best = curve.points[0];
  invariant(best !== undefined, 'an empty curve');
  for (const point of curve.points)
    if (point.hitsKept.count >= Math.ceil(keepFraction * point.hitsKept.total - 1e-9)) best = point;
  return best;
}

/** How many frames are kept at `point`. */
export const framesKept = ({ hitsKept, missesRejected }: VetoPoint): number =>
  hitsKept.count + missesRejected.total - missesRejected.count;

/** The point of `curve` that keeps as near to `kept` frames as it can; of two as near, the one that keeps more. */
export function pointKeeping({ points }: VetoCurve, kept: number): VetoPoint {
  const [first] = points;
  invariant(first !== undefined, 'an empty curve');
  const off = (point: VetoPoint): number => Math.abs(framesKept(point) - kept);
  return points.reduce((best, point) => (off(point) < off(best) ? point : best), first);
}

/**
 * The threshold for `score >= threshold` that keeps at least `keepFraction` of the hits and rejects most misses:
 * in the middle of the gap between the lowest score kept and the next one below it, so that a little noise on
 * either side changes nothing. With no score below, the lowest kept score.
 */
export function chooseThreshold(
  scores: ArrayLike<number>,
  hits: ArrayLike<boolean | number>,
  keepFraction: number,
): number {
  const { threshold } = pointAt(vetoCurve(scores, hits), keepFraction);
  let below = -Infinity;
  for (let i = 0; i < scores.length; i++)
    if (scores[i]! < threshold && scores[i]! > below) below = scores[i]!;
  if (threshold === Infinity) return 0;
  return below === -Infinity ? threshold : (threshold + below) / 2;
}
