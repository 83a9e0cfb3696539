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
 * Sources: Winter et al., Acta Cryst. D74 (2018) 85; Parkhurst, PhD thesis, Cambridge (2020); the behaviour of
 * DIALS' threshold/local.h.
 */
import { checkLayout, type DetectorLayout, type PanelArea } from './layout.js';
import { createWindowSums, erode, slideWindows, type WindowSums } from './windows.js';
import type { PixelBlock } from './spot.js';

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

/** Values from here on are overflow, not counts, in DIALS. */
const LARGEST_VALUE = 2 ** 24;

export type DispersionVariant = 'dispersion' | 'dispersion-extended';

/** Marks the strong pixels of a frame: 1 = strong, `height * width`. */
export type StrongPixelFinder = (pixels: PixelBlock) => Uint8Array;

/** The strong pixels of one frame. `prepareDispersion` once when there are many. */
export function strongPixels(
  pixels: PixelBlock,
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
  const plans = layout.panels.map((panel) => createPlan(panel, parameters));
  return (pixels) => {
    const strong = new Uint8Array(layout.height * layout.width);
    for (const plan of plans) {
      load(plan, pixels, layout);
      if (variant === 'dispersion') simple(plan);
      else extended(plan);
      store(plan, strong, layout.width);
    }
    return strong;
  };
}

interface Plan {
  readonly panel: PanelArea;
  readonly parameters: DispersionParameters;
  readonly narrow: WindowSums;
  readonly wide: WindowSums;
  readonly values: Float32Array;
  readonly live: Uint8Array;
  /** Result of the tests; the first pass of the extended finder keeps its regions here. */
  readonly flags: Uint8Array;
  readonly signal: Uint8Array;
  readonly background: Uint8Array;
  /** `sigmaBackground * sqrt(2 (m - 1))` for every count m of a window. */
  readonly dispersionLimit: Float64Array;
}

function createPlan(panel: PanelArea, parameters: DispersionParameters): Plan {
  const { height, width } = panel;
  const [ky, kx] = parameters.kernelSize;
  const size = height * width;
  const largest = (2 * ky + 1) * (2 * kx + 1);
  return {
    panel,
    parameters,
    narrow: createWindowSums(height, width, ky, kx),
    wide: createWindowSums(height, width, ky + 2, kx + 2),
    values: new Float32Array(size),
    live: new Uint8Array(size),
    flags: new Uint8Array(size),
    signal: new Uint8Array(size),
    background: new Uint8Array(size),
    dispersionLimit: Float64Array.from({ length: largest + 1 }, (_, m) =>
      m < 1 ? 0 : parameters.sigmaBackground * Math.sqrt(2 * (m - 1)),
    ),
  };
}

function load(plan: Plan, pixels: PixelBlock, layout: DetectorLayout): void {
  const { panel, values, live } = plan;
  const { mask, width } = layout;
  for (let y = 0, to = 0; y < panel.height; y++)
    for (let x = 0, from = (panel.y + y) * width + panel.x; x < panel.width; x++, to++, from++) {
      const v = pixels[from]!;
      values[to] = v;
      live[to] = v < LARGEST_VALUE && (mask === null || mask[from] === 1) ? 1 : 0;
    }
}

function store(plan: Plan, strong: Uint8Array, width: number): void {
  const { panel, flags } = plan;
  for (let y = 0; y < panel.height; y++) {
    const row = flags.subarray(y * panel.width, (y + 1) * panel.width);
    strong.set(row, (panel.y + y) * width + panel.x);
  }
}

function simple(plan: Plan): void {
  const { values, live, flags, dispersionLimit } = plan;
  const { width } = plan.panel;
  const { minLocal, globalThreshold, sigmaStrong, gain } = plan.parameters;
  slideWindows(plan.narrow, values, live, (y, row) => {
    for (let x = 0, i = y * width; x < width; x++, i++) {
      const m = row.count[x]!;
      const sum = row.sum[x]!;
      const v = values[i]!;
      flags[i] = 0;
      if (live[i] === 0 || m < minLocal || sum < 0 || !(v > globalThreshold)) continue;
      const excess = m * row.squares[x]! - sum * sum - gain * sum * (m - 1);
      if (!(excess > gain * sum * dispersionLimit[m]!)) continue;
      if (m * v - sum > sigmaStrong * Math.sqrt(gain * sum * m)) flags[i] = 1;
    }
  });
}

function extended(plan: Plan): void {
  const { values, live, flags, signal, background, dispersionLimit } = plan;
  const { width, height } = plan.panel;
  const { minLocal, gain, kernelSize } = plan.parameters;
  slideWindows(plan.narrow, values, live, (y, row) => {
    for (let x = 0, i = y * width; x < width; x++, i++) {
      const m = row.count[x]!;
      const sum = row.sum[x]!;
      flags[i] = 0;
      if (live[i] === 0 || m < minLocal || sum < 0) continue;
      const excess = m * row.squares[x]! - sum * sum - gain * sum * (m - 1);
      if (excess > gain * sum * dispersionLimit[m]!) flags[i] = 1;
    }
  });
  erode(flags, height, width, Math.min(...kernelSize), signal);
  for (let i = 0; i < signal.length; i++) background[i] = live[i] === 1 && signal[i] === 0 ? 1 : 0;
  overBackground(plan);
}

function overBackground(plan: Plan): void {
  const { values, live, flags, signal, background } = plan;
  const { width } = plan.panel;
  const { globalThreshold, sigmaStrong, gain } = plan.parameters;
  slideWindows(plan.wide, values, background, (y, row) => {
    for (let x = 0, i = y * width; x < width; x++, i++) {
      flags[i] = 0;
      if (signal[i] === 0 || live[i] === 0) continue;
      const v = values[i]!;
      const m = row.count[x]!;
      const mean = m >= 2 ? row.sum[x]! / m : 0;
      if (v > globalThreshold && v >= mean + sigmaStrong * Math.sqrt(gain * mean)) flags[i] = 1;
    }
  });
}
