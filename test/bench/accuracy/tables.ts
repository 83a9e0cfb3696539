/** The tables of the accuracy bench as text. */
import type { Evaluation } from '../../../src/statistics/metrics.js';
import type { Proportion } from '../../../src/statistics/proportion.js';

const percent = (value: number): string => (100 * value).toFixed(2).padStart(7);
const NAME = 24;

export const ACCURACY_HEADER =
  `${'all in %'.padEnd(NAME)} hit/miss  95 % interval    5 cls     AUC  misses rejected at 99/99.5/99.9 of hits kept` +
  `   lost    kept     ECE`;

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
    `${missed(e.veto.recall)} ${missed(e.veto.missesRejected)} ${percent(e.calibrationError)}`
  );
}

/** A spot finder's row: hit against miss, and the curve of its counts. It knows no classes. */
export const finderRow = (title: string, e: Evaluation): string => row(title, e, '-');
