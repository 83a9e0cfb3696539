/** The part of a report that says how well a network tells hits from misses: tables, curves, groups of frames. */
import type { Evaluation } from '../statistics/metrics.js';
import type { Proportion } from '../statistics/proportion.js';
import { lineChart, type Series } from '../draw/chart.js';
import { html, htmlTable, type Html } from '../draw/html.js';

/** Evaluations of the frames of one crystal, one detector style, one class …, by its name. */
export interface GroupedEvaluations {
  /** What the frames of a group have in common: `class`, `crystal`, `detector style`. */
  readonly by: string;
  readonly groups: ReadonlyMap<string, Evaluation>;
}

/** How well one form of the network tells hits from misses on the test frames. */
export interface NamedEvaluation {
  /** `float` or `fixed`. */
  readonly name: string;
  readonly evaluation: Evaluation;
  readonly grouped: readonly GroupedEvaluations[];
}

export const percent = (share: number, digits = 2): string =>
  Number.isNaN(share) ? '–' : `${(100 * share).toFixed(digits)} %`;

const interval = (p: Proportion): string => {
  const bound = (share: number): string => (100 * share).toFixed(1);
  return p.total === 0 ? '–' : `${percent(p.value, 1)} (${bound(p.low)}–${bound(p.high)})`;
};
const missed = (p: Proportion): string => `${p.total - p.count}/${p.total}`;

/** The columns of an evaluation, and its cells in them. */
const COLUMNS = ['frames', 'hit/miss', 'classes', 'AUC'];
const cells = (e: Evaluation): string[] => [
  String(e.frames),
  interval(e.hitMissAccuracy),
  interval(e.confusion.accuracy),
  Number.isNaN(e.curve.auc) ? '–' : e.curve.auc.toFixed(4),
];
const LOSSES = ['hits lost', 'misses kept'];
const losses = ({ veto }: Evaluation): string[] => [missed(veto.recall), missed(veto.missesRejected)];
const CALIBRATION = 'calibration error';

function mainTable(evaluations: readonly NamedEvaluation[]): Html {
  const kept = evaluations[0]!.evaluation.rejectionAt.map(
    (r) => `misses rejected at ${percent(r.keepFraction, 1)} hits kept`,
  );
  return htmlTable(
    ['network', ...COLUMNS, ...kept, ...LOSSES],
    evaluations.map(({ name, evaluation: e }) => [
      name,
      ...cells(e),
      ...e.rejectionAt.map((r) => interval(r.point.missesRejected)),
      ...losses(e),
    ]),
  );
}

/** Equations 8–10 of Nawaz et al. (2023), hit against miss at the threshold. */
const thresholdTable = (evaluations: readonly NamedEvaluation[]): Html =>
  htmlTable(
    ['at the threshold', 'accuracy', 'precision', 'recall', 'misses rejected', CALIBRATION],
    evaluations.map(({ name, evaluation: { veto, calibrationError } }) => [
      name,
      interval(veto.accuracy),
      interval(veto.precision),
      interval(veto.recall),
      interval(veto.missesRejected),
      percent(calibrationError, 1),
    ]),
  );

/** The veto curve in percent: frames rejected against hits lost. */
function vetoPoints({ curve }: Evaluation): (readonly [number, number])[] {
  return curve.points.map(({ hitsKept, missesRejected }) => {
    const lost = hitsKept.total - hitsKept.count;
    const rejected = (lost + missesRejected.count) / (hitsKept.total + missesRejected.total);
    return [100 * rejected, (100 * lost) / Math.max(1, hitsKept.total)] as const;
  });
}

/** Percent: a veto is used where hardly any hit is lost. */
const FEW_HITS_LOST = 5;

