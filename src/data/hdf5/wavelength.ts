/**
 * The wavelength of the frames, from wavelengths and photon energies where NeXus, CXI and Cheetah put them.
 *
 * Groups are found by `NX_class`: NXbeam of the instrument or the sample, NXmonochromator, NXsource (whose `energy` is that of a
 * ring, but in CXI that of the photons). A spectrum gives its weighted mean. What contradicts the first is said.
 */
import { taken } from '../notes.js';
import { wavelengthOfEnergy } from '../units.js';
import type { Hdf5File } from './file.js';
import type { FrameRows } from './frame-rows.js';
import { groupsOf } from './nexus.js';
import {
  byFrame,
  checked,
  factorAt,
  firstOf,
  numbersAt,
  statedAt,
  unused,
  type Found,
  type Measure,
} from './stated.js';

const WAVELENGTH: Measure = {
  what: 'the wavelength',
  about: 'wavelength',
  into: 'angstrom',
  unit: 'angstrom',
  least: 1e-3,
  most: 1e4,
};
const ENERGY: Measure = { what: 'the photon energy', about: 'wavelength', into: 'eV', unit: 'eV', least: 1, most: 1e7 }; // prettier-ignore

/** Mean of `values` (one row, or one a frame) by `weights` (the same); null where rows or lengths do not fit. */
function means(
  values: readonly (readonly number[])[],
  weights: readonly (readonly number[])[],
): readonly number[] | null {
  const frames = Math.max(values.length, weights.length);
  if (![values, weights].every((rows) => rows.length === 1 || rows.length === frames)) return null;
  return Array.from({ length: frames }, (_, i) => {
    const [row, by] = [values[Math.min(i, values.length - 1)]!, weights[Math.min(i, weights.length - 1)]!];
    const total = by.reduce((a, b) => a + b, 0);
    const valid = total > 0 && by.every((weight) => weight >= 0);
    return valid ? row.reduce((sum, value, k) => sum + value * by[k]!, 0) / total : NaN;
  });
}

function rowsIn({ shape, values }: { readonly shape: readonly number[]; readonly values: readonly number[] }): readonly (readonly number[])[] {
  const length = shape.at(-1) ?? 1;
  return Array.from({ length: values.length / Math.max(1, length) }, (_, i) => values.slice(i * length, (i + 1) * length));
} // prettier-ignore

/** The mean of the spectrum at `path` by the weights at `weights`. */
function spectrumAt(file: Hdf5File, path: string, weights: string, measure: Measure, rows: FrameRows): Found {
  const [values, by] = [numbersAt(file, path), numbersAt(file, weights)];
  const factor = values === null ? 'holds no numbers' : factorAt(file, path, measure, values.unit);
  if (typeof factor === 'string') return unused(file, path, measure, factor);
  const fits = by !== null && values!.shape.at(-1) === by.shape.at(-1);
  const found = fits ? means(rowsIn(values!), rowsIn(by)) : null;
  const mean = found && byFrame(path, checked(found.map((one) => one * factor), measure).values, rows);
  if (mean === null || mean.of(0) === null)
    return unused(file, path, measure, `is a spectrum that the weights in ${weights} do not fit`);
  const text = `${measure.what} of ${mean.perFrame ? 'each frame' : 'all frames'}: the mean of a spectrum, by the weights in ${weights}`;
  return { value: mean, notes: [taken(measure.about, file.name, path, text)] };
} // prettier-ignore

function wavelengthAt(file: Hdf5File, path: string, measure: Measure, rows: FrameRows): Found {
  const weights = [`${path}_weights`, `${path}_weight`].find((one) => file.node(one).kind === 'dataset');
  const spectrum = weights !== undefined && file.node(path).kind === 'dataset';
  const found = spectrum
    ? spectrumAt(file, path, weights, measure, rows)
    : statedAt(file, path, measure, rows);
  if (measure.into !== 'eV' || found.value === null) return found;
  const { value } = found;
  const of = (index: number): number | null => {
    const energy = value.of(index);
    return energy === null ? null : wavelengthOfEnergy(energy);
  };
  return { ...found, value: { ...value, of } };
}

interface Place {
  readonly path: string;
  readonly measure: Measure;
}

/** Where a wavelength or an energy of the photons may stand, in the order in which they count. */
function placesIn(file: Hdf5File, entry: string | null, instruments: readonly string[], cxi: boolean): readonly Place[] {
  const places: Place[] = [];
  const add = (group: string, names: readonly string[], measure: Measure): void => {
    for (const name of names) places.push({ path: `${group}/${name}`, measure });
  };
  add('/LCLS', ['photon_wavelength_A'], { ...WAVELENGTH, prescribed: true });
  add('/LCLS', ['photon_energy_eV'], { ...ENERGY, prescribed: true });
  if (entry === null) return places;
  const samples = groupsOf(file, entry, 'NXsample', /^sample(_\d+)?$/);
  const within = (groups: readonly string[], name: string, alias: RegExp): readonly string[] =>
    groups.flatMap((group) => groupsOf(file, group, name, alias));
  for (const beam of within([...instruments, ...samples, entry], 'NXbeam', /^beam(_\d+)?$/)) {
    add(beam, ['incident_wavelength', 'wavelength'], WAVELENGTH);
    add(beam, ['incident_energy', 'energy', 'photon_energy'], ENERGY);
  }
  for (const one of within([...instruments, entry], 'NXmonochromator', /^mono(chromator)?(_\d+)?$/)) {
    add(one, ['wavelength'], WAVELENGTH);
    add(one, ['energy'], ENERGY);
  }
  for (const source of within([...instruments, entry], 'NXsource', /^source(_\d+)?$/)) {
    if (cxi) add(source, ['energy'], { ...ENERGY, unit: 'J', prescribed: true });
    add(source, ['wavelength', 'incident_wavelength'], cxi ? { ...WAVELENGTH, unit: 'm', prescribed: true } : WAVELENGTH);
    add(source, ['photon_energy'], ENERGY);
  }
  return places;
} // prettier-ignore

/** The wavelength in Å; `cxi`: of a file in CXI's layout, which is in SI units. */
export function wavelengthOfFrames(
  file: Hdf5File,
  entry: string | null,
  instruments: readonly string[],
  cxi: boolean,
  rows: FrameRows,
): Found {
  const found = placesIn(file, entry, instruments, cxi).map(({ path, measure }) =>
    wavelengthAt(file, path, measure, rows),
  );
  return firstOf(file, WAVELENGTH, 'Å', rows, found);
}
