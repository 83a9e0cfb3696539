/**
 * Beam centre and resolution scale from what a file says of a frame.
 *
 * What the user states goes first, then a CrystFEL `.geom` file, then what the headers of the frames say, under the
 * names of `data/experiment`. A geometry file also gives panels, and the radius of every pixel as CrystFEL computes it.
 * Refuses panels that do not fit the frame.
 */
import { UserError } from '../core/errors.js';
import { experimentOfFacts, joinExperiments, NO_EXPERIMENT, type Experiment } from '../data/experiment.js';
import type { DetectorGeometry } from '../data/geometry/geometry.js';
import { resolutionOfRadius, type FrameGeometry, type PanelArea } from './layout.js';
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

/**
 * Joins what is stated with what the frame's file or the user's geometry file says (`experiment`) and with the facts of
 * the frame; null where nobody knows.
 */
export function frameGeometry(
  meta: Readonly<Record<string, string | number>>,
  stated: StatedGeometry = NOTHING_STATED,
  experiment: Experiment = NO_EXPERIMENT,
): FrameGeometry {
  const known = joinExperiments(stated, joinExperiments(experiment, experimentOfFacts(meta)));
  const { beamX: x, beamY: y, wavelengthA, distanceMm, pixelMm } = known;
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

/** A detector whose panels and pixel positions are known; the same for all frames. */
export interface Detector {
  readonly panels: readonly PanelArea[];
  /** Distance of every pixel from the beam in pixels; null: from the frame's centre. */
  readonly radii: Float32Array | null;
}

/**
 * Panels and radii of a CrystFEL geometry for frames of `frameShape` (`[y, x]`, or `[module, y, x]` stacked along y).
 * Positions are truncated to whole pixels as CrystFEL's peakfinder8 does.
 */
export function detectorOfGeometry(geometry: DetectorGeometry, frameShape: readonly number[]): Detector {
  const width = frameShape.at(-1)!;
  const height = frameShape.slice(0, -1).reduce((a, b) => a * b, 1);
  const radii = new Float32Array(height * width);
  const panels = geometry.panels.map((panel): PanelArea => {
    const first = panel.module === null || frameShape.length === 2 ? 0 : panel.module * frameShape.at(-2)!;
    const area = {
      name: panel.name,
      x: panel.minFs,
      y: first + panel.minSs,
      width: panel.maxFs - panel.minFs + 1,
      height: panel.maxSs - panel.minSs + 1,
    };
    if (area.x + area.width > width || area.y + area.height > height)
      throw new UserError(`reaches outside a frame of ${height}×${width}`, {
        file: geometry.file,
        field: panel.name,
        remedy: 'give the geometry of this detector and data layout',
      });
    for (let ss = 0; ss < area.height; ss++)
      for (let fs = 0; fs < area.width; fs++) {
        const x = Math.trunc(panel.corner[0] + fs * panel.fs[0] + ss * panel.ss[0]);
        const y = Math.trunc(panel.corner[1] + fs * panel.fs[1] + ss * panel.ss[1]);
        radii[(area.y + ss) * width + area.x + fs] = Math.hypot(x, y);
      }
    return area;
  });
  return { panels, radii };
}

/** Share of the spots that lie inside the estimated resolution: a few far ones are noise. */
const RESOLUTION_SHARE = 0.95;
const FEWEST_SPOTS = 4;

/**
 * How far out a frame diffracts: the radius inside which 95 % of its spots lie, in pixels, and in Å where the
 * geometry is known. An estimate; null below four spots or where nobody knows the beam centre. `radii` of a detector
 * go before the centre.
 */
export function estimateResolution(
  spots: readonly FoundSpot[],
  { centre, scale }: FrameGeometry,
  radii: { readonly map: Float32Array; readonly width: number } | null = null,
): { readonly radius: number; readonly dA: number | null } | null {
  if (spots.length < FEWEST_SPOTS || (centre === null && radii === null)) return null;
  const distances = spots
    .map(({ x, y }) =>
      radii === null
        ? Math.hypot(x - centre!.x, y - centre!.y)
        : radii.map[Math.round(y) * radii.width + Math.round(x)]!,
    )
    .sort((a, b) => a - b);
  const radius = distances[Math.ceil(RESOLUTION_SHARE * distances.length) - 1]!;
  return { radius, dA: scale === null ? null : resolutionOfRadius(radius, scale) };
}
