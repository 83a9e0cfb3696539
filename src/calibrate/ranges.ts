/**
 * What calibration saw of every tensor: extremes and a histogram, over all values and over those under Bragg
 * peaks. Mergeable, and saved as JSON so that a network is quantized again without its frames.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { UserError } from '../core/errors.js';
import { writeFileAtomic } from '../core/files.js';
import { nodeIdSchema, type NodeId } from '../ir/common.js';
import { floatGraphSchema, type FloatGraph } from '../ir/graph.js';
import { serializeGraph } from '../ir/serialize.js';
import {
  addCounts,
  countValue,
  countValues,
  denseCounts,
  emptyCounts,
  sparseCounts,
  type Counts,
} from '../statistics/histogram.js';
import { parseJsonAs } from '../core/json.js';

/** Extremes and histogram of a set of values. `min` > `max` when there were none. */
export interface ValueStats {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly histogram: Counts;
}

export interface TensorStats {
  readonly all: ValueStats;
  /** Values at positions under a true or found Bragg peak. */
  readonly peaks: ValueStats;
  /** Sum of all values of each channel. */
  readonly channelSums: Float64Array<ArrayBuffer>;
}

/** Mean of each channel of a tensor. */
export const channelMeans = ({ all, channelSums }: TensorStats): Float64Array<ArrayBuffer> =>
  channelSums.map((sum) => (all.count === 0 ? 0 : (sum * channelSums.length) / all.count));

