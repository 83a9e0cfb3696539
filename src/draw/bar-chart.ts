/** Histograms as inline SVG: equal bins, counts on a square-root scale so that a few frames still show. */
import { html, type Html } from './html.js';

/** `count` values lie in [from, to). */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

const WIDTH = 640;
const HEIGHT = 220;
const BASE = 170;
const TOP = 24;

/** One bar a bin with its count above it and the bins' limits below. */
export function barChart(bins: readonly Bin[], title: string, xLabel: string): Html {
  const most = Math.max(1, ...bins.map((b) => b.count));
  const step = WIDTH / Math.max(1, bins.length);
  const bar = ({ from, count }: Bin, i: number): Html => {
    const height = Math.sqrt(count / most) * (BASE - TOP);
    const middle = (i + 0.5) * step;
    return html`<rect
        fill="currentColor"
        opacity="0.55"
        x="${(i * step + 2).toFixed(1)}"
        y="${(BASE - height).toFixed(1)}"
        width="${(step - 4).toFixed(1)}"
        height="${height.toFixed(1)}"
      />
      <text class="tick" x="${middle.toFixed(1)}" y="${(BASE - height - 6).toFixed(1)}" text-anchor="middle">
        ${count}
      </text>
      <text class="tick" x="${(i * step).toFixed(1)}" y="${BASE + 20}">${from.toPrecision(2)}</text>`;
  };
  return html`<figure>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">
      ${bins.map(bar)}
      <text class="axis" x="${WIDTH / 2}" y="${HEIGHT - 8}" text-anchor="middle">${xLabel}</text>
    </svg>
    <figcaption>${title}</figcaption>
  </figure>`;
}
