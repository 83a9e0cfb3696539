/** What the steps of a stage are while it works, in values; `src/text/progress.ts` puts them in words. */
import type { CheckPart } from '../explain/check-maps.js';
import type { NuisanceName } from '../data/nuisances/table.js';
import type { NodeId } from '../ir/common.js';

export type Steps =
  | { readonly of: 'steps' }
  /** `isTimed`: how many come a second is of interest. */
  | { readonly of: 'frames'; readonly isTimed?: true }
  /** Of an array on a cluster: its tasks that are whole, of all, and those at work. */
  | {
      readonly of: 'tasks';
      readonly tasks: number;
      readonly total: number;
      readonly running: number;
      /** Whether the steps are frames, or the tasks themselves. */
      readonly timed: boolean;
    }
  | { readonly of: 'calibration frames' }
  | { readonly of: 'overlays' }
  | { readonly of: 'proofs' }
  /** What a synthesis does next. */
  | { readonly of: 'passes'; readonly pass: string }
  | { readonly of: 'scores'; readonly by: 'fixed' | 'float' }
  | { readonly of: 'frames read'; readonly part: 'train' | 'validation' }
  /** Percent of a training. `accuracy` is that of hit/miss in the last validation, 0 to 1. */
  | {
      readonly of: 'training';
      readonly backend: string;
      readonly epoch: number;
      readonly epochs: number;
      readonly loss: number;
      readonly accuracy: number | null;
    }
  /** Title of the back end that comes next. */
  | { readonly of: 'back ends'; readonly title: string }
  /** What the witnesses do before the first frame. */
  | { readonly of: 'witnesses'; readonly prepare: readonly string[] }
  | { readonly of: 'latencies' }
  /** Share of the weights at 0, 0 to 1. */
  | { readonly of: 'prunings'; readonly share: number }
  | { readonly of: 'choices of widths' }
  /** The nuisance whose strength was measured; null: the frames as they are. */
  | { readonly of: 'strengths'; readonly nuisance: NuisanceName | null }
  | { readonly of: 'map checks'; readonly part: CheckPart }
  | { readonly of: 'inversions'; readonly layer: NodeId };
