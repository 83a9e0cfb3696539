/** What a finished run does with other frames. */
import { UserError } from '../core/errors.js';
import type { FrameSource } from '../data/frames.js';
import { lsb } from '../fixed/format.js';
import { findNode, veto, type FixedGraph } from '../ir/graph.js';
import type { NamedEvaluation } from '../report/evaluation.js';
import type { Judged } from '../report/side-by-side.js';
import { hitOrMissOnly } from '../statistics/metrics.js';
import { evaluateWithGroups } from './evaluation-groups.js';
import { beginStage, type Emit } from './events.js';
import { loadRun, type Run } from './folder.js';
import type { FrameOptionValues } from './frame-options.js';
import { checkFrameSize, knownLabels, labelledByClass, unknownText } from './frames-for-network.js';
import { openFrameArguments } from './open-frames.js';
import { partPath, runShard, type ShardOutcome, type ShardPlan } from './shards/folder.js';
import { shardFolder, sharedFacts, shardPlan } from './shards/plan.js';
import type { FrameRange, ShardWish } from './shards/shard.js';
import { rawDifference, type RawDifference } from './raw-difference.js';
import { sideBySide } from './side-by-side.js';
import { scoreFixed } from './stages/score.js';

export interface EvaluateRequest extends FrameOptionValues {
  /** Frames of counts, or of raw words with `maps`. */
  readonly frames?: readonly string[];
  /** Frames of raw words in their place: with `maps`, and with what floating point would make of them. */
  readonly raw?: readonly string[];
  /** The per-frame fact that decisions are grouped by; family, style or source unless given. */
  readonly by?: string;
  /** Keeps scores from this up; the threshold of the run unless given. */
  readonly threshold?: number;
  /** Spot finders by name and folders of other runs, to be seen beside the network at equal reduction. */
  readonly beside?: readonly string[];
}

export interface FrameDecision {
  readonly index: number;
  readonly file: string;
  readonly fileIndex: number;
  readonly group: string;
  readonly score: number;
  readonly keep: boolean;
  readonly hit: boolean | null;
}

export interface EvaluateOutcome {
  readonly threshold: number;
  /** One a frame. */
  readonly decisions: readonly FrameDecision[];
  /** What decisions are grouped by; null where frames have no such fact. */
  readonly groupedBy: string | null;
  /** Frames of unknown kind, which take no part in measures, and what is said of them. */
  readonly unlabelled: number;
  readonly unknown: string;
  /** Null where no frame has a label. */
  readonly measured: NamedEvaluation | null;
  /** The labels, the network and what `beside` names; empty where it names nothing. */
  readonly beside: readonly Judged[];
  /** Whether the labels are the network's own classes, and the names of those that are measured. */
  readonly byClass: boolean;
  readonly classNames: readonly string[];
  /** Of `raw` frames: what another calibration comes to. */
  readonly difference: RawDifference | null;
}

/** What the frames are called; `raw` ones need maps. Throws `UserError`. */
function framesOf({ frames, raw, maps }: EvaluateRequest): readonly string[] {
  if (raw !== undefined && maps === undefined)
    throw new UserError('are words, which need the maps of their detector', {
      field: '--raw',
      remedy: 'give --maps',
    });
  const named = raw ?? frames;
  if (named !== undefined && (raw === undefined || frames === undefined)) return named;
  throw new UserError(named === undefined ? 'are not given' : 'are given beside --raw', {
    field: '--frames',
    remedy: 'give --frames, or --raw with --maps',
  });
}

/** Text metadata that several frames share: what a table can be grouped by, unless `--by` says it. */
function groupKey(source: FrameSource, by: string | undefined): string | null {
  if (by !== undefined) {
    if (source.count > 0 && source.meta(0)[by] === undefined)
      throw new UserError(`frames have no "${by}"`, {
        file: source.name,
        field: '--by',
        remedy: `use one of ${Object.keys(source.meta(0)).join(', ')}`,
      });
    return by;
  }
  return (
    ['family', 'style', 'source'].find((key) => source.count > 0 && source.meta(0)[key] !== undefined) ?? null
  );
}

function decide(
  source: FrameSource,
  graph: FixedGraph,
  logits: readonly Int32Array[],
  key: string | null,
): FrameDecision[] {
  return logits.map((row, index) => {
    const score = veto(row, graph.hitClasses);
    const origin = source.origin(index);
    return {
      index,
      file: origin.file,
      fileIndex: origin.index,
      group: key === null ? 'all' : String(source.meta(index)[key] ?? 'unknown'),
      score,
      keep: score >= graph.threshold,
      hit: source.label(index).hit,
    };
  });
}

/** What to decide with what, opened. */
interface Opened {
  readonly run: Run;
  readonly fixed: FixedGraph;
  readonly source: FrameSource;
}

