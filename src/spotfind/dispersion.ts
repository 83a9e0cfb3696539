/**
 * The dispersion and extended dispersion spot finders of DIALS: which pixels are strong.
 *
 * Dispersion: a pixel is strong when the window around it varies more than Poisson statistics allow (index of
 * dispersion) and the pixel stands above the window's mean. Extended: the first test alone marks regions, these
 * are eroded, what remains outside them is the background of a wider window, and a pixel of a region is strong
 * when it stands above that background. Panels are thresholded each on its own: windows end at their edges.
 *
 * Follows DIALS 3.12, where a masked pixel counts as quiet in the erosion (later versions count it as active
 * near masks). Comparisons are strict in the first, not in the last test of the extended finder, as there.
 * All sums are of integers and exact. Takes raw counts only.
 * Sources: Winter et al., Acta Cryst. D74 (2018) 85; Parkhurst, PhD thesis, Cambridge (2020); the behaviour of
 * DIALS' threshold/local.h.
 */
import { invariant } from '../core/errors.js';
import { checkLayout, type DetectorLayout, type PanelArea } from './layout.js';

export interface DispersionParameters {
  /** Half size of the window, `[slow, fast]` pixels: 3 means 7 pixels. */
  readonly kernelSize: readonly [number, number];
  readonly sigmaBackground: number;
  readonly sigmaStrong: number;
  /** Least number of live pixels in a window. */
  readonly minLocal: number;
  /** Strong pixels lie above this value. */
  readonly globalThreshold: number;
  /** ADU per photon; 1 for a counting detector. */
  readonly gain: number;
}

export const DISPERSION_DEFAULTS: DispersionParameters = {
  kernelSize: [3, 3],
  sigmaBackground: 6,
  sigmaStrong: 3,
  minLocal: 2,
  globalThreshold: 0,
  gain: 1,
};

/** Half sizes up to this keep the packed column sums below 2^31. */
export const LARGEST_KERNEL = 60;

export type DispersionVariant = 'dispersion' | 'dispersion-extended';

/** Marks the strong pixels of a frame: 1 = strong, `height * width`. */
export type StrongPixelFinder = (pixels: Uint16Array) => Uint8Array;

/** The strong pixels of one frame. `prepareDispersion` once when there are many. */
export function strongPixels(
  pixels: Uint16Array,
  layout: DetectorLayout,
  variant: DispersionVariant,
  parameters: DispersionParameters = DISPERSION_DEFAULTS,
): Uint8Array {
  return prepareDispersion(layout, variant, parameters)(pixels);
}

/** The finder for one layout. Each call returns a fresh mask. */
export function prepareDispersion(
  layout: DetectorLayout,
  variant: DispersionVariant,
  parameters: DispersionParameters = DISPERSION_DEFAULTS,
): StrongPixelFinder {
  checkLayout(layout);
  invariant(Math.max(...parameters.kernelSize) <= LARGEST_KERNEL, 'kernel_size is too large');
  const plans = layout.panels.map((panel) => createPlan(panel, layout, parameters));
  return (pixels) => {
    const strong = new Uint8Array(layout.height * layout.width);
    for (const plan of plans) {
      load(plan, pixels, layout.width);
      markDispersed(plan, variant === 'dispersion');
      if (variant === 'dispersion-extended') {
        keepInner(plan);
        markOverBackground(plan);
      }
      store(plan, strong, layout.width);
    }
    return strong;
  };
}

/**
 * One panel. Arrays of pixels carry a margin of `marginY` rows and `marginX` columns of zeros all round, wide
 * enough for every window, so that no loop tests for the edge.
 */
interface Plan {
  readonly panel: PanelArea;
  readonly parameters: DispersionParameters;
  readonly marginY: number;
  readonly marginX: number;
  /** Row length with margins. */
  readonly stride: number;
  /** 0 where masked. */
  readonly values: Uint16Array;
  readonly live: Uint8Array;
  /** Live pixels in the window of each pixel; 0 for pixels that cannot be strong. */
  readonly counts: Uint16Array;
  /** Pixels that passed, as bytes and as a list of `found.count` positions in the order of rows. */
  readonly flags: Uint8Array;
  readonly found: { readonly list: Uint32Array; count: number };
  readonly columnSum: Int32Array;
  readonly columnSquares: Float64Array;
  /** `sigmaBackground * sqrt(2 (m - 1))` for every count m of a window. */
  readonly dispersionLimit: Float64Array;
}

