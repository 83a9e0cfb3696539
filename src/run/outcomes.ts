/** What comes of stages, as values: who shows them makes the words. */
import type { NodeId } from '../ir/common.js';
import type { UnreadEdge } from '../ir/unread.js';
import type { StatedNetwork } from '../frontends/original/stated.js';
import type { Departure } from '../passes/stated-stages.js';
import type { MeteredNight } from '../audit/meter.js';
import type { Note } from '../data/notes.js';
import type { OriginalComparison } from '../frontends/original/compare.js';
import type { MixedPrecision } from '../passes/mixed-precision.js';
import type { Quantization } from '../passes/recipe.js';
import type { NamedEvaluation } from '../report/evaluation.js';
import type { VerificationRecord } from './verification.js';
import type { Promised } from './stress/promised.js';

export type StageOutcome =
  | {
      readonly kind: 'opened';
      readonly frames: string;
      readonly size: readonly [height: number, width: number];
      /** Frames of each part. */
      readonly parts: {
        readonly train: number;
        readonly validation: number;
        readonly calibration: number;
        readonly test: number;
      };
    }
  | { readonly kind: 'checked'; readonly readable: number; readonly skipped: number }
  | {
      readonly kind: 'trained';
      readonly network: string;
      /** What trained it, in words of its own. */
      readonly backend: string;
      readonly bestEpoch: number;
      readonly epochs: number;
      /** Hit/miss accuracy on validation frames, 0 to 1. */
      readonly accuracy: number;
      /** The epoch behind which a killed training went on. */
      readonly resumedAfter: number | null;
    }
  | {
      readonly kind: 'imported';
      readonly network: string;
      readonly weights: number;
      readonly path: string;
      readonly title: string;
      readonly comparison: OriginalComparison | null;
      /** What the file states of its own quantization; null for a network of floats. */
      readonly stated: StatedNetwork | null;
    }
  | { readonly kind: 'calibrated'; readonly frames: number }
  | {
      readonly kind: 'quantized';
      /** Frames that it was calibrated on; null: trained on in fixed point. */
      readonly calibratedOn: number | null;
      readonly quantization: Quantization;
      /** Bits, proved. */
      readonly widestAccumulator: number;
      /** The search for widths, where there was a budget. */
      readonly search: MixedPrecision | null;
      /** The widths that were learned by gradient, by layer; null without. */
      readonly learned: Quantization['layers'] | null;
      /** Formats and weights are those that the network's own file states. */
      readonly isOfFile: boolean;
      /** Layers that are not what the file states, and why. */
      readonly departures: readonly Departure[];
      /** Stages with rounding ties, where none was to have any; null: not asked. */
      readonly ties: readonly NodeId[] | null;
    }
  | {
      readonly kind: 'pruned';
      readonly weights: number;
      /** Weights of the fixed network that are left. */
      readonly nonZero: number;
      /** Shares of the weights at 0 that were tried, and the share of the hits that each lost. */
      readonly tried: readonly {
        readonly share: number;
        readonly nonZero: number;
        readonly hitsLost: number;
      }[];
    }
  | {
      readonly kind: 'evaluated';
      readonly frames: number;
      /** Float, then fixed; empty without labels. */
      readonly evaluations: readonly NamedEvaluation[];
    }
  | { readonly kind: 'compared'; readonly frames: number; readonly different: number }
  | {
      readonly kind: 'emitted';
      readonly board: string;
      /** µs from the last pixel, of the first firmware written; null where none is. */
      readonly decision: number | null;
      readonly written: readonly { readonly title: string; readonly files: number }[];
      readonly left: readonly { readonly title: string; readonly why: string }[];
    }
  | { readonly kind: 'verified'; readonly frames: number; readonly record: VerificationRecord }
  | { readonly kind: 'explained'; readonly pictures: number; readonly checkedOn: number }
  | { readonly kind: 'failed'; readonly problem: string }
  | { readonly kind: 'reported'; readonly file: string }
  | {
      readonly kind: 'counted';
      readonly what: 'frames' | 'layers' | 'parts' | 'runs';
      readonly count: number;
      /** Of frames: kept ones; known from an earlier try. */
      readonly kept?: number;
      readonly knownBefore?: number;
    }
  | {
      readonly kind: 'written';
      readonly frames: number;
      readonly pixelType: string;
      readonly file: string;
    }
  | { readonly kind: 'simulated'; readonly frames: number; readonly hits: number; readonly file: string }
  | { readonly kind: 'mapped'; readonly maps: number; readonly regions: number }
  | {
      readonly kind: 'stressed';
      readonly frames: number;
      readonly nuisances: number;
      readonly promised: Promised;
    };

/** What somebody should know, and nothing failed of. */
export type Warning =
  /** Something of a file that was not understood or not used. */
  | { readonly about: 'files'; readonly note: Note }
  /** Frames that are neither hits nor misses for sure and take no part. */
  | { readonly about: 'unsure frames'; readonly unsure: number; readonly frames: number }
  /** What no window of a layer reaches. */
  | { readonly about: 'unread edge'; readonly edge: UnreadEdge }
  | { readonly about: 'passed over'; readonly problem: string }
  /** Scoring runs slower than it might, and why. */
  | { readonly about: 'speed'; readonly problem: string }
  /** A page could not be served. */
  | { readonly about: 'view'; readonly problem: string }
  /** The veto loses more hits than it may, for sure. */
  | { readonly about: 'hits lost'; readonly night: MeteredNight };
