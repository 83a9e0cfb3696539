/** Stage 3½: the threshold, chosen on validation frames, and how well float and fixed do on the test frames. */
import type { Frame, FrameSource } from '../../data/frames.js';
import { lsb } from '../../fixed/format.js';
import { findNode, veto, type FixedGraph, type FloatGraph } from '../../ir/graph.js';
import type { NamedEvaluation } from '../../report/evaluation.js';
import { chooseThreshold } from '../../statistics/veto-curve.js';
import type { LabelledFrames } from '../../train/sample-cache.js';
import type { EvaluationInput } from '../../statistics/metrics.js';
import { evaluateWithGroups } from '../evaluation-groups.js';
import type { Progress } from '../events.js';
import type { Recipe } from '../recipe.js';
import type { Decided } from './explain.js';
import type { RunFrames } from './frames.js';
import { scoreFixed, scoreFloat } from './score.js';
import { validationFrames } from './training.js';

export interface Evaluated {
  /** With its threshold. */
  readonly fixed: FixedGraph;
  /** Empty where there are no test frames. */
  readonly evaluations: readonly NamedEvaluation[];
  /** What the fixed-point network decides on each test frame. */
  readonly decided: readonly Decided[];
}

/** `fixed` with the threshold that keeps `keepFraction` of the hits among `validation`, frames that `source` can read. */
export async function withThreshold(
  fixed: FixedGraph,
  source: FrameSource,
  validation: LabelledFrames,
  keepFraction: number,
  progress: Progress,
): Promise<FixedGraph> {
  const { height, width } = source;
  const read = async (i: number): Promise<Frame> => ({
    ...{ height, width, mask: null },
    pixels: await validation.read(i),
  });
  const indices = Array.from({ length: validation.count }, (_, i) => i);
  const logits = await scoreFixed(fixed, { ...source, count: validation.count, read }, indices, progress);
  const threshold = chooseThreshold(
    logits.map((row) => veto(row, fixed.hitClasses)),
    indices.map((i) => fixed.hitClasses[validation.label(i)]!),
    keepFraction,
  );
  return { ...fixed, threshold: Math.ceil(threshold) };
}

/** Gives `graphs.fixed` its threshold and measures both networks on the test frames. */
export async function evaluateStage(
  recipe: Recipe,
  frames: RunFrames,
  graphs: { readonly float: FloatGraph; readonly fixed: FixedGraph },
  progress: Progress,
): Promise<Evaluated> {
  const { source, partition } = frames;
  const { float } = graphs;
  const { keepFraction } = recipe.training;
  const validation = validationFrames(recipe, frames);
  const fixed = await withThreshold(graphs.fixed, source, validation, keepFraction, progress);
  const labels = partition.test.map(frames.labelOf);
  const floatLogits = await scoreFloat(float, source, partition.test, progress);
  const fixedLogits = await scoreFixed(fixed, source, partition.test, progress);
  const { hitClasses } = fixed;
  const unit = lsb(findNode(fixed, fixed.output).format);
  const measure = (name: string, input: Omit<EvaluationInput, 'labels' | 'hitClasses'>): NamedEvaluation =>
    evaluateWithGroups(name, { ...input, labels, hitClasses }, source, partition.test, frames.classNames);
  const evaluations =
    labels.length === 0
      ? []
      : [
          measure('float', { logits: floatLogits, threshold: float.threshold }),
          measure('fixed', { logits: fixedLogits, threshold: fixed.threshold, unit }),
        ];
  progress.finish({ kind: 'evaluated', frames: labels.length, evaluations });
  const decided = partition.test.map((index, i) => {
    const score = veto(fixedLogits[i]!, hitClasses);
    return { index, score, keep: score >= fixed.threshold };
  });
  return { fixed, evaluations, decided };
}
