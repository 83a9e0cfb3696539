/**
 * "Does the quantized network still find my hits?": the fixed-point network beside its float network, as a part of a
 * run's report and as a page of its own.
 */
import { lineChart } from '../draw/chart.js';
import { barChart, type Bin } from '../draw/bar-chart.js';
import { html, htmlTable, type Html } from '../draw/html.js';
import { page, pngImage } from './page.js';

/** What became of one layer over all compared frames. */
export interface ComparedStage {
  readonly id: string;
  readonly kind: string;
  /** Of its output. */
  readonly format: string;
  /** Signal-to-quantization-noise ratio; infinite where nothing differs. */
  readonly sqnrDb: number;
  readonly values: number;
  /** Values that left the format. */
  readonly clipped: number;
  /** Values at positions under true or found Bragg peaks, and how many of those were clipped. */
  readonly underPeaks: number;
  readonly clippedUnderPeaks: number;
}

/** A frame that float and fixed decide differently. */
export interface Difference {
  readonly index: number;
  /** The file and the frame inside it. */
  readonly origin: string;
  readonly hit: boolean | null;
  /** In units of the logits. */
  readonly floatScore: number;
  readonly fixedScore: number;
  /** The network that keeps the frame. */
  readonly keptBy: 'float' | 'fixed';
  /** The first layer that makes the decision another; null when only the thresholds differ. */
  readonly partsAt: string | null;
}

/** Frames decided rightly by one network alone, and what chance says of it. */
export interface PairedDecisions {
  readonly hitsLost: number;
  readonly hitsGained: number;
  readonly missesKept: number;
  readonly missesDropped: number;
  /** McNemar's exact test, two-sided. */
  readonly mcnemarP: number;
}

/** Share of misses rejected against share of hits kept, point by point. */
export type Curve = readonly (readonly [missesRejected: number, hitsKept: number])[];

export interface Comparison {
  readonly frames: number;
  /** In units of the logits. */
  readonly thresholds: { readonly float: number; readonly fixed: number };
  /** Whose peaks: known to the frames, found by peakfinder8, or both. */
  readonly peaks: 'true' | 'found' | 'true and found';
  readonly stages: readonly ComparedStage[];
  /** Fixed minus float, of every logit and of the score max(hit) − max(miss). */
  readonly logitDifference: readonly Bin[];
  readonly scoreDifference: readonly Bin[];
  /** Null without labels. */
  readonly paired: PairedDecisions | null;
  readonly curves: { readonly float: Curve; readonly fixed: Curve } | null;
  readonly differences: readonly Difference[];
}

/** `index` of a difference to its PNG; frames without a picture are only listed. */
export type DifferencePictures = ReadonlyMap<number, Uint8Array>;

const truth = (hit: boolean | null): string => (hit === null ? 'unknown' : hit ? 'hit' : 'miss');
const parting = ({ partsAt }: Difference): string => partsAt ?? 'the threshold';

const stageRows = (stages: readonly ComparedStage[]): Html =>
  htmlTable(
    [
      'layer',
      'op',
      'output format',
      'SQNR (dB)',
      'clipped',
      'of',
      'clipped under Bragg peaks',
      'of values there',
    ],
    stages.map((s) => [
      s.id,
      s.kind,
      html`<code>${s.format}</code>`,
      s.sqnrDb === Infinity ? 'exact' : s.sqnrDb.toFixed(1),
      s.clipped,
      s.values,
      s.underPeaks === 0 ? '–' : s.clippedUnderPeaks,
      s.underPeaks === 0 ? '–' : s.underPeaks,
    ]),
  );

function verdict({ frames, differences, paired }: Comparison): Html {
  const differ = `${differences.length} of ${frames} frames are decided differently.`;
  if (paired === null) return html`<p>${differ} The frames carry no labels.</p>`;
  return html`<p>
    ${differ} Hits lost ${paired.hitsLost}, gained ${paired.hitsGained}; misses newly kept
    ${paired.missesKept}, newly dropped ${paired.missesDropped}. McNemar's exact test:
    p = ${paired.mcnemarP.toPrecision(2)}.
  </p>`;
}

const percentPoints = (curve: Curve): (readonly [number, number])[] =>
  curve.map(([rejected, kept]) => [100 * rejected, 100 * (1 - kept)]);

/** Both veto curves on one plot: hits lost up to `most` percent. */
function vetoCurves({ curves }: Comparison, most: number): Html {
  if (curves === null) return html``;
  const series = (['float', 'fixed'] as const).map((name, i) => ({
    name,
    points: percentPoints(curves[name]).filter(([, lost]) => lost <= most),
    dashed: i > 0,
  }));
  return lineChart(series, {
    title: `Veto curves of float and fixed, up to ${most} % of hits lost`,
    xLabel: 'misses rejected (%)',
    yLabel: 'hits lost (%)',
    xRange: [0, 100],
    yRange: [0, most],
  });
}

function differenceSection({ differences, thresholds }: Comparison, pictures: DifferencePictures): Html {
  if (differences.length === 0) return html``;
  const rows = differences.map((d) => [
    d.index,
    d.origin,
    truth(d.hit),
    d.keptBy,
    d.floatScore.toFixed(3),
    d.fixedScore.toFixed(3),
    parting(d),
  ]);
  return html`<h3>Frames decided differently</h3>
    <p class="soft">
      Thresholds: float ${thresholds.float.toFixed(3)}, fixed ${thresholds.fixed.toFixed(3)}.
    </p>
    ${htmlTable(['frame', 'from', 'is', 'kept by', 'float score', 'fixed score', 'parts at'], rows)}
    <div class="pictures">
      ${differences.flatMap((d) => {
        const png = pictures.get(d.index);
        const caption = `frame ${d.index} (${truth(d.hit)}), kept by ${d.keptBy}: float ${d.floatScore.toFixed(3)}, fixed ${d.fixedScore.toFixed(3)}, parts at ${parting(d)}`;
        return png === undefined
          ? []
          : html`<figure>
              ${pngImage(png, caption)}
              <figcaption>${caption}</figcaption>
            </figure>`;
      })}
    </div>`;
}

/** The comparison as a part of a page that has the veto curves already. */
export function comparisonSection(comparison: Comparison, pictures: DifferencePictures): Html {
  const { stages, peaks, logitDifference, scoreDifference } = comparison;
  return html`${verdict(comparison)}
    <h3>Layer by layer</h3>
    <p class="soft">Bragg peaks: ${peaks}. Clipped values left the format of the layer and were saturated.</p>
    ${stageRows(stages)}
    <div class="charts">
      ${barChart(logitDifference, 'Logits: fixed minus float', 'difference of a logit')}
      ${barChart(scoreDifference, 'Scores: fixed minus float', 'difference of max(hit) − max(miss)')}
    </div>
    ${differenceSection(comparison, pictures)}`;
}

/** The comparison as a page of its own. */
export const comparisonPage = (title: string, comparison: Comparison, pictures: DifferencePictures): string =>
  page(
    title,
    html`<h1>${title}</h1>
      <p class="lead">Does the fixed-point network still find the hits of its float network?</p>
      <div class="charts">${vetoCurves(comparison, 100)} ${vetoCurves(comparison, 5)}</div>
      ${comparisonSection(comparison, pictures)}`,
  );
