/** Two runs side by side: what was asked, formats, decisions on the same frames, area and latency. */
import { html, htmlTable, type Cell, type Html } from '../draw/html.js';
import { evaluationCharts } from './evaluation-charts.js';
import { interval, lostOf, type NamedEvaluation } from './evaluation.js';
import { page } from './page.js';

/** A line of a table with one cell a run. */
export interface Beside {
  readonly what: string;
  readonly left: string;
  readonly right: string;
}

/** Decisions on the same frames: what only one of two runs decides rightly, and what chance says of it. */
export interface PairedRuns {
  readonly frames: number;
  /** Which frames they are, in a sentence. */
  readonly which: string;
  /** Of hits and of misses: right by both, by the left run alone, by the right run alone, by neither. */
  readonly hits: readonly [both: number, left: number, right: number, neither: number];
  readonly misses: readonly [both: number, left: number, right: number, neither: number];
  /** McNemar's exact test, two-sided, of hits alone and of all frames. */
  readonly pHits: number;
  readonly pAll: number;
  readonly evaluations: readonly NamedEvaluation[];
}

export interface RunDifference {
  readonly left: string;
  readonly right: string;
  /** Of the recipes, where they are not the same. */
  readonly recipe: readonly Beside[];
  /** Formats of stages, where they are not the same; a dash where a run has no such stage. */
  readonly formats: readonly Beside[];
  /** Area, frame rate and latency by vetoc's estimate for the board of each run. */
  readonly firmware: readonly Beside[];
  /** Null where the frames carry no labels. */
  readonly paired: PairedRuns | null;
  /** Why the decisions were not compared; null where they were. */
  readonly unpaired: string | null;
}

const besideTable = (what: string, { left, right }: RunDifference, rows: readonly Beside[]): Html =>
  rows.length === 0
    ? html`<p>The same in both.</p>`
    : htmlTable(
        [what, left, right],
        rows.map((row): Cell[] => [row.what, row.left, row.right]),
      );

function pairedSection({ left, right }: RunDifference, paired: PairedRuns): Html {
  const row = (name: string, [both, l, r, neither]: PairedRuns['hits']): Cell[] => [
    name,
    both,
    l,
    r,
    neither,
  ];
  return html`<p>${paired.which} McNemar's exact test: p = ${paired.pHits.toPrecision(2)} of hits, ${paired.pAll.toPrecision(2)} of all
      ${paired.frames} frames.</p>
    ${htmlTable(
      ['decided rightly', 'by both', `by ${left} alone`, `by ${right} alone`, 'by neither'],
      [row('hits', paired.hits), row('misses', paired.misses)],
    )}
    ${htmlTable(
      ['at the threshold', 'hits lost', 'misses rejected', 'accuracy'],
      paired.evaluations.map(({ name, evaluation: { veto } }) => [
        name,
        lostOf(veto.recall),
        interval(veto.missesRejected),
        interval(veto.accuracy),
      ]),
    )}
    <p class="soft">Brackets: 95 % Wilson interval, in percent. Each run decides at its own threshold.</p>
    ${evaluationCharts(paired.evaluations)}`;
}

/** The page as HTML text. */
export function runDifferencePage(found: RunDifference): string {
  const title = `${found.left} beside ${found.right}`;
  return page(
    title,
    html`<h1>${title}</h1>
      <p class="lead">Two runs of vetoc: what was asked otherwise, and what came of it.</p>
      <h2>Decisions on the same frames</h2>
      ${found.paired === null ? html`<p>${found.unpaired ?? ''}</p>` : pairedSection(found, found.paired)}
      <h2>Recipes</h2>
      ${besideTable('asked for', found, found.recipe)}
      <h2>Formats</h2>
      ${besideTable('stage', found, found.formats)}
      <h2>Firmware</h2>
      <p class="soft">By vetoc's estimate, each for the board of its run; a vendor's tool may report otherwise.</p>
      ${htmlTable(
        ['', found.left, found.right],
        found.firmware.map((row) => [row.what, row.left, row.right]),
      )}`,
  );
}
