/**
 * Where a detector stands by its chain of `depends_on`, as NXmx has it: z is the direction of the beam, and the sample stands at
 * the origin.
 *
 * The distance is that of the plane of the detector, which stands across z before it is turned. A chain that is not understood is
 * said and not used.
 */
import { warning, type Note } from '../notes.js';
import { attributeText } from './columns.js';
import type { Hdf5File } from './file.js';
import type { FrameRows } from './frame-rows.js';
import type { Found, Measure, Stated } from './stated.js';
import {
  BadAxis,
  chainFrom,
  dot,
  placed,
  scaled,
  vectorAt,
  type Axis,
  type Vector,
} from './transformations.js';
import { parentOf } from './paths.js';

/** The plane of the detector is across the beam up to this angle, radians. */
const ACROSS = 2e-3;
/** Along the beam: the normal of a detector that is not turned. */
const Z: Vector = [0, 0, 1];

/** Where the chain begins: at the detector's `depends_on`, else at that of a module of it. */
function startOf(file: Hdf5File, detector: string, modules: readonly string[]): readonly [string | null, string] {
  const own = `${detector}/depends_on`;
  if (file.node(own).kind === 'dataset' && file.info(own).isString) {
    const [text] = file.readAll(own) as readonly string[];
    if (text !== undefined && text.trim() !== '.') return [text, detector];
  }
  for (const module of modules) {
    const fast = `${module}/fast_pixel_direction`;
    const text = file.node(fast).kind === 'dataset' ? attributeText(file, fast, 'depends_on') : null;
    if (text !== null) return [text, module];
  }
  return [null, detector];
} // prettier-ignore

/** Where the beam meets the detector, pixels from the origin of its only module. */
export interface ChainBeam {
  readonly x: Stated;
  readonly y: Stated;
}

/** Sides of a pixel of `module` by its `fast_pixel_direction` and `slow_pixel_direction`: direction and length, mm. */
function sideAt(file: Hdf5File, path: string, size: Stated | null, index: number): Vector | null {
  const length = size?.of(index) ?? null;
  const vector = file.node(path).kind === 'dataset' ? vectorAt(file, path, 'vector') : null;
  const norm = vector === null ? 0 : Math.hypot(...vector);
  return vector === null || length === null || norm === 0 ? null : scaled(vector, length / norm);
}

/**
 * Where the beam meets a detector of one module by its chain, which NXmx has instead of `beam_center_x`; null where the chain says
 * nothing of it. `sizes` are those of a pixel along the fast and the slow side.
 */
export function beamByChain(
  file: Hdf5File,
  modules: readonly string[],
  sizes: { readonly fast: Stated | null; readonly slow: Stated | null },
  rows: FrameRows,
): ChainBeam | null {
  const [module, another] = modules;
  if (module === undefined || another !== undefined) return null;
  const [fast, slow] = [`${module}/fast_pixel_direction`, `${module}/slow_pixel_direction`];
  const axes = quietChain(file, fast, rows);
  const at = (index: number): readonly [number, number] | null => {
    const [f, s] = [sideAt(file, fast, sizes.fast, index), sideAt(file, slow, sizes.slow, index)];
    const [a, b] = [f && placed(axes, index, f), s && placed(axes, index, s)];
    if (a === null || b === null) return null;
    const [x, y] = a.at;
    const [[fx, fy], [sx, sy]] = [a.direction, b.direction];
    const area = fx * sy - fy * sx;
    // A module that stands in the beam with its corner is one that nobody placed.
    if (area === 0 || Math.hypot(x, y) === 0) return null;
    return [(y * sx - x * sy) / area, (x * fy - y * fx) / area];
  };
  if (axes.length === 0 || rows.count === 0 || at(0) === null) return null;
  const perFrame = axes.some(({ value }) => value.perFrame);
  const path = axes[0]!.path;
  return {
    x: { path, perFrame, of: (index) => at(index)?.[0] ?? null },
    y: { path, perFrame, of: (index) => at(index)?.[1] ?? null },
  };
}

/** The chain of the dataset at `path`; none where it is not understood, which whoever asks for the distance says. */
function quietChain(file: Hdf5File, path: string, rows: FrameRows): readonly Axis[] {
  const start = file.node(path).kind === 'dataset' ? attributeText(file, path, 'depends_on') : null;
  try {
    return chainFrom(file, start, parentOf(path), rows);
  } catch (error) {
    if (error instanceof BadAxis) return [];
    throw error;
  }
}

/** The distance of `detector` along the beam by its chain, mm, in the bounds of `measure`. */
export function distanceByChain(
  file: Hdf5File,
  detector: string,
  modules: readonly string[],
  measure: Measure,
  rows: FrameRows,
): Found {
  const notes: Note[] = [];
  try {
    const axes = chainFrom(file, ...startOf(file, detector, modules), rows);
    const of = (index: number): number | null => {
      const place = placed(axes, index, Z);
      const distance = place === null ? NaN : Math.abs(dot(place.at, place.direction));
      return distance >= measure.least && distance <= measure.most ? distance : null;
    };
    const along = axes.filter(({ turns, vector, offset }) => !turns && (vector[2] !== 0 || offset[2] !== 0));
    const mover = along[0] ?? axes[0];
    // A chain that moves nothing along the beam states no distance.
    if (mover === undefined || rows.count === 0 || of(0) === null) return { value: null, notes };
    for (const { path, turns, guessed } of axes)
      if (guessed) notes.push(warning(measure.about, file.name, path, `was taken in ${turns ? 'degrees' : 'm'}: no unit is stated`)); // prettier-ignore
    const tilt = Math.acos(Math.min(1, Math.abs(placed(axes, 0, Z)!.direction[2])));
    if (tilt > ACROSS) {
      const degrees = ((tilt * 180) / Math.PI).toFixed(2);
      notes.push(warning(measure.about, file.name, mover.path, `turns the detector by ${degrees}° out of the plane across the beam, which resolutions do not follow`)); // prettier-ignore
    }
    return { value: { path: mover.path, perFrame: axes.some(({ value }) => value.perFrame), of }, notes };
  } catch (error) {
    if (!(error instanceof BadAxis)) throw error;
    const text = `${error.message}: the place of ${detector} by depends_on was not used`;
    return { value: null, notes: [warning(measure.about, file.name, error.path, text)] };
  }
}
