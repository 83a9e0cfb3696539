/** The curves of `vetoc stress`: a table for the terminal, and a page of small multiples. */
import { table } from '../../core/table.js';
import { nuisance } from '../../data/nuisances/table.js';
import { lineChart } from '../../draw/chart.js';
import { html, htmlTable, type Html } from '../../draw/html.js';
import type { Promised, StressCurve, StressPoint } from './measure.js';
import { page } from '../../report/page.js';

const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
const missed = ({ hitsLost }: StressPoint): string => `${hitsLost.count}/${hitsLost.total}`;
const trainedText = ({ trained }: StressCurve): string =>
  trained === null ? 'no' : `${trained[0]} to ${trained[1]}`;
const first = (strength: number | null): string => (strength === null ? '–' : String(strength));
const isTrained = ({ trained }: StressCurve, strength: number): boolean =>
  trained !== null && strength >= trained[0] && strength <= trained[1];

const HEADER = ['nuisance', 'strength', 'in training', 'breaks at', 'surely at'];
const summary = (curve: StressCurve): string[] => {
  const { title, unit } = nuisance(curve.nuisance);
  return [title, unit, trainedText(curve), first(curve.breaksAt), first(curve.surelyBreaksAt)];
};

export const promiseText = ({ mostLost, leastRejected }: Promised): string =>
  `at most ${percent(mostLost)} of the hits lost, at least ${percent(leastRejected)} of the misses rejected`;

/** A line a nuisance, then a line a strength. */
export function stressText(curves: readonly StressCurve[], promised: Promised): string {
  const strengths = table(
    ['nuisance', 'strength', 'in training', 'hits lost', 'misses rejected'],
    curves.flatMap((curve) =>
      curve.points.map((point) => [
        nuisance(curve.nuisance).title,
        String(point.strength),
        isTrained(curve, point.strength) ? 'yes' : '',
        missed(point),
        percent(point.missesRejected.value),
      ]),
    ),
  );
  return `Promised: ${promiseText(promised)}.\n\n${table(HEADER, curves.map(summary))}\n\n${strengths}`;
}

/** One nuisance: shares over its strengths, evenly spaced, since they grow by factors. */
function curveFigure(curve: StressCurve): Html {
  const { title, unit } = nuisance(curve.nuisance);
  const line = (name: string, value: (p: StressPoint) => number, dashed = false) => ({
    name,
    dashed,
    points: curve.points.map((p, i): [number, number] => [i, 100 * value(p)]),
  });
  const marked = curve.points.flatMap((p, i) => (isTrained(curve, p.strength) ? [i] : []));
  const series = [
    line('hits lost', (p) => p.hitsLost.value),
    line('misses rejected', (p) => p.missesRejected.value),
    line('hits lost, upper end at 95 %', (p) => p.hitsLost.high, true),
    {
      name: 'strengths of training',
      points: marked.length === 0 ? [] : [[marked[0]!, 50] as const, [marked.at(-1)!, 50] as const],
    },
  ];
  const options = { title, xLabel: `step (${unit})`, yLabel: '%', yRange: [0, 100] as const };
  return html`<section>
    ${lineChart(series, options)}
    ${htmlTable(
      ['step', ...curve.points.map((_, i) => String(i))],
      [
        ['strength', ...curve.points.map(({ strength }) => String(strength))],
        ['hits lost', ...curve.points.map(missed)],
        ['misses rejected', ...curve.points.map(({ missesRejected }) => percent(missesRejected.value))],
      ],
    )}
  </section>`;
}

/** A page by itself. */
export function stressPage(title: string, curves: readonly StressCurve[], promised: Promised): string {
  return page(
    title,
    html`<h1>${title}</h1>
      <p>
        Promised: ${promiseText(promised)}. A strength breaks the promise where the frames counted do; surely where the
        whole interval at 95 % lies outside.
      </p>
      ${htmlTable(HEADER, curves.map(summary))} ${curves.map(curveFigure)}`,
  );
}
