/**
 * Beam centre and resolution scale from what a file says of a frame.
 *
 * Names as in `nanobragg_dev.h5` and vetoc's own files: `beam_x`, `beam_y` (pixels), `wavelength` (Å), `distance_mm`,
 * `pixel_mm`. What the user states goes first. Refuses panels that do not fit the frame.
 */
import { UserError } from '../core/errors.js';
import type { FrameGeometry } from './finder.js';
import { resolutionOfRadius, type PanelArea } from './layout.js';
import type { FoundSpot } from './spot.js';

/** Values that the user states for all frames; null where the file is asked. */
export interface StatedGeometry {
  readonly beamX: number | null;
  readonly beamY: number | null;
  readonly wavelengthA: number | null;
  readonly distanceMm: number | null;
  readonly pixelMm: number | null;
}

export const NOTHING_STATED: StatedGeometry = {
  beamX: null,
  beamY: null,
  wavelengthA: null,
  distanceMm: null,
  pixelMm: null,
};

/** Joins what is stated with the facts of a frame; null where neither knows. */
export function frameGeometry(
  meta: Readonly<Record<string, string | number>>,
  stated: StatedGeometry = NOTHING_STATED,
): FrameGeometry {
  const fact = (given: number | null, name: string): number | null => {
    const value = given ?? meta[name];
    return typeof value === 'number' && Number.isFinite(value) ? value : null;
  };
  const x = fact(stated.beamX, 'beam_x');
  const y = fact(stated.beamY, 'beam_y');
  const wavelengthA = fact(stated.wavelengthA, 'wavelength');
  const distanceMm = fact(stated.distanceMm, 'distance_mm');
  const pixelMm = fact(stated.pixelMm, 'pixel_mm');
  const scaled = wavelengthA !== null && distanceMm !== null && pixelMm !== null;
  return {
    centre: x === null || y === null ? null : { x, y },
    scale: scaled ? { wavelengthA, distanceMm, pixelMm } : null,
  };
}

/** `rows * columns` equal panels that fill a frame, such as the modules of a stacked detector. */
export function gridPanels(
  height: number,
  width: number,
  rows: number,
  columns: number,
): readonly PanelArea[] {
  if (height % rows !== 0 || width % columns !== 0)
    throw new UserError(`${rows}×${columns} panels do not divide a frame of ${height}×${width}`, {
      field: 'panels',
      remedy: 'give the number of panels along y and along x',
    });
  const size = { height: height / rows, width: width / columns };
  return Array.from({ length: rows * columns }, (_, k) => ({
    name: `p${k}`,
    x: (k % columns) * size.width,
    y: Math.floor(k / columns) * size.height,
    ...size,
  }));
}

/** Share of the spots that lie inside the estimated resolution: a few far ones are noise. */
const RESOLUTION_SHARE = 0.95;
const FEWEST_SPOTS = 4;

/**
 * How far out a frame diffracts: the radius inside which 95 % of its spots lie, in pixels, and in Å where the
 * geometry is known. An estimate; null below four spots or without a beam centre.
 */
export function estimateResolution(
  spots: readonly FoundSpot[],
  { centre, scale }: FrameGeometry,
): { readonly radius: number; readonly dA: number | null } | null {
  if (centre === null || spots.length < FEWEST_SPOTS) return null;
  const radii = spots.map((spot) => Math.hypot(spot.x - centre.x, spot.y - centre.y)).sort((a, b) => a - b);
  const radius = radii[Math.ceil(RESOLUTION_SHARE * radii.length) - 1]!;
  return { radius, dA: scale === null ? null : resolutionOfRadius(radius, scale) };
}
