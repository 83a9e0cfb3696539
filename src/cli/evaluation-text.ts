/** An evaluation in words and as JSON for programs. */
import type { Evaluation } from '../train/metrics.js';
import type { Proportion } from '../train/proportion.js';
import { percent, type NamedEvaluation } from '../report/run-report.js';
import { table } from './console.js';

const missed = (p: Proportion): string => `${p.total - p.count}/${p.total}`;

/**
 * A row a network: accuracy, rejection at fixed shares of hits kept, losses at the threshold; accuracy over the classes
 * where the frames are labelled by class.
 */
export function evaluationTable(evaluations: readonly NamedEvaluation[], byClass = true): string {
  const kept =
    evaluations[0]?.evaluation.rejectionAt.map((r) => `rejected @${percent(r.keepFraction, 1)}`) ?? [];
  return table(
    [
      'network',
      'frames',
      'hit/miss',
      ...(byClass ? ['classes'] : []),
      'AUC',
      ...kept,
      'hits lost',
      'misses kept',
    ],
    evaluations.map(({ name, evaluation: e }) => [
      name,
      String(e.frames),
      percent(e.hitMissAccuracy.value),
      ...(byClass ? [percent(e.confusion.accuracy.value)] : []),
      e.curve.auc.toFixed(4),
      ...e.rejectionAt.map((r) => percent(r.point.missesRejected.value, 1)),
      missed(e.veto.recall),
      missed(e.veto.missesRejected),
    ]),
  );
}

/** The evaluation without the full curve: what a program wants to read. */
export function evaluationJson(e: Evaluation): object {
  const { curve, ...rest } = e;
  return { ...rest, auc: curve.auc };
}
