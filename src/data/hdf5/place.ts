/**
 * Where the detector stands that saw the frames, and how large its pixels are, as NeXus and CXI state it, with their units.
 *
 * Of several statements the chain of `depends_on` goes before `distance`, as NXmx has it; contradictions are said. Where nothing
 * tells several detectors apart and they say different things, none of it is used.
 */
import { taken, warning } from '../notes.js';
import { dimensionOf } from '../units.js';
import type { Hdf5File } from './file.js';
import type { FrameRows } from './frame-rows.js';
import { groupsOf } from './nexus.js';
import { firstOf, statedAt, unitAt, type Found, type Measure, type Stated } from './stated.js';
import { beamByChain, distanceByChain } from './place-by-chain.js';
import { beamByCorner, distancesByVectors, unusedAside } from './place-cxi.js';

const DISTANCE: Measure = {
  what: 'the distance',
  about: 'geometry',
  into: 'mm',
  unit: 'm',
  least: 0.1,
  most: 1e5,
};
const PIXEL = { about: 'geometry', into: 'mm', unit: 'm', least: 1e-4, most: 50 } as const;
const PIXEL_X: Measure = { what: 'the width of a pixel', ...PIXEL };
const PIXEL_Y: Measure = { what: 'the height of a pixel', ...PIXEL };
const BEAM = { about: 'geometry', into: 'pixel', unit: 'pixel', least: -1e6, most: 1e6 } as const;
const BEAM_X: Measure = { what: 'the beam’s x', ...BEAM };
const BEAM_Y: Measure = { what: 'the beam’s y', ...BEAM }; // prettier-ignore

/** Of one detector, or of several that agree. Lengths in mm, the beam in pixels. */
export interface DetectorPlace {
  readonly distance: Found;
  readonly pixelX: Found;
  readonly pixelY: Found;
  readonly beamX: Found;
  readonly beamY: Found;
}

function pixelSize(
  file: Hdf5File,
  places: readonly string[],
  measure: Measure,
  prescribed: boolean,
  rows: FrameRows,
): Found {
  const found = places.map((path) => statedAt(file, path, { ...measure, prescribed }, rows));
  return firstOf(file, measure, 'mm', rows, found);
}

/** The beam in pixels, which NeXus lets stand as a length, too. */
function beamAt(
  file: Hdf5File,
  path: string,
  measure: Measure,
  pixel: Stated | null,
  rows: FrameRows,
): Found {
  const unit = file.node(path).kind === 'dataset' ? unitAt(file, path) : null;
  if (unit === null || dimensionOf(unit) !== 'length') return statedAt(file, path, measure, rows);
  const length = statedAt(file, path, { ...measure, into: 'mm', unit: 'mm' }, rows);
  if (length.value === null) return length;
  if (pixel === null) {
    const text = `is in '${unit}', and nothing says how large a pixel is: it was not used as ${measure.what}`;
    return { value: null, notes: [warning(measure.about, file.name, path, text)] };
  }
  const { of, perFrame } = length.value;
  const inPixels = (index: number): number | null => {
    const [mm, size] = [of(index), pixel.of(index)];
    return mm === null || size === null ? null : mm / size;
  };
  return {
    value: { path, perFrame: perFrame || pixel.perFrame, of: inPixels },
    notes: [
      taken(measure.about, file.name, path, `${measure.what}, by the size of a pixel in ${pixel.path}`),
    ],
  };
}

function placeOf(file: Hdf5File, detector: string, prescribed: boolean, rows: FrameRows): DetectorPlace {
  const at = (...names: string[]): readonly string[] => names.map((name) => `${detector}/${name}`);
  const modules = groupsOf(file, detector, 'NXdetector_module', /^module(_\d+)?$/);
  const inModules = (name: string): readonly string[] => modules.map((module) => `${module}/${name}`);
  const chain = distanceByChain(file, detector, modules, DISTANCE, rows);
  const chained: Found =
    chain.value === null
      ? chain
      : { ...chain, notes: [...chain.notes, taken('geometry', file.name, chain.value.path, `${DISTANCE.what} of ${chain.value.perFrame ? 'each frame' : 'all frames'}, by depends_on`)] };
  const fields = at('distance', 'detector_distance').map((path) =>
    statedAt(file, path, { ...DISTANCE, prescribed }, rows),
  );
  const pixelX = pixelSize(file, [...at('x_pixel_size'), ...inModules('fast_pixel_direction')], PIXEL_X, prescribed, rows);
  const pixelY = pixelSize(file, [...at('y_pixel_size'), ...inModules('slow_pixel_direction')], PIXEL_Y, prescribed, rows);
  const beamX = beamAt(file, `${detector}/beam_center_x`, BEAM_X, pixelX.value, rows);
  const beamY = beamAt(file, `${detector}/beam_center_y`, BEAM_Y, pixelY.value, rows);
  const said = beamX.value !== null || beamY.value !== null;
  const sizes = { fast: pixelX.value, slow: pixelY.value };
  const byChain = said ? null : beamByChain(file, modules, sizes, rows);
  const corner = said || byChain !== null || !prescribed ? null : beamByCorner(file, detector, { x: pixelX.value, y: pixelY.value });
  const elsewhere = byChain ?? corner;
  const how = byChain === null ? 'by the corner of the detector' : 'by depends_on';
  const or = (found: Found, value: Stated | undefined, measure: Measure): Found =>
    value === undefined
      ? found
      : { value, notes: [...found.notes, taken('geometry', file.name, value.path, `${measure.what}, ${how}`)] };
  const vectors = prescribed ? distancesByVectors(file, detector, DISTANCE, rows) : [];
  const aside = prescribed && !said && elsewhere === null ? unusedAside(file, detector) : [];
  return {
    distance: firstOf(file, DISTANCE, 'mm', rows, [chained, ...fields, ...vectors]),
    pixelX,
    pixelY,
    beamX: or({ ...beamX, notes: [...beamX.notes, ...aside] }, elsewhere?.x, BEAM_X),
    beamY: or(beamY, elsewhere?.y, BEAM_Y),
  };
} // prettier-ignore

/** What all of `found`, of a detector each, say alike; else nothing, with the words. */
function agreed(file: Hdf5File, rows: FrameRows, found: readonly Found[], measure: Measure): Found {
  if (found.length < 2) return found[0] ?? { value: null, notes: [] };
  const first = firstOf(file, measure, measure.into, rows, found);
  const told = found.flatMap(({ notes }) => notes);
  const [odd] = first.notes.filter((note) => !told.includes(note));
  if (odd === undefined) return first;
  const text = `${odd.text.replace(/, which is used$/, '')}, and nothing says which detector saw the frames: neither is used`;
  return { value: null, notes: [warning(odd.about, odd.file, odd.field, text)] };
}

/** What `detectors` say of where they stand; `prescribed`: in SI units, whether stated or not, as CXI has it. */
export function detectorPlace(
  file: Hdf5File,
  detectors: readonly string[],
  prescribed: boolean,
  rows: FrameRows,
): DetectorPlace {
  const places = detectors.map((detector) => placeOf(file, detector, prescribed, rows));
  const join = (name: keyof DetectorPlace, measure: Measure): Found =>
    agreed(file, rows, places.map((place) => place[name]), measure); // prettier-ignore
  return {
    distance: join('distance', DISTANCE),
    pixelX: join('pixelX', PIXEL_X),
    pixelY: join('pixelY', PIXEL_Y),
    beamX: join('beamX', BEAM_X),
    beamY: join('beamY', BEAM_Y),
  };
}
