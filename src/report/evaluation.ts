/** The part of a report that says how well a network tells hits from misses: tables, curves, groups of frames. */
import type { Evaluation } from '../statistics/metrics.js';
import { hitsNeeded } from '../statistics/guarantee.js';
import { proportion, type Proportion } from '../statistics/proportion.js';
import { framesKept, pointKeeping } from '../statistics/veto-curve.js';
import { html, htmlTable, type Cell, type Html } from '../draw/html.js';
import { evaluationCharts } from './evaluation-charts.js';
import { guaranteeSentences } from './guarantee-text.js';

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

/** Without a unit: two bounds of a 95 % Wilson interval in percent. */
const bounds = (low: number, high: number): string => `${(100 * low).toFixed(1)}–${(100 * high).toFixed(1)}`;

/** A share with its interval, in percent; a dash where there is nothing to take a share of. */
export const interval = (p: Proportion, digits = 1): string =>
  p.total === 0 ? '–' : `${percent(p.value, digits)} (${bounds(p.low, p.high)})`;

/** What is not counted of all, with its interval in percent. */
export const lostOf = (p: Proportion): string =>
  p.total === 0 ? '–' : `${p.total - p.count}/${p.total} (${bounds(1 - p.high, 1 - p.low)})`;

/** The decision rule, as tables name it: what counts is the score at the threshold. */
export const BY_THRESHOLD = 'at the threshold';
/** The other rule, which decides nothing. */
export const BY_LARGEST_LOGIT = 'by the largest logit';

const area = ({ curve }: Evaluation): string => (Number.isNaN(curve.auc) ? '–' : curve.auc.toFixed(4));

/** What the decisions at a threshold come to: the columns of the first table, and its cells. */
const DECISIONS = [
  'frames kept',
  'hits lost',
  'misses rejected',
  'accuracy',
  'precision',
  'indexable lost',
] as const;
function decisions({ frames, veto, indexable }: Evaluation): string[] {
  const kept = veto.precision.total;
  return [
    `${kept} of ${frames}`,
    lostOf(veto.recall),
    interval(veto.missesRejected),
    interval(veto.accuracy),
    interval(veto.precision),
    indexable === null ? '–' : lostOf(indexable.kept),
  ];
}

/** The first network at the point of its curve that keeps as many frames as the last does at its threshold. */
function atEqualReduction(evaluations: readonly NamedEvaluation[]): string[][] {
  const [first, last] = [evaluations[0]!, evaluations.at(-1)!];
  if (first === last || Number.isNaN(first.evaluation.curve.auc)) return [];
  const { curve, frames } = first.evaluation;
  const point = pointKeeping(curve, last.evaluation.veto.precision.total);
  const { hitsKept, missesRejected } = point;
  const kept = framesKept(point);
  return [
    [
      `${first.name}, keeping as many frames as ${last.name}`,
      `${kept} of ${frames}`,
      lostOf(hitsKept),
      interval(missesRejected),
      interval(proportion(hitsKept.count + missesRejected.count, frames)),
      interval(proportion(hitsKept.count, kept)),
      '–',
    ],
  ];
}

const thresholdTable = (evaluations: readonly NamedEvaluation[]): Html =>
  htmlTable(
    [BY_THRESHOLD, ...DECISIONS],
    [
      ...evaluations.map(({ name, evaluation }) => [name, ...decisions(evaluation)]),
      ...atEqualReduction(evaluations),
    ],
  );

/** Confidence of what is said of a share of hits kept. */
const CONFIDENCE = 0.95;

/** The hits that it takes to be sure of `keepFraction`; null where `hits` carry it. */
export function hitsMissing(keepFraction: number, hits: number): number | null {
  const needed = hitsNeeded({ lost: 1 - keepFraction, confidence: CONFIDENCE });
  return needed > hits ? needed : null;
}

/** Rejection at fixed shares of hits kept; grey with the hits that it takes where there are too few. */
function levelsTable(evaluations: readonly NamedEvaluation[]): Html {
  const { rejectionAt } = evaluations[0]!.evaluation;
  const cell = ({ keepFraction, point }: Evaluation['rejectionAt'][number]): Cell => {
    const said = interval(point.missesRejected);
    const needed = hitsMissing(keepFraction, point.hitsKept.total);
    if (needed === null) return said;
    const takes = `takes ${needed.toLocaleString('en-US')} hits`;
    return html`<span class="thin">${said}<br /><small>${takes}; here are ${point.hitsKept.total}</small></span>`;
  };
  return htmlTable(
    [
      'misses rejected while keeping',
      ...rejectionAt.map((r) => `${percent(r.keepFraction, 1)} of hits`),
      'AUC',
    ],
    evaluations.map(({ name, evaluation: e }) => [name, ...e.rejectionAt.map(cell), area(e)]),
  );
}

