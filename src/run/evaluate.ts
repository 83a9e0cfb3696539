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
import { loadRun } from './folder.js';
import type { FrameOptionValues } from './frame-options.js';
import { checkFrameSize, knownLabels, labelledByClass, unknownText } from './frames-for-network.js';
import { openFrameArguments } from './open-frames.js';
import { sideBySide } from './side-by-side.js';
import { scoreFixed } from './stages/score.js';

export interface EvaluateRequest extends FrameOptionValues {
  readonly frames: readonly string[];
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

/** Decides every frame with the run in `dir`, and measures the decisions where frames are labelled. Throws `UserError`. */
export async function evaluateRun(
  dir: string,
  request: EvaluateRequest,
  emit: Emit,
): Promise<EvaluateOutcome> {
  const made = await loadRun(dir);
  const fixed = { ...made.fixed, threshold: request.threshold ?? made.fixed.threshold };
  const { source } = await openFrameArguments(request.frames, request, emit);
  try {
    checkFrameSize(source, fixed);
    const groupedBy = groupKey(source, request.by);
    const progress = beginStage(emit, 'Evaluate');
    const indices = Array.from({ length: source.count }, (_, i) => i);
    const logits = await scoreFixed(fixed, source, indices, progress);
    progress.finish({ kind: 'counted', what: 'frames', count: logits.length });
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
    };
  } finally {
    await source.close();
  }
}
