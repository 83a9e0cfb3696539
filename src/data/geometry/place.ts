/**
 * A geometry applied to frames: what of it stands in their file is read, and what becomes of masks, beam and distance.
 */
import { resolve } from 'node:path';
import { UserError } from '../../core/errors.js';
import type { Experiment } from '../experiment.js';
import type { RawSource } from '../formats/format.js';
import { openHdf5, type Hdf5File } from '../hdf5/file.js';
import { Hdf5Failure } from '../hdf5/library.js';
import { taken, warning, type Note } from '../notes.js';
import type { PixelArray } from '../pixels.js';
import { hiddenBy, shared } from '../shared-masks.js';
import { movePanel, type DetectorGeometry } from './geometry.js';
import { readBitMasks, readPlace, type ValueOf } from './in-file.js';
import { checkAxes, checkData, type Fill } from './layout.js';
import { cameraLength } from './panel.js';
import { geometryMask, joinAll, valueFlags, type PanelMasks } from './pixel-mask.js';

export interface PlacedGeometry {
  /** With the numbers of the first frame where the geometry names places in the file. */
  readonly geometry: DetectorGeometry;
  /** 1 live, for all frames. */
  readonly mask: Uint8Array;
  /** A further mask of frame `index`, or null where all frames have the same. */
  readonly maskOf: ((index: number) => Promise<Uint8Array>) | null;
  /** Which stored values are bad, 1 live; null where no panel says. */
  readonly flags: ((stored: PixelArray) => Uint8Array) | null;
  /** What the geometry says of frame `index`. */
  readonly experiment: (index: number) => Partial<Experiment>;
  readonly notes: readonly Note[];
  readonly close: () => void;
}

/** Whether the frames' file has to be asked. */
function asksFile(geometry: DetectorGeometry): boolean {
  return (
    geometry.wavelengthPlace !== null ||
    geometry.shiftPlaces.length > 0 ||
    geometry.panels.some(
      ({ clenPlace, masks, data }) => clenPlace !== null || data !== null || masks.length > 0,
    )
  );
}

async function openFrames(raw: RawSource, geometry: DetectorGeometry): Promise<Hdf5File | null> {
  if (raw.dataset === null || !asksFile(geometry)) return null;
  try {
    return await openHdf5(resolve(raw.file), raw.file);
  } catch (error) {
    if (error instanceof Hdf5Failure) throw new UserError(error.message, { file: raw.file });
    throw error;
  }
}

/** `geometry` for the frames of `raw`. The caller closes it. Throws `UserError` where it is not of these frames. */
export async function placeGeometry(geometry: DetectorGeometry, raw: RawSource): Promise<PlacedGeometry> {
  checkAxes(geometry, raw.frameShape);
  const file = await openFrames(raw, geometry);
  try {
    return await place(geometry, raw, file);
  } catch (error) {
    file?.close();
    throw error;
  }
}

async function place(
  geometry: DetectorGeometry,
  raw: RawSource,
  file: Hdf5File | null,
): Promise<PlacedGeometry> {
  const { fill, notes } = await checkData(geometry, raw, file);
  const numbers = readNumbers(geometry, raw, file, fill);
  const known = withNumbers(geometry, numbers);
  const bits = await readBitMasks({ geometry, raw, file, fill });
  const ofPanels = maskOfPanels(geometry, known, numbers.shift, raw.frameShape);
  const mask = shared(joinAll([ofPanels.live, bits.all])!);
  const { ofFrame } = bits;
  if (ofFrame === null) file?.close();
  const [first] = known.panels;
  const pixelMm = first!.res === null ? null : 1000 / first!.res;
  return {
    geometry: known,
    mask,
    maskOf:
      ofFrame === null
        ? null
        : async (index) => {
            await file?.revive();
            return ofFrame(index);
          },
    flags: valueFlags(known, raw.frameShape),
    experiment: (index) => ({
      wavelengthA: numbers.wavelength?.(index) ?? known.wavelength,
      distanceMm: millimetres(numbers.clen?.(index) ?? first!.clen),
      pixelMm,
    }),
    notes: [
      ...geometry.notes,
      ...notes,
      ...numbers.notes,
      ...bits.notes,
      ...ofPanels.idle.map((name) =>
        warning('geometry', geometry.file, name, 'holds no pixel and masks none'),
      ),
      taken('geometry', geometry.file, null, describe(known, mask)),
    ],
    close: () => ofFrame !== null && file?.close(),
  };
}

