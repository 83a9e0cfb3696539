/**
 * Where a detector stands as CXI states it by vectors: `corner_position` with `basis_vectors`, and `geometry_1/translation`, in
 * metres from the place of interaction, z along the beam.
 *
 * Source: CXI file format, version 1.5 (detector, geometry; without `basis_vectors` the slow axis goes down and the fast axis
 * against x, a pixel a step). Of `translation` z is the distance; which point of the detector its x and y are of is not said by the
 * format, so that they are named and not used. What is neither one vector, nor one a frame, nor several of one z, is said.
 */
import { taken, warning, type Note } from '../notes.js';
import type { Hdf5File } from './file.js';
import type { FrameRows } from './frame-rows.js';
import {
  byFrame,
  checked,
  numbersAt,
  unused,
  NOTHING,
  type Found,
  type Measure,
  type Stated,
} from './stated.js';

const METRES_TO_MM = 1000;
const TRANSLATION = 'geometry_1/translation';

/** Vectors of three at `path`, one after the other; the words for why not, or null where nothing stands there. */
function vectorsAt(file: Hdf5File, path: string): readonly (readonly [number, number, number])[] | string | null {
  if (file.node(path).kind !== 'dataset') return null;
  const numbers = numbersAt(file, path);
  if (numbers === null || numbers.values.length === 0 || numbers.shape.at(-1) !== 3)
    return `holds no vectors of three (${file.info(path).shape.join('×')})`;
  const { values } = numbers;
  return Array.from({ length: values.length / 3 }, (_, i) => [values[3 * i]!, values[3 * i + 1]!, values[3 * i + 2]!]);
} // prettier-ignore

function along(file: Hdf5File, path: string, measure: Measure, rows: FrameRows): Found {
  const vectors = vectorsAt(file, path);
  if (vectors === null) return NOTHING;
  if (typeof vectors === 'string') return unused(file, path, measure, vectors);
  const lengths = vectors.map(([, , z]) => Math.abs(z) * METRES_TO_MM);
  const { values, wrong } = checked(lengths, measure);
  // A z of 0 states nothing: the vector is one in the plane of the detector.
  if (lengths.every((length) => length === 0)) return NOTHING;
  const value = byFrame(path, values, rows);
  if (value === null)
    return unused(file, path, measure, `has ${vectors.length} vectors for ${rows.count} frames`);
  if (wrong !== null) return unused(file, path, measure, wrong);
  const text = `${measure.what} of ${value.perFrame ? 'each frame' : 'all frames'}, the z of a vector in metres`;
  return { value, notes: [taken(measure.about, file.name, path, text)] };
}

/** The distances that the vectors of `detector` state, mm. */
export const distancesByVectors = (
  file: Hdf5File,
  detector: string,
  measure: Measure,
  rows: FrameRows,
): readonly Found[] =>
  ['corner_position', TRANSLATION].map((name) => along(file, `${detector}/${name}`, measure, rows));

/** What is to be said where nothing states the beam but a translation aside. */
export function unusedAside(file: Hdf5File, detector: string): readonly Note[] {
  const path = `${detector}/${TRANSLATION}`;
  const vectors = vectorsAt(file, path);
  if (vectors === null || typeof vectors === 'string' || vectors.every(([x, y]) => x === 0 && y === 0)) return [];
  const text = 'has an x and a y that were not used for the beam: the format does not say of which point; --geometry states it';
  return [warning('geometry', file.name, path, text)];
} // prettier-ignore

type Step = readonly [x: number, y: number, z?: number];

/** Steps of one pixel along the slow and the fast axis, x and y in metres; null where they are not stated. */
function basisAt(
  file: Hdf5File,
  detector: string,
  sizes: { readonly x: Stated | null; readonly y: Stated | null },
): readonly [slow: Step, fast: Step] | null {
  const stated = vectorsAt(file, `${detector}/basis_vectors`);
  if (typeof stated === 'string') return null;
  if (stated !== null) return stated.length === 2 ? [stated[0]!, stated[1]!] : null;
  const [x, y] = [sizes.x?.of(0) ?? null, sizes.y?.of(0) ?? null];
  if (x === null || y === null) return null;
  return [
    [0, -y / METRES_TO_MM],
    [-x / METRES_TO_MM, 0],
  ];
}

/** Where the beam meets the first pixel's plane by one `corner_position`, pixels; null where the file does not state it so. */
export function beamByCorner(
  file: Hdf5File,
  detector: string,
  sizes: { readonly x: Stated | null; readonly y: Stated | null },
): { readonly x: Stated; readonly y: Stated } | null {
  const path = `${detector}/corner_position`;
  const corners = vectorsAt(file, path);
  const [corner, another] = corners === null || typeof corners === 'string' ? [] : corners;
  const basis = corner === undefined || another !== undefined ? null : basisAt(file, detector, sizes);
  // A corner that stands in the beam states no more than the distance.
  if (basis === null || (corner![0] === 0 && corner![1] === 0)) return null;
  const [[sx, sy], [fx, fy]] = basis;
  const det = fx * sy - sx * fy;
  if (det === 0) return null;
  const [cx, cy] = [-corner![0], -corner![1]];
  // The corner is half a pixel before the middle of the first one, from which the beam is counted.
  const fast = (cx * sy - cy * sx) / det - 0.5;
  const slow = (fx * cy - fy * cx) / det - 0.5;
  const at = (value: number): Stated => ({ path, perFrame: false, of: () => value });
  return { x: at(fast), y: at(slow) };
}
