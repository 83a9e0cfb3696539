/**
 * What facilities write beside the frames: per-frame facts, peak lists, and facts of the whole file.
 *
 * - CXI and Cheetah: `/LCLS/*`, `/cheetah/event_data/*`, identifiers, `result_1` with one row of peaks a frame, whose
 *   positions are pixel indices (pixel centre = integer).
 * - European XFEL: `trainId`, `pulseId`, `cellId` beside the frames or in `entry_1`.
 * - LCLS2 small data: flat datasets with the event as first axis; `timestamp` gives the order; `-99999` and NaN are
 *   missing; `var_x_len` says how many of the concatenated `var_x` values an event has.
 */
import type { Spot } from '../frames.js';
import { attributeText, columnsOf, toColumn, type Column } from './columns.js';
import type { Hdf5File } from './file.js';

/** What LCLS2 writes where an event has no integer value. */
export const LCLS2_MISSING = -99999;

/** Per-frame facts of the facility layouts, by name. */
export function facilityColumns(
  file: Hdf5File,
  dataset: string,
  lengths: readonly number[],
): ReadonlyMap<string, Column> {
  const columns = new Map<string, Column>();
  for (const group of ['/LCLS', '/cheetah/event_data', '/entry_1', '/entry_1/result_1']) {
    for (const [name, column] of columnsOf(file, group, dataset, lengths)) columns.set(name, column);
  }
  if (file.node('/timestamp').kind === 'dataset') {
    for (const [name, column] of columnsOf(file, '/', dataset, lengths)) columns.set(name, column);
    for (const group of file.children('/').filter((name) => file.node(`/${name}`).kind === 'group')) {
      for (const [name, column] of columnsOf(file, `/${group}`, dataset, lengths))
        columns.set(`${group}/${name}`, column);
    }
  }
  return columns;
}

/** The order of the events in time, or null where the file's order is that already (or has no `timestamp`). */
export function timestampOrder(file: Hdf5File, frames: number): Uint32Array | null {
  if (file.node('/timestamp').kind !== 'dataset') return null;
  const info = file.info('/timestamp');
  if (info.shape.length !== 1 || info.shape[0] !== frames || info.pixelType !== 'uint64') return null;
  const times = file.readAll('/timestamp') as BigUint64Array;
  const order = Uint32Array.from({ length: frames }, (_, i) => i);
  order.sort((a, b) => (times[a]! < times[b]! ? -1 : times[a]! > times[b]! ? 1 : a - b));
  return order.every((from, to) => from === to) ? null : order;
}

/** Peaks of frame `index` of a CXI file, or null where it lists none. Rows are read when asked for. */
export function cxiPeaks(file: Hdf5File, count: number): ((index: number) => readonly Spot[]) | null {
  const base = '/entry_1/result_1';
  const [counts, xs, ys] = ['nPeaks', 'peakXPosRaw', 'peakYPosRaw'].map((name) => `${base}/${name}`);
  if (![counts!, xs!, ys!].every((path) => file.node(path).kind === 'dataset')) return null;
  const table = file.info(xs!);
  const peaks = toColumn(file.readAll(counts!));
  if (table.shape.length !== 2 || table.shape[0]! < count || peaks.length < count) return null;
  const row = (path: string, index: number, length: number): Column | null => {
    if (file.node(path).kind !== 'dataset') return null;
    return toColumn(file.read(file.info(path), [index, 0], [1, length]));
  };
  return (index) => {
    const length = Math.min(Math.max(0, Number(peaks[index])), table.shape[1]!);
    if (length === 0) return [];
    const [x, y] = [row(xs!, index, length)!, row(ys!, index, length)!];
    const intensity = row(`${base}/peakTotalIntensity`, index, length);
    const snr = row(`${base}/peakSNR`, index, length);
    return Array.from({ length }, (_, i) => ({
      x: Number(x[i]),
      y: Number(y[i]),
      intensity: Number(intensity?.[i] ?? NaN),
      snr: Number(snr?.[i] ?? NaN),
    }));
  };
}

interface DetailPlace {
  readonly name: string;
  readonly paths: readonly string[];
  /** Factor from a unit (as written in `units`) to the unit in the name; the empty unit is the layout's own. */
  readonly units: Readonly<Record<string, number>>;
}

const LENGTHS_TO_M = { m: 1, mm: 1e-3, um: 1e-6, '': 1 };
const PIXELS = { pixel: 1, pixels: 1, px: 1, '': 1 };
const NX = '/entry/instrument/detector';
const CXI = '/entry_1/instrument_1/detector_1';

const DETAILS: readonly DetailPlace[] = [
  { name: 'wavelengthAngstrom', paths: ['/entry/instrument/beam/incident_wavelength', '/entry/instrument/monochromator/wavelength', '/entry/sample/beam/incident_wavelength', '/LCLS/photon_wavelength_A'], units: { angstrom: 1, angstroms: 1, a: 1, nm: 10, m: 1e10, '': 1 } },
  { name: 'photonEnergyEv', paths: ['/LCLS/photon_energy_eV'], units: { ev: 1, kev: 1e3, '': 1 } },
  { name: 'distanceM', paths: [`${NX}/distance`, `${NX}/detector_distance`, `${CXI}/distance`], units: LENGTHS_TO_M },
  { name: 'pixelSizeXM', paths: [`${NX}/x_pixel_size`, `${CXI}/x_pixel_size`], units: LENGTHS_TO_M },
  { name: 'pixelSizeYM', paths: [`${NX}/y_pixel_size`, `${CXI}/y_pixel_size`], units: LENGTHS_TO_M },
  { name: 'beamXPixels', paths: [`${NX}/beam_center_x`], units: PIXELS },
  { name: 'beamYPixels', paths: [`${NX}/beam_center_y`], units: PIXELS },
  { name: 'saturation', paths: [`${NX}/saturation_value`], units: { '': 1 } },
  { name: 'description', paths: [`${NX}/description`, `${CXI}/description`], units: { '': 1 } },
]; // prettier-ignore

/** Facts of the whole file where the layouts put them; a value in an unknown unit is left out. */
export function fileDetails(file: Hdf5File): Record<string, string | number> {
  const details: Record<string, string | number> = {};
  for (const { name, paths, units } of DETAILS) {
    const path = paths.find((one) => file.node(one).kind === 'dataset');
    if (path === undefined) continue;
    const info = file.info(path);
    if (info.shape.reduce((a, b) => a * b, 1) > 1e6 || (info.pixelType === null && !info.isString)) continue;
    const [value] = toColumn(file.readAll(path));
    const factor = units[(attributeText(file, path, 'units') ?? '').toLowerCase()];
    if (value === undefined || factor === undefined) continue;
    details[name] = typeof value === 'number' ? value * factor : value;
  }
  return details;
}
