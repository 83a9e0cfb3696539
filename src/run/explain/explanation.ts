/** An explanation of one frame, as plain values. */
import type { AddedPeaks } from '../../explain/added-peaks.js';
import type { FewestRegions } from '../../explain/fewest-regions.js';
import type { MapMethod } from '../../explain/method-names.js';
import type { Occlusion } from '../../explain/occlusion.js';
import type { Certified } from './certify.js';
import type { Physics } from './physics.js';
import type { PhotonReasons } from './reasons.js';
import type { Replay } from './replay.js';

/** What would have changed the decision. */
export interface Changes {
  readonly occlusion: Occlusion;
  readonly removal: FewestRegions;
  /** Null where the decision is the same without any structure. */
  readonly addition: FewestRegions | null;
  /** For a vetoed frame. */
  readonly peaks: AddedPeaks | null;
}

/** An explanation; its page, pictures and maps stand in `out`. */
export interface FrameExplanation extends Changes {
  readonly index: number;
  readonly keep: boolean;
  /** In least significant bits of the logits. */
  readonly score: number;
  readonly threshold: number;
  readonly physics: Physics;
  readonly reasons: PhotonReasons;
  /** Null where nothing can be proved. */
  readonly certified: Certified | null;
  /** What the emitted forms make of every frame that turned the decision. */
  readonly replays: readonly Replay[];
  /** Rank correlation of the maps on the firmware's arithmetic and on the float network. */
  readonly agreement: number;
  readonly pictures: readonly {
    readonly method: MapMethod;
    readonly arithmetic: 'fixed' | 'float';
    readonly picture: string;
  }[];
  /** The picture of the regions that were tried, and the page. */
  readonly regions: string;
  readonly page: string;
}
