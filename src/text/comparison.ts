/** A comparison of fixed with float in words. */
import type { Bin } from '../draw/bar-chart.js';
import {
  inLevels,
  PEAKS,
  type ComparedStage,
  type Comparison,
  type Difference,
  type PairedDecisions,
} from '../report/comparison.js';
import { table } from '../core/table.js';
import type { CompareOutcome } from '../run/compare.js';
import { evaluationTable } from './evaluation.js';

const BAR = 40;

function stageTable(stages: readonly ComparedStage[]): string {
  return table(
    ['layer', 'op', 'format', 'SQNR dB', 'clipped', 'of', 'clipped under peaks', 'of'],
    stages.map((s) => [
      s.id,
      s.kind,
      s.format.split(',').slice(0, 2).join(',') + '>',
      s.sqnrDb.toFixed(1),
      String(s.clipped),
      String(s.values),
      s.underPeaks === 0 ? '–' : String(s.clippedUnderPeaks),
      s.underPeaks === 0 ? '–' : String(s.underPeaks),
    ]),
  );
}

function bars(bins: readonly Bin[]): string {
  const most = Math.max(1, ...bins.map((b) => b.count));
  return bins
    .map(
      ({ from, to, count }) =>
        `${inLevels(from).padStart(9)} … ${inLevels(to).padEnd(9)} ${'█'.repeat(Math.round((BAR * count) / most))} ${count}`,
    )
    .join('\n');
}

const pairedText = (p: PairedDecisions): string =>
  `Hits lost ${p.hitsLost}, gained ${p.hitsGained}; misses newly kept ${p.missesKept}, newly dropped ` +
  `${p.missesDropped}; patterns that can be indexed lost ${p.indexableLost}, gained ${p.indexableGained}; McNemar's exact test p = ${p.mcnemarP.toPrecision(2)}.`;

function differenceTable({ differences, thresholds, level }: Comparison): string {
  const title =
    `Frames decided differently (scores in levels of ${level} of the logits; thresholds: float ${inLevels(thresholds.float)}, ` +
    `fixed ${thresholds.fixed}):`;
  const row = (d: Difference): string[] => [
    String(d.index),
    d.hit === null ? '?' : d.hit ? 'hit' : 'miss',
    d.keptBy,
    inLevels(d.floatScore),
    String(d.fixedScore),
    d.partsAt ?? 'the threshold',
  ];
  const header = ['frame', 'is', 'kept by', 'float score', 'fixed score', 'parts at'];
  return `${title}\n${table(header, differences.map(row))}`;
}

/** Layers, differences of logits and scores, hits lost and gained, the frames decided differently. */
export function comparisonText(comparison: Comparison): string {
  const { stages, peaks, logitDifference, scoreDifference, paired, differences } = comparison;
  return [
    `${stageTable(stages)}\n${PEAKS[peaks]}`,
    `Logits of fixed minus float, in levels:\n${bars(logitDifference)}`,
    `Scores of fixed minus float, in levels:\n${bars(scoreDifference)}`,
    ...(paired === null ? [] : [pairedText(paired)]),
    ...(differences.length === 0 ? [] : [differenceTable(comparison)]),
  ].join('\n\n');
}

/** The same behind the measures where frames have labels; `page`: where it was written. */
export const comparedText = (
  { comparison, evaluations, byClass, unknown }: CompareOutcome,
  page: string | undefined,
): string =>
  [
    ...(evaluations.length > 0 ? [`${evaluationTable(evaluations, byClass)}\n`] : []),
    comparisonText(comparison),
    ...(unknown === '' ? [] : [`\n${unknown}`]),
    ...(page === undefined ? [] : [`\nThe page is ${page}.`]),
  ].join('\n');