async function openEvaluation(dir: string, request: EvaluateRequest, emit: Emit): Promise<Opened> {
  const run = await loadRun(dir);
  const fixed = { ...run.fixed, threshold: request.threshold ?? run.fixed.threshold };
  const { source } = await openFrameArguments(framesOf(request), request, emit);
  try {
    checkFrameSize(source, fixed);
    groupKey(source, request.by);
    return { run, fixed, source };
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function logitsOf(
  { fixed, source }: Opened,
  { from, to }: FrameRange,
  emit: Emit,
): Promise<readonly Int32Array[]> {
  const progress = beginStage(emit, 'Evaluate');
  const indices = Array.from({ length: to - from }, (_, i) => from + i);
  const logits = await scoreFixed(fixed, source, indices, progress);
  progress.finish({ kind: 'counted', what: 'frames', count: logits.length });
  return logits;
}

/** Decides every frame with the run in `dir`, and measures the decisions where frames are labelled. Throws `UserError`. */
export async function evaluateRun(
  dir: string,
  request: EvaluateRequest,
  emit: Emit,
): Promise<EvaluateOutcome> {
  const opened = await openEvaluation(dir, request, emit);
  const { source } = opened;
  try {
    const logits = await logitsOf(opened, { from: 0, to: source.count }, emit);
    const outcome = await measured(opened, logits, request, emit);
    if (request.raw === undefined) return outcome;
    const kept = outcome.decisions.map(({ keep }) => keep);
    return { ...outcome, difference: await rawDifference(request.raw, request, opened.fixed, kept, emit) };
  } finally {
    await source.close();
  }
}

async function measured(
  { fixed, source }: Opened,
  logits: readonly Int32Array[],
  request: EvaluateRequest,
  emit: Emit,
): Promise<EvaluateOutcome> {
  const groupedBy = groupKey(source, request.by);
  const known = knownLabels(source, fixed);
  const unit = lsb(findNode(fixed, fixed.output).format);
  const { hitClasses, threshold } = fixed;
  const byClass = labelledByClass(source, fixed);
  const classNames = byClass ? fixed.classNames : ['miss', 'hit'];
  const measure = (): NamedEvaluation => {
    const labelled = known.indices.map((index) => logits[index]!);
    const input = { logits: labelled, labels: known.labels, hitClasses, threshold, unit };
    const counted = byClass ? input : hitOrMissOnly(input);
    return evaluateWithGroups('fixed', counted, source, known.indices, classNames);
  };
  const decisions = decide(source, fixed, logits, groupedBy);
  const own = { name: fixed.name, kept: decisions.map(({ keep }) => keep), threshold };
  const beside = request.beside === undefined ? [] : await sideBySide(request.beside, own, source, emit);
  return {
    threshold,
    decisions,
    beside,
    groupedBy,
    unlabelled: source.count - known.indices.length,
    unknown: unknownText(source, known),
    measured: known.indices.length === 0 ? null : measure(),
    byClass,
    classNames,
    difference: null,
  };
}

/** All that the logits of a shard depend on. */
const planOf = ({ run, source }: Opened, request: EvaluateRequest, wish: ShardWish, dir: string): ShardPlan =>
  shardPlan('evaluate', wish, source.count, sharedFacts(run, source, request), { run: dir, request });

/** The logits of a shard of the frames, into a Parquet part in `folder`; a merge measures them. Throws `UserError`. */
export async function evaluateShard(
  dir: string,
  request: EvaluateRequest,
  folder: string | undefined,
  wish: ShardWish,
  emit: Emit,
): Promise<ShardOutcome> {
  const into = shardFolder(folder);
  const opened = await openEvaluation(dir, request, emit);
  const { fixed, source } = opened;
  try {
    return await runShard(into, planOf(opened, request, wish, dir), wish, async (range) => {
      const part = partPath(into, wish, 'parquet');
      const logits = await logitsOf(opened, range, emit);
      const { parquetSink } = await import('./score-parquet.js');
      const sink = await parquetSink(part, { network: 'fixed', classNames: fixed.classNames });
      try {
        await sink.add(
          logits.map((row, k) => {
            const { file, index } = source.origin(range.from + k);
            const score = veto(row, fixed.hitClasses);
            return { frame: range.from + k, file, index, score, keep: score >= fixed.threshold, logits: row };
          }),
        );
        await sink.close();
      } catch (error) {
        await sink.discard();
        throw error;
      }
      return { files: [part], facts: {} };
    });
  } finally {
    await source.close();
  }
}

/** The evaluation of frames whose logits, in their order, are known from shards. Throws `UserError` where they are other frames. */
export async function evaluateKnown(
  dir: string,
  request: EvaluateRequest,
  plan: ShardPlan,
  logits: readonly Int32Array[],
  emit: Emit,
): Promise<EvaluateOutcome> {
  const opened = await openEvaluation(dir, request, emit);
  try {
    const now = planOf(opened, request, { index: 0, of: plan.of, command: plan.command }, dir);
    if (JSON.stringify(now.what) !== JSON.stringify(plan.what) || now.count !== plan.count)
      throw new UserError('or its frames are not those that the shards decided', {
        file: dir,
        remedy: 'bring both back to what they were, or make the shards again in another folder',
      });
    return await measured(opened, logits, request, emit);
  } finally {
    await opened.source.close();
  }
}
