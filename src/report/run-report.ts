/** The report of a run: what a person reads first. Everything in it comes from `RunReport`, plain data. */
import type { Evaluation } from '../train/metrics.js';
import type { Proportion } from '../train/proportion.js';
import { lineChart } from './chart.js';
import { comparisonSection, type Comparison, type DifferencePictures } from './comparison.js';
import type { MapCheck } from '../explain/check-maps.js';
import { html, htmlTable, type Html } from './html.js';
import { mapCheckSection } from './map-checks.js';
import { page, pngImage } from './page.js';

/** How well one form of the network tells hits from misses on the test frames. */
export interface NamedEvaluation {
  /** `float` or `fixed`. */
  readonly name: string;
  readonly evaluation: Evaluation;
}

export interface StageRow {
  readonly name: string;
  readonly kind: string;
  readonly shape: string;
  readonly weights: number;
  readonly weightBits: number | null;
  readonly format: string;
  readonly accumulatorBits: number | null;
  /** Fraction bits that its one rounding drops, by channel from the least to the most. */
  readonly shift: string | null;
  readonly float32Exact: boolean | null;
}

export interface VerificationSummary {
  readonly verdict: 'exact' | 'different' | 'incomplete';
  readonly rows: readonly {
    readonly witness: string;
    readonly version: string;
    readonly frames: number;
    readonly values: number;
    readonly mismatches: number;
    readonly note: string;
  }[];
}

export interface PictureEntry {
  readonly caption: string;
  readonly png: Uint8Array;
}

/** What the firmware costs and how fast it is, by vetoc's own model. */
export interface FirmwareEstimate {
  readonly board: string;
  readonly fits: boolean;
  readonly resources: readonly {
    readonly name: string;
    readonly needed: number;
    readonly available: number;
    /** Of what the board has; 1 is all of it. */
    readonly share: number;
  }[];
  readonly timing: {
    readonly clockMHz: number;
    readonly pixelsPerClock: number;
    readonly cyclesPerFrame: number;
    readonly framesPerSecond: number;
    /** The pixel stream, or the stage that is slowest. */
    readonly limitedBy: string;
    readonly firstPixelMicroseconds: number;
    readonly lastPixelMicroseconds: number;
  };
}

export interface RunReport {
  readonly name: string;
  readonly facts: readonly (readonly [label: string, value: string])[];
  readonly classNames: readonly string[];
  readonly history: readonly {
    readonly epoch: number;
    readonly loss: number;
    readonly validationAccuracy: number;
  }[];
  readonly evaluations: readonly NamedEvaluation[];
  /** Fixed beside float, layer by layer, with pictures of frames decided differently. */
  readonly compared: {
    readonly comparison: Comparison;
    readonly pictures: DifferencePictures;
  };
  readonly stages: readonly StageRow[];
  readonly verification: VerificationSummary;
  readonly firmware: FirmwareEstimate;
  readonly pictures: readonly PictureEntry[];
  /** How good the maps in the pictures are; empty where no true peaks are known. */
  readonly mapChecks: readonly MapCheck[];
}

export const percent = (share: number, digits = 2): string =>
  Number.isNaN(share) ? '–' : `${(100 * share).toFixed(digits)} %`;

const interval = (p: Proportion): string => {
  const bound = (share: number): string => (100 * share).toFixed(1);
  return `${percent(p.value, 1)} (${bound(p.low)}–${bound(p.high)})`;
};
const missed = (p: Proportion): string => `${p.total - p.count}/${p.total}`;

function tiles(report: RunReport): Html {
  const fixed = report.evaluations.find((e) => e.name === 'fixed')?.evaluation;
  const { verdict } = report.verification;
  const verdictClass = verdict === 'exact' ? 'good' : 'bad';
  const measured =
    fixed === undefined
      ? html`<div class="tile"><b>–</b>no test frames with labels</div>`
      : html`<div class="tile">
            <b>${percent(fixed.hitMissAccuracy.value)}</b>hit/miss accuracy, fixed point
          </div>
          <div class="tile">
            <b>${fixed.veto.recall.total - fixed.veto.recall.count} of ${fixed.veto.recall.total}</b>hits lost
            at the threshold
          </div>
          <div class="tile"><b>${percent(fixed.veto.missesRejected.value)}</b>of misses rejected there</div>`;
  return html`<div class="tiles">
    ${measured}
    <div class="tile"><b class="${verdictClass}">${verdict}</b>agreement of all simulators, bit for bit</div>
  </div>`;
}

