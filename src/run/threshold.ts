/** The threshold that loses at most so many hits, with a guarantee, and what it brings. */
import { lsb } from '../fixed/format.js';
import { findNode, veto } from '../ir/graph.js';
import { clopperPearson } from '../statistics/binomial.js';
import {
  guaranteedThreshold,
  yieldAt,
  type GuaranteedThreshold,
  type Yield,
} from '../statistics/guarantee.js';
import type { Interval } from '../statistics/proportion.js';
import { beginStage, type Emit } from './events.js';
import { loadRun } from './folder.js';
import type { FrameOptionValues } from './frame-options.js';
import { checkFrameSize } from './frames-for-network.js';
import { openFrameArguments } from './open-frames.js';
import { scoreFixed } from './stages/score.js';
import { unseenFrames } from './unseen-frames.js';

export interface ThresholdRequest extends FrameOptionValues {
  /** Labelled frames that had no part in training. */
  readonly frames: readonly string[];
  /** Largest share of the hits that may be lost, 0 to 1, and how sure that is to be. */
  readonly lose: number;
  readonly confidence: number;
  /** Share of hits where the veto will run. */
  readonly hitRate?: number;
}

export interface ThresholdOutcome {
  readonly found: GuaranteedThreshold;
  readonly brought: Yield;
  /** Share of these hits below the threshold, with its interval. */
  readonly hitsLost: Interval & { readonly value: number };
  /** Patterns that can be indexed, lost of all; null where no frame is known to be. */
  readonly indexableLost: PatternsLost | null;
  /** What one level of the threshold is of the logits. */
  readonly level: number;
  /** The threshold that the run has. */
  readonly current: number;
  /** Frames that made the run, and frames that nobody is sure of: neither count. */
  readonly leftOut: number;
  readonly unknown: number;
}

export interface PatternsLost extends Interval {
  readonly value: number;
  readonly count: number;
  readonly total: number;
}

function patternsLost(
  scores: readonly number[],
  indexable: readonly (boolean | null)[],
  { threshold, confidence }: GuaranteedThreshold,
): PatternsLost | null {
  const patterns = scores.filter((_, k) => indexable[k] === true);
  if (patterns.length === 0) return null;
  const count = patterns.filter((score) => score < threshold).length;
  const total = patterns.length;
  return { count, total, value: count / total, ...clopperPearson(count, total, confidence) };
}

/** Scores the frames with the run in `dir`. Throws `UserError` where there are too few hits for the guarantee. */
export async function findThreshold(
  dir: string,
  request: ThresholdRequest,
  emit: Emit,
): Promise<ThresholdOutcome> {
  const { fixed } = await loadRun(dir);
  const { source } = await openFrameArguments(request.frames, request, emit);
  try {
    checkFrameSize(source, fixed);
    const { indices, isHit, indexable, leftOut, unknown } = unseenFrames(source);
    const progress = beginStage(emit, 'Score');
    const rows = await scoreFixed(fixed, source, indices, progress);
    const scores = rows.map((row) => veto(row, fixed.hitClasses));
    progress.finish({ kind: 'counted', what: 'frames', count: scores.length });
    const hits = scores.filter((_, k) => isHit[k]!);
    const misses = scores.filter((_, k) => !isHit[k]!);
    const found = guaranteedThreshold(hits, { lost: request.lose, confidence: request.confidence });
    const { hitsBelow, confidence } = found;
    return {
      found,
      brought: yieldAt(found, misses, request.hitRate ?? 0),
      hitsLost: { value: hitsBelow / hits.length, ...clopperPearson(hitsBelow, hits.length, confidence) },
      indexableLost: patternsLost(scores, indexable, found),
      level: lsb(findNode(fixed, fixed.output).format),
      current: fixed.threshold,
      leftOut,
      unknown,
    };
  } finally {
    await source.close();
  }
}
