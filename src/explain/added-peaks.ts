/**
 * How many Bragg peaks would have kept a vetoed frame: peaks of a stated strength are added at random places until the
 * decision turns. Asks the firmware's arithmetic, as `occlusion.ts` does.
 */
import { quantile } from '../statistics/quantile.js';
import { createRandom } from '../core/random.js';
import type { Scorer } from './occlusion.js';
import type { SeenPart } from './seen-part.js';

export interface AddedPeaks {
  /** Peaks that turn the decision; null where even the largest number that was tried does not. */
  readonly count: number | null;
  readonly tried: number;
  /** Strength of each: its sum above the background over the noise of the pixels below it. */
  readonly snr: number;
  /** `[row, column]` of the peaks of the largest number, in the order in which they are added. */
  readonly places: readonly (readonly [number, number])[];
}

const NUMBERS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64] as const;
/** A peak of about 1.4 pixels FWHM: the binomial approximation of a Gaussian, in sixteenths. */
const PROFILE = [1, 2, 1, 2, 4, 2, 1, 2, 1] as const;
const WINDOW = 7;

/** Median and robust deviation (1.4826 times the median absolute deviation, at least 1) around a place. */
function background(frame: Uint16Array, width: number, y: number, x: number): { readonly sigma: number } {
  const values: number[] = [];
  for (let py = y - WINDOW; py <= y + WINDOW; py++)
    for (let px = x - WINDOW; px <= x + WINDOW; px++) values.push(frame[py * width + px]!);
  const middle = quantile(values, 0.5);
  const deviations = values.map((value) => Math.abs(value - middle));
  return { sigma: Math.max(1, 1.4826 * quantile(deviations, 0.5)) };
}

/** Adds a peak of `snr` at (`y`, `x`) in place. */
function addPeak(frame: Uint16Array, width: number, y: number, x: number, snr: number): void {
  const total = snr * background(frame, width, y, x).sigma * Math.sqrt(PROFILE.length);
  PROFILE.forEach((sixteenths, k) => {
    const at = (y + Math.floor(k / 3) - 1) * width + x + (k % 3) - 1;
    frame[at] = Math.min(65_535, frame[at]! + Math.round((total * sixteenths) / 16));
  });
}

/** A copy of `frame` of `width` columns with peaks of `snr` at `places`. */
export function withPeaks(
  frame: Uint16Array,
  width: number,
  places: AddedPeaks['places'],
  snr: number,
): Uint16Array {
  const changed = frame.slice();
  for (const [y, x] of places) addPeak(changed, width, y, x, snr);
  return changed;
}

/** Adds peaks of `snr` to `frame` of `width` columns, inside the part that the network sees, until `turned`. */
export async function peaksToTurn(
  scorer: Scorer,
  frame: Uint16Array,
  width: number,
  { offset, size }: SeenPart,
  turned: (score: number) => boolean,
  options: { readonly snr: number; readonly seed: number },
): Promise<AddedPeaks> {
  const random = createRandom(options.seed).fork('added peaks');
  const inside = (start: number, extent: number): number =>
    random.integer(start + WINDOW, start + Math.max(WINDOW, extent - WINDOW - 1));
  const places = Array.from(
    { length: NUMBERS.at(-1)! },
    () => [inside(offset[0], size[0]), inside(offset[1], size[1])] as const,
  );
  const frames = NUMBERS.map((count) => withPeaks(frame, width, places.slice(0, count), options.snr));
  const scores = await scorer(frames);
  const first = scores.findIndex(turned);
  return {
    count: first < 0 ? null : NUMBERS[first]!,
    tried: NUMBERS.at(-1)!,
    snr: options.snr,
    places,
  };
}
