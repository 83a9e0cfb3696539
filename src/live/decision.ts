/** What became of a frame, and why: what sinks write. */
import type { SeriesFacts } from './source.js';
import type { LiveFrame, LiveMessage } from './source.js';

/** Why a frame is kept, in the words of the firmware's decision; `dropped` and `score` alone discard. */
export const REASONS = {
  score: 'the score reaches the threshold, or does not',
  prescale: 'a miss that the prescale keeps',
  malformed: 'the image cannot be decoded',
  late: 'not decided within the deadline',
  unfit: 'the network takes frames of another size, or the maps are of another detector',
  full: 'more frames than can wait: kept without a decision',
  dropped: 'more frames than can wait: dropped',
} as const;
export type Reason = keyof typeof REASONS;

export interface Decision {
  readonly series: string;
  /** The source's number of the frame; null where it could not be read. */
  readonly number: number | null;
  readonly keep: boolean;
  readonly reason: Reason;
  /** What exactly is wrong; null where nothing is. */
  readonly problem: string | null;
  /** In the network's levels; null where it was not decided by the network. */
  readonly score: number | null;
  readonly logits: ArrayLike<number> | null;
  /** Digest of the network that decided; null where none did. */
  readonly network: string | null;
  /** What the network says, before prescale and deadline; null where it was not asked. */
  readonly networkKeep: boolean | null;
  /** How many frames this one stands for: 1 over the probability that a miss is kept. */
  readonly weight: number;
  /** What the second network says; null without one. */
  readonly shadowKeep: boolean | null;
  /** The number came before in this series. */
  readonly repeated: boolean;
  /** From receipt to decision. */
  readonly latencyMs: number;
}

/** What a sink is given, in the order of receipt. */
export type Delivery =
  | { readonly kind: 'start'; readonly message: LiveMessage; readonly facts: SeriesFacts }
  | {
      readonly kind: 'frame';
      readonly message: LiveMessage;
      readonly frame: LiveFrame;
      readonly decision: Decision;
      readonly pixels: () => Uint16Array | null;
    }
  | { readonly kind: 'end'; readonly message: LiveMessage }
  | { readonly kind: 'other'; readonly message: LiveMessage };
