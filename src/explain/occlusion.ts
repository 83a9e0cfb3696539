/**
 * Asking the network itself: what happens to the score when a region of the frame is taken away, and what is the
 * smallest set of regions whose removal turns the decision. Works on any scorer, the firmware's arithmetic first.
 *
 * A region that is taken away is filled with what surrounds it: the median of the pixels around the region.
 * Source of the method: Zeiler & Fergus, ECCV 2014.
 */
import { quantile } from '../core/picture.js';

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

const BATCH = 16;

async function scoreAll(scorer: Scorer, count: number, make: (i: number) => Uint16Array): Promise<number[]> {
  const scores: number[] = [];
  for (let i = 0; i < count; i += BATCH)
    scores.push(...(await scorer(Array.from({ length: Math.min(BATCH, count - i) }, (_, k) => make(i + k)))));
  return scores;
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
  const scores = await scoreAll(scorer, regions.length, (i) => withoutRegions(frame, size, [regions[i]!]));
  return { regions, score: score!, effects: scores.map((s) => score! - s) };
}

export interface Flip {
  /** Regions that together turn the decision; none of them can be left out. */
  readonly regions: readonly Region[];
  readonly score: number;
  /** True where it is known that no smaller set turns it. */
  readonly smallest: boolean;
}

/** A question of the kind "which regions, taken together, turn the decision?" */
interface Question {
  readonly scorer: Scorer;
  /** The regions to try, the most promising first. */
  readonly order: readonly Region[];
  /** The frame that a set of regions makes. */
  readonly make: (regions: readonly Region[]) => Uint16Array;
  readonly turned: (score: number) => boolean;
}

/** One region alone if one does it; else regions are added in order until it turns, and left out where not needed. */
async function fewestRegions({ scorer, order, make, turned }: Question): Promise<Flip | null> {
  const singles = await scoreAll(scorer, order.length, (i) => make([order[i]!]));
  const single = singles.findIndex(turned);
  if (single >= 0) return { regions: [order[single]!], score: singles[single]!, smallest: true };
  const prefixes = await scoreAll(scorer, order.length, (i) => make(order.slice(0, i + 1)));
  const first = prefixes.findIndex(turned);
  if (first < 0) return null;
  let needed: readonly Region[] = order.slice(0, first + 1);
  let score = prefixes[first]!;
  for (const region of [...needed].reverse()) {
    const fewer = needed.filter((r) => r !== region);
    const [s] = await scorer([make(fewer)]);
    if (!turned(s!)) continue;
    needed = fewer;
    score = s!;
  }
  // No region does it alone, so two are as few as there can be.
  return { regions: needed, score, smallest: needed.length === 2 };
}

/** Regions that speak for the decision, by their effect. */
function supporting({ regions, effects }: Occlusion, keep: boolean): readonly Region[] {
  const sign = keep ? 1 : -1;
  return regions
    .map((region, i) => ({ region, effect: sign * effects[i]! }))
    .filter(({ effect }) => effect > 0)
    .sort((a, b) => b.effect - a.effect)
    .map(({ region }) => region);
}

/** The regions whose removal turns the decision at `threshold`. Null when even without all of them it stands. */
export function flippingRegions(
  scorer: Scorer,
  frame: Uint16Array,
  size: readonly [number, number],
  occlusion: Occlusion,
  threshold: number,
): Promise<Flip | null> {
  const keep = occlusion.score >= threshold;
  return fewestRegions({
    scorer,
    order: supporting(occlusion, keep),
    make: (regions) => withoutRegions(frame, size, regions),
    turned: (score) => score >= threshold !== keep,
  });
}

/**
 * The regions whose addition to the frame without any structure is enough for the decision. Null when the decision is
 * the same without any of them.
 */
export async function sufficientRegions(
  scorer: Scorer,
  frame: Uint16Array,
  size: readonly [number, number],
  occlusion: Occlusion,
  threshold: number,
): Promise<Flip | null> {
  const keep = occlusion.score >= threshold;
  const empty = withoutRegions(frame, size, occlusion.regions);
  const [without] = await scorer([empty]);
  if (without! >= threshold === keep) return null;
  return fewestRegions({
    scorer,
    order: supporting(occlusion, keep),
    make: (regions) => withRegionsOf(empty, frame, size[1], regions),
    turned: (score) => score >= threshold === keep,
  });
}
