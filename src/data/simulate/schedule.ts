/**
 * Which class, crystal and split frame `index` belongs to: a pure function of (seed, index), for any number of frames.
 *
 * Shares are met by a low-discrepancy sequence (additive recurrence with the two constants of Roberts' R2 sequence), so
 * that any run of n frames holds each class n·share times up to one or two; a hit fraction of 0.4 % gives one hit in
 * every 250 frames and not a run of luck. Frames of one crystal are consecutive and stand in one split.
 */
import type { Split } from '../frames.js';

/** `weights` scaled to sum 1, cumulated. */
export function cumulative(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  return weights.map((weight) => (sum += weight / total));
}

/** First index whose cumulated share exceeds `u` in [0, 1); skips shares of 0. */
export function pickByShare(shares: readonly number[], u: number): number {
  const found = shares.findIndex((share) => u < share);
  if (found >= 0) return found;
  return shares.findIndex((share) => share >= shares.at(-1)!);
}

const CLASS_STEP = 0.7548776662466927;
const GROUP_STEP = 0.5698402909980532;

const phase = (seed: number, step: number): number => (((seed % 9973) + 9973) % 9973) * step;
const fraction = (x: number): number => x - Math.floor(x);

export const SPLITS: readonly Split[] = ['train', 'test', 'validation', 'calibration'];

export interface Schedule {
  classOf(index: number): number;
  groupOf(index: number): number;
  splitOf(group: number): Split;
}

export function createSchedule(
  seed: number,
  classWeights: readonly number[],
  splitWeights: Readonly<Record<Split, number>>,
  framesPerCrystal: number,
): Schedule {
  const classes = cumulative(classWeights);
  const splits = cumulative(SPLITS.map((split) => splitWeights[split]));
  return {
    classOf: (index) => pickByShare(classes, fraction(phase(seed, 0.318) + index * CLASS_STEP)),
    groupOf: (index) => Math.floor(index / framesPerCrystal),
    splitOf: (group) => SPLITS[pickByShare(splits, fraction(phase(seed, 0.739) + group * GROUP_STEP))]!,
  };
}