const panelMasks = new WeakMap<DetectorGeometry, Map<string, PanelMasks>>();

/** What the panels of `geometry`, moved by `shift`, mask: made once for all files of one shape. */
function maskOfPanels(
  geometry: DetectorGeometry,
  moved: DetectorGeometry,
  shift: readonly number[],
  frameShape: readonly number[],
): PanelMasks {
  const masks = panelMasks.get(geometry) ?? new Map<string, PanelMasks>();
  panelMasks.set(geometry, masks);
  const key = `${shift.join()} ${frameShape.join()}`;
  const mask = masks.get(key) ?? geometryMask(moved, frameShape);
  masks.set(key, mask);
  return mask;
}

const millimetres = (metres: number | null): number | null => (metres === null ? null : 1000 * metres);

function describe({ panels, wavelength }: DetectorGeometry, mask: Uint8Array): string {
  const [first] = panels;
  const said = [
    `${panels.length} panels, ${hiddenBy(mask)} pixels masked`,
    first!.clen === null ? 'no distance' : `distance ${(1000 * first!.clen).toPrecision(5)} mm`,
    first!.res === null ? 'no pixel size' : `pixels of ${(1000 / first!.res).toPrecision(4)} mm`,
    wavelength === null ? 'no wavelength' : `wavelength ${wavelength.toPrecision(5)} Å`,
  ];
  return said.join(', ');
}

interface FileNumbers {
  /** Å. */
  readonly wavelength: ValueOf | null;
  /** Of the first panel, metres. */
  readonly clen: ValueOf | null;
  /** Of each panel in order, metres, for the first frame; null where the geometry has the number. */
  readonly clens: readonly (number | null)[];
  /** Metres, for the first frame. */
  readonly shift: readonly [number, number];
  readonly notes: readonly Note[];
}

function readNumbers(
  geometry: DetectorGeometry,
  raw: RawSource,
  file: Hdf5File | null,
  fill: Fill,
): FileNumbers {
  const notes: Note[] = [];
  const known = new Map<string, ValueOf>();
  const read = (key: string, from: Parameters<typeof readPlace>[2]): ValueOf => {
    const name = `${key} ${from.path} ${from.factor}`;
    if (!known.has(name)) {
      const { valueOf, note } = readPlace(geometry, key, from, raw, file, fill);
      known.set(name, valueOf);
      notes.push(note);
    }
    return known.get(name)!;
  };
  const { wavelengthPlace: beam, panels, shiftPlaces } = geometry;
  const lengths = panels.map(({ clenPlace }): ValueOf | null => {
    if (clenPlace === null) return null;
    const valueOf = read('clen', clenPlace.from);
    cameraLength(geometry.file, `clen of ${clenPlace.from.path}`, valueOf(0) + clenPlace.offset);
    return (index) => valueOf(index) + clenPlace.offset;
  });
  const shift: [number, number] = [0, 0];
  for (const { axis, from } of shiftPlaces) {
    const key = axis === 0 ? 'detector_shift_x' : 'detector_shift_y';
    const valueOf = read(key, from);
    shift[axis] += valueOf(0);
    const moved = Array.from({ length: raw.count }, (_, i) => i).find((i) => valueOf(i) !== valueOf(0));
    if (moved !== undefined)
      notes.push(
        warning(
          'geometry',
          raw.file,
          from.path,
          `${key} of frame ${moved} differs by ${millimetres(valueOf(moved) - valueOf(0))!.toPrecision(3)} mm; that of the first is used for the places of all panels`,
        ),
      );
  }
  let wavelength: ValueOf | null = null;
  if (beam !== null) {
    const valueOf = read(beam.key, beam.from);
    wavelength = (index) => beam.toAngstrom(valueOf(index));
  }
  return { wavelength, clen: lengths[0] ?? null, clens: lengths.map((of) => of?.(0) ?? null), shift, notes };
}

function withNumbers(geometry: DetectorGeometry, numbers: FileNumbers): DetectorGeometry {
  const panels = geometry.panels.map((panel, i) =>
    movePanel({ ...panel, clen: panel.clen ?? numbers.clens[i]! }, numbers.shift, geometry.file),
  );
  return { ...geometry, panels, wavelength: numbers.wavelength?.(0) ?? geometry.wavelength };
}
