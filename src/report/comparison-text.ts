/** A comparison of fixed with float in words. */
import type { Bin } from '../draw/bar-chart.js';
import type { ComparedStage, Comparison, Difference, PairedDecisions } from './comparison.js';
import { table } from '../core/table.js';

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
        `${from.toFixed(3).padStart(9)} … ${to.toFixed(3).padEnd(9)} ${'█'.repeat(Math.round((BAR * count) / most))} ${count}`,
    )
    .join('\n');
}

const pairedText = (p: PairedDecisions): string =>
  `Hits lost ${p.hitsLost}, gained ${p.hitsGained}; misses newly kept ${p.missesKept}, newly dropped ` +
  `${p.missesDropped}; McNemar's exact test p = ${p.mcnemarP.toPrecision(2)}.`;

function differenceTable({ differences, thresholds }: Comparison): string {
  const title =
    `Frames decided differently (thresholds: float ${thresholds.float.toFixed(3)}, ` +
    `fixed ${thresholds.fixed.toFixed(3)}):`;
  const row = (d: Difference): string[] => [
    String(d.index),
    d.hit === null ? '?' : d.hit ? 'hit' : 'miss',
    d.keptBy,
    d.floatScore.toFixed(3),
    d.fixedScore.toFixed(3),
    d.partsAt ?? 'the threshold',
  ];
  const header = ['frame', 'is', 'kept by', 'float score', 'fixed score', 'parts at'];
  return `${title}\n${table(header, differences.map(row))}`;
}

/** Layers, differences of logits and scores, hits lost and gained, the frames decided differently. */
export function comparisonText(comparison: Comparison): string {
  const { stages, peaks, logitDifference, scoreDifference, paired, differences } = comparison;
  return [
    `${stageTable(stages)}\nBragg peaks: ${peaks}.`,
    `Logits of fixed minus float:\n${bars(logitDifference)}`,
    `Scores of fixed minus float:\n${bars(scoreDifference)}`,
    ...(paired === null ? [] : [pairedText(paired)]),
    ...(differences.length === 0 ? [] : [differenceTable(comparison)]),
  ].join('\n\n');
}
