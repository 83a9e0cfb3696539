/** The report of a run: what a person reads first. Everything in it comes from `RunReport`, plain data. */
import { lineChart, type Series } from '../draw/chart.js';
import { evaluationSection, percent, type NamedEvaluation } from './evaluation.js';
import {
  firmwareSection,
  type FirmwareChoices,
  type LeftOut,
  type ReportedFirmware,
} from './firmware-section.js';
import { explainedSection, type ExplainedFrame } from './explained-frames.js';
import { comparisonSection, type Comparison, type DifferencePictures } from './comparison.js';
import type { MapCheck } from '../explain/check-maps.js';
import { html, htmlTable, type Html } from '../draw/html.js';
import type { Proportion } from '../statistics/proportion.js';
import { networkDrawing, type DrawnStage } from './network-drawing.js';
import { durationTable, factsLine, filesTable, splitTable, type RunFacts } from './run-facts.js';
import { mapCheckSection } from './map-checks.js';
import { page } from './page.js';
import { verificationSection, type VerificationSummary } from './verification-section.js';

export interface StageRow extends DrawnStage {
  readonly accumulatorBits: number | null;
  /** Fraction bits that its one rounding drops, by channel from the least to the most. */
  readonly shift: string | null;
  readonly float32Exact: boolean | null;
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
  readonly run: RunFacts;
  readonly classNames: readonly string[];
  readonly hitClasses: readonly boolean[];
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
  readonly firmware: readonly ReportedFirmware[];
  readonly left: readonly LeftOut[];
  readonly choices: FirmwareChoices;
  readonly explained: readonly ExplainedFrame[];
  /** How good the maps in the pictures are; empty where no true peaks are known. */
  readonly mapChecks: readonly MapCheck[];
}

/** A share with its interval on a card; few frames are seen to be few. */
const card = (title: string, { value, low, high, count, total }: Proportion): Html =>
  html`<div class="tile">
    <b>${percent(value, total < 1000 ? 1 : 2)}</b>${title}
    <small>${count} of ${total}; 95 % interval ${percent(low, 1)} to ${percent(high, 1)}</small>
  </div>`;

function tiles(report: RunReport): Html {
  const fixed = report.evaluations.find((e) => e.name === 'fixed')?.evaluation;
  const { verdict } = report.verification;
  const verdictClass = verdict === 'exact' ? 'good' : 'bad';
  const measured =
    fixed === undefined
      ? html`<div class="tile"><b>–</b>no test frames with labels</div>`
      : html`${card('of hits kept at the threshold', fixed.veto.recall)}
          ${card('of misses rejected there', fixed.veto.missesRejected)}
          ${card('of all frames decided rightly', fixed.veto.accuracy)}`;
  return html`<div class="tiles">
    ${measured}
    <div class="tile"><b class="${verdictClass}">${verdict}</b>agreement of all simulators, bit for bit</div>
  </div>`;
}

/** What a score is, once for the page. */
function unitSentence({ compared: { comparison } }: RunReport): Html {
  const { level, thresholds } = comparison;
  return html`<p>
    A score is the largest logit of a hit class minus the largest of a miss class. It is counted in levels everywhere: one level is the
    least step of the network's output, 2^${Math.log2(level)} (${Number(level.toPrecision(3))}) of a logit. A frame is kept from ${thresholds.fixed} levels up.
  </p>`;
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
    ${lineChart([accuracy], { title: 'Accuracy', xLabel: 'epoch', yLabel: 'hit or miss by the largest logit (%)' })}
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

interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Html;
}

function sectionsOf(report: RunReport): readonly Section[] {
  const { run } = report;
  return [
    {
      id: 'losses',
      title: 'What it loses',
      body: html`${unitSentence(report)} ${evaluationSection(report.evaluations, report.classNames)}`,
    },
    {
      id: 'fixed-beside-float',
      title: 'Fixed beside float',
      body: comparisonSection(report.compared.comparison, report.compared.pictures),
    },
    {
      id: 'agreement',
      title: 'Agreement',
      body: html`<p>
          Each witness computed the same frames by its own means; every integer was compared with no tolerance. What vetoc
          verify found since stands in <a href="verification.html">a page of its own</a>.
        </p>
        ${verificationSection(report.verification)}`,
    },
    {
      id: 'reasons',
      title: 'Why these frames were kept or vetoed',
      body: html`${explainedSection(report.explained)} ${mapCheckSection(report.mapChecks)}`,
    },
    { id: 'network', title: 'The network', body: networkDrawing(report.stages) },
    { id: 'arithmetic', title: 'Arithmetic', body: stageSection(report) },
    {
      id: 'frames',
      title: 'Frames',
      body: splitTable(run.split, report.classNames, report.hitClasses),
    },
    { id: 'training', title: 'Training', body: trainingSection(report) },
    {
      id: 'firmware',
      title: 'Firmware',
      body: firmwareSection(report.firmware, report.left, report.choices),
    },
    {
      id: 'run',
      title: 'The run',
      body: html`${htmlTable(
        ['', ''],
        report.facts.map(([k, v]) => [k, v]),
      )}
        ${durationTable(run.durations)} ${filesTable(run.files)}`,
    },
  ];
}

/** The page as HTML text. */
export function renderRunReport(report: RunReport): string {
  const sections = sectionsOf(report);
  const body = html`<h1>${report.name}</h1>
    <p class="lead">
      From detector frames to veto firmware: what was built, what it loses, and what proves it.
    </p>
    ${factsLine(report.run)} ${tiles(report)}
    <nav class="contents" aria-label="Contents">
      <ul>
        ${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}
      </ul>
    </nav>
    ${sections.map(
      ({ id, title, body: content }) =>
        html`<h2 id="${id}">${title}</h2>
          ${content}`,
    )}`;
  return page(report.name, body);
}