export interface Ranges {
  /** Fingerprint of the graph whose tensors these are, see `networkFingerprint`. */
  readonly network: string;
  /** Frames that were observed. */
  readonly frames: number;
  /** Frames left out because every pixel had one value. */
  readonly constantFrames: number;
  /** Frames whose peaks were known: where it is 0, nothing is known of what lies under peaks. */
  readonly framesWithPeaks: number;
  readonly tensors: ReadonlyMap<NodeId, TensorStats>;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export type ValueObserver = Mutable<ValueStats>;

export const emptyStats = (): ValueObserver => ({
  count: 0,
  min: Infinity,
  max: -Infinity,
  histogram: emptyCounts(),
});

/** Adds every channel of `data`, `[…, channels]`, to `sums`. */
export function observeChannels(sums: Float64Array, data: Float32Array): void {
  const channels = sums.length;
  for (let i = 0; i < data.length; i += channels) for (let c = 0; c < channels; c++) sums[c]! += data[i + c]!;
}

/** Adds all of `data`; false when a value is NaN or infinite. */
export function observeAll(stats: ValueObserver, data: Float32Array): boolean {
  let { min, max } = stats;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  stats.min = min;
  stats.max = max;
  stats.count += data.length;
  return countValues(stats.histogram, data);
}

export function observeOne(stats: ValueObserver, value: number): void {
  stats.min = Math.min(stats.min, value);
  stats.max = Math.max(stats.max, value);
  stats.count += 1;
  countValue(stats.histogram, value);
}

function mergeStats(a: ValueStats, b: ValueStats): ValueStats {
  const histogram = a.histogram.slice();
  addCounts(histogram, b.histogram);
  return {
    count: a.count + b.count,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    histogram,
  };
}

/** What tells one prepared network from another: everything that its tensors follow from. */
export function networkFingerprint(graph: FloatGraph): string {
  // The schema puts keys into one order: a graph from a file and one just made have the same fingerprint.
  const ordered = floatGraphSchema.parse({ ...graph, name: 'network', threshold: 0 });
  const { json, bin } = serializeGraph('float', ordered);
  return createHash('sha256').update(json).update(bin).digest('hex').slice(0, 16);
}

/** Throws `UserError` unless `ranges` (from `file`, where they are from one) are those of `graph`. */
export function checkRanges(ranges: Ranges, graph: FloatGraph, file?: string): void {
  if (ranges.network !== networkFingerprint(graph))
    throw new UserError('these ranges are of another network, or of other passes', {
      ...(file === undefined ? {} : { file }),
      remedy: 'calibrate this network, or name the ranges that were saved with it',
    });
}

/** What one calibration over the frames of both would have seen. Both must be of the same network. */
export function mergeRanges(a: Ranges, b: Ranges): Ranges {
  if (a.network !== b.network)
    throw new UserError('the ranges to merge are of two networks', {
      remedy: 'merge ranges of one network, prepared with the same options',
    });
  const tensors = new Map<NodeId, TensorStats>();
  for (const [id, one] of a.tensors) {
    const other = b.tensors.get(id)!;
    tensors.set(id, {
      all: mergeStats(one.all, other.all),
      peaks: mergeStats(one.peaks, other.peaks),
      channelSums: one.channelSums.map((sum, c) => sum + other.channelSums[c]!),
    });
  }
  return {
    network: a.network,
    frames: a.frames + b.frames,
    constantFrames: a.constantFrames + b.constantFrames,
    framesWithPeaks: a.framesWithPeaks + b.framesWithPeaks,
    tensors,
  };
}

const RANGES_VERSION = 2;
const statsSchema = z.strictObject({
  count: z.int().min(0),
  // An empty set has no extremes.
  min: z.number().nullable(),
  max: z.number().nullable(),
  histogram: z.array(z.int().min(0)),
});
const fileSchema = z.strictObject({
  vetoc: z.literal('ranges'),
  version: z.literal(RANGES_VERSION),
  network: z.string(),
  frames: z.int().min(0),
  constantFrames: z.int().min(0),
  framesWithPeaks: z.int().min(0),
  tensors: z.array(
    z.strictObject({
      id: nodeIdSchema,
      all: statsSchema,
      peaks: statsSchema,
      channelSums: z.array(z.number()).min(1),
    }),
  ),
});

const statsToJson = (s: ValueStats): z.infer<typeof statsSchema> => ({
  count: s.count,
  min: s.count === 0 ? null : s.min,
  max: s.count === 0 ? null : s.max,
  histogram: sparseCounts(s.histogram),
});
const statsFromJson = (s: z.infer<typeof statsSchema>): ValueStats => ({
  count: s.count,
  min: s.min ?? Infinity,
  max: s.max ?? -Infinity,
  histogram: denseCounts(s.histogram),
});

export function printRanges(ranges: Ranges): string {
  const { tensors, ...facts } = ranges;
  const file: z.infer<typeof fileSchema> = {
    vetoc: 'ranges',
    version: RANGES_VERSION,
    ...facts,
    tensors: [...tensors].map(([id, s]) => ({
      id,
      all: statsToJson(s.all),
      peaks: statsToJson(s.peaks),
      channelSums: [...s.channelSums],
    })),
  };
  return `${JSON.stringify(file)}\n`;
}

/** Inverse of `printRanges`; `file` names the text in errors (`UserError`). */
export function parseRanges(text: string, file: string): Ranges {
  const remedy = 'calibrate again, or name a file that vetoc wrote';
  const ranges = parseJsonAs(fileSchema, text, file, remedy);
  const { network, frames, constantFrames, framesWithPeaks, tensors } = ranges;
  return {
    network,
    frames,
    constantFrames,
    framesWithPeaks,
    tensors: new Map(
      tensors.map((t) => [
        t.id,
        {
          all: statsFromJson(t.all),
          peaks: statsFromJson(t.peaks),
          channelSums: Float64Array.from(t.channelSums),
        },
      ]),
    ),
  };
}

export const saveRanges = (path: string, ranges: Ranges): Promise<void> =>
  writeFileAtomic(path, printRanges(ranges));

/** Throws `UserError` when the file is missing or is not a ranges file. */
export async function loadRanges(path: string): Promise<Ranges> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    throw new UserError('cannot be read', { file: path, remedy: 'name a ranges file that vetoc wrote' });
  }
  return parseRanges(text, path);
}
