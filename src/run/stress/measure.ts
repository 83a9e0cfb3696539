/** What a veto loses and rejects of frames that are disturbed more and more, one nuisance at a time. */
import { createRandom } from '../../core/random.js';
import type { FrameSource } from '../../data/frames.js';
import { disturbed, seriesRandom } from '../../data/nuisances/disturb.js';
import { nuisance, type NuisanceName } from '../../data/nuisances/table.js';
import { veto, type FixedGraph } from '../../ir/graph.js';
import { clopperPearson } from '../../statistics/binomial.js';
import type { Interval } from '../../statistics/proportion.js';
import type { Progress } from '../events.js';
import { scoreFixed } from '../stages/score.js';
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
}

/** What a veto was made for: more lost or less rejected than this breaks it. */
export interface Promised {
  readonly mostLost: number;
  readonly leastRejected: number;
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

/** `source` with every frame disturbed. */
function disturbedSource(
  source: FrameSource,
  name: NuisanceName,
  strength: number,
  seed: number,
): FrameSource {
  const root = createRandom(seed);
  return {
    ...source,
    read: async (index) => {
      const frame = await source.read(index);
      const pixels = disturbed(frame, [[name, strength]], root.fork(index), seriesRandom(seed));
      return { ...frame, pixels };
    },
  };
}

async function pointAt(
  { graph, frames: { indices, isHit } }: StressRequest,
  source: FrameSource,
  strength: number,
  progress: Progress,
): Promise<StressPoint> {
  const logits = await scoreFixed(graph, source, indices, progress);
  const kept = logits.map((row) => veto(row, graph.hitClasses) >= graph.threshold);
  const hits = isHit.filter(Boolean).length;
  const lost = kept.filter((keep, k) => isHit[k]! && !keep).length;
  const rejected = kept.filter((keep, k) => !isHit[k]! && !keep).length;
  return { strength, hitsLost: share(lost, hits), missesRejected: share(rejected, isHit.length - hits) };
}

const breaks = ({ hitsLost, missesRejected }: StressPoint, { mostLost, leastRejected }: Promised): boolean =>
  hitsLost.value > mostLost || missesRejected.value < leastRejected;
const surelyBreaks = (
  { hitsLost, missesRejected }: StressPoint,
  { mostLost, leastRejected }: Promised,
): boolean => hitsLost.low > mostLost || missesRejected.high < leastRejected;

/** Measures every nuisance of the request; the frames as they are stand first in every curve. */
export async function stress(request: StressRequest, progress: Progress): Promise<readonly StressCurve[]> {
  const { names, source, promised, trained, seed } = request;
  const steps = names.reduce((sum, name) => sum + nuisance(name).strengths.length, 1);
  let done = 0;
  const silent: Progress = { ...progress, update: () => undefined };
  const measured = async (from: FrameSource, strength: number, note: string): Promise<StressPoint> => {
    const point = await pointAt(request, from, strength, silent);
    progress.update(++done, steps, note);
    return point;
  };
  const plain = await measured(source, 0, 'frames as they are');
  const curves: StressCurve[] = [];
  for (const name of names) {
    const { strengths, none, title } = nuisance(name);
    const points: StressPoint[] = [{ ...plain, strength: none }];
    for (const strength of strengths)
      points.push(await measured(disturbedSource(source, name, strength, seed), strength, title));
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
