/**
 * Detector geometry applied to frames: where each pixel is, what resolution it has, and the assembled picture.
 *
 * Assembly takes, for each pixel of the picture, the raw pixel whose area covers its centre: no value is mixed or
 * invented, tilted panels leave no holes, and places that no panel covers are masked. Refuses panels outside the frame.
 */
import { UserError } from '../core/errors.js';
import { NO_EXPERIMENT } from './experiment.js';
import type { DetectorGeometry, Panel } from './geometry/geometry.js';
import type { Frame, FrameSource, Spot } from './frames.js';

/** No assembled picture is larger than this on a side: panels further apart are a mistake in the geometry. */
const MAX_SIDE = 16384;

export interface PixelPositions {
  /** Centre of each raw pixel from the beam, pixels; NaN where no panel covers it. Length `height * width`. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** The panel of each raw pixel, −1 for none. */
  readonly panel: Int16Array;
}

export interface Assembly {
  readonly height: number;
  readonly width: number;
  /** For each pixel of the picture the raw pixel, or −1. */
  readonly source: Int32Array;
  /** Where the beam is in the picture: pixel centre = integer. */
  readonly beam: { readonly x: number; readonly y: number };
}

/** Row of the stacked frame where a panel's block begins. */
export function rowOffset(panel: Panel, frameShape: readonly number[]): number {
  if (panel.module === null || frameShape.length === 2) return 0;
  return panel.module * frameShape.at(-2)!;
}

function checkPanels(geometry: DetectorGeometry, frameShape: readonly number[]): void {
  const rows = frameShape.at(-2)!;
  const stacked = frameShape.slice(0, -1).reduce((a, b) => a * b, 1);
  for (const panel of geometry.panels) {
    const limit = panel.module === null ? stacked : rows;
    const modules = frameShape.length === 3 ? frameShape[0]! : 1;
    if (panel.maxFs >= frameShape.at(-1)! || panel.maxSs >= limit || (panel.module ?? 0) >= modules) {
      throw new UserError(`reaches outside a frame of ${frameShape.join('×')}`, {
        file: geometry.file,
        field: panel.name,
        remedy: 'give the geometry of this detector and data layout',
      });
    }
  }
}

/** The position of every raw pixel. `frameShape` is `[y, x]` or `[module, y, x]`; modules count as stacked rows. */
export function pixelPositions(geometry: DetectorGeometry, frameShape: readonly number[]): PixelPositions {
  checkPanels(geometry, frameShape);
  const width = frameShape.at(-1)!;
  const size = frameShape.reduce((a, b) => a * b, 1);
  const x = new Float32Array(size).fill(NaN);
  const y = new Float32Array(size).fill(NaN);
  const owner = new Int16Array(size).fill(-1);
  for (const [number, panel] of geometry.panels.entries()) {
    const offset = rowOffset(panel, frameShape);
    for (let ss = panel.minSs; ss <= panel.maxSs; ss++) {
      for (let fs = panel.minFs; fs <= panel.maxFs; fs++) {
        const at = (offset + ss) * width + fs;
        const [u, v] = [fs - panel.minFs + 0.5, ss - panel.minSs + 0.5];
        x[at] = panel.corner[0] + u * panel.fs[0] + v * panel.ss[0];
        y[at] = panel.corner[1] + u * panel.fs[1] + v * panel.ss[1];
        owner[at] = number;
      }
    }
  }
  return { x, y, panel: owner };
}

/**
 * Resolution d in Ångström of every raw pixel: d = λ / (2 sin(½ atan(r / L))), r and L in metres.
 * Throws `UserError` where the geometry states no distance and none is given.
 */
export function pixelResolution(
  geometry: DetectorGeometry,
  frameShape: readonly number[],
  stated: { readonly wavelength?: number | null; readonly distanceM?: number | null } = {},
): Float32Array {
  const wavelength = stated.wavelength ?? geometry.wavelength;
  const { x, y, panel } = pixelPositions(geometry, frameShape);
  const missing = geometry.panels.find((one) => (stated.distanceM ?? one.clen) === null || one.res === null);
  if (wavelength === null || missing !== undefined) {
    throw new UserError('does not state the wavelength, the distance and the pixel size as numbers', {
      file: geometry.file,
      remedy: 'write photon_energy, clen and res as numbers',
    });
  }
  return Float32Array.from(x, (px, i) => {
    const owner = geometry.panels[panel[i]!];
    if (owner === undefined) return NaN;
    const radius = Math.hypot(px, y[i]!) / owner.res!;
    return wavelength / (2 * Math.sin(0.5 * Math.atan(radius / (stated.distanceM ?? owner.clen!))));
  });
}

function panelCorners(panel: Panel): readonly (readonly [number, number])[] {
  const [w, h] = [panel.maxFs - panel.minFs + 1, panel.maxSs - panel.minSs + 1];
  const corners = [
    [0, 0],
    [w, 0],
    [0, h],
    [w, h],
  ] as const;
  return corners.map(([u, v]) => [
    panel.corner[0] + u * panel.fs[0] + v * panel.ss[0],
    panel.corner[1] + u * panel.fs[1] + v * panel.ss[1],
  ]);
}

