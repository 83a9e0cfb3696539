/**
 * From strong pixels to spots, as DIALS does it for still images: pixels that touch by their sides, a filter on
 * their number, and a filter on the distance between the largest pixel and the centre of intensity.
 *
 * DIALS reports the plain sum. The signal to noise here is ours: the sum above the mean of the live, weak
 * pixels within two pixels of the spot's bounding box, over the Poisson error of the sum.
 */
import { invariant } from '../core/errors.js';
import type { DetectorLayout, PanelArea } from './layout.js';
import type { FoundSpot } from './spot.js';

export interface StrongSpotParameters {
  readonly minSpotSize: number;
  readonly maxSpotSize: number;
  /** Largest distance of the peak pixel from the centroid, in pixels. */
  readonly maxSeparation: number;
  /** A frame with more strong pixels than this fraction has no spots: DIALS refuses it. */
  readonly maxStrongPixelFraction: number;
  /** ADU per photon. */
  readonly gain: number;
}

export const STRONG_SPOT_DEFAULTS: StrongSpotParameters = {
  minSpotSize: 3,
  maxSpotSize: 1000,
  maxSeparation: 2,
  maxStrongPixelFraction: 0.25,
  gain: 1,
};

const BACKGROUND_MARGIN = 2;

export interface StrongSpots {
  readonly spots: readonly FoundSpot[];
  readonly strongCount: number;
  /** True when there were more strong pixels than allowed; `spots` is then empty. */
  readonly tooManyStrong: boolean;
}

/** Groups `strong` (1 = strong) into spots, in the order of their first pixel. */
export function spotsOfStrongPixels(
  pixels: Uint16Array,
  strong: Uint8Array,
  layout: DetectorLayout,
  parameters: StrongSpotParameters = STRONG_SPOT_DEFAULTS,
): StrongSpots {
  const left = strong.slice();
  const queue: number[] = [];
  const spots: FoundSpot[] = [];
  let strongCount = 0;
  for (let first = left.indexOf(1); first >= 0; first = left.indexOf(1, first + 1)) {
    const index = panelOf(layout, first);
    collect(left, layout.width, layout.panels[index]!, first, queue);
    strongCount += queue.length;
    if (queue.length < parameters.minSpotSize || queue.length > parameters.maxSpotSize) continue;
    const spot = describe(pixels, strong, layout, index, queue, parameters);
    if (spot !== null) spots.push(spot);
  }
  const limit = Math.ceil(parameters.maxStrongPixelFraction * strong.length);
  const tooManyStrong = parameters.maxStrongPixelFraction < 1 && strongCount > limit;
  return { spots: tooManyStrong ? [] : spots, strongCount, tooManyStrong };
}

function panelOf(layout: DetectorLayout, pixel: number): number {
  const x = pixel % layout.width;
  const y = (pixel - x) / layout.width;
  const index = layout.panels.findIndex(
    (p) => x >= p.x && x < p.x + p.width && y >= p.y && y < p.y + p.height,
  );
  invariant(index >= 0, `strong pixel at ${y}, ${x} lies on no panel`);
  return index;
}

/** Moves the pixels connected to `first` by their sides from `left` into `queue`. */
function collect(left: Uint8Array, width: number, panel: PanelArea, first: number, queue: number[]): void {
  queue.length = 0;
  queue.push(first);
  left[first] = 0;
  for (let head = 0; head < queue.length; head++) {
    const i = queue[head]!;
    const x = i % width;
    const y = (i - x) / width;
    if (x > panel.x) take(left, i - 1, queue);
    if (x < panel.x + panel.width - 1) take(left, i + 1, queue);
    if (y > panel.y) take(left, i - width, queue);
    if (y < panel.y + panel.height - 1) take(left, i + width, queue);
  }
}

function take(left: Uint8Array, i: number, queue: number[]): void {
  if (left[i] === 0) return;
  left[i] = 0;
  queue.push(i);
}

function describe(
  pixels: Uint16Array,
  strong: Uint8Array,
  layout: DetectorLayout,
  index: number,
  members: readonly number[],
  parameters: StrongSpotParameters,
): FoundSpot | null {
  const { width } = layout;
  // The first of equal maxima in the order of rows is the peak.
  const ordered = [...members].sort((a, b) => a - b);
  let sum = 0;
  let momentX = 0;
  let momentY = 0;
  let peak = ordered[0]!;
  for (const i of ordered) {
    const v = pixels[i]!;
    const x = i % width;
    sum += v;
    momentX += v * x;
    momentY += v * ((i - x) / width);
    if (v > pixels[peak]!) peak = i;
  }
  const x = momentX / sum;
  const y = momentY / sum;
  const peakX = peak % width;
  if (Math.hypot(peakX - x, (peak - peakX) / width - y) > parameters.maxSeparation) return null;
  const background = weakAround(pixels, strong, layout, layout.panels[index]!, ordered);
  const intensity = sum - ordered.length * background.mean;
  return {
    y,
    x,
    intensity: sum,
    snr: intensity / Math.sqrt(Math.max(parameters.gain * sum, parameters.gain * parameters.gain)),
    panel: index,
    pixelCount: ordered.length,
    maximum: pixels[peak]!,
    sigma: background.sigma,
  };
}

function weakAround(
  pixels: Uint16Array,
  strong: Uint8Array,
  layout: DetectorLayout,
  panel: PanelArea,
  members: readonly number[],
): { readonly mean: number; readonly sigma: number } {
  const { width, mask } = layout;
  const columns = members.map((i) => i % width);
  const x0 = Math.max(panel.x, Math.min(...columns) - BACKGROUND_MARGIN);
  const x1 = Math.min(panel.x + panel.width - 1, Math.max(...columns) + BACKGROUND_MARGIN);
  const y0 = Math.max(panel.y, Math.floor(members[0]! / width) - BACKGROUND_MARGIN);
  const y1 = Math.min(panel.y + panel.height - 1, Math.floor(members.at(-1)! / width) + BACKGROUND_MARGIN);
  let n = 0;
  let sum = 0;
  let squares = 0;
  for (let y = y0; y <= y1; y++)
    for (let i = y * width + x0; i <= y * width + x1; i++) {
      if (strong[i] === 1 || (mask !== null && mask[i] === 0)) continue;
      const v = pixels[i]!;
      n++;
      sum += v;
      squares += v * v;
    }
  if (n === 0) return { mean: 0, sigma: 0 };
  const mean = sum / n;
  return { mean, sigma: Math.sqrt(Math.max(0, squares / n - mean * mean)) };
}