/** The veto curve in percent: frames rejected against hits lost. */
function curvePoints({ curve }: Evaluation): (readonly [number, number])[] {
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
    points: curvePoints(evaluation).filter(([, lost]) => lost <= most),
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

function evaluationSection(report: RunReport): Html {
  const { evaluations } = report;
  if (evaluations.length === 0) return html`<p>The frames carry no test labels: nothing to measure.</p>`;
  const rows = evaluations.map(({ name, evaluation: e }) => [
    name,
    e.frames,
    percent(e.hitMissAccuracy.value),
    percent(e.confusion.accuracy.value),
    e.curve.auc.toFixed(4),
    ...e.rejectionAt.map((r) => interval(r.point.missesRejected)),
    missed(e.veto.recall),
    missed(e.veto.missesRejected),
  ]);
  const kept = evaluations[0]!.evaluation.rejectionAt.map(
    (r) => `misses rejected at ${percent(r.keepFraction, 1)} hits kept`,
  );
  return html`${htmlTable(
    ['network', 'test frames', 'hit/miss', 'classes', 'AUC', ...kept, 'hits lost', 'misses kept'],
    rows,
  )}
    <p class="soft">
      Brackets: 95 % Wilson interval, in percent. The last two columns hold at the threshold, which was chosen on
      validation frames.
    </p>
    <div class="charts">
      ${vetoCurveChart(evaluations, 'Veto curve: hits lost against frames rejected', 100)}
      ${vetoCurveChart(evaluations, 'The same, where few hits are lost', FEW_HITS_LOST)}
    </div>
    ${evaluations.map((e) => confusionTable(e, report.classNames))}`;
}

function confusionTable({ name, evaluation }: NamedEvaluation, classNames: readonly string[]): Html {
  const { counts, recall, precision } = evaluation.confusion;
  const rows = counts.map((row, i) => [classNames[i]!, ...row, percent(recall[i]!.value, 1)]);
  const last = ['precision', ...precision.map((p) => percent(p.value, 1)), ''];
  return html`<h3>Confusion matrix, ${name}</h3>
    ${htmlTable(['true \\ predicted', ...classNames, 'recall'], [...rows, last])}`;
}

function stageSection(report: RunReport): Html {
  const text = (value: number | boolean | null): string | number =>
    value === null ? '–' : typeof value === 'boolean' ? (value ? 'yes' : 'split') : value;
  return htmlTable(
    [
      'stage',
      'op',
      'output',
      'weights',
      'weight bits',
      'output format',
      'accumulator bits (proved)',
      'bits rounded away',
      'exact in float32',
    ],
    report.stages.map((s) => [
      s.name,
      s.kind,
      s.shape,
      s.weights,
      text(s.weightBits),
      html`<code>${s.format}</code>`,
      text(s.accumulatorBits),
      s.shift ?? '–',
      text(s.float32Exact),
    ]),
  );
}

const verificationSection = (v: VerificationSummary): Html =>
  htmlTable(
    ['witness', 'version', 'frames', 'values compared', 'mismatches', 'note'],
    v.rows.map((r) => [
      r.witness,
      r.version,
      r.frames,
      r.values,
      html`<span class="${r.mismatches === 0 ? 'good' : 'bad'}">${r.mismatches}</span>`,
      r.note,
    ]),
  );

function firmwareSection({ board, fits, resources, timing }: FirmwareEstimate): Html {
  const count = (n: number): string => Math.ceil(n).toLocaleString('en-US');
  return html`<p class="soft">Estimates from vetoc's own model, not what a vendor tool would report.</p>
    <p>
      ${board} at ${timing.clockMHz} MHz, ${timing.pixelsPerClock} pixels per clock:
      <b class="${fits ? 'good' : 'bad'}">${fits ? 'fits' : 'does not fit'}</b>.
      ${count(Math.floor(timing.framesPerSecond))} frames/s (${count(timing.cyclesPerFrame)} cycles a frame,
      limited by ${timing.limitedBy}); the decision comes ${timing.lastPixelMicroseconds.toFixed(2)} µs after
      the last pixel, ${timing.firstPixelMicroseconds.toFixed(1)} µs after the first.
    </p>
    ${htmlTable(
      ['resource', 'needed', 'on the board', 'share'],
      resources.map((r) => [r.name, count(r.needed), count(r.available), percent(r.share, 1)]),
    )}`;
}

/** The page as HTML text. */
export function renderRunReport(report: RunReport): string {
  const body = html`<h1>${report.name}</h1>
    <p class="lead">
      From detector frames to veto firmware: what was built, what it loses, and what proves it.
    </p>
    ${tiles(report)}
    <h2>What it loses</h2>
    ${evaluationSection(report)}
    <h2>Fixed beside float</h2>
    ${comparisonSection(report.compared.comparison, report.compared.pictures)}
    <h2>Agreement</h2>
    <p>
      Each witness computed the same frames by its own means; every integer was compared with no tolerance.
    </p>
    ${verificationSection(report.verification)}
    <h2>Why these frames were kept or vetoed</h2>
    <p class="soft">
      Grad-CAM of the decision taken, on the firmware's own activations, over the frame on a square-root scale: dark blue is
      no evidence, yellow the most in the frame.
    </p>
    <div class="pictures">
      ${report.pictures.map(
        (p) =>
          html`<figure>
            ${pngImage(p.png, p.caption)}
            <figcaption>${p.caption}</figcaption>
          </figure>`,
      )}
    </div>
    ${mapCheckSection(report.mapChecks)}
    <h2>Arithmetic</h2>
    ${stageSection(report)}
    <h2>Training</h2>
    ${lineChart([{ name: 'loss', points: report.history.map((h) => [h.epoch, h.loss] as const) }], { title: 'Training loss', xLabel: 'epoch', yLabel: 'cross-entropy' })}
    ${lineChart([{ name: 'validation', points: report.history.map((h) => [h.epoch, 100 * h.validationAccuracy] as const) }], { title: 'Validation accuracy', xLabel: 'epoch', yLabel: 'hit/miss accuracy (%)' })}
    <h2>Firmware estimate</h2>
    ${firmwareSection(report.firmware)}
    <h2>The run</h2>
    ${htmlTable(
      ['', ''],
      report.facts.map(([k, v]) => [k, v]),
    )}
    <p class="soft">
      The same figures, for programs: evaluation.json, compare.json, verify.json and recipe.json in the folder of the run.
    </p>`;
  return page(report.name, body);
}
