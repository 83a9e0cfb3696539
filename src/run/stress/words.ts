/** The curves of `vetoc stress`: a table for the terminal, and a page of small multiples. */
import { table } from '../../core/table.js';
import { nuisance } from '../../data/nuisances/table.js';
import { html, htmlTable, type Html } from '../../draw/html.js';
import type { StressCurve, StressPoint } from './measure.js';
import type { Promised } from './promised.js';
import { smallLegend, smallMultiple } from '../../draw/small-multiple.js';
import { page } from '../../report/page.js';

const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
const missed = ({ hitsLost }: StressPoint): string => `${hitsLost.count}/${hitsLost.total}`;
const patterns = ({ indexableLost: lost }: StressPoint): string =>
  lost === null ? '–' : `${lost.count}/${lost.total}`;
const isJudged = (curves: readonly StressCurve[]): boolean =>
  curves.some(({ points }) => points.some(({ indexableLost }) => indexableLost !== null));
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
  const judged = isJudged(curves) ? ['indexable lost'] : [];
  const strengths = table(
    ['nuisance', 'strength', 'in training', 'hits lost', ...judged, 'misses rejected'],
    curves.flatMap((curve) =>
      curve.points.map((point) => [
        nuisance(curve.nuisance).title,
        String(point.strength),
        isTrained(curve, point.strength) ? 'yes' : '',
        missed(point),
        ...judged.map(() => patterns(point)),
        percent(point.missesRejected.value),
      ]),
    ),
  );
  return `Promised: ${promiseText(promised)}.\n\n${table(HEADER, curves.map(summary))}\n\n${strengths}`;
}

/** The lines of every chart, in percent of hits, misses and patterns. */
const LINES: readonly {
  readonly name: string;
  readonly dashed?: boolean;
  readonly of: (point: StressPoint) => number | null;
}[] = [
  { name: 'hits lost', of: ({ hitsLost }) => hitsLost.value },
  { name: 'misses rejected', of: ({ missesRejected }) => missesRejected.value },
  { name: 'patterns lost that can be indexed', of: ({ indexableLost }) => indexableLost?.value ?? null },
  { name: 'hits lost, upper end at 95 %', dashed: true, of: ({ hitsLost }) => hitsLost.high },
];

const linesOf = (curves: readonly StressCurve[]): typeof LINES =>
  LINES.filter(({ of }) => curves.some(({ points }) => points.some((point) => of(point) !== null)));

function chart(curve: StressCurve, lines: typeof LINES): Html {
  const { points, breaksAt } = curve;
  const { title, unit } = nuisance(curve.nuisance);
  const trained = points.flatMap(({ strength }, i) => (isTrained(curve, strength) ? [i] : []));
  const broken = points.findIndex(({ strength }) => strength === breaksAt);
  return smallMultiple({
    title,
    unit,
    steps: points.map(({ strength }) => String(strength)),
    series: lines.map(({ of, ...line }) => ({ ...line, shares: points.map(of) })),
    band: trained.length === 0 ? null : [trained[0]!, trained.at(-1)!],
    mark: broken < 0 ? null : { step: broken, name: 'breaks the promise' },
  });
}

const COLUMNS = ['nuisance', 'strength', 'in training', 'hits lost', 'misses rejected', 'indexable lost'];
const cells = (curve: StressCurve, point: StressPoint): string[] => [
  nuisance(curve.nuisance).title,
  String(point.strength),
  isTrained(curve, point.strength) ? 'yes' : '',
  missed(point),
  percent(point.missesRejected.value),
  patterns(point),
];

/** A page by itself: small multiples, where the promise breaks, and every figure. */
export function stressPage(title: string, curves: readonly StressCurve[], promised: Promised): string {
  const lines = linesOf(curves);
  return page(
    title,
    html`<h1>${title}</h1>
      <p class="lead">
        Promised: ${promiseText(promised)}. Every frame was disturbed, one nuisance at a time, more and more from left to
        right; the leftmost step is the frames as they are.
      </p>
      ${smallLegend(lines)}
      <p class="soft">
        In percent. Shaded: strengths that frames in training had. Upright line: the first strength at which the frames
        counted break the promise.
      </p>
      <div class="multiples">${curves.map((curve) => chart(curve, lines))}</div>
      <h2>Where the promise breaks</h2>
      <p class="soft">Surely: the first strength at which the whole interval at 95 % lies outside.</p>
      ${htmlTable(HEADER, curves.map(summary))}
      <h2>All figures</h2>
      ${htmlTable(
        COLUMNS,
        curves.flatMap((curve) => curve.points.map((point) => cells(curve, point))),
      )}`,
  );
}