function createPlan(panel: PanelArea, layout: DetectorLayout, parameters: DispersionParameters): Plan {
  const [ky, kx] = parameters.kernelSize;
  const marginY = ky + 3;
  const marginX = 2 * kx + 2;
  const stride = panel.width + 2 * marginX;
  const size = stride * (panel.height + 2 * marginY);
  const live = new Uint8Array(size);
  for (let y = 0; y < panel.height; y++)
    for (let x = 0; x < panel.width; x++)
      live[(y + marginY) * stride + x + marginX] =
        layout.mask === null ? 1 : layout.mask[(panel.y + y) * layout.width + panel.x + x]!;
  const largest = (2 * ky + 1) * (2 * kx + 1);
  const plan: Plan = {
    panel,
    parameters,
    marginY,
    marginX,
    stride,
    values: new Uint16Array(size),
    live,
    counts: new Uint16Array(size),
    flags: new Uint8Array(size),
    found: { list: new Uint32Array(panel.height * panel.width), count: 0 },
    columnSum: new Int32Array(stride),
    columnSquares: new Float64Array(stride),
    dispersionLimit: Float64Array.from({ length: largest + 1 }, (_, m) =>
      m < 1 ? 0 : parameters.sigmaBackground * Math.sqrt(2 * (m - 1)),
    ),
  };
  countLive(plan);
  return plan;
}

function countLive(plan: Plan): void {
  const { panel, live, counts, stride, marginY, marginX } = plan;
  const [ky, kx] = plan.parameters.kernelSize;
  const columns = new Uint16Array(live.length);
  for (let i = ky * stride; i < live.length - ky * stride; i++)
    for (let dy = -ky; dy <= ky; dy++) columns[i]! += live[i + dy * stride]!;
  for (let y = 0; y < panel.height; y++)
    for (let x = 0, i = (y + marginY) * stride + marginX; x < panel.width; x++, i++) {
      if (live[i] === 0) continue;
      let count = 0;
      for (let dx = -kx; dx <= kx; dx++) count += columns[i + dx]!;
      counts[i] = count >= plan.parameters.minLocal ? count : 0;
    }
}

function load(plan: Plan, pixels: Uint16Array, width: number): void {
  const { panel, values, live, stride, marginY, marginX } = plan;
  for (let y = 0; y < panel.height; y++) {
    const from = (panel.y + y) * width + panel.x;
    const to = (y + marginY) * stride + marginX;
    for (let x = 0; x < panel.width; x++) values[to + x] = pixels[from + x]! * live[to + x]!;
  }
}

function store(plan: Plan, strong: Uint8Array, width: number): void {
  const { panel, stride, marginY, marginX } = plan;
  const { list, count } = plan.found;
  for (let k = 0; k < count; k++) {
    const i = list[k]!;
    const x = i % stride;
    const y = (i - x) / stride;
    strong[(panel.y + y - marginY) * width + panel.x + x - marginX] = 1;
  }
}

/**
 * The index-of-dispersion test, with the test of the pixel against the window's mean when `andAboveMean`.
 * Column sums slide down the panel, their sum slides along the row: the cost does not depend on the window.
 */
function markDispersed(plan: Plan, andAboveMean: boolean): void {
  const { panel, values, counts, stride, marginX, marginY, flags, found } = plan;
  const { columnSum, columnSquares } = plan;
  const { globalThreshold, sigmaStrong, gain } = plan.parameters;
  const { dispersionLimit } = plan;
  const [ky, kx] = plan.parameters.kernelSize;
  columnSum.fill(0);
  columnSquares.fill(0);
  flags.fill(0);
  found.count = 0;
  for (let y = -ky; y < panel.height; y++) {
    const enter = (y + marginY + ky) * stride;
    const leave = (y + marginY - ky - 1) * stride;
    const row = (y + marginY) * stride;
    let sum = 0;
    let squares = 0;
    // The window around x = c - kx ends in column c, which is brought up to date first.
    for (let c = marginX; c < stride; c++) {
      const a = values[enter + c]!;
      const b = y < 1 ? 0 : values[leave + c]!;
      const newSum = columnSum[c]! + a - b;
      const newSquares = columnSquares[c]! + (a - b) * (a + b);
      columnSum[c] = newSum;
      columnSquares[c] = newSquares;
      sum += newSum - columnSum[c - 2 * kx - 1]!;
      squares += newSquares - columnSquares[c - 2 * kx - 1]!;
      const i = row + c - kx;
      const m = counts[i]!;
      if (m === 0) continue;
      const excess = m * squares - sum * sum - gain * sum * (m - 1);
      if (!(excess > gain * sum * dispersionLimit[m]!)) continue;
      if (andAboveMean) {
        const v = values[i]!;
        if (!(v > globalThreshold && m * v - sum > sigmaStrong * Math.sqrt(gain * sum * m))) continue;
      }
      flags[i] = 1;
      found.list[found.count++] = i;
    }
  }
}

