/**
 * Is a map any good? Figures to hold against the truth and against the random control.
 *
 * - Pointing game (Zhang et al., IJCV 2018): is the map's maximum on a true Bragg peak?
 * - Area under the ROC curve: do pixels at peaks have more of the map than others?
 * - Rank correlation: do two maps agree, and does a map change when weights are randomised (Adebayo et al., 2018)?
 */
import { resample } from '../draw/picture.js';
import type { Spot } from '../data/frames.js';
import { vetoCurve } from '../statistics/veto-curve.js';
import type { EvidenceMap } from './grad-cam.js';
import type { MapPart } from './seen-part.js';

/** Ranks with ties shared. */
function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: values.length }, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const result = new Float64Array(values.length);
  for (let i = 0; i < order.length;) {
    let j = i;
    while (j < order.length && values[order[j]!] === values[order[i]!]) j++;
    for (let k = i; k < j; k++) result[order[k]!] = (i + j - 1) / 2;
    i = j;
  }
  return result;
}

/** Spearman's rank correlation of two maps, the second resampled to the first; 0 when either is constant. */
export function correlation(a: EvidenceMap, b: EvidenceMap): number {
  const ra = ranks(a.values);
  const rb = ranks(resample(b.values, b.size, a.size[0], a.size[1]));
  const middle = (ra.length - 1) / 2;
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < ra.length; i++) {
    const x = ra[i]! - middle;
    const y = rb[i]! - middle;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}

/** Cells of the map that hold a spot; beyond its cells the map's edge goes on, out to the end of the part that is seen. */
function spotCells(map: EvidenceMap, spots: readonly Spot[], { offset, size, ground }: MapPart): Uint8Array {
  const [height, width] = map.size;
  const cellOf = (at: number, axis: 0 | 1): number => {
    const cell = Math.floor(((at - ground.offset[axis] + 0.5) / ground.size[axis]) * map.size[axis]);
    return Math.min(map.size[axis] - 1, Math.max(0, cell));
  };
  const isSeen = (at: number, axis: 0 | 1): boolean =>
    at >= offset[axis] - 0.5 && at < offset[axis] + size[axis] - 0.5;
  const cells = new Uint8Array(height * width);
  for (const spot of spots) {
    if (isSeen(spot.y, 0) && isSeen(spot.x, 1)) cells[cellOf(spot.y, 0) * width + cellOf(spot.x, 1)] = 1;
  }
  return cells;
}

export interface Localization {
  /** Whether the maximum stands on a cell with a true spot. */
  readonly pointing: boolean;
  /** Of the map's values, cells with spots against cells without; NaN when either is missing. */
  readonly auc: number;
}

/** How well `map` finds `spots` (raw pixels). */
export function localization(map: EvidenceMap, spots: readonly Spot[], seen: MapPart): Localization {
  const cells = spotCells(map, spots, seen);
  let best = 0;
  for (let i = 1; i < map.values.length; i++) if (map.values[i]! > map.values[best]!) best = i;
  return { pointing: cells[best] === 1, auc: vetoCurve(map.values, cells).auc };
}
