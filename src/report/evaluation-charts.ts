/** The curves of an evaluation: hits lost against misses rejected, and the ROC curve with its interval. */
import { lineChart, type Series } from '../draw/chart.js';
import { html, type Html } from '../draw/html.js';
import type { Evaluation } from '../statistics/metrics.js';
import type { Proportion } from '../statistics/proportion.js';

/** A network by its name. */
interface Named {
  readonly name: string;
  readonly evaluation: Evaluation;
}

/** The names of axes: one quantity has one name on every page. */
export const AXES = {
  missesRejected: 'misses rejected (%)',
  missesKept: 'misses kept (%)',
  hitsKept: 'hits kept (%)',
  hitsLost: 'hits lost (%)',
} as const;

/** The veto curve in percent: misses rejected against hits lost. */
const vetoPoints = ({ curve }: Evaluation): (readonly [number, number])[] =>
  curve.points.map(({ hitsKept, missesRejected }) => [
    100 * missesRejected.value,
    100 * (1 - hitsKept.value),
  ]);

/** Percent: a veto is used where hardly any hit is lost. */
const FEW_HITS_LOST = 5;

/** Hits lost up to `most` percent. */
function vetoCurveChart(evaluations: readonly Named[], title: string, most: number): Html {
  const series = evaluations.map(({ name, evaluation }, i) => ({
    name,
    points: Number.isNaN(evaluation.curve.auc)
      ? []
      : vetoPoints(evaluation).filter(([, lost]) => lost <= most),
    dashed: i > 0,
  }));
  return lineChart(series, {
    title,
    xLabel: AXES.missesRejected,
    yLabel: AXES.hitsLost,
    xRange: [0, 100],
    yRange: [0, most],
  });
}

/** Multiples of five that hold `lowest` hits kept, in percent: at least the upper tenth. */
const zoomFrom = (lowest: number): number => Math.max(0, Math.min(90, 5 * Math.floor(lowest / 5) - 5));

/** Misses kept against hits kept, with the 95 % interval of the hits kept, for as many hits kept as `from` percent and more. */
function rocChart({ name, evaluation }: Named, title: string, from: number): Html {
  const { points } = evaluation.curve;
  const along = (of: (hitsKept: Proportion) => number): Series['points'] =>
    points
      .map(({ hitsKept, missesRejected }) => [100 * (1 - missesRejected.value), 100 * of(hitsKept)] as const)
      .filter(([, y]) => y >= from);
  const series: Series[] = [
    { name, points: along((p) => p.value) },
    { name: '95 % interval, from', points: along((p) => p.low), dashed: true },
    { name: 'to', points: along((p) => p.high), dashed: true },
  ];
  // The misses kept where the curve comes into sight, rounded up to tens.
  const shown = series[0]!.points.map(([x]) => x);
  const right = from === 0 ? 100 : zoomTo(shown);
  return lineChart(
    Number.isNaN(evaluation.curve.auc)
      ? []
      : series.map((s) => ({ ...s, points: s.points.filter(([x]) => x <= right) })),
    {
      title,
      xLabel: AXES.missesKept,
      yLabel: AXES.hitsKept,
      xRange: [0, right],
      yRange: [from, 100],
    },
  );
}

/** Twice the misses kept where the curve comes into sight, in whole tens: what lies beyond is flat. */
const zoomTo = (missesKept: readonly number[]): number =>
  Math.min(100, Math.max(10, 10 * Math.ceil((2 * Math.min(100, ...missesKept)) / 10)));

/** All curves of `evaluations`; the last of them has its ROC curve drawn, whole and where it matters. */
export function evaluationCharts(evaluations: readonly Named[]): Html {
  const last = evaluations.at(-1)!;
  const kept = 100 * last.evaluation.veto.recall.low;
  return html`<div class="charts">
    ${vetoCurveChart(evaluations, 'Veto curve: hits lost against misses rejected', 100)}
    ${vetoCurveChart(evaluations, 'The same, where few hits are lost', FEW_HITS_LOST)}
    ${rocChart(last, `ROC curve, ${last.name}`, 0)}
    ${rocChart(last, 'The same, where most hits are kept', zoomFrom(kept))}
  </div>`;
}