/** The map from picture to raw pixels. In the picture the geometry's x grows to the right and its y downwards. */
export function planAssembly(geometry: DetectorGeometry, frameShape: readonly number[]): Assembly {
  checkPanels(geometry, frameShape);
  const corners = geometry.panels.flatMap(panelCorners);
  const left = Math.floor(Math.min(...corners.map((c) => c[0])) + 1e-6);
  const top = Math.floor(Math.min(...corners.map((c) => c[1])) + 1e-6);
  const width = Math.ceil(Math.max(...corners.map((c) => c[0])) - 1e-6) - left;
  const height = Math.ceil(Math.max(...corners.map((c) => c[1])) - 1e-6) - top;
  if (width > MAX_SIDE || height > MAX_SIDE) {
    throw new UserError(`places the panels over ${height}×${width} pixels`, {
      file: geometry.file,
      remedy: 'check corner_x and corner_y',
    });
  }
  const source = new Int32Array(width * height).fill(-1);
  for (const panel of geometry.panels) placePanel(panel, frameShape, { left, top, width, height }, source);
  return { height, width, source, beam: { x: -left - 0.5, y: -top - 0.5 } };
}

interface Extent {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function placePanel(panel: Panel, frameShape: readonly number[], extent: Extent, source: Int32Array): void {
  const corners = panelCorners(panel);
  const [w, h] = [panel.maxFs - panel.minFs + 1, panel.maxSs - panel.minSs + 1];
  const determinant = panel.fs[0] * panel.ss[1] - panel.fs[1] * panel.ss[0];
  const offset = rowOffset(panel, frameShape);
  const bound = (value: number, limit: number): number => Math.min(limit, Math.max(0, value));
  const x0 = bound(Math.floor(Math.min(...corners.map((c) => c[0])) - extent.left), extent.width);
  const x1 = bound(Math.ceil(Math.max(...corners.map((c) => c[0])) - extent.left), extent.width);
  const y0 = bound(Math.floor(Math.min(...corners.map((c) => c[1])) - extent.top), extent.height);
  const y1 = bound(Math.ceil(Math.max(...corners.map((c) => c[1])) - extent.top), extent.height);
  for (let py = y0; py < y1; py++) {
    for (let px = x0; px < x1; px++) {
      const [dx, dy] = [px + extent.left + 0.5 - panel.corner[0], py + extent.top + 0.5 - panel.corner[1]];
      const fs = Math.floor((dx * panel.ss[1] - dy * panel.ss[0]) / determinant);
      const ss = Math.floor((dy * panel.fs[0] - dx * panel.fs[1]) / determinant);
      if (fs < 0 || fs >= w || ss < 0 || ss >= h) continue;
      source[py * extent.width + px] = (offset + panel.minSs + ss) * frameShape.at(-1)! + panel.minFs + fs;
    }
  }
}

/** A raw frame as the assembled picture; places without a pixel are masked. */
export function assembleFrame(frame: Frame, assembly: Assembly): Frame {
  const { height, width, source } = assembly;
  const pixels = new Uint16Array(height * width);
  const mask = new Uint8Array(height * width);
  for (let i = 0; i < source.length; i++) {
    const from = source[i]!;
    if (from < 0) continue;
    pixels[i] = frame.pixels[from]!;
    mask[i] = frame.mask === null ? 1 : frame.mask[from]!;
  }
  return { height, width, pixels, mask };
}

/** `source` as assembled pictures; its spots are where they were. */
export function assembledFrames(source: FrameSource, assembly: Assembly): FrameSource {
  return {
    ...source,
    height: assembly.height,
    width: assembly.width,
    async read(index) {
      const frame = await source.read(index);
      const { x: beamX, y: beamY } = assembly.beam;
      return {
        ...frame,
        ...assembleFrame(frame, assembly),
        experiment: { ...(frame.experiment ?? NO_EXPERIMENT), beamX, beamY },
      };
    },
  };
}

/** Assembled `source` with its spots, which are in raw pixels, moved with their pixels. */
export function withMovedSpots(
  source: FrameSource,
  geometry: DetectorGeometry,
  frameShape: readonly number[],
  assembly: Assembly,
): FrameSource {
  const { x, y } = pixelPositions(geometry, frameShape);
  const width = frameShape.at(-1)!;
  const move = (spot: Spot): readonly Spot[] => {
    const at = Math.round(spot.y) * width + Math.round(spot.x);
    const [px, py] = [x[at], y[at]];
    if (px === undefined || py === undefined || Number.isNaN(px)) return [];
    return [{ ...spot, x: px + assembly.beam.x, y: py + assembly.beam.y }];
  };
  const spots: FrameSource['spots'] = (index) => source.spots(index)?.flatMap(move) ?? null;
  return { ...source, spots, spotCount: (index) => spots(index)?.length ?? null };
}
