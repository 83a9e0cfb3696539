/** An evaluation in words. */
import type { GroupedEvaluations, NamedEvaluation } from '../report/evaluation.js';
import { BY_LARGEST_LOGIT, hitsMissing, percent } from '../report/evaluation.js';
import type { Evaluation } from '../statistics/metrics.js';
import { guaranteeSentences } from '../report/guarantee-text.js';
import type { Proportion } from '../statistics/proportion.js';
import { table } from '../core/table.js';

const area = ({ curve }: Evaluation): string => (Number.isNaN(curve.auc) ? '–' : curve.auc.toFixed(4));
/** Lost, with the 95 % Wilson interval in percent. */
const lost = (p: Proportion): string =>
  p.total === 0
    ? '–'
    : `${p.total - p.count}/${p.total} [${(100 * (1 - p.high)).toFixed(1)}, ${(100 * (1 - p.low)).toFixed(1)}]`;

/** What the decisions at the threshold come to, and behind it the largest logit, which decides nothing. */
const columns = (byClass: boolean, levels: readonly string[] = []): string[] => [
  'hits lost',
  'misses kept',
  'accuracy',
  'AUC',
  ...levels,
  'largest logit: hit/miss',
  ...(byClass ? ['class'] : []),
];
const cells = (e: Evaluation, byClass: boolean, levels: readonly string[] = []): string[] => [
  lost(e.veto.recall),
  lost(e.veto.missesRejected),
  percent(e.veto.accuracy.value),
  area(e),
  ...levels,
  percent(e.hitMissAccuracy.value),
  ...(byClass ? [percent(e.confusion.accuracy.value)] : []),
];

/** Misses rejected at a share of hits kept; in brackets where the hits are too few to be sure of it. */
function rejected({ keepFraction, point }: Evaluation['rejectionAt'][number]): string {
  const said = percent(point.missesRejected.value, 1);
  return hitsMissing(keepFraction, point.hitsKept.total) === null ? said : `(${said})`;
}

/** What brackets in the table mean; empty where there are none. */
function bracketsText(evaluations: readonly Pick<NamedEvaluation, 'evaluation'>[]): string {
  const { rejectionAt = [] } = evaluations[0]?.evaluation ?? {};
  const missing = rejectionAt.flatMap(({ keepFraction, point }) => {
    const needed = hitsMissing(keepFraction, point.hitsKept.total);
    return needed === null
      ? []
      : [`${percent(keepFraction, 1)} takes ${needed.toLocaleString('en-US')} hits`];
  });
  const [first] = rejectionAt;
  return missing.length === 0
    ? ''
    : `\n(…): ${first!.point.hitsKept.total} hits are too few to be sure of that share: ${missing.join(', ')}`;
}

/**
 * A row a network: losses and accuracy at the threshold, rejection at fixed shares of hits kept, and what the largest logit
 * says; of classes where the frames are labelled by class.
 */
export function evaluationTable(
  evaluations: readonly Pick<NamedEvaluation, 'name' | 'evaluation'>[],
  byClass = true,
): string {
  const kept =
    evaluations[0]?.evaluation.rejectionAt.map((r) => `rejected @${percent(r.keepFraction, 1)}`) ?? [];
  const judged = evaluations.some(({ evaluation }) => evaluation.indexable !== null);
  const rows = evaluations.map(({ name, evaluation: e }) => [
    name,
    String(e.frames),
    ...(judged ? [e.indexable === null ? '–' : lost(e.indexable.kept)] : []),
    ...cells(e, byClass, e.rejectionAt.map(rejected)),
  ]);
  const header = ['network', 'frames', ...(judged ? ['indexable lost'] : []), ...columns(byClass, kept)];
  return `${table(header, rows)}${bracketsText(evaluations)}`;
}

