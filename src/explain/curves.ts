/**
 * Insertion and deletion (Petsiuk et al., BMVC 2018): does the score rest on the regions that a map names first?
 *
 * Deletion takes the regions away in the order of the map and falls fast for a good map; insertion puts them back onto
 * the frame without any and rises fast. Both are areas under the score against the share of regions, on a scale where
 * 0 is the frame without any structure and 1 the whole frame. A map in random order gets about the same area in both.
 */
import type { Region, Scorer } from './occlusion.js';
import { withoutRegions, withRegionsOf } from './occlusion.js';

export interface Curves {
  readonly insertion: number;
  readonly deletion: number;
}

/** Steps of the curves: few regions matter, so the beginning is finer. Shares of all regions. */
const SHARES = [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1] as const;

function area(values: readonly number[]): number {
  let sum = 0;
  for (let i = 1; i < SHARES.length; i++)
    sum += ((values[i]! + values[i - 1]!) / 2) * (SHARES[i]! - SHARES[i - 1]!);
  return sum;
}

/**
 * Curves of a frame of `size` for the order of `regions`, the most important first. Null where the score of the whole
 * frame is not above that of the frame without structure: then there is nothing to find.
 */
export async function insertionDeletion(
  scorer: Scorer,
  frame: Uint16Array,
  size: readonly [number, number],
  regions: readonly Region[],
): Promise<Curves | null> {
  const empty = withoutRegions(frame, size, regions);
  const first = (share: number): readonly Region[] => regions.slice(0, Math.round(share * regions.length));
  const inserted = SHARES.map((share) => withRegionsOf(empty, frame, size[1], first(share)));
  const deleted = SHARES.map((share) => withRegionsOf(frame, empty, size[1], first(share)));
  const scores = await scorer([...inserted, ...deleted]);
  const [low, high] = [scores[0]!, scores[SHARES.length]!];
  if (high <= low) return null;
  const scaled = scores.map((score) => (score - low) / (high - low));
  return { insertion: area(scaled.slice(0, SHARES.length)), deletion: area(scaled.slice(SHARES.length)) };
}

/** `regions` by the mean of a map over the raw frame (`height * width`), the largest first; ties keep their order. */
export function regionsByMap(
  regions: readonly Region[],
  map: Float32Array,
  width: number,
): readonly Region[] {
  const means = regions.map((region) => {
    let sum = 0;
    for (let y = region.y; y < region.y + region.height; y++)
      for (let x = region.x; x < region.x + region.width; x++) sum += map[y * width + x]!;
    return { region, mean: sum / (region.height * region.width) };
  });
  return means.sort((a, b) => b.mean - a.mean).map(({ region }) => region);
}
