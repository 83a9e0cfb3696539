/** Small charts of shares over steps, to stand side by side: one a quantity that is varied, all on the same scale. */
import { html, type Html } from './html.js';

export interface SmallSeries {
  readonly name: string;
  /** 0 to 1, one a step; null where there is none. */
  readonly shares: readonly (number | null)[];
  readonly dashed?: boolean;
}

export interface SmallMultiple {
  readonly title: string;
  /** What the steps are, as the axis says it. */
  readonly unit: string;
  /** What each step is called; the steps stand at equal distances. */
  readonly steps: readonly string[];
  readonly series: readonly SmallSeries[];
  /** First and last step of a shaded band. */
  readonly band: readonly [first: number, last: number] | null;
  /** A step marked by an upright line, and what is said of it. */
  readonly mark: { readonly step: number; readonly name: string } | null;
}

const [WIDTH, HEIGHT] = [340, 220];
const [LEFT, RIGHT, TOP, BOTTOM] = [38, 10, 10, 40];

const x = (step: number, steps: number): number =>
  LEFT + ((step + 0.5) * (WIDTH - LEFT - RIGHT)) / Math.max(1, steps);
const y = (share: number): number => HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
const at = (value: number): string => value.toFixed(1);

function line({ shares, dashed }: SmallSeries, i: number): Html {
  const points = shares.flatMap((share, step) =>
    share === null ? [] : [`${at(x(step, shares.length))},${at(y(share))}`],
  );
  const look = `series s${i % 4}${dashed === true ? ' dashed' : ''}`;
  return points.length === 0 ? html`` : html`<polyline class="${look}" points="${points.join(' ')}" />`;
}

function band(range: SmallMultiple['band'], steps: number): Html {
  if (range === null) return html``;
  const half = (WIDTH - LEFT - RIGHT) / steps / 2;
  const [from, to] = [x(range[0], steps) - half, x(range[1], steps) + half];
  return html`<rect class="band" x="${at(from)}" y="${TOP}" width="${at(to - from)}" height="${HEIGHT - TOP - BOTTOM}" />`;
}

/** One chart with its title; a legend for all of them is `smallLegend`. */
export function smallMultiple({ title, unit, steps, series, band: range, mark }: SmallMultiple): Html {
  const said = mark === null ? title : `${title}; ${mark.name} at ${steps[mark.step]!}`;
  const marked = mark === null ? '' : at(x(mark.step, steps.length));
  return html`<figure class="small">
    <figcaption>${said}</figcaption>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${said}">
      ${band(range, steps.length)}
      ${[0, 0.5, 1].map((share) => html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at(y(share))}" y2="${at(y(share))}" /><text class="tick" x="${LEFT - 5}" y="${at(y(share))}" dy="4" text-anchor="end">${100 * share}</text>`)}
      ${mark === null ? html`` : html`<line class="mark" x1="${marked}" x2="${marked}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" />`}
      ${series.map(line)}
      ${steps.map((step, i) => html`<text class="tick" x="${at(x(i, steps.length))}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${step}</text>`)}
      <text class="axis" x="${at((LEFT + WIDTH - RIGHT) / 2)}" y="${HEIGHT - 6}" text-anchor="middle">${unit}</text>
    </svg>
  </figure>`;
}

/** What the lines of the charts are: the same series in each. */
export const smallLegend = (series: readonly Pick<SmallSeries, 'name' | 'dashed'>[]): Html =>
  html`<p class="soft">
    ${series.map(({ name, dashed }, i) => html`<span class="entry"><span class="key s${i % 4}${dashed === true ? ' dashed' : ''}"></span>${name}</span> `)}
  </p>`;
