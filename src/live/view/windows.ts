/** What a live session has done lately: a second at a time, for a curve. */
import type { Decision } from '../decision.js';

/** Seconds that are remembered. */
const SECONDS = 600;

export interface Second {
  /** Seconds since the epoch. */
  readonly at: number;
  frames: number;
  /** Kept because of their score. */
  hits: number;
  /** Kept or dropped without a decision. */
  undecided: number;
}

export interface RecentSeconds {
  add(decision: Decision): void;
  /** The oldest first; seconds without a frame are left out. */
  readonly all: () => readonly Second[];
  /** Sums over the last `seconds`. */
  last(seconds: number): Omit<Second, 'at'>;
}

/** `now`: seconds since the epoch. */
export function recentSeconds(now: () => number): RecentSeconds {
  const seconds: Second[] = [];
  return {
    add({ reason, networkKeep }) {
      const at = Math.floor(now());
      if (seconds.at(-1)?.at !== at) seconds.push({ at, frames: 0, hits: 0, undecided: 0 });
      while (seconds.length > 0 && seconds[0]!.at <= at - SECONDS) seconds.shift();
      const second = seconds.at(-1)!;
      second.frames += 1;
      second.hits += Number(networkKeep === true);
      second.undecided += Number(reason !== 'score' && reason !== 'prescale');
    },
    all: () => seconds,
    last(count) {
      const from = now() - count;
      const sum = { frames: 0, hits: 0, undecided: 0 };
      for (const { at, frames, hits, undecided } of seconds) {
        if (at < from) continue;
        sum.frames += frames;
        sum.hits += hits;
        sum.undecided += undecided;
      }
      return sum;
    },
  };
}
