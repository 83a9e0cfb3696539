/** The firmware that a run wrote: what a wish that leaves its pace open means. */
import type { HlsOptions } from '../backends/dataflow/design.js';
import type { Recipe } from './recipe.js';

/**
 * `wish` with the latency of the run's own firmware, where the board is the run's and neither latency, rate, clock nor pixels per
 * clock are asked for: what is estimated, printed and exported then is what stands in the run.
 */
export function likeOwn({ latency, target }: Recipe, wish: HlsOptions): HlsOptions {
  const open =
    wish.latencyMicroseconds === undefined &&
    wish.framesPerSecond === undefined &&
    wish.clockMHz === undefined &&
    (wish.pixelsPerClock ?? 1) === 1;
  return open && typeof latency === 'number' && wish.target.name === target
    ? { ...wish, latencyMicroseconds: latency }
    : wish;
}
