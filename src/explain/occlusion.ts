/**
 * Asking the network itself: what happens to the score when a region of the frame is taken away. Works on any scorer,
 * the firmware's arithmetic first. The smallest set of regions that turns a decision: `fewest-regions.ts`.
 *
 * A region that is taken away is filled with what surrounds it: the median of the pixels around the region.
 * Source of the method: Zeiler & Fergus, ECCV 2014.
 */
import { quantile } from '../statistics/quantile.js';

/** Scores of raw frames (max hit − max miss), in order. */
export type Scorer = (frames: readonly Uint16Array[]) => Promise<readonly number[]>;

/** A rectangle of raw pixels. */
export interface Region {
  readonly y: number;
  readonly x: number;
  readonly height: number;
  readonly width: number;
}

/** A grid of regions of about `size` pixels that covers the frame. */
export function regionGrid(height: number, width: number, size: number): readonly Region[] {
  const rows = Math.max(1, Math.round(height / size));
  const columns = Math.max(1, Math.round(width / size));
  const edge = (i: number, n: number, extent: number): number => Math.floor((i * extent) / n);
  return Array.from({ length: rows * columns }, (_, i) => {
    const r = Math.floor(i / columns);
    const c = i % columns;
    const y = edge(r, rows, height);
    const x = edge(c, columns, width);
    return { y, x, height: edge(r + 1, rows, height) - y, width: edge(c + 1, columns, width) - x };
  });
}

/** The pixels around `region`, out to half its size. */
function surroundings(
  frame: Uint16Array,
  [height, width]: readonly [number, number],
  region: Region,
): number[] {
  const margin = Math.max(2, Math.ceil(Math.max(region.height, region.width) / 2));
  const values: number[] = [];
  for (let y = Math.max(0, region.y - margin); y < Math.min(height, region.y + region.height + margin); y++)
    for (let x = Math.max(0, region.x - margin); x < Math.min(width, region.x + region.width + margin); x++) {
      const inside =
        y >= region.y && y < region.y + region.height && x >= region.x && x < region.x + region.width;
      if (!inside) values.push(frame[y * width + x]!);
    }
  return values;
}

/** A copy of `frame` without the structure inside `regions`. */
export function withoutRegions(
  frame: Uint16Array,
  size: readonly [number, number],
  regions: readonly Region[],
): Uint16Array {
  const result = frame.slice();
  for (const region of regions) {
    const fill = quantile(surroundings(frame, size, region), 0.5);
    for (let y = region.y; y < region.y + region.height; y++)
      result.fill(fill, y * size[1] + region.x, y * size[1] + region.x + region.width);
  }
  return result;
}

/** `frame` with `regions` copied from `other`. */
export function withRegionsOf(
  frame: Uint16Array,
  other: Uint16Array,
  width: number,
  regions: readonly Region[],
): Uint16Array {
  const result = frame.slice();
  for (const region of regions)
    for (let y = region.y; y < region.y + region.height; y++) {
      const at = y * width + region.x;
      result.set(other.subarray(at, at + region.width), at);
    }
  return result;
}

/** Frames that are made and scored at a time. */
const BATCH = 16;

/** The score of the frame that `make` gives for each of `choices`, as they come: stop asking and no more are made. */
export async function* scoresOf<T>(
  scorer: Scorer,
  choices: Iterable<T>,
  make: (choice: T) => Uint16Array,
): AsyncGenerator<{ readonly choice: T; readonly score: number }> {
  for (const batch of batches(choices, BATCH)) {
    const scores = await scorer(batch.map(make));
    for (const [k, choice] of batch.entries()) yield { choice, score: scores[k]! };
  }
}

function* batches<T>(items: Iterable<T>, size: number): Generator<readonly T[]> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

export interface Occlusion {
  readonly regions: readonly Region[];
  /** Score of the whole frame. */
  readonly score: number;
  /** Per region: how much of the score goes when it is taken away; positive speaks for keeping the frame. */
  readonly effects: readonly number[];
}

/** Takes each region away in turn. */
export async function occlude(
  scorer: Scorer,
  frame: Uint16Array,
  size: readonly [number, number],
  regions: readonly Region[],
): Promise<Occlusion> {
  const [score] = await scorer([frame]);
  const effects: number[] = [];
  for await (const one of scoresOf(scorer, regions, (region) => withoutRegions(frame, size, [region])))
    effects.push(score! - one.score);
  return { regions, score: score!, effects };
}