const CALIBRATION = 'calibration error';

const largestLogitTable = (evaluations: readonly NamedEvaluation[]): Html =>
  htmlTable(
    [BY_LARGEST_LOGIT, 'hit or miss', 'class', CALIBRATION],
    evaluations.map(({ name, evaluation: e }) => [
      name,
      interval(e.hitMissAccuracy),
      interval(e.confusion.accuracy),
      percent(e.calibrationError, 1),
    ]),
  );

/** Table 3 of Nawaz et al. (2023). */
function confusionTable({ name, evaluation }: NamedEvaluation, classNames: readonly string[]): Html {
  const { counts, recall, precision } = evaluation.confusion;
  const rows = counts.map((row, i) => [classNames[i]!, ...row, interval(recall[i]!)]);
  const last = ['precision', ...precision.map((p) => interval(p)), ''];
  return html`<h4>Confusion matrix ${BY_LARGEST_LOGIT}, ${name}</h4>
    ${htmlTable(['true \\ predicted', ...classNames, 'recall'], [...rows, last])}`;
}

/** Table 5 of the same. */
function expertTable({ name, evaluation: { againstExpert: a, indexable } }: NamedEvaluation): Html {
  const judged = (p: Proportion | undefined): string => (p === undefined ? '–' : lostOf(p));
  return html`<h4>Label against network at its threshold, ${name}</h4>
    ${htmlTable(
      ['label \\ network', 'hit', 'miss', 'indexable lost'],
      [
        ['hit', a.bothHit, a.onlyExpert, judged(indexable?.amongHits)],
        ['miss', a.onlyNetwork, a.bothMiss, judged(indexable?.amongMisses)],
      ],
    )}
    <p class="soft">
      They agree on ${interval(a.agreement)} of the frames; Cohen’s kappa
      ${Number.isNaN(a.kappa) ? '–' : a.kappa.toFixed(3)}.
    </p>`;
}

/** Groups of one class have no precision; of all the columns those stay that say something of some group. */
function groupTable(name: string, { by, groups }: GroupedEvaluations): Html {
  const rows = [...groups].map(([group, e]) => [
    group,
    ...decisions(e),
    area(e),
    percent(e.calibrationError, 1),
  ]);
  const header = [by, ...DECISIONS, 'AUC', CALIBRATION];
  const telling = header.map((head, k) => head !== 'precision' && rows.some((row) => row[k] !== '–'));
  const told = <T>(row: readonly T[]): T[] => row.filter((_, k) => telling[k]);
  return html`<h4>By ${by}, ${name}</h4>
    ${htmlTable(told(header), rows.map(told))}`;
}

/** What `evaluations` (of one or more forms of a network) say of the test frames. */
export function evaluationSection(
  evaluations: readonly NamedEvaluation[],
  classNames: readonly string[],
): Html {
  if (evaluations.length === 0) return html`<p>The frames carry no test labels: nothing to measure.</p>`;
  const last = evaluations.at(-1)!;
  return html`${thresholdTable(evaluations)}
    <p class="soft">
      A frame is kept where its score reaches the threshold, which was chosen on validation frames; the firmware decides so and in
      no other way. Brackets: 95 % Wilson interval, in percent. Each network has a threshold of its own: the row of as many frames
      kept is the fair comparison. Indexable: patterns in which an indexing program found a lattice, where the frames say so
      (<code>--indexed</code>).
    </p>
    <p>${last.name}: ${guaranteeSentences(last.evaluation).join('; ')}. <code>vetoc threshold</code> finds one with a guarantee.</p>
    ${levelsTable(evaluations)}
    <p class="soft">
      The same network at other thresholds. Grey: the hits are too few to be sure (95 %) of that share, whatever was measured.
    </p>
    ${evaluationCharts(evaluations)}
    ${evaluations.map(expertTable)} ${last.grouped.map((grouped) => groupTable(last.name, grouped))}
    <h3>The other rule: the class of the largest logit</h3>
    <p class="soft">
      It decides nothing, but says how well the network tells the classes apart. Its figures may be better or worse than those at the
      threshold, which is set to lose few hits. Calibration error: how far the confidence in the class is from how often it is right.
    </p>
    ${largestLogitTable(evaluations)} ${evaluations.map((e) => confusionTable(e, classNames))}`;
}
