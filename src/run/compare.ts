/** The fixed-point network of a finished run beside its float network, on any frames. */
import { join } from 'node:path';
import { writeFileAtomic } from '../core/files.js';
import type { Frame, FrameSource } from '../data/frames.js';
import type { FixedGraph } from '../ir/graph.js';
import type { FrameComparison } from '../passes/compare-graphs.js';
import { comparisonPage, type Comparison, type Difference } from '../report/comparison.js';
import type { NamedEvaluation } from '../report/evaluation.js';
import { evaluate, hitOrMissOnly } from '../statistics/metrics.js';
import { beginStage, type Emit } from './events.js';
import { loadRun } from './folder.js';
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
  source: FrameSource,
  { hitClasses }: FixedGraph,
  byClass: boolean,
  { thresholds, level }: Comparison,
): readonly NamedEvaluation[] {
  if (labels.length === 0) return [];
  const known = indices.map((index) => frames[index]!);
  const indexable = indices.map((index) => source.label(index).indexable ?? null);
  const measured = (name: string, logits: readonly ArrayLike<number>[], threshold: number) => {
    const input = { logits, labels, indexable, hitClasses, threshold };
    return { name, evaluation: evaluate(byClass ? input : hitOrMissOnly(input)), grouped: [] };
  };
  return [
    measured(
      'float',
      known.map((f) => f.floatLogits),
      thresholds.float * level,
    ),
    measured(
      'fixed',
      known.map((f) => f.fixedLogits),
      thresholds.fixed * level,
    ),
  ];
}

/** Compares frame by frame and layer by layer, and writes what is asked for. Throws `UserError`. */
export async function compareRun(
  dir: string,
  request: CompareRunRequest,
  emit: Emit,
): Promise<CompareOutcome> {
  const { fixed, ...run } = await loadRun(dir);
  const prepared = await run.prepared();
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
      evaluations: evaluations(frames, known, source, fixed, byClass, comparison),
      byClass,
      unknown: unknownText(source, known),
    };
  } finally {
    await source.close();
  }
}
