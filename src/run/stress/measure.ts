/** What a veto loses and rejects of frames that are disturbed more and more, one nuisance at a time. */
import { UserError } from '../../core/errors.js';
import type { FrameSource } from '../../data/frames.js';
import { disturbedSource } from '../../data/nuisances/disturb.js';
import { nuisance, type NuisanceName } from '../../data/nuisances/table.js';
import { veto, type FixedGraph } from '../../ir/graph.js';
import { clopperPearson } from '../../statistics/binomial.js';
import type { Interval } from '../../statistics/proportion.js';
import type { Progress } from '../events.js';
import { scoreFixed } from '../stages/score.js';
import type { Promised } from './promised.js';
import type { UnseenFrames } from '../unseen-frames.js';

/** A share with its exact interval at 95 %. */
export interface Share extends Interval {
  readonly count: number;
  readonly total: number;
  readonly value: number;
}

/** What the veto does at its threshold with all frames disturbed by one strength. */
export interface StressPoint {
  readonly strength: number;
  readonly hitsLost: Share;
  readonly missesRejected: Share;
  /** Patterns that can be indexed as the frames are; null where nobody tried. A disturbed one may no longer be. */
  readonly indexableLost: Share | null;
}

export interface StressCurve {
  readonly nuisance: NuisanceName;
  /** Strengths that frames in training had, if any. */
  readonly trained: readonly [low: number, high: number] | null;
  /** The frames as they are, then the weakest strength first. */
  readonly points: readonly StressPoint[];
  /** The first strength at which the frames counted break the promise; null: none that was tried. */
  readonly breaksAt: number | null;
  /** The first at which chance does not explain it: the whole interval lies outside. */
  readonly surelyBreaksAt: number | null;
}

export interface StressRequest {
  readonly graph: FixedGraph;
  readonly source: FrameSource;
  readonly frames: UnseenFrames;
  readonly names: readonly NuisanceName[];
  readonly promised: Promised;
  /** Strengths of training by nuisance. */
  readonly trained: Readonly<Partial<Record<NuisanceName, { readonly low: number; readonly high: number }>>>;
  readonly seed: number;
}

const CONFIDENCE = 0.95;

function share(count: number, total: number): Share {
  return { count, total, value: count / total, ...clopperPearson(count, total, CONFIDENCE) };
}

async function pointAt(
  { graph, frames: { indices, isHit, indexable } }: StressRequest,
  source: FrameSource,
  strength: number,
  progress: Progress,
): Promise<StressPoint> {
  const logits = await scoreFixed(graph, source, indices, progress);
  const kept = logits.map((row) => veto(row, graph.hitClasses) >= graph.threshold);
  const hits = isHit.filter(Boolean).length;
  const lost = kept.filter((keep, k) => isHit[k]! && !keep).length;
  const rejected = kept.filter((keep, k) => !isHit[k]! && !keep).length;
  const patterns = indexable.filter((one) => one === true).length;
  const lostPatterns = kept.filter((keep, k) => indexable[k] === true && !keep).length;
  return {
    strength,
    hitsLost: share(lost, hits),
    missesRejected: share(rejected, isHit.length - hits),
    indexableLost: patterns === 0 ? null : share(lostPatterns, patterns),
  };
}

const breaks = ({ hitsLost, missesRejected }: StressPoint, { mostLost, leastRejected }: Promised): boolean =>
  hitsLost.value > mostLost || missesRejected.value < leastRejected;
const surelyBreaks = (
  { hitsLost, missesRejected }: StressPoint,
  { mostLost, leastRejected }: Promised,
): boolean => hitsLost.low > mostLost || missesRejected.high < leastRejected;

/** Fewer hits or misses than this say nothing of a share. */
const LEAST = 5;

function checkEnough({ frames: { isHit }, source }: StressRequest): void {
  for (const [what, wanted] of [
    ['hits', true],
    ['misses', false],
  ] as const) {
    const count = isHit.filter((hit) => hit === wanted).length;
    if (count < LEAST)
      throw new UserError(`${count} ${what} are too few to see what a veto loses`, {
        file: source.name,
        field: '--frames',
        remedy: `give at least ${LEAST} hits and ${LEAST} misses that had no part in training`,
      });
  }
}

/** Measures every nuisance of the request; the frames as they are stand first in every curve. Throws `UserError` on too few frames. */
export async function stress(request: StressRequest, progress: Progress): Promise<readonly StressCurve[]> {
  checkEnough(request);
  const { names, source, promised, trained, seed } = request;
  const steps = names.reduce((sum, name) => sum + nuisance(name).strengths.length, 1);
  let done = 0;
  const silent: Progress = { ...progress, update: () => undefined };
  const measured = async (
    from: FrameSource,
    strength: number,
    nuisance: NuisanceName | null,
  ): Promise<StressPoint> => {
    const point = await pointAt(request, from, strength, silent);
    progress.update(++done, steps, { of: 'strengths', nuisance });
    return point;
  };
  const plain = await measured(source, 0, null);
  const curves: StressCurve[] = [];
  for (const name of names) {
    const { strengths, none } = nuisance(name);
    const points: StressPoint[] = [{ ...plain, strength: none }];
    for (const strength of strengths)
      points.push(await measured(disturbedSource(source, [[name, strength]], seed), strength, name));
    const range = trained[name];
    curves.push({
      nuisance: name,
      trained: range === undefined ? null : [range.low, range.high],
      points,
      breaksAt: points.find((p) => breaks(p, promised))?.strength ?? null,
      surelyBreaksAt: points.find((p) => surelyBreaks(p, promised))?.strength ?? null,
    });
  }
  return curves;
}
