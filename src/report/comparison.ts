/**
 * "Does the quantized network still find my hits?": the fixed-point network beside its float network, as a part of a
 * run's report and as a page of its own.
 */
import { lineChart } from '../draw/chart.js';
import { barChart, type Bin } from '../draw/bar-chart.js';
import { html, htmlTable, type Html } from '../draw/html.js';
import { spreadChart, type ValueSpread } from './value-spread.js';
import { AXES } from './evaluation-charts.js';
import { page, pictureFigure } from './page.js';

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
  /** How large the values of the float network are there, and what the format holds. */
  readonly spread: ValueSpread;
}

/** A frame that float and fixed decide differently. */
export interface Difference {
  readonly index: number;
  /** The file and the frame inside it. */
  readonly origin: string;
  readonly hit: boolean | null;
  /** In levels: fixed a whole number, float what it would be if it were not rounded. */
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
  /** Of patterns that can be indexed, whatever their label. */
  readonly indexableLost: number;
  readonly indexableGained: number;
  /** McNemar's exact test, two-sided. */
  readonly mcnemarP: number;
}

/** Share of misses rejected against share of hits kept, point by point. */
export type Curve = readonly (readonly [missesRejected: number, hitsKept: number])[];

export interface Comparison {
  readonly frames: number;
  /** What one level is of the logits: the least significant bit of the fixed ones. */
  readonly level: number;
  /** Of the fixed logits: their format, and the least and the largest level that it holds. */
  readonly logits: { readonly format: string; readonly least: number; readonly largest: number };
  /** In levels. */
  readonly thresholds: { readonly float: number; readonly fixed: number };
  /** Whose peaks: known to the frames, found by peakfinder8, or both. */
  readonly peaks: 'true' | 'found' | 'true and found';
  readonly stages: readonly ComparedStage[];
  /** Fixed minus float in levels, of every logit and of the score max(hit) − max(miss). */
  readonly logitDifference: readonly Bin[];
  readonly scoreDifference: readonly Bin[];
  /** Null without labels. */
  readonly paired: PairedDecisions | null;
  readonly curves: { readonly float: Curve; readonly fixed: Curve } | null;
  readonly differences: readonly Difference[];
}

/** `index` of a difference to its PNG; frames without a picture are only listed. */
export type DifferencePictures = ReadonlyMap<number, Uint8Array>;

/** Whose Bragg peaks tables count under. */
export const PEAKS: Readonly<Record<Comparison['peaks'], string>> = {
  true: 'Bragg peaks are those that the frames state as true.',
  found: 'Bragg peaks are those that peakfinder8 finds: the frames state none.',
  'true and found':
    'Bragg peaks are those that the frames state as true, and where they state none those that peakfinder8 finds.',
};

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
    ${paired.missesKept}, newly dropped ${paired.missesDropped}; patterns that can be indexed lost
    ${paired.indexableLost}, gained ${paired.indexableGained}. McNemar's exact test:
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
    xLabel: AXES.missesRejected,
    yLabel: AXES.hitsLost,
    xRange: [0, 100],
    yRange: [0, most],
  });
}

/** A score that is not rounded to a level. */
export const inLevels = (score: number): string => score.toFixed(1);

function differenceSection(
  { differences, thresholds, level }: Comparison,
  pictures: DifferencePictures,
): Html {
  if (differences.length === 0) return html``;
  const rows = differences.map((d) => [
    d.index,
    d.origin,
    truth(d.hit),
    d.keptBy,
    inLevels(d.floatScore),
    d.fixedScore,
    parting(d),
  ]);
  return html`<h3>Frames decided differently</h3>
    <p class="soft">
      Scores in levels, each ${level} of the logits. Thresholds: float ${inLevels(thresholds.float)}, fixed
      ${thresholds.fixed}.
    </p>
    ${htmlTable(['frame', 'from', 'is', 'kept by', 'float score', 'fixed score', 'parts at'], rows)}
    <div class="pictures">
      ${differences.flatMap((d) => {
        const png = pictures.get(d.index);
        const caption = `frame ${d.index} (${truth(d.hit)}), kept by ${d.keptBy}: float ${inLevels(d.floatScore)}, fixed ${d.fixedScore}, parts at ${parting(d)}`;
        return png === undefined ? [] : pictureFigure({ png, caption });
      })}
    </div>`;
}

/** Fixed minus float, over what the last rounding does alone: half a level of a logit, and of a score, which is two of them, one. */
function differenceCharts({ logitDifference, scoreDifference, logits }: Comparison): Html {
  const { format, least, largest } = logits;
  const held = `${format}, which holds levels from ${least} to ${largest}.`;
  return html`${barChart(logitDifference, {
    title: 'Logits: fixed minus float',
    xLabel: 'difference of a logit, levels',
    range: { from: -0.5, to: 0.5, says: `what rounding a logit to its format does alone: ${held}` },
  })}
  ${barChart(scoreDifference, {
    title: 'Scores: fixed minus float',
    xLabel: 'difference of max(hit) − max(miss), levels',
    range: { from: -1, to: 1, says: `what rounding two logits to their format does alone: ${held}` },
  })}`;
}

/** The comparison as a part of a page that has the veto curves already. */
export function comparisonSection(comparison: Comparison, pictures: DifferencePictures): Html {
  const { stages, peaks } = comparison;
  return html`${verdict(comparison)}
    <h3>Layer by layer</h3>
    <p class="soft">${PEAKS[peaks]} Clipped values left the format of the layer and were saturated.</p>
    ${stageRows(stages)} ${spreadChart(stages)}
    <div class="charts">
      ${differenceCharts(comparison)}
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