/** Hits lost up to `most` percent. */
function vetoCurveChart(evaluations: readonly NamedEvaluation[], title: string, most: number): Html {
  const series = evaluations.map(({ name, evaluation }, i) => ({
    name,
    points: vetoPoints(evaluation).filter(([, lost]) => lost <= most),
    dashed: i > 0,
  }));
  return lineChart(series, {
    title,
    xLabel: 'frames rejected (%)',
    yLabel: 'hits lost (%)',
    xRange: [0, 100],
    yRange: [0, most],
  });
}

/** Misses kept against hits kept, with the 95 % interval of the hits kept. */
function rocChart({ name, evaluation }: NamedEvaluation): Html {
  const along = (of: (hitsKept: Proportion) => number): Series['points'] =>
    evaluation.curve.points.map(({ hitsKept, missesRejected }) => [
      100 * (1 - missesRejected.value),
      100 * of(hitsKept),
    ]);
  const series: Series[] = [
    { name, points: along((p) => p.value) },
    { name: '95 % interval, from', points: along((p) => p.low), dashed: true },
    { name: 'to', points: along((p) => p.high), dashed: true },
  ];
  return lineChart(Number.isNaN(evaluation.curve.auc) ? [] : series, {
    title: `ROC curve, ${name}`,
    xLabel: 'misses kept (%)',
    yLabel: 'hits kept (%)',
    xRange: [0, 100],
    yRange: [0, 100],
  });
}

/** Table 3 of Nawaz et al. (2023). */
function confusionTable({ name, evaluation }: NamedEvaluation, classNames: readonly string[]): Html {
  const { counts, recall, precision } = evaluation.confusion;
  const rows = counts.map((row, i) => [classNames[i]!, ...row, percent(recall[i]!.value, 1)]);
  const last = ['precision', ...precision.map((p) => percent(p.value, 1)), ''];
  return html`<h3>Confusion matrix, ${name}</h3>
    ${htmlTable(['true \\ predicted', ...classNames, 'recall'], [...rows, last])}`;
}

/** Table 5 of the same. */
function expertTable({ name, evaluation: { againstExpert: a } }: NamedEvaluation): Html {
  return html`<h3>Label against network at its threshold, ${name}</h3>
    ${htmlTable(
      ['label \\ network', 'hit', 'miss'],
      [
        ['hit', a.bothHit, a.onlyExpert],
        ['miss', a.onlyNetwork, a.bothMiss],
      ],
    )}
    <p class="soft">
      They agree on ${interval(a.agreement)} of the frames; Cohen’s kappa
      ${Number.isNaN(a.kappa) ? '–' : a.kappa.toFixed(3)}.
    </p>`;
}

const groupTable = (name: string, { by, groups }: GroupedEvaluations): Html =>
  html`<h3>By ${by}, ${name}</h3>
    ${htmlTable(
      [by, ...COLUMNS, ...LOSSES, CALIBRATION],
      [...groups].map(([group, e]) => [group, ...cells(e), ...losses(e), percent(e.calibrationError, 1)]),
    )}`;

/** What `evaluations` (of one or more forms of a network) say of the test frames. */
export function evaluationSection(
  evaluations: readonly NamedEvaluation[],
  classNames: readonly string[],
): Html {
  if (evaluations.length === 0) return html`<p>The frames carry no test labels: nothing to measure.</p>`;
  const last = evaluations.at(-1)!;
  return html`${mainTable(evaluations)}
    <p class="soft">
      Brackets: 95 % Wilson interval, in percent. Hits lost and misses kept hold at the threshold, which was chosen on
      validation frames. Calibration error: how far the confidence in the class is from how often it is right.
    </p>
    ${thresholdTable(evaluations)}
    <div class="charts">
      ${vetoCurveChart(evaluations, 'Veto curve: hits lost against frames rejected', 100)}
      ${vetoCurveChart(evaluations, 'The same, where few hits are lost', FEW_HITS_LOST)} ${rocChart(last)}
    </div>
    ${evaluations.map((e) => confusionTable(e, classNames))} ${evaluations.map(expertTable)}
    ${last.grouped.map((grouped) => groupTable(last.name, grouped))}`;
}