/**
 * Erosion: keeps the found pixels whose Chebyshev distance to the nearest pixel that was not found is at least
 * the kernel size. What lies outside the panel does not erode. `flags` then marks the kept pixels.
 */
function keepInner(plan: Plan): void {
  const { panel, flags, found, stride, marginY, marginX } = plan;
  const reach = Math.min(...plan.parameters.kernelSize) - 1;
  const outer = found.list.slice(0, found.count);
  found.count = 0;
  for (const i of outer) {
    const px = i % stride;
    const py = (i - px) / stride;
    const x0 = Math.max(marginX, px - reach);
    const x1 = Math.min(marginX + panel.width - 1, px + reach);
    const y0 = Math.max(marginY, py - reach);
    const y1 = Math.min(marginY + panel.height - 1, py + reach);
    if (allSet(flags, stride, x0, x1, y0, y1)) found.list[found.count++] = i;
  }
  flags.fill(0);
  for (let k = 0; k < found.count; k++) flags[found.list[k]!] = 1;
}

function allSet(flags: Uint8Array, stride: number, x0: number, x1: number, y0: number, y1: number): boolean {
  for (let y = y0; y <= y1; y++)
    for (let i = y * stride + x0; i <= y * stride + x1; i++) if (flags[i] === 0) return false;
  return true;
}

/** Column sums of the background carry the number of its pixels in the bits above this one. */
const COUNT_SHIFT = 24;
const SUM_BITS = 2 ** COUNT_SHIFT - 1;

/**
 * The last test of the extended finder: of the found pixels, keeps those above the background (live, not
 * found) in the window that is two pixels wider. Row sums are made only where a pixel asks for them.
 */
function markOverBackground(plan: Plan): void {
  const { panel, values, live, flags, found, stride, marginY, columnSum } = plan;
  const signals = found.count;
  found.count = 0;
  if (signals === 0) return;
  const [ky, kx] = [plan.parameters.kernelSize[0] + 2, plan.parameters.kernelSize[1] + 2];
  columnSum.fill(0);
  const slide = (y: number, sign: 1 | -1): void => {
    if (y < 0 || y >= panel.height) return;
    const row = (y + marginY) * stride;
    for (let c = 0; c < stride; c++) {
      const background = live[row + c]! & (flags[row + c]! ^ 1);
      columnSum[c]! += sign * ((background << COUNT_SHIFT) + background * values[row + c]!);
    }
  };
  const last = Math.floor(found.list[signals - 1]! / stride) - marginY;
  for (let y = -ky, k = 0; y <= last; y++) {
    slide(y + ky, 1);
    slide(y - ky - 1, -1);
    for (const end = (y + marginY + 1) * stride; k < signals && found.list[k]! < end; k++)
      if (aboveBackground(plan, found.list[k]!, kx)) found.list[found.count++] = found.list[k]!;
  }
}

function aboveBackground(plan: Plan, i: number, kx: number): boolean {
  const { columnSum, stride, values } = plan;
  const { globalThreshold, sigmaStrong, gain } = plan.parameters;
  const column = i % stride;
  let count = 0;
  let sum = 0;
  for (let c = column - kx; c <= column + kx; c++) {
    const packed = columnSum[c]!;
    count += packed >> COUNT_SHIFT;
    sum += packed & SUM_BITS;
  }
  const mean = count >= 2 ? sum / count : 0;
  const v = values[i]!;
  return v > globalThreshold && v >= mean + sigmaStrong * Math.sqrt(gain * mean);
}
