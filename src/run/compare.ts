/** The fixed-point network of a finished run beside its float network, on any frames. */
import { join } from 'node:path';
import { writeFileAtomic } from '../core/files.js';
import type { Frame } from '../data/frames.js';
import { lsb } from '../fixed/format.js';
import { readGraph } from '../ir/graph-files.js';
import { findNode, type FixedGraph } from '../ir/graph.js';
import type { FrameComparison } from '../passes/compare-graphs.js';
import { comparisonPage, type Comparison, type Difference } from '../report/comparison.js';
import type { NamedEvaluation } from '../report/evaluation.js';
import { evaluate, hitOrMissOnly } from '../statistics/metrics.js';
import { beginStage, type Emit } from './events.js';
import { loadRun, RUN_FILES } from './folder.js';
import type { FrameOptionValues } from './frame-options.js';
import {
  checkFrameSize,
  knownLabels,
  labelledByClass,
  unknownText,
  type KnownLabels,
} from './frames-for-network.js';
import { openFrameArguments } from './open-frames.js';
import { compareStage, framePng } from './stages/compare.js';

export interface CompareRunRequest extends FrameOptionValues {
  readonly frames: readonly string[];
  /** Folder for a picture of every frame that is decided differently. */
  readonly pictures?: string;
  /** File for a page with tables, veto curves and pictures. */
  readonly report?: string;
}

export interface CompareOutcome {
  readonly comparison: Comparison;
  /** Value of one step of a fixed logit. */
  readonly logitUnit: number;
  /** Float and fixed; empty where frames have no labels. */
  readonly evaluations: readonly NamedEvaluation[];
  readonly byClass: boolean;
  /** What is said of frames of unknown kind; empty where there are none. */
  readonly unknown: string;
}

/** More pictures would make a page that no browser likes; the table lists all. */
const MOST_PICTURES = 100;

function evaluations(
  frames: readonly FrameComparison[],
  { indices, labels }: KnownLabels,
  { hitClasses }: FixedGraph,
  byClass: boolean,
  { thresholds }: Comparison,
): readonly NamedEvaluation[] {
  if (labels.length === 0) return [];
  const known = indices.map((index) => frames[index]!);
  const measured = (name: string, logits: readonly ArrayLike<number>[], threshold: number) => {
    const input = { logits, labels, hitClasses, threshold };
    return { name, evaluation: evaluate(byClass ? input : hitOrMissOnly(input)), grouped: [] };
  };
  return [
    measured(
      'float',
      known.map((f) => f.floatLogits),
      thresholds.float,
    ),
    measured(
      'fixed',
      known.map((f) => f.fixedLogits),
      thresholds.fixed,
    ),
  ];
}

/** Compares frame by frame and layer by layer, and writes what is asked for. Throws `UserError`. */
export async function compareRun(
  dir: string,
  request: CompareRunRequest,
  emit: Emit,
): Promise<CompareOutcome> {
  const { fixed } = await loadRun(dir);
  const prepared = await readGraph(join(dir, RUN_FILES.preparedGraph), 'float');
  const { source } = await openFrameArguments(request.frames, request, emit);
  try {
    checkFrameSize(source, fixed);
    const pictures = new Map<number, Uint8Array>();
    const onDifference = async (d: Difference, frame: Frame): Promise<void> => {
      if (request.pictures === undefined && request.report === undefined) return;
      const png = framePng(frame);
      if (pictures.size < MOST_PICTURES) pictures.set(d.index, png);
      if (request.pictures !== undefined)
        await writeFileAtomic(join(request.pictures, `frame-${d.index}-kept-by-${d.keptBy}.png`), png);
    };
    const indices = Array.from({ length: source.count }, (_, i) => i);
    const asked = { prepared, fixed, source, indices, onDifference };
    const { comparison, frames } = await compareStage(asked, beginStage(emit, 'Compare'));
    const byClass = labelledByClass(source, fixed);
    const known = knownLabels(source, fixed);
    const title = `Fixed beside float: ${dir} on ${source.name}`;
    if (request.report !== undefined)
      await writeFileAtomic(request.report, comparisonPage(title, comparison, pictures));
    return {
      comparison,
      logitUnit: lsb(findNode(fixed, fixed.output).format),
      evaluations: evaluations(frames, known, fixed, byClass, comparison),
      byClass,
      unknown: unknownText(source, known),
    };
  } finally {
    await source.close();
  }
}
