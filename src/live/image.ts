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

/** Pixels as a network sees them, of sources that make or read whole frames; masked pixels are 0. */
export interface ReadyImage {
  readonly height: number;
  readonly width: number;
  readonly pixels: Uint16Array;
}

export type LiveImage = PackedImage | ReadyImage;
