/** Padding as a network's description asks for it, as rows and columns on the four sides of an image. */
import { windowExtent, type Padding, type Shape } from '../../ir/common.js';
import type { LayerPadding } from './description.js';

export const around = (n: number): Padding => [n, n, n, n];

/** Padding of a window on an image of `shape`. */
export function paddingOf(padding: LayerPadding, kernel: number, stride: number, shape: Shape): Padding {
  if (typeof padding === 'number') return around(padding);
  const half = Math.floor((kernel - 1) / 2);
  if (padding === 'same') return around(half);
  const before = (extent: number): number => {
    const windows = windowExtent(extent, kernel, stride, half, half);
    return Math.max(0, (windows - 1) * stride + kernel - extent);
  };
  return [before(shape[0]), before(shape[1]), 0, 0];
}
