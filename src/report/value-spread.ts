/** How large the values of each layer are, over the range of its format: what hls4ml's profiling draws. */
import { html, type Html } from '../draw/html.js';

/** Magnitudes as powers of two. */
export interface ValueSpread {
  /** Least, first quartile, median, third quartile and largest of log2 |v| over values that are not 0; null without any. */
  readonly quantiles: readonly [number, number, number, number, number] | null;
  /** Share of values that are 0. */
  readonly zeros: number;
  /** log2 of the least and of the largest magnitude that the format holds. */
  readonly format: readonly [least: number, largest: number];
}

interface Row {
  readonly id: string;
  readonly spread: ValueSpread;
}

const WIDTH = 640;
const [LEFT, RIGHT, TOP, ROW, BOTTOM] = [16, 16, 8, 58, 62];

/** The quantiles of values that are counted by `float32` exponent, as `StageComparison` counts them. */
export function spreadQuantiles(magnitudes: ArrayLike<number>): ValueSpread['quantiles'] {
  const counts = Array.from(magnitudes, (count, e) => (e === 0 ? 0 : count));
  const total = counts.reduce((a, b) => a + b, 0);
  if (total === 0) return null;
  const at = (share: number): number => {
    let below = 0;
    const wanted = Math.max(1, Math.ceil(share * total));
    return counts.findIndex((count) => (below += count) >= wanted) - 127;
  };
  // The largest lies below the next power of two.
  return [at(0), at(0.25), at(0.5), at(0.75), at(1) + 1];
}

/** A row a layer: grey what the format holds, the box the middle half of the values, the line from the least to the largest. */
export function spreadChart(rows: readonly Row[]): Html {
  const ends = rows.flatMap(({ spread }) => [...spread.format, ...(spread.quantiles ?? [])]);
  if (ends.length === 0) return html``;
  const [low, high] = [Math.floor(Math.min(...ends)) - 1, Math.ceil(Math.max(...ends)) + 1];
  const x = (power: number): number => LEFT + ((power - low) / (high - low)) * (WIDTH - LEFT - RIGHT);
  const at = (power: number): string => x(power).toFixed(1);
  const wide = (from: number, to: number): string => Math.max(2, x(to) - x(from)).toFixed(1);
  const height = TOP + ROW * rows.length + BOTTOM;
  const step = Math.max(2, 2 * Math.ceil((high - low) / 16));
  const powers = Array.from({ length: high - low + 1 }, (_, k) => low + k).filter(
    (p) => p % step === 0 && p > low && p < high,
  );
  const row = ({ id, spread: { quantiles, zeros, format } }: Row, k: number): Html => {
    const y = TOP + k * ROW;
    const box =
      quantiles === null
        ? html``
        : html`<line class="whisker" x1="${at(quantiles[0])}" x2="${at(quantiles[4])}" y1="${y + 40}" y2="${y + 40}" />
            <rect class="spread" x="${at(quantiles[1])}" y="${y + 32}" width="${wide(quantiles[1], quantiles[3] + 1)}" height="16" />
            <line class="middle" x1="${at(quantiles[2] + 0.5)}" x2="${at(quantiles[2] + 0.5)}" y1="${y + 32}" y2="${y + 48}" />`;
    return html`<rect class="range" x="${at(format[0])}" y="${y + 28}" width="${wide(...format)}" height="24" />${box}
      <text class="fact" x="${LEFT}" y="${y + 20}">${id}: ${(100 * zeros).toFixed(0)} % zeros</text>`;
  };
  return html`<figure>
    <svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Values of each layer over the range of its format">
      ${powers.map((p) => html`<line class="grid" x1="${at(p)}" x2="${at(p)}" y1="${TOP}" y2="${height - BOTTOM}" /><text class="tick" x="${at(p)}" y="${height - BOTTOM + 22}" text-anchor="middle">2^${p}</text>`)}
      ${rows.map(row)}
      <text class="axis" x="${WIDTH / 2}" y="${height - 10}" text-anchor="middle">magnitude of the float network's values</text>
    </svg>
    <figcaption>
      Grey: from the step to the largest value of the layer's format. Line: from the least to the largest value that is not 0; box: the
      middle half of them. What lies right of the grey is clipped, what lies left of it is rounded away.
    </figcaption>
  </figure>`;
}
