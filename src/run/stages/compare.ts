/** The fixed-point network beside its float network on the same frames: what differs, where, and what it costs. */
import { greyPicture, pngBytes } from '../../draw/picture.js';
import type { Frame, FrameLabel, FrameSource } from '../../data/frames.js';
import { streamFrames } from '../../data/stream.js';
import { formatToString, lsb, maxMantissa, minMantissa, type Format } from '../../fixed/format.js';
import { findNode, type FixedGraph, type FloatGraph } from '../../ir/graph.js';
import {
  compareGraphs,
  sqnrDb,
  type FrameComparison,
  type StageComparison,
} from '../../passes/compare-graphs.js';
import { mcnemar } from '../../statistics/mcnemar.js';
import type { Bin } from '../../draw/bar-chart.js';
import type {
  ComparedStage,
  Comparison,
  Curve,
  Difference,
  PairedDecisions,
} from '../../report/comparison.js';
import { spreadQuantiles, type ValueSpread } from '../../report/value-spread.js';
import { vetoCurve } from '../../statistics/veto-curve.js';
import type { Progress } from '../events.js';
import { createPeaks } from '../../spotfind/peaks.js';

const BINS = 11;

/** Counts of `values` in equal bins from the smallest to the largest; none for no values. */
export function histogram(values: readonly number[], bins = BINS): Bin[] {
  if (values.length === 0) return [];
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const width = (high - low) / bins || 1;
  const counts = new Array<number>(bins).fill(0);
  for (const v of values) counts[Math.min(bins - 1, Math.floor((v - low) / width))]! += 1;
  return counts.map((count, k) => ({ from: low + k * width, to: low + (k + 1) * width, count }));
}

/** A frame's two decisions and its truth. */
export interface PairedFrame {
  readonly hit: boolean;
  /** Null where nobody knows. */
  readonly indexable: boolean | null;
  readonly floatKeep: boolean;
  readonly fixedKeep: boolean;
}

/** Counts what the fixed network loses and gains, hit by hit and miss by miss. */
export function pairDecisions(frames: readonly PairedFrame[]): PairedDecisions {
  const count = (hit: boolean, keptByFloat: boolean): number =>
    frames.filter((f) => f.hit === hit && f.floatKeep === keptByFloat && f.fixedKeep !== keptByFloat).length;
  const [hitsLost, hitsGained] = [count(true, true), count(true, false)];
  const [missesDropped, missesKept] = [count(false, true), count(false, false)];
  const patterns = (keptByFloat: boolean): number =>
    frames.filter((f) => f.indexable === true && f.floatKeep === keptByFloat && f.fixedKeep !== keptByFloat)
      .length;
  return {
    hitsLost,
    hitsGained,
    missesKept,
    missesDropped,
    indexableLost: patterns(true),
    indexableGained: patterns(false),
    mcnemarP: mcnemar(hitsLost + missesKept, hitsGained + missesDropped),
  };
}

/** log2 of the step and of the largest magnitude of `format`. */
function rangeOf(format: Format): ValueSpread['format'] {
  const least = Math.log2(lsb(format));
  return [least, least + format.width - (format.signed ? 1 : 0)];
}

function comparedStage(stage: StageComparison, fixed: FixedGraph): ComparedStage {
  const { kind, format } = findNode(fixed, stage.id);
  const { id, values, clipped, underPeaks, clippedUnderPeaks, magnitudes } = stage;
  return {
    id,
    kind,
    format: formatToString(format),
    sqnrDb: sqnrDb(stage),
    values,
    clipped,
    underPeaks,
    clippedUnderPeaks,
    spread: {
      quantiles: spreadQuantiles(magnitudes),
      zeros: values === 0 ? 0 : magnitudes[0]! / values,
      format: rangeOf(format),
    },
  };
}

const curveOf = (scores: readonly number[], hits: readonly boolean[]): Curve =>
  vetoCurve(scores, hits).points.map((p) => [p.missesRejected.value, p.hitsKept.value]);

/** The paired counts and both veto curves, where every frame is known to be a hit or a miss. */
function labelled(
  frames: readonly FrameComparison[],
  labels: readonly FrameLabel[],
): Pick<Comparison, 'paired' | 'curves'> {
  // Frames that nobody is sure of take no part.
  const judged = frames.filter((_, i) => labels[i]!.hit !== null);
  const sure = labels.filter(({ hit }) => hit !== null);
  const known = sure.map(({ hit }) => hit === true);
  if (known.length === 0) return { paired: null, curves: null };
  return {
    paired: pairDecisions(
      judged.map((f, i) => ({ ...f, hit: known[i]!, indexable: sure[i]!.indexable ?? null })),
    ),
    curves: {
      float: curveOf(
        judged.map((f) => f.floatScore),
        known,
      ),
      fixed: curveOf(
        judged.map((f) => f.fixedScore),
        known,
      ),
    },
  };
}

export interface CompareRequest {
  /** The float graph that `fixed` was quantized from. */
  readonly prepared: FloatGraph;
  readonly fixed: FixedGraph;
  readonly source: FrameSource;
  /** Frames of `source`. */
  readonly indices: readonly number[];
  /** Sees every frame that is decided differently. */
  readonly onDifference?: (difference: Difference, frame: Frame) => Promise<void>;
}

export interface Compared {
  readonly comparison: Comparison;
  /** One a frame, in the order of `indices`. */
  readonly frames: readonly FrameComparison[];
}

/** Compares frame by frame and layer by layer; one frame is held at a time. */
export async function compareStage(request: CompareRequest, progress: Progress): Promise<Compared> {
  const { prepared, fixed, source, indices, onDifference } = request;
  const graphs = compareGraphs(prepared, fixed);
  const peaks = createPeaks(source);
  const { format } = findNode(fixed, fixed.output);
  const level = lsb(format);
  const frames: FrameComparison[] = [];
  const differences: Difference[] = [];
  for await (const { index, frame } of streamFrames(source, { indices })) {
    const seen = graphs.add(frame.pixels, peaks.of(index, frame));
    frames.push(seen);
    progress.update(frames.length, indices.length, { of: 'frames' });
    if (seen.floatKeep === seen.fixedKeep) continue;
    const { file, index: at } = source.origin(index);
    const difference: Difference = {
      index,
      origin: `${file}#${at}`,
      hit: source.label(index).hit,
      floatScore: seen.floatScore / level,
      fixedScore: seen.fixedScore / level,
      keptBy: seen.floatKeep ? 'float' : 'fixed',
      partsAt: graphs.partingStage(frame.pixels),
    };
    differences.push(difference);
    await onDifference?.(difference, frame);
  }
  const comparison: Comparison = {
    frames: frames.length,
    level,
    logits: { format: formatToString(format), least: minMantissa(format), largest: maxMantissa(format) },
    thresholds: { float: prepared.threshold / level, fixed: fixed.threshold },
    peaks: peaks.origin(),
    stages: graphs.stages().map((s) => comparedStage(s, fixed)),
    logitDifference: histogram(
      frames.flatMap((f) => [...f.fixedLogits].map((v, c) => (v - f.floatLogits[c]!) / level)),
    ),
    scoreDifference: histogram(frames.map((f) => (f.fixedScore - f.floatScore) / level)),
    ...labelled(
      frames,
      indices.map((i) => source.label(i)),
    ),
    differences,
  };
  progress.finish({ kind: 'compared', frames: frames.length, different: differences.length });
  return { comparison, frames };
}

/** A frame as a picture for the report. */
export const framePng = ({ pixels, height, width, mask }: Frame): Uint8Array =>
  pngBytes(greyPicture(pixels, height, width, { mask }));
