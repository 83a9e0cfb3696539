/** One image on its way from a stream to a decision. */
import type { PixelType } from '../data/pixels.js';
import type { PackedBytes } from './protocol/bitshuffle.js';

/** As the stream carries it: unpacked by whoever decides. Rows are the slow axis. */
export interface PackedImage {
  readonly height: number;
  readonly width: number;
  readonly type: PixelType;
  readonly packed: PackedBytes;
}

/** Pixels as a network sees them, or raw words, of sources that make or read whole frames; masked pixels are 0. */
export interface ReadyImage {
  readonly height: number;
  readonly width: number;
  readonly pixels: Uint16Array;
  /** Of raw words, 1 live: what a masked word is calibrated to is no count. */
  readonly mask?: Uint8Array | null;
}

export type LiveImage = PackedImage | ReadyImage;
