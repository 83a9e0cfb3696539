/** The tables of the accuracy bench as text. */
import { evaluateByGroup, type Evaluation, type EvaluationInput } from '../../../src/train/metrics.js';
import { type Proportion } from '../../../src/train/proportion.js';

const percent = (value: number): string => (100 * value).toFixed(2).padStart(7);
const NAME = 24;

export const ACCURACY_HEADER =
  `${'all in %'.padEnd(NAME)} hit/miss  95 % interval    5 cls     AUC  misses rejected at 99/99.5/99.9 of hits kept` +
  `   lost  kept     ECE`;

/** What a network and a spot finder have in common; `classes` is the accuracy over the five. */
function row(title: string, e: Evaluation, classes: string): string {
  const at = e.rejectionAt.map(({ point }) => percent(point.missesRejected.value)).join(' ');
  const { low, high, value } = e.hitMissAccuracy;
  const interval = `[${(100 * low).toFixed(1)}, ${(100 * high).toFixed(1)}]`;
  return (
    `${title.padEnd(NAME)} ${percent(value)}  ${interval.padEnd(14)} ${classes.padStart(7)}` +
    `  ${e.curve.auc.toFixed(4)} ${at}`
  );
}

/** A network's row: accuracies by the largest logit, `lost` hits and `kept` misses at the stored threshold. */
export function accuracyRow(title: string, e: Evaluation): string {
  const missed = ({ total, count }: Proportion): string => `${total - count}/${total}`.padStart(7);
  return (
    `${row(title, e, percent(e.confusion.accuracy.value))}                  ` +
    `${missed(e.veto.recall)}${missed(e.veto.missesRejected)} ${percent(e.calibrationError)}`
  );
}

/** A spot finder's row: hit against miss, and the curve of its counts. It knows no classes. */
export const finderRow = (title: string, e: Evaluation): string => row(title, e, '-');

/** Table 3 of Nawaz et al. (2023): actual down, predicted across, recall at the right, precision below. */
export function confusionTable(e: Evaluation, classNames: readonly string[]): string {
  const { counts, recall, precision } = e.confusion;
  const cell = (text: string): string => text.padStart(12);
  const share = (p: Proportion): string => (p.total === 0 ? '-' : `${(100 * p.value).toFixed(1)} %`);
  return [
    ['actual \\ predicted'.padEnd(NAME), ...classNames.map(cell), cell('recall')].join(''),
    ...counts.map((row, k) =>
      [classNames[k]!.padEnd(NAME), ...row.map((n) => cell(String(n))), cell(share(recall[k]!))].join(''),
    ),
    ['precision'.padEnd(NAME), ...precision.map((p) => cell(share(p)))].join(''),
  ].join('\n');
}

/** Table 5 of the same: what the expert (the label) and the network (at its threshold) say of each frame. */
export function expertTable({ againstExpert: a }: Evaluation): string {
  const cell = (n: number): string => String(n).padStart(14);
  return [
    `${'expert \\ network'.padEnd(NAME)}${'hit'.padStart(14)}${'miss'.padStart(14)}`,
    `${'hit'.padEnd(NAME)}${cell(a.bothHit)}${cell(a.onlyExpert)}`,
    `${'miss'.padEnd(NAME)}${cell(a.onlyNetwork)}${cell(a.bothMiss)}`,
    `agreement ${(100 * a.agreement.value).toFixed(2)} %, Cohen's kappa ${a.kappa.toFixed(4)}`,
  ].join('\n');
}

/** Accuracy and losses of each group of frames. */
export function groupTable(title: string, input: EvaluationInput, groups: readonly string[]): string {
  const rows = [...evaluateByGroup(input, groups)].sort(([a], [b]) => a.localeCompare(b));
  return [
    `${title.padEnd(NAME)} frames  hit/miss    5 cls   hits lost  misses kept`,
    ...rows.map(([name, e]) => {
      const missed = ({ total, count }: Proportion): string => `${total - count}/${total}`;
      return (
        `${name.padEnd(NAME)} ${String(e.frames).padStart(6)} ${percent(e.hitMissAccuracy.value)}  ` +
        `${percent(e.confusion.accuracy.value)}  ${missed(e.veto.recall).padStart(10)}  ${missed(e.veto.missesRejected).padStart(11)}`
      );
    }),
  ].join('\n');
}
