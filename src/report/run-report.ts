/** The report of a run: what a person reads first. Everything in it comes from `RunReport`, plain data. */
import { lineChart, type Series } from '../draw/chart.js';
import { evaluationSection, percent, type NamedEvaluation } from './evaluation.js';
import { comparisonSection, type Comparison, type DifferencePictures } from './comparison.js';
import type { MapCheck } from '../explain/check-maps.js';
import { html, htmlTable, type Html } from '../draw/html.js';
import { mapCheckSection } from './map-checks.js';
import { page, pngImage } from './page.js';
import { verificationSection, type VerificationSummary } from './verification-section.js';

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

export interface ReportedEpoch {
  readonly epoch: number;
  readonly loss: number;
  readonly validationLoss: number;
  readonly validationAccuracy: number;
}

export interface RunReport {
  readonly name: string;
  readonly facts: readonly (readonly [label: string, value: string])[];
  readonly classNames: readonly string[];
  /** Empty for a network that was not trained here. */
  readonly history: readonly ReportedEpoch[];
  /** Of training in fixed point; empty without. */
  readonly fixedHistory: readonly ReportedEpoch[];
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

function epochCharts(history: readonly ReportedEpoch[]): Html {
  const along = (name: string, of: (h: ReportedEpoch) => number): Series => ({
    name,
    points: history.map((h) => [h.epoch, of(h)]),
  });
  const losses = [
    along('training frames, augmented', (h) => h.loss),
    { ...along('validation frames', (h) => h.validationLoss), dashed: true },
  ];
  const accuracy = along('validation frames', (h) => 100 * h.validationAccuracy);
  return html`<div class="charts">
    ${lineChart(losses, { title: 'Loss', xLabel: 'epoch', yLabel: 'loss' })}
    ${lineChart([accuracy], { title: 'Accuracy', xLabel: 'epoch', yLabel: 'hit/miss accuracy (%)' })}
  </div>`;
}

function trainingSection({ history, fixedHistory }: RunReport): Html {
  const trained =
    history.length === 0 ? html`<p>The network was not trained here.</p>` : epochCharts(history);
  if (history.length + fixedHistory.length === 0) return trained;
  return html`${trained}
  ${fixedHistory.length === 0 ? '' : html`<h3>In fixed point</h3>${epochCharts(fixedHistory)}`}
    <p class="soft">
      The loss on training frames has the hit-against-miss part and the class weights of the recipe in it; that on validation
      frames is the mean cross-entropy of the classes.
    </p>`;
}

/** The page as HTML text. */
export function renderRunReport(report: RunReport): string {
  const body = html`<h1>${report.name}</h1>
    <p class="lead">
      From detector frames to veto firmware: what was built, what it loses, and what proves it.
    </p>
    ${tiles(report)}
    <h2>What it loses</h2>
    ${evaluationSection(report.evaluations, report.classNames)}
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
    ${trainingSection(report)}
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
