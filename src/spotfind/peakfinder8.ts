/**
 * peakfinder8: the spot finder of Cheetah, OM and CrystFEL, for a frame at a time.
 *
 * A radial background gives every ring its threshold; connected pixels above it, inside one panel, are a peak
 * when their number, their signal to noise above a local background and their maximum pass. It agrees with OM
 * and CrystFEL (which agree with each other); Cheetah of 2017 differs in three corner cases (a seed counted
 * twice, division by a zero deviation, centroid weights) and is not followed there.
 *
 * Positions: pixel centre = integer, as OM writes them. Refuses nothing: parameters are checked where they are
 * parsed. Sources: Barty et al., J. Appl. Cryst. 47 (2014) 1118; the behaviour of OM's implementation.
 */
import { checkLayout, type DetectorLayout, type PanelArea } from './layout.js';
import { createRadialBins, createRadialLimits, radialLimits, type RadialBins } from './radial.js';
import { roundHalfEven } from '../fixed/cast.js';
import type { FoundSpot } from './spot.js';

export interface Peakfinder8Parameters {
  /** Pixels must exceed this value in ADU (OM `adc_threshold`, CrystFEL `threshold`, Cheetah `hitfinderADC`). */
  readonly adcThreshold: number;
  /** Signal to noise of pixels over the radial background and of peaks over the local one. */
  readonly minSnr: number;
  readonly minPixelCount: number;
  readonly maxPixelCount: number;
  /** The local background is taken within twice this radius, in pixels. */
  readonly localBgRadius: number;
  /** Peaks found after this many are not reported. */
  readonly maxNumPeaks: number;
}

/** What fits photon-counting and integrating detectors alike; adcThreshold is the first to adapt. */
export const PEAKFINDER8_DEFAULTS: Peakfinder8Parameters = {
  adcThreshold: 6,
  minSnr: 6,
  minPixelCount: 2,
  maxPixelCount: 50,
  localBgRadius: 4,
  maxNumPeaks: 2048,
};

/** Steps to the eight neighbours, in the order of the original. */
const NEIGHBOUR_X = [-1, 0, 1, -1, 1, -1, 0, 1];
const NEIGHBOUR_Y = [-1, -1, -1, 0, 0, 1, 1, 1];

/** Everything about a layout and parameters that does not change from frame to frame, and scratch space. */
interface Plan {
  readonly layout: DetectorLayout;
  readonly parameters: Peakfinder8Parameters;
  readonly bins: RadialBins;
  readonly mean: Float32Array;
  readonly upper: Float32Array;
  /** Frame number in which a pixel was last taken by a peak. */
  readonly taken: Uint32Array;
  /** Pixels of the peak at hand, as x and y in the block. */
  readonly peakX: Int32Array;
  readonly peakY: Int32Array;
  /** Flood-fill list; as large as the largest panel. */
  readonly queue: Uint32Array;
  /** The disc of the local background, `[dx, dy]` pairs. */
  readonly disc: Int32Array;
  round: number;
}

/** Finds the peaks of one frame. `prepare` once and call the result when there are many frames. */
export function peakfinder8(
  pixels: Uint16Array,
  layout: DetectorLayout,
  parameters: Peakfinder8Parameters = PEAKFINDER8_DEFAULTS,
): readonly FoundSpot[] {
  return preparePeakfinder8(layout, parameters)(pixels);
}

/** The finder for one layout: same pixels, same peaks, whatever it was called with before. */
export function preparePeakfinder8(
  layout: DetectorLayout,
  parameters: Peakfinder8Parameters = PEAKFINDER8_DEFAULTS,
): (pixels: Uint16Array) => readonly FoundSpot[] {
  const plan = createPlan(checkLayout(layout), parameters);
  return (pixels) => {
    plan.round++;
    radialLimits(pixels, plan.bins, parameters.minSnr, parameters.adcThreshold, plan);
    const found: FoundSpot[] = [];
    layout.panels.forEach((panel, index) => {
      scanPanel(pixels, plan, panel, index, found);
    });
    return found;
  };
}

