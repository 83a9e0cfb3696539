/**
 * The geometry that travels with a frame: where the beam is, and what turns pixels into angles and resolutions.
 *
 * Readers state what their headers say under names with units (`details` of a raw source, per-frame facts); here these
 * become one record. A wavelength of an energy is λ = hc / E.
 */
import { wavelengthOfEnergy } from './units.js';

export interface Experiment {
  /** Where the direct beam meets the frame as it is read, pixels (pixel centre = integer, to half a pixel). */
  readonly beamX: number | null;
  readonly beamY: number | null;
  /** Å. */
  readonly wavelengthA: number | null;
  readonly distanceMm: number | null;
  /** Of square pixels; null where they are not square. */
  readonly pixelMm: number | null;
  /** What DIALS chooses its smallest spot by. */
  readonly sensor: 'CCD' | 'PAD' | null;
}

export const NO_EXPERIMENT: Experiment = {
  beamX: null,
  beamY: null,
  wavelengthA: null,
  distanceMm: null,
  pixelMm: null,
  sensor: null,
};

/** Names of facts, with the factor from their unit. The first that is there counts. */
type Names = readonly (readonly [name: string, factor: number])[];

const WAVELENGTH_A: Names = [['wavelength', 1], ['wavelengthAngstrom', 1], ['wavelengthM', 1e10], ['photon_wavelength_A', 1]]; // prettier-ignore
const ENERGY_EV: Names = [
  ['photon_energy_eV', 1],
  ['photonEnergyEv', 1],
];
const DISTANCE_MM: Names = [
  ['distance_mm', 1],
  ['distanceMm', 1],
  ['distanceM', 1e3],
];
const PIXEL_X_MM: Names = [
  ['pixel_mm', 1],
  ['pixelSizeMm', 1],
  ['pixelSizeXMm', 1],
  ['pixelSizeXM', 1e3],
];
const PIXEL_Y_MM: Names = [
  ['pixel_mm', 1],
  ['pixelSizeMm', 1],
  ['pixelSizeYMm', 1],
  ['pixelSizeYM', 1e3],
];
const BEAM_X: Names = [
  ['beam_x', 1],
  ['beamXPixels', 1],
];
const BEAM_Y: Names = [
  ['beam_y', 1],
  ['beamYPixels', 1],
];
const BEAM_X_MM: Names = [['beamXMm', 1]];
const BEAM_Y_MM: Names = [['beamYMm', 1]];

type Facts = Readonly<Record<string, string | number>>;

/** Pixels count as square up to this share. */
const SQUARE = 1e-3;

/** A number, or a text that is one; a text with a unit is none: whoever read it knows units (units.ts). */
function numberOf(value: string | number | undefined): number | null {
  const number = value === undefined || value === '' ? NaN : Number(value);
  return Number.isFinite(number) ? number : null;
}

function find(facts: Facts, names: Names): number | null {
  for (const [name, factor] of names) {
    const value = numberOf(facts[name]);
    if (value !== null) return value * factor;
  }
  return null;
}

const positive = (value: number | null): number | null => (value !== null && value > 0 ? value : null);

/** The geometry in `facts`, whose names have units. */
export function experimentOfFacts(facts: Facts): Experiment {
  const energy = positive(find(facts, ENERGY_EV));
  const [x, y] = [positive(find(facts, PIXEL_X_MM)), positive(find(facts, PIXEL_Y_MM))];
  const pixelMm = x === null || y === null ? (x ?? y) : Math.abs(x - y) <= SQUARE * x ? x : null;
  const inPixels = (mm: number | null): number | null =>
    mm === null || pixelMm === null ? null : mm / pixelMm;
  const sensor = facts.sensor;
  return {
    beamX: find(facts, BEAM_X) ?? inPixels(find(facts, BEAM_X_MM)),
    beamY: find(facts, BEAM_Y) ?? inPixels(find(facts, BEAM_Y_MM)),
    wavelengthA: positive(find(facts, WAVELENGTH_A)) ?? (energy === null ? null : wavelengthOfEnergy(energy)),
    distanceMm: positive(find(facts, DISTANCE_MM)),
    pixelMm,
    sensor: sensor === 'CCD' || sensor === 'PAD' ? sensor : null,
  };
}

/** What both know; `first` counts where both do. */
export function joinExperiments(first: Partial<Experiment>, second: Experiment): Experiment {
  return {
    beamX: first.beamX ?? second.beamX,
    beamY: first.beamY ?? second.beamY,
    wavelengthA: first.wavelengthA ?? second.wavelengthA,
    distanceMm: first.distanceMm ?? second.distanceMm,
    pixelMm: first.pixelMm ?? second.pixelMm,
    sensor: first.sensor ?? second.sensor,
  };
}
