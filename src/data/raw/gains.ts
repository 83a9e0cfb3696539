/** Gains of a detector's stages: from `--gain`, or from the file of its maps. */
import { UserError } from '../../core/errors.js';
import { readStages } from '../calibrate-jungfrau.js';
import type { CellMaps } from './maps-file.js';

/** Of each stage one for all pixels, or one a pixel. */
export type Gains = readonly (number | ArrayLike<number>)[];

/** ADU a keV, from `--gain` or the file; null where nobody states them. */
export async function gainsOf(
  options: { readonly gain?: string },
  stages: number,
  cell: CellMaps,
  pixels: number,
): Promise<{ readonly gains: Gains; readonly field: string } | null> {
  const { gain } = options;
  if (gain === undefined) return cell.gains === null ? null : { gains: cell.gains, field: 'pixel_gain' };
  const numbers = gain.split(',').map(Number);
  if (!numbers.every(Number.isFinite))
    return { gains: await readStages('--gain', gain, 'float64', pixels, stages), field: '--gain' };
  if (numbers.length === stages) return { gains: numbers, field: '--gain' };
  throw new UserError(`has ${numbers.length} numbers, not ${stages}`, {
    field: '--gain',
    remedy: 'give one gain for each gain stage',
  });
}

/** Counts an ADU, of photons of `keV`. */
export const factorsOf = (gains: Gains, pixels: number, keV: number): readonly Float64Array[] =>
  gains.map((gain) =>
    Float64Array.from({ length: pixels }, (_, i) => 1 / ((typeof gain === 'number' ? gain : gain[i]!) * keV)),
  );