function createPlan(layout: DetectorLayout, parameters: Peakfinder8Parameters): Plan {
  const bins = createRadialBins(layout);
  const reach = 2 * parameters.localBgRadius;
  const disc: number[] = [];
  // The upper bound is exclusive, as in the original: the disc is not quite symmetric.
  for (let dy = -reach; dy < reach; dy++)
    for (let dx = -reach; dx < reach; dx++) if (Math.hypot(dx, dy) <= reach) disc.push(dx, dy);
  const size = layout.height * layout.width;
  return {
    layout,
    parameters,
    bins,
    ...createRadialLimits(bins),
    taken: new Uint32Array(size),
    peakX: new Int32Array(parameters.maxPixelCount),
    peakY: new Int32Array(parameters.maxPixelCount),
    queue: new Uint32Array(size),
    disc: Int32Array.from(disc),
    round: 0,
  };
}

function scanPanel(
  pixels: Uint16Array,
  plan: Plan,
  panel: PanelArea,
  index: number,
  found: FoundSpot[],
): void {
  const { upper, taken, round } = plan;
  const { binOfPixel } = plan.bins;
  const { width } = plan.layout;
  const { minPixelCount, maxPixelCount, maxNumPeaks } = plan.parameters;
  for (let y = panel.y + 1; y < panel.y + panel.height - 1; y++)
    for (let x = panel.x + 1; x < panel.x + panel.width - 1; x++) {
      const i = y * width + x;
      if (!(pixels[i]! > upper[binOfPixel[i]!]!) || taken[i] === round) continue;
      const count = flood(pixels, plan, panel, i);
      if (count < minPixelCount || count > maxPixelCount) continue;
      const spot = measure(pixels, plan, panel, index, count);
      if (spot !== null && found.length < maxNumPeaks) found.push(spot);
    }
}

/**
 * Takes all pixels above threshold that hang together with `seed`; stores the first `maxPixelCount` of them
 * and returns how many there are.
 */
function flood(pixels: Uint16Array, plan: Plan, panel: PanelArea, seed: number): number {
  const { upper, taken, round, queue, peakX, peakY } = plan;
  const { binOfPixel } = plan.bins;
  const { width } = plan.layout;
  const right = panel.x + panel.width;
  const bottom = panel.y + panel.height;
  let count = 1;
  queue[0] = seed;
  taken[seed] = round;
  for (let head = 0; head < count; head++) {
    const i = queue[head]!;
    const x = i % width;
    const y = (i - x) / width;
    if (head < peakX.length) {
      peakX[head] = x;
      peakY[head] = y;
    }
    for (let n = 0; n < 8; n++) {
      const nx = x + NEIGHBOUR_X[n]!;
      const ny = y + NEIGHBOUR_Y[n]!;
      if (nx < panel.x || nx >= right || ny < panel.y || ny >= bottom) continue;
      const k = ny * width + nx;
      if (taken[k] === round || !(pixels[k]! > upper[binOfPixel[k]!]!)) continue;
      taken[k] = round;
      queue[count++] = k;
    }
  }
  return count;
}

