/** The firmware that a run wrote: what a wish that leaves its pace open means. */
import type { HlsOptions } from '../backends/dataflow/design.js';
import type { FixedGraph } from '../ir/graph.js';
import { loadRun, type Run } from './folder.js';
import { onWords, type RawWish } from './raw-network.js';
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

/** What firmware of a run is asked for, with what is left open filled in. */
export interface WishedFirmware {
  readonly run: Run;
  /** The network of the run, or its form on raw words. */
  readonly fixed: FixedGraph;
  readonly wish: HlsOptions;
}

/** The firmware of the run in `dir` that `options` ask for, on raw words where `raw` names maps. Throws `UserError`. */
export async function wishedFirmware(
  dir: string,
  options: HlsOptions,
  raw: RawWish,
): Promise<WishedFirmware> {
  const run = await loadRun(dir);
  const words = await onWords(run.fixed, raw);
  return { run, fixed: words?.graph ?? run.fixed, wish: likeOwn(run.recipe, options) };
}
