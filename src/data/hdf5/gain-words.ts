/** Words of gain beside the frames: AGIPD writes one for each ADC value, from which the gain stage follows. */
import type { PixelArray } from '../pixels.js';
import type { FramePart } from './axes.js';
import { frameReader } from './blocks.js';
import type { Hdf5File } from './file.js';
import { inGroup, parentOf } from './paths.js';
import { isXfel } from './xfel.js';

/**
 * A reader of the words of gain of frame `index` of `parts`: the second of two channels at the European XFEL, else the dataset
 * `gain` of the same shape beside the frames. Null where there is neither.
 */
export function gainWordsReader(
  file: Hdf5File,
  parts: readonly FramePart[],
): ((index: number) => PixelArray) | null {
  const [part, another] = parts;
  const { info, axes } = part!;
  if (info.pixelType !== 'uint16') return null;
  if (isXfel(info.path))
    return info.shape[axes.indexOf('channel')] === 2 ? frameReader(file, parts, 1) : null;
  const path = inGroup(parentOf(info.path), 'gain');
  if (another !== undefined || path === info.path || file.node(path).kind !== 'dataset') return null;
  const gains = file.info(path);
  const fits = gains.pixelType === 'uint16' && gains.shape.join() === info.shape.join();
  return fits ? frameReader(file, [{ ...part!, info: gains }], 0) : null;
}
