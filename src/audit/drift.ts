/**
 * Drift: does the score of the run stay where it is?
 *
 * The run is cut into windows of consecutive frames; a window has drifted when its median stands more than five
 * deviations from the median of all windows. The deviation is taken from the steps between neighbouring windows
 * (their median absolute size), which neither a slow slope nor a single jump inflates, and is never below the
 * sampling error of a window's median (half the distance of the values √n/2 ranks below and above it: the quartiles
 * would jump among the hits as soon as every fourth frame is one). Hits come and go: the median of a
 * window with less than half of them hardly feels it. Fewer than eight windows say nothing.
 */
import type { PlainRow } from './database.js';
import { ascending, median, quantileOfSorted } from '../statistics/quantile.js';

export interface ScoreWindow {
  /** First and last frame, inclusive. */
  readonly first: number;
  readonly last: number;
  /** Frames with a score. */
  readonly scored: number;
  readonly median: number | null;
  readonly keptShare: number | null;
  readonly drifted: boolean;
}

export interface ScoredFrame {
  readonly frame: number;
  readonly score: number | null;
  readonly keep: boolean;
}

/** A row of a ledger as far as drift goes. */
export const scoredFrame = ({ frame, score, keep }: PlainRow): ScoredFrame => ({
  frame: frame as number,
  score: score as number | null,
  keep: keep as boolean,
});

const FEWEST_WINDOWS = 8;
const DEVIATIONS = 5;

/** Frames per window for a run of `count`: about a hundred windows of 50 to 2000 frames. */
export function windowLength(count: number): number {
  return Math.min(2000, Math.max(50, Math.ceil(count / 100)));
}

/** Standard error of the median of sorted values, from its neighbours in rank. */
function medianError(sorted: ArrayLike<number>): number {
  if (sorted.length < 4) return 0;
  const reach = 0.5 / Math.sqrt(sorted.length);
  return (quantileOfSorted(sorted, 0.5 + reach) - quantileOfSorted(sorted, 0.5 - reach)) / 2;
}

interface PlainWindow {
  readonly window: ScoreWindow;
  readonly error: number;
}

function plainWindow(part: readonly ScoredFrame[]): PlainWindow {
  const scores = ascending(part.flatMap(({ score }) => (score === null ? [] : [score])));
  return {
    window: {
      first: part[0]!.frame,
      last: part.at(-1)!.frame,
      scored: scores.length,
      median: scores.length === 0 ? null : quantileOfSorted(scores, 0.5),
      keptShare: part.filter(({ keep }) => keep).length / part.length,
      drifted: false,
    },
    error: medianError(scores),
  };
}

/** Which of the windows, in the order of the run, have drifted. */
function markDrift(plain: readonly PlainWindow[]): readonly ScoreWindow[] {
  const medians = plain.flatMap(({ window }) => (window.median === null ? [] : [window.median]));
  if (medians.length < FEWEST_WINDOWS) return plain.map(({ window }) => window);
  const steps = medians.slice(1).map((value, i) => Math.abs(value - medians[i]!));
  // The median size of a difference of two normal values is 0.954 of one deviation.
  const deviation = median(steps) / 0.954;
  const centre = median(medians);
  return plain.map(({ window, error }) => ({
    ...window,
    drifted:
      window.median !== null &&
      Math.abs(window.median - centre) > DEVIATIONS * Math.max(deviation, error, 1e-9),
  }));
}

/** Windows over frames that come bit by bit: `add` takes the next frames of the run, whole windows until the last. */
export function createWindows(): {
  add(frames: readonly ScoredFrame[], length: number): void;
  all(): readonly ScoreWindow[];
} {
  const plain: PlainWindow[] = [];
  return {
    add(frames, length) {
      for (let at = 0; at < frames.length; at += length)
        plain.push(plainWindow(frames.slice(at, at + length)));
    },
    all: () => markDrift(plain),
  };
}

/** Windows of `length` frames over `frames`, which are in the order of the run. */
export function scoreWindows(frames: readonly ScoredFrame[], length: number): readonly ScoreWindow[] {
  const windows = createWindows();
  windows.add(frames, length);
  return windows.all();
}
