/** Line charts as inline SVG, legible in light and dark, at any width, and without any script. */
import { html, type Html } from './html.js';

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Drawn dashed, to tell overlapping lines apart. */
  readonly dashed?: boolean;
}

export interface ChartOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xRange?: readonly [number, number];
  readonly yRange?: readonly [number, number];
}

const WIDTH = 640;
const HEIGHT = 360;
const LEFT = 90;
const RIGHT = 28;
const TOP = 16;
const BOTTOM = 72;

/** About five round tick values over [low, high]. */
export function ticks(low: number, high: number): number[] {
  const span = high - low || 1;
  const raw = span / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((m) => m * power >= raw) ?? 10) * power;
  const result: number[] = [];
  for (let t = Math.ceil(low / step - 1e-9) * step; t <= high + step * 1e-9; t += step)
    result.push(Number(t.toPrecision(10)));
  return result;
}

function extent(values: readonly number[]): readonly [number, number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

/** The classes of series `i`, of its line and of its mark in the legend. */
const look = ({ dashed }: Series, i: number): string => `s${i % 4}${dashed === true ? ' dashed' : ''}`;

/** A chart of one or more series with a legend. */
export function lineChart(series: readonly Series[], options: ChartOptions): Html {
  const drawn = series.filter((s) => s.points.length > 0);
  if (drawn.length === 0) return html`<p>${options.title}: nothing to plot.</p>`;
  const all = drawn.flatMap((s) => s.points);
  const [x0, x1] = options.xRange ?? extent(all.map((p) => p[0]));
  const [y0, y1] = options.yRange ?? extent(all.map((p) => p[1]));
  const px = (x: number): string => (LEFT + ((x - x0) / (x1 - x0)) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const py = (y: number): string =>
    (HEIGHT - BOTTOM - ((y - y0) / (y1 - y0)) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const line = (s: Series, i: number): Html =>
    html`<polyline
      class="series ${look(s, i)}"
      points="${s.points.map(([x, y]) => `${px(x)},${py(y)}`).join(' ')}"
    />`;
  return html`<figure>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${options.title}">
      ${ticks(y0, y1).map((t) => html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${py(t)}" y2="${py(t)}" /><text class="tick" x="${LEFT - 8}" y="${py(t)}" dy="4" text-anchor="end">${t}</text>`)}
      ${ticks(x0, x1).map((t) => html`<text class="tick" x="${px(t)}" y="${HEIGHT - BOTTOM + 24}" text-anchor="middle">${t}</text>`)}
      <text class="axis" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 12}" text-anchor="middle">
        ${options.xLabel}
      </text>
      <text
        class="axis"
        x="24"
        y="${(TOP + HEIGHT - BOTTOM) / 2}"
        text-anchor="middle"
        transform="rotate(-90 24 ${(TOP + HEIGHT - BOTTOM) / 2})"
      >
        ${options.yLabel}
      </text>
      ${drawn.map(line)}
    </svg>
    <figcaption>
      ${options.title}. ${drawn.map((s, i) => html`<span class="entry"><span class="key ${look(s, i)}"></span>${s.name}</span> `)}
    </figcaption>
  </figure>`;
}
