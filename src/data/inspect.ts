/**
 * What there is to know of a file of frames before it is used: layout, labels, and statistics of its frames.
 */
import type { Frame, FrameSource } from './frames.js';
import { countSpots, type RawSource } from './formats/format.js';

export interface FileFacts {
  readonly file: string;
  readonly format: string;
  readonly dataset: string | null;
  readonly frames: number;
  /** `[y, x]` or `[module, y, x]`. */
  readonly frameShape: readonly number[];
  readonly pixelType: string;
  readonly storage: string;
  /** Stored values that are no measurement. */
  readonly masked: {
    readonly values: readonly number[];
    readonly below: number | null;
    readonly above: number | null;
    /** Inclusive. */
    readonly ranges: readonly (readonly [number, number])[];
  };
  readonly details: Readonly<Record<string, string | number>>;
}

export function fileFacts(raw: RawSource): FileFacts {
  const { file, format, dataset, count, frameShape, pixelType, storage, rule, details } = raw;
  const masked = { values: rule.sentinels, below: rule.below, above: rule.above, ranges: rule.ranges ?? [] };
  return { file, format, dataset, frames: count, frameShape, pixelType, storage, masked, details };
}

export interface LabelFacts {
  /** Frames by class name, hit or miss, and split; empty where the file says nothing. */
  readonly classes: Readonly<Record<string, number>>;
  readonly hits: number;
  readonly misses: number;
  readonly splits: Readonly<Record<string, number>>;
  readonly groups: number;
  readonly framesWithSpots: number;
  /** Names of the per-frame facts. */
  readonly facts: readonly string[];
}

/** Counts of all labels of `source`. */
export function labelFacts(source: FrameSource): LabelFacts {
  const classes: Record<string, number> = {};
  const splits: Record<string, number> = {};
  const groups = new Set<string>();
  let [hits, misses, framesWithSpots] = [0, 0, 0];
  for (let index = 0; index < source.count; index++) {
    const { label, hit, split, group } = source.label(index);
    const name = label === null ? undefined : source.classNames?.[label];
    if (name !== undefined) classes[name] = (classes[name] ?? 0) + 1;
    if (hit === true) hits++;
    if (hit === false) misses++;
    if (split !== null) splits[split] = (splits[split] ?? 0) + 1;
    if (group !== null) groups.add(group);
    if ((countSpots(source, index) ?? 0) > 0) framesWithSpots++;
  }
  const facts = Object.keys(source.meta(0));
  return { classes, hits, misses, splits, groups: groups.size, framesWithSpots, facts };
}

export interface FrameStatistics {
  readonly index: number;
  readonly file: string;
  /** The number of the frame in its file. */
  readonly fileIndex: number;
  /** Of the live pixels as the network sees them. */
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly median: number;
  /** The value below which 99.9 % of the live pixels lie. */
  readonly q999: number;
  readonly zeros: number;
  readonly saturated: number;
  readonly masked: number;
  /** Above the largest trusted count, masked or shown as it; null where nothing states one. */
  readonly overloads: number | null;
}

/** Statistics of one frame over its live pixels; all 0 where none is live. Counts are exact (a histogram of 65,536). */
export function frameStatistics(frame: Frame): Omit<FrameStatistics, 'index' | 'file' | 'fileIndex'> {
  const counts = new Uint32Array(65536);
  let live = 0;
  let sum = 0;
  for (let i = 0; i < frame.pixels.length; i++) {
    if (frame.mask !== null && frame.mask[i] === 0) continue;
    counts[frame.pixels[i]!]!++;
    sum += frame.pixels[i]!;
    live++;
  }
  const quantile = (fraction: number): number => {
    let below = 0;
    for (let value = 0; value < counts.length; value++) {
      below += counts[value]!;
      if (below > fraction * (live - 1)) return value;
    }
    return 0;
  };
  let max = 65535;
  while (max > 0 && counts[max] === 0) max--;
  return {
    min: live === 0 ? 0 : quantile(0),
    max,
    mean: live === 0 ? 0 : sum / live,
    median: live === 0 ? 0 : quantile(0.5),
    q999: live === 0 ? 0 : quantile(0.999),
    zeros: counts[0]!,
    saturated: counts[65535]!,
    masked: frame.pixels.length - live,
    overloads: frame.overloads ?? null,
  };
}