/** Local background and shape of the `count` stored pixels; null when they are no peak. */
function measure(
  pixels: Uint16Array,
  plan: Plan,
  panel: PanelArea,
  index: number,
  count: number,
): FoundSpot | null {
  const centre = roughCentre(pixels, plan, panel, count);
  if (centre === null) return null;
  const background = localBackground(pixels, plan, panel, centre.x, centre.y);
  const { width } = plan.layout;
  let total = Math.fround(0);
  let raw = Math.fround(0);
  let maximum = Math.fround(0);
  let momentX = 0;
  let momentY = 0;
  for (let p = 0; p < count; p++) {
    const x = plan.peakX[p]!;
    const y = plan.peakY[p]!;
    const v = pixels[y * width + x]!;
    const above = Math.fround(v - background.mean);
    total = Math.fround(total + above);
    raw = Math.fround(raw + v);
    if (above > maximum) maximum = above;
    momentX += v * x;
    momentY += v * y;
  }
  if (Math.abs(raw) < 1e-10) return null;
  // A background without any spread (photon counting, nothing there) gives no signal to noise: not a peak.
  const snr = Math.abs(background.sigma) > 1e-10 ? Math.fround(total / background.sigma) : 0;
  if (snr < plan.parameters.minSnr || maximum < Math.fround(background.maximum - background.mean))
    return null;
  const x = momentX / raw;
  const y = momentY / raw;
  if (x < panel.x || x > panel.x + panel.width - 1 || y < panel.y || y > panel.y + panel.height - 1)
    return null;
  return { y, x, intensity: total, snr, panel: index, pixelCount: count, maximum, sigma: background.sigma };
}

/**
 * Centroid over the radial background, rounded: the middle of the local background window. In float32 and in
 * the coordinates of the panel as in the original: which way a centroid between two pixels goes hangs on it.
 */
function roughCentre(
  pixels: Uint16Array,
  plan: Plan,
  panel: PanelArea,
  count: number,
): { x: number; y: number } | null {
  const { width } = plan.layout;
  let sum = Math.fround(0);
  let momentX = Math.fround(0);
  let momentY = Math.fround(0);
  for (let p = 0; p < count; p++) {
    const x = plan.peakX[p]!;
    const y = plan.peakY[p]!;
    const i = y * width + x;
    const weight = Math.fround(pixels[i]! - plan.mean[plan.bins.binOfPixel[i]!]!);
    sum = Math.fround(sum + weight);
    momentX = Math.fround(momentX + Math.fround(weight * (x - panel.x)));
    momentY = Math.fround(momentY + Math.fround(weight * (y - panel.y)));
  }
  if (Math.abs(sum) < 1e-10) return null;
  return {
    x: panel.x + roundHalfEven(Math.fround(momentX / sum)),
    y: panel.y + roundHalfEven(Math.fround(momentY / sum)),
  };
}

interface LocalBackground {
  readonly mean: number;
  readonly sigma: number;
  readonly maximum: number;
}

function localBackground(
  pixels: Uint16Array,
  plan: Plan,
  panel: PanelArea,
  cx: number,
  cy: number,
): LocalBackground {
  const { upper, taken, round, disc } = plan;
  const { binOfPixel } = plan.bins;
  const { width } = plan.layout;
  const right = panel.x + panel.width;
  const bottom = panel.y + panel.height;
  let n = 0;
  let sum = Math.fround(0);
  let squares = Math.fround(0);
  let maximum = 0;
  for (let k = 0; k < disc.length; k += 2) {
    const x = cx + disc[k]!;
    const y = cy + disc[k + 1]!;
    if (x < panel.x || x >= right || y < panel.y || y >= bottom) continue;
    const i = y * width + x;
    const bin = binOfPixel[i]!;
    const v = pixels[i]!;
    if (bin === plan.bins.binCount || taken[i] === round || !(v < upper[bin]!)) continue;
    n++;
    sum = Math.fround(sum + v);
    squares = Math.fround(squares + Math.fround(v * v));
    if (v > maximum) maximum = v;
  }
  if (n === 0) {
    const middle = binOfPixel[clamp(cy, panel.y, bottom - 1) * width + clamp(cx, panel.x, right - 1)]!;
    return { mean: plan.mean[middle]!, sigma: Math.fround(0.01), maximum };
  }
  const mean = Math.fround(sum / n);
  const variance = Math.fround(Math.fround(squares / n) - Math.fround(mean * mean));
  return { mean, sigma: variance >= 0 ? Math.fround(Math.sqrt(variance)) : Math.fround(0.01), maximum };
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
