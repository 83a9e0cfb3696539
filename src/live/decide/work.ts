/** What passes between the process and a deciding thread. */
import type { Overloads, ValueRule } from '../../data/pixels.js';
import type { LiveImage } from '../image.js';
import type { LiveMaps } from './maps.js';
import type { LiveNetwork } from './network.js';

/** What turns stored values of a series into what a network sees. */
export interface SeriesSetup {
  readonly series: number;
  readonly rule: ValueRule;
  /** 1 live; null: all. */
  readonly mask: Uint8Array | null;
  readonly overloads: Overloads;
}

/** Set-ups that a process remembers. */
export const SETUPS_KEPT = 8;

export interface Networks {
  readonly active: LiveNetwork;
  /** A second network that sees the same frames and decides nothing; null: none. */
  readonly shadow: LiveNetwork | null;
  /** What makes counts of frames of raw words; null where they are counts. */
  readonly maps: LiveMaps | null;
}

export type Work =
  | { readonly kind: 'networks'; readonly networks: Networks }
  | { readonly kind: 'series'; readonly setup: SeriesSetup }
  | { readonly kind: 'frame'; readonly task: number; readonly series: number; readonly image: LiveImage };

export interface Verdict {
  /** Digest of the network that decided. */
  readonly network: string;
  readonly score: number;
  readonly keep: boolean;
  readonly logits: Int32Array;
  /** What the second network says; null without one. */
  readonly shadowKeep: boolean | null;
}

/** The networks are open. */
export interface Ready {
  readonly ready: true;
}

export type Answer = { readonly task: number } & (
  | { readonly verdict: Verdict }
  /** The image is not what it says to be. */
  | { readonly damaged: string }
  /** vetoc is wrong. */
  | { readonly defect: string }
);
