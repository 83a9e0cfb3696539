/**
 * The geometry that an HDF5 file states for its frames: of the detector that saw them, of their beam, and for each frame its own
 * where there is one a frame. Groups have any names: they are found by `NX_class`, and in CXI by their numbers.
 */
import { experimentOfFacts, type Experiment } from '../experiment.js';
import type { Note } from '../notes.js';
import type { FramePart } from './axes.js';
import { attributeText, toColumn } from './columns.js';
import { detectorsOfFrames } from './detectors.js';
import type { Hdf5File } from './file.js';
import { rowsOfFrames } from './frame-rows.js';
import { groupsOf, type Nexus } from './nexus.js';
import { detectorPlace } from './place.js';
import type { Found } from './stated.js';
import { wavelengthOfFrames } from './wavelength.js';

export interface FileGeometry {
  /** Of frame `index`. */
  readonly experiment: (index: number) => Partial<Experiment>;
  /** What holds for all frames, under names with units. */
  readonly details: Readonly<Record<string, string | number>>;
  readonly notes: readonly Note[];
}

/** The entry of the frames: that of their path, in CXI. */
function entryOf(file: Hdf5File, dataset: string, nexus: Nexus): string | null {
  const [own] = /^\/entry_\d+(?=\/)/.exec(dataset) ?? [];
  if (own !== undefined) return own;
  return nexus.entry ?? (file.node('/entry_1').kind === 'group' ? '/entry_1' : null);
}

const DETECTOR = /^detector(_\d+)?$/;

/** Names of facts in `details`, with the power of ten from the unit of what was found. */
const DETAILS = [
  ['wavelengthAngstrom', 'wavelength', 1],
  ['distanceM', 'distance', 1e-3],
  ['pixelSizeXM', 'pixelX', 1e-3],
  ['pixelSizeYM', 'pixelY', 1e-3],
  ['beamXPixels', 'beamX', 1],
  ['beamYPixels', 'beamY', 1],
] as const;

/** Reads what `file` says of where the frames in `parts`, `count` in all, were seen. */
export function readGeometry(file: Hdf5File, nexus: Nexus, parts: readonly FramePart[], count: number): FileGeometry {
  const { info } = parts[0]!;
  const entry = entryOf(file, info.path, nexus);
  const cxi = file.node('/cxi_version').kind === 'dataset' || (entry !== null && /_\d+$/.test(entry) && attributeText(file, entry, 'NX_class') === null);
  const instruments = entry === null ? [] : groupsOf(file, entry, 'NXinstrument', /^instrument(_\d+)?$/);
  const named = nexus.detectors.length > 0 ? [] : instruments.flatMap((one) => groupsOf(file, one, 'NXdetector', DETECTOR));
  const { own, notes } = detectorsOfFrames(file, info, named);
  const rows = rowsOfFrames(parts, count);
  const detectors = [...nexus.detectors, ...own];
  const found: Readonly<Record<(typeof DETAILS)[number][1], Found>> = {
    wavelength: wavelengthOfFrames(file, entry, instruments, cxi, rows),
    ...detectorPlace(file, detectors, cxi, rows),
  };
  const of = (name: keyof typeof found, index: number): number => found[name].value?.of(index) ?? NaN;
  const forAll = DETAILS.flatMap(([detail, name, factor]) => {
    const value = found[name].value?.perFrame === false ? of(name, 0) : NaN;
    return Number.isNaN(value) ? [] : [[detail, value * factor] as const];
  });
  return {
    experiment: (index) =>
      experimentOfFacts({
        wavelength: of('wavelength', index),
        distance_mm: of('distance', index),
        pixelSizeXMm: of('pixelX', index),
        pixelSizeYMm: of('pixelY', index),
        beam_x: of('beamX', index),
        beam_y: of('beamY', index),
      }),
    details: { ...Object.fromEntries(forAll), ...facts(file, detectors.length === 1 ? detectors : []) },
    notes: [...notes, ...Object.values(found).flatMap((one) => one.notes)],
  };
} // prettier-ignore

/** Datasets of a detector by what they say; where two say the same, the first counts (DECTRIS writes its serial number as the second). */
const FACTS = [
  ['saturation', 'saturation_value'],
  ['description', 'description'],
  ['serialNumber', 'serial_number'],
  ['serialNumber', 'detector_number'],
] as const;

/** What else the detector says of itself. */
function facts(file: Hdf5File, detectors: readonly string[]): Record<string, string | number> {
  const details: Record<string, string | number> = {};
  for (const [detail, name] of FACTS) {
    if (details[detail] !== undefined) continue;
    const path = detectors.map((detector) => `${detector}/${name}`).find((one) => file.node(one).kind === 'dataset');
    if (path === undefined) continue;
    const { shape, pixelType, isString } = file.info(path);
    if (shape.reduce((a, b) => a * b, 1) !== 1 || (pixelType === null && !isString)) continue;
    const [value] = toColumn(file.readAll(path));
    if (value !== undefined && value !== '') details[detail] = value;
  }
  return details;
} // prettier-ignore