/** Table 3 of Nawaz et al. (2023): true class down, predicted by the largest logit across, recall at the right, precision below. */
export function confusionTable(e: Evaluation, classNames: readonly string[]): string {
  const { counts, recall, precision } = e.confusion;
  return table(
    [`true \\ predicted ${BY_LARGEST_LOGIT}`, ...classNames, 'recall'],
    [
      ...counts.map((row, k) => [classNames[k]!, ...row.map(String), percent(recall[k]!.value, 1)]),
      ['precision', ...precision.map((p) => percent(p.value, 1))],
    ],
  );
}

/**
 * Table 5 of the same: what the expert (the label) and the network (at its threshold) say of each frame; and of those that
 * index, how many the network loses.
 */
export function expertTable({ againstExpert: a, indexable }: Evaluation): string {
  const judged = (p: Proportion | undefined): string[] => (p === undefined ? [] : [lost(p)]);
  const cells = table(
    ['label \\ network', 'hit', 'miss', ...(indexable === null ? [] : ['indexable lost [95 %]'])],
    [
      ['hit', String(a.bothHit), String(a.onlyExpert), ...judged(indexable?.amongHits)],
      ['miss', String(a.onlyNetwork), String(a.bothMiss), ...judged(indexable?.amongMisses)],
    ],
  );
  return `${cells}\nagreement ${percent(a.agreement.value)}, Cohen's kappa ${a.kappa.toFixed(4)}`;
}

/** What holds at the threshold and is guaranteed of it, with 95 % Wilson intervals, and how honest the confidences are. */
export function thresholdText(evaluation: Evaluation): string {
  const { veto, calibrationError } = evaluation;
  const said = (p: Proportion): string =>
    p.total === 0 ? '–' : `${percent(p.value)} [${(100 * p.low).toFixed(1)}, ${(100 * p.high).toFixed(1)}]`;
  return (
    `at the threshold: accuracy ${said(veto.accuracy)}, precision ${said(veto.precision)}, recall ${said(veto.recall)}, ` +
    `misses rejected ${said(veto.missesRejected)}\nexpected calibration error ${percent(calibrationError)}\n` +
    guaranteeSentences(evaluation).join('\n')
  );
}

/** A row a group of frames, in the columns of the table above. */
export function groupsTable({ by, groups }: GroupedEvaluations, byClass: boolean): string {
  const judged = [...groups.values()].some(({ indexable }) => indexable !== null);
  return table(
    [by, 'frames', ...(judged ? ['indexable lost'] : []), ...columns(byClass), 'calibration error'],
    [...groups].map(([name, e]) => [
      name,
      String(e.frames),
      ...(judged ? [e.indexable === null ? '–' : lost(e.indexable.kept)] : []),
      ...cells(e, byClass),
      percent(e.calibrationError),
    ]),
  );
}

/** All that is measured; accuracy over the classes only of frames that are labelled by class. */
export function measuredText(
  measured: NamedEvaluation,
  byClass: boolean,
  classNames: readonly string[],
): string {
  const { evaluation, grouped } = measured;
  // One group says what all the frames say.
  const telling = grouped.filter(({ groups }) => groups.size > 1);
  return [
    `${evaluationTable([measured], byClass)}\n${thresholdText(evaluation)}`,
    confusionTable(evaluation, classNames),
    expertTable(evaluation),
    ...telling.map((groups) => groupsTable(groups, byClass)),
  ].join('\n\n');
}

/** Points of hit/miss accuracy by the largest logit between float and fixed that nobody should overlook. */
const ALARMING_LOSS = 2;

/** A line to be seen where quantization costs more than it may; otherwise nothing. */
export function lossWarning(evaluations: readonly NamedEvaluation[]): string {
  const [float, fixed] = evaluations.map((e) => 100 * e.evaluation.hitMissAccuracy.value);
  if (float === undefined || fixed === undefined || float - fixed < ALARMING_LOSS) return '';
  return `\nWARNING: fixed point loses ${(float - fixed).toFixed(1)} points of hit/miss accuracy by the largest logit. The report says in which layer; more bits or other calibration frames may help.`;
}
