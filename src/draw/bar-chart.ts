/** Histograms as inline SVG: bins with their edges, a count axis on a square-root scale so that a few frames still show. */
import { html, type Html } from './html.js';

/** `count` values lie in [from, to). */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

const [WIDTH, HEIGHT] = [640, 300];
const [LEFT, RIGHT, TOP, BOTTOM] = [84, 24, 16, 64];

/** Edges that are written: more would run into each other on a phone. */
const WRITTEN = 4;

/** Round counts up to `most`, far enough apart on the square-root scale. */
export function countTicks(most: number): readonly number[] {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, most)));
  const step = [1, 2, 5].map((m) => m * power).findLast((tick) => tick <= most) ?? 1;
  const quarter = Math.floor(step / 4);
  return [...new Set([quarter, step])].filter((tick) => tick > 0);
}

/** Which of `edges` edges are written: the first, the last, and evenly spaced ones between. */
export function writtenEdges(edges: number): readonly number[] {
  const last = edges - 1;
  const count = Math.min(WRITTEN, last);
  return [
    ...new Set(Array.from({ length: count + 1 }, (_, k) => Math.round((k * last) / Math.max(1, count)))),
  ];
}

const edgeText = (value: number): string =>
  Math.abs(value) < 1e-9 ? '0' : String(Number(value.toPrecision(2)));

/** The first and the last edge are written inwards: they stand at the ends of the chart. */
const anchor = (i: number, last: number): string => (i === 0 ? 'start' : i === last ? 'end' : 'middle');

export interface BarChartOptions {
  readonly title: string;
  readonly xLabel: string;
  /** A range of values that is drawn in grey behind the bars, and what it is. */
  readonly range?: { readonly from: number; readonly to: number; readonly says: string };
}

/** The range as far as the bins reach; a narrow one still shows. */
function rangeBox(bins: readonly Bin[], { from, to }: NonNullable<BarChartOptions['range']>): Html {
  const [low, high] = [bins[0]!.from, bins.at(-1)!.to];
  if (to <= low || from >= high) return html``;
  const x = (value: number): number =>
    LEFT + ((Math.min(high, Math.max(low, value)) - low) / (high - low)) * (WIDTH - LEFT - RIGHT);
  const width = Math.max(3, x(to) - x(from));
  return html`<rect class="range" x="${x(from).toFixed(1)}" y="${TOP}" width="${width.toFixed(1)}" height="${HEIGHT - TOP - BOTTOM}" />`;
}

/** Bars between the edges of the bins over a count axis; a bar tells its count to whoever points at it. */
export function barChart(bins: readonly Bin[], { title, xLabel, range }: BarChartOptions): Html {
  if (bins.length === 0) return html`<p>${title}: nothing to plot.</p>`;
  const most = Math.max(1, ...bins.map((b) => b.count));
  const step = (WIDTH - LEFT - RIGHT) / bins.length;
  const x = (edge: number): string => (LEFT + edge * step).toFixed(1);
  const y = (count: number): number => HEIGHT - BOTTOM - Math.sqrt(count / most) * (HEIGHT - TOP - BOTTOM);
  const edges = [...bins.map((b) => b.from), bins.at(-1)!.to];
  const base = HEIGHT - BOTTOM;
  const bar = ({ from, to, count }: Bin, i: number): Html =>
    html`<rect
      class="bar"
      x="${x(i)}"
      y="${y(count).toFixed(1)}"
      width="${(step - 1).toFixed(1)}"
      height="${(base - y(count)).toFixed(1)}"
    >
      <title>${edgeText(from)} to ${edgeText(to)}: ${count}</title>
    </rect>`;
  return html`<figure>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">
      ${range === undefined ? html`` : rangeBox(bins, range)}
      ${countTicks(most).map((t) => html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(t).toFixed(1)}" y2="${y(t).toFixed(1)}" /><text class="tick" x="${LEFT - 8}" y="${y(t).toFixed(1)}" dy="5" text-anchor="end">${t.toLocaleString('en-US')}</text>`)}
      ${bins.map(bar)}
      ${edges.map((_, i) => html`<line class="edge" x1="${x(i)}" x2="${x(i)}" y1="${base}" y2="${base + 5}" />`)}
      ${writtenEdges(edges.length).map((i) => html`<text class="tick" x="${x(i)}" y="${base + 24}" text-anchor="${anchor(i, bins.length)}">${edgeText(edges[i]!)}</text>`)}
      <text class="axis" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${xLabel}</text>
    </svg>
    <figcaption>${title}; how many, on a square-root scale. ${range === undefined ? '' : `Grey: ${range.says}`}</figcaption>
  </figure>`;
}
