/** An evaluation in words and as JSON for programs. */
import type { GroupedEvaluations, NamedEvaluation } from './evaluation.js';
import { percent } from './evaluation.js';
import type { Evaluation } from '../statistics/metrics.js';
import type { Proportion } from '../statistics/proportion.js';
import { corners } from '../statistics/veto-curve.js';
import { table } from '../core/table.js';

const area = ({ curve }: Evaluation): string => (Number.isNaN(curve.auc) ? '–' : curve.auc.toFixed(4));
const missed = (p: Proportion): string => `${p.total - p.count}/${p.total}`;

/**
 * A row a network: accuracy, rejection at fixed shares of hits kept, losses at the threshold; accuracy over the classes
 * where the frames are labelled by class.
 */
export function evaluationTable(
  evaluations: readonly Pick<NamedEvaluation, 'name' | 'evaluation'>[],
  byClass = true,
): string {
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
      area(e),
      ...e.rejectionAt.map((r) => percent(r.point.missesRejected.value, 1)),
      missed(e.veto.recall),
      missed(e.veto.missesRejected),
    ]),
  );
}

/** Table 3 of Nawaz et al. (2023): true class down, predicted across, recall at the right, precision below. */
export function confusionTable(e: Evaluation, classNames: readonly string[]): string {
  const { counts, recall, precision } = e.confusion;
  return table(
    ['true \\ predicted', ...classNames, 'recall'],
    [
      ...counts.map((row, k) => [classNames[k]!, ...row.map(String), percent(recall[k]!.value, 1)]),
      ['precision', ...precision.map((p) => percent(p.value, 1))],
    ],
  );
}

/** Table 5 of the same: what the expert (the label) and the network (at its threshold) say of each frame. */
export function expertTable({ againstExpert: a }: Evaluation): string {
  const cells = table(
    ['label \\ network', 'hit', 'miss'],
    [
      ['hit', String(a.bothHit), String(a.onlyExpert)],
      ['miss', String(a.onlyNetwork), String(a.bothMiss)],
    ],
  );
  return `${cells}\nagreement ${percent(a.agreement.value)}, Cohen's kappa ${a.kappa.toFixed(4)}`;
}

/** What holds at the threshold, with 95 % Wilson intervals, and how honest the confidences are. */
export function thresholdText({ veto, calibrationError }: Evaluation): string {
  const said = (p: Proportion): string =>
    p.total === 0 ? '–' : `${percent(p.value)} [${(100 * p.low).toFixed(1)}, ${(100 * p.high).toFixed(1)}]`;
  return (
    `at the threshold: accuracy ${said(veto.accuracy)}, precision ${said(veto.precision)}, recall ${said(veto.recall)}, ` +
    `misses rejected ${said(veto.missesRejected)}\nexpected calibration error ${percent(calibrationError)}`
  );
}

/** A row a group of frames; accuracy over the classes as above. */
export function groupsTable({ by, groups }: GroupedEvaluations, byClass: boolean): string {
  const classes = byClass ? ['classes'] : [];
  return table(
    [by, 'frames', 'hit/miss', ...classes, 'AUC', 'hits lost', 'misses kept', 'calibration error'],
    [...groups].map(([name, e]) => [
      name,
      String(e.frames),
      percent(e.hitMissAccuracy.value),
      ...(byClass ? [percent(e.confusion.accuracy.value)] : []),
      area(e),
      missed(e.veto.recall),
      missed(e.veto.missesRejected),
      percent(e.calibrationError),
    ]),
  );
}

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
  return { ...plainJson(evaluation), curve: corners(evaluation.curve), by: Object.fromEntries(by) };
}

export const evaluationsJson = (evaluations: readonly NamedEvaluation[]): object =>
  Object.fromEntries(evaluations.map((e) => [e.name, evaluationJson(e)]));
