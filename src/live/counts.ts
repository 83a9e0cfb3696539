/** What has come and gone: the figures of the outcome, of progress and of the metrics. */
import { quantile } from '../statistics/quantile.js';
import { REASONS, type Decision, type Reason } from './decision.js';

/** Latencies that quantiles are taken of: the newest. */
const LATENCIES = 100_000;

export interface LiveFigures {
  readonly series: number;
  readonly frames: number;
  readonly kept: number;
  readonly byReason: Readonly<Record<Reason, number>>;
  /** Numbers that never came. */
  readonly missing: number;
  readonly repeated: number;
  /** Messages that were not understood and say nothing of frames. */
  readonly odd: number;
  /** Frames on which a second network decided otherwise. */
  readonly shadowDiffers: number;
  /** Deciding processes that had to be replaced. */
  readonly replacedProcesses: number;
  /** From receipt to decision, ms, of the newest frames; null before the first. */
  readonly latencyMs: { readonly median: number; readonly p99: number; readonly p999: number } | null;
}

export interface Counts {
  decided(decision: Decision): void;
  begin(): void;
  odd(): void;
  figures(also: Pick<LiveFigures, 'missing' | 'repeated' | 'replacedProcesses'>): LiveFigures;
}

const REASON_NAMES = Object.keys(REASONS) as readonly Reason[];

export function createCounts(): Counts {
  const latencies = new Float64Array(LATENCIES);
  const byReason = Object.fromEntries(REASON_NAMES.map((name) => [name, 0])) as Record<Reason, number>;
  let [series, frames, kept, odd, shadowDiffers] = [0, 0, 0, 0, 0];
  return {
    begin() {
      series += 1;
    },
    odd() {
      odd += 1;
    },
    decided({ keep, reason, latencyMs, shadowKeep, networkKeep }) {
      latencies[frames % LATENCIES] = latencyMs;
      frames += 1;
      kept += Number(keep);
      byReason[reason] += 1;
      if (shadowKeep !== null && shadowKeep !== networkKeep) shadowDiffers += 1;
    },
    figures(also) {
      const known = latencies.subarray(0, Math.min(frames, LATENCIES));
      const at = (fraction: number): number => quantile(known, fraction);
      return {
        series,
        frames,
        kept,
        byReason: { ...byReason },
        odd,
        shadowDiffers,
        ...also,
        latencyMs: frames === 0 ? null : { median: at(0.5), p99: at(0.99), p999: at(0.999) },
      };
    },
  };
}
