/** By how much pixels may change without turning the decision, proved: of the whole frame, and of the region that matters most. */
import { certifiedRadius, createBounds } from '../../explain/certified.js';
import type { NoisyFrame } from '../../explain/noise.js';
import type { Occlusion, Region } from '../../explain/occlusion.js';
import type { FixedGraph } from '../../ir/graph.js';

export interface Certified {
  /** Counts, of all live pixels at once. */
  readonly whole: number;
  /** Counts, of the pixels of one region while all others stay: the region whose removal changes the score the most. */
  readonly inRegion: number;
  readonly region: Region;
}

/** Null where the arithmetic wraps around, so that nothing can be proved of it. */
export function certify(
  fixed: FixedGraph,
  { pixels, size: [, width], mask }: NoisyFrame,
  keep: boolean,
  { regions, effects }: Occlusion,
): Certified | null {
  const bounds = createBounds(fixed);
  if (bounds === null) return null;
  const most = effects.reduce(
    (best, effect, i) => (Math.abs(effect) > Math.abs(effects[best]!) ? i : best),
    0,
  );
  const region = regions[most]!;
  const within = Uint8Array.from(pixels, (_, i) => {
    const [y, x] = [Math.floor(i / width) - region.y, (i % width) - region.x];
    return Number(y >= 0 && y < region.height && x >= 0 && x < region.width && mask?.[i] !== 0);
  });
  return {
    whole: certifiedRadius(fixed, bounds, pixels, keep, mask),
    inRegion: certifiedRadius(fixed, bounds, pixels, keep, within),
    region,
  };
}
