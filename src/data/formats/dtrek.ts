/**
 * What the headers of d*TREK files (Rigaku's Saturn, Mercury, R-AXIS and others) say besides SMV: keys of the detector begin with
 * its name, which `DETECTOR_NAMES` states (`CCD_`).
 *
 * Sources: Rigaku's d*TREK image format; dxtbx's FormatSMVRigakuSaturn, which takes beam (pixels, fast first) and pixel size (mm)
 * from `SPATIAL_DISTORTION_INFO`, and the distance from the translations of the detector's goniometer.
 */
import { warning, type Note } from '../notes.js';
import type { Fields } from './headers.js';

/** Whether a brace header is that of d*TREK. */
export function isDtrek(fields: Fields): boolean {
  return ['detector_names', 'data_type', 'dtrek_date_time', 'dtrek_version'].some((key) => fields.has(key));
}

const wordsOf = (text: string | undefined): readonly string[] => text?.match(/[^\s,]+/g) ?? [];
const numbersOf = (text: string | undefined): readonly number[] =>
  wordsOf(text).map(Number).filter(Number.isFinite);

/** Facts of a d*TREK header under names with units, and what of its detector's position was not used. */
export function dtrekFacts(
  file: string,
  fields: Fields,
): { readonly details: Readonly<Record<string, number>>; readonly notes: readonly Note[] } {
  const name = (wordsOf(fields.get('detector_names'))[0] ?? 'CCD_').toLowerCase();
  const of = (key: string): string | undefined => fields.get(`${name}${key}`);
  const details: Record<string, number> = {};
  const add = (key: string, value: number | undefined): void => {
    if (value !== undefined && value > 0) details[key] = value;
  };
  const [beamX, beamY, pixelX, pixelY] = numbersOf(of('spatial_distortion_info'));
  const [statedX, statedY] = numbersOf(of('spatial_beam_position'));
  add('beamXPixels', beamX ?? statedX);
  add('beamYPixels', beamY ?? statedY);
  const [width, height] = numbersOf(of('detector_size'));
  const [columns, rows] = numbersOf(of('detector_dimensions'));
  add('pixelSizeXMm', pixelX ?? quotient(width, columns));
  add('pixelSizeYMm', pixelY ?? quotient(height, rows));
  // The source says how many wavelengths there are before the first.
  add(
    'wavelengthAngstrom',
    numbersOf(fields.get('scan_wavelength'))[0] ?? numbersOf(fields.get('source_wavelength'))[1],
  );
  const axes = axesOf(fields, name);
  const distance = axes.find((axis) => axis.unit === 'mm' && /z|dist/i.test(axis.name));
  add('distanceMm', Math.abs(distance?.value ?? NaN));
  const turned = axes.filter((axis) => axis.unit === 'deg' && axis.value !== 0);
  const notes = turned.map((axis) =>
    warning(
      'geometry',
      file,
      `${name}gonio_values`.toUpperCase(),
      `turns the detector by ${axis.value}° (${axis.name}), which resolutions do not follow`,
    ),
  );
  return { details, notes };
}

const quotient = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a / b;

interface Axis {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
}

/** The axes of the detector's goniometer; without names the last of six is the distance. */
function axesOf(fields: Fields, name: string): readonly Axis[] {
  const words = (key: string): readonly string[] => wordsOf(fields.get(`${name}gonio_${key}`));
  const [names, units] = [words('names'), words('units')];
  return numbersOf(fields.get(`${name}gonio_values`)).map((value, i) => ({
    name: names[i] ?? '',
    unit: (units[i] ?? '').toLowerCase(),
    value,
  }));
}

/** R-AXIS: counts above this are stored as what is above it, divided by the compression ratio. */
const RAXIS_LIMIT = 32768;

/** The ratio by which large counts are compressed in `fields`, or 1. */
export function raxisRatio(fields: Fields): number {
  const ratio = Number(fields.get('raxis_compression_ratio') ?? 1);
  return ratio > 1 && Number.isSafeInteger(ratio) ? ratio : 1;
}

/** Undoes that compression of 16-bit counts. */
export function expandRaxis(stored: Uint16Array, ratio: number): Uint32Array {
  return Uint32Array.from(stored, (value) => (value < RAXIS_LIMIT ? value : (value - RAXIS_LIMIT) * ratio));
}
