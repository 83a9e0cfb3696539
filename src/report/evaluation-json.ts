/** An evaluation as JSON for programs. */
import type { Evaluation } from '../statistics/metrics.js';
import { corners } from '../statistics/veto-curve.js';
import type { NamedEvaluation } from './evaluation.js';
import { guaranteeOf } from './guarantee-text.js';

/** An evaluation without its curve. */
function plainJson({ curve, ...rest }: Evaluation): object {
  return { ...rest, auc: curve.auc };
}

/** An evaluation with the corners of its veto curve, and those of its groups of frames: what a program wants to read. */
export function evaluationJson({ evaluation, grouped }: NamedEvaluation): object {
  const by = grouped.map(({ by, groups }) => [
    by,
    Object.fromEntries([...groups].map(([name, e]) => [name, plainJson(e)])),
  ]);
  const guarantee = guaranteeOf(evaluation);
  return {
    ...plainJson(evaluation),
    guarantee,
    curve: corners(evaluation.curve),
    by: Object.fromEntries(by),
  };
}

export const evaluationsJson = (evaluations: readonly NamedEvaluation[]): object =>
  Object.fromEntries(evaluations.map((e) => [e.name, evaluationJson(e)]));
