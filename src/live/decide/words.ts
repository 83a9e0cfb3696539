/** Raw words of a stream as the counts that a network sees, by the integer calibration of firmware and `vetoc evaluate --raw`. */
import { countsOf } from '../../data/raw/calibrated.js';
import { rawDetector } from '../../data/raw/detectors.js';
import { NO_RULE } from '../../data/pixels.js';
import type { LiveImage } from '../image.js';
import { DamagedBlock } from '../protocol/lz4.js';
import type { LiveMaps } from './maps.js';
import { pixelsOf } from './pixels.js';
import type { SeriesSetup } from './work.js';

/** The pixels that a network sees of an image. Throws `DamagedBlock` as `pixelsOf` does. */
export type SeenPixels = (
  image: LiveImage,
  setup: SeriesSetup,
  size: readonly [number, number],
) => Uint16Array;

/** What makes them of words by `maps`; null: of counts. */
export function seenPixels(maps: LiveMaps | null): SeenPixels {
  if (maps === null) return pixelsOf;
  const { detector, formats, integers, commonMode } = maps;
  const run = countsOf(rawDetector(detector), formats, commonMode);
  return (image, setup, size) => {
    if ('type' in image && image.type !== 'uint16')
      throw new DamagedBlock(`its values are ${image.type}, not raw words of uint16`);
    // What a source says of values is said of counts; its mask hides them once they are.
    const words = pixelsOf(image, { ...setup, rule: NO_RULE, mask: null }, size);
    const counts = run(integers, words);
    const { mask } = setup;
    const own = 'pixels' in image ? (image.mask ?? null) : null;
    return Uint16Array.from(counts, (count, i) =>
      Number.isNaN(count) || mask?.[i] === 0 || own?.[i] === 0 ? 0 : count,
    );
  };
}
