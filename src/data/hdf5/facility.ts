/**
 * What facilities write beside the frames: per-frame facts and peak lists.
 *
 * - CXI and Cheetah: `/LCLS/*`, `/cheetah/event_data/*`, identifiers, `result_1` with one row of peaks a frame, whose
 *   positions are pixel indices (pixel centre = integer).
 * - European XFEL: `trainId`, `pulseId`, `cellId` beside the frames or in `entry_1`.
 * - vetoc's own kept frames: `/vetoc/meta`, facts of frames whose files had no datasets for them.
 * - LCLS2 small data: flat datasets with the event as first axis; `timestamp` gives the order; `-99999` and NaN are
 *   missing; `var_x_len` says how many of the concatenated `var_x` values an event has.
 */
import type { Spot } from '../frames.js';
import { toColumn, type Column } from './columns.js';
import { once } from '../../core/once.js';
import type { Hdf5File } from './file.js';

/** What LCLS2 writes where an event has no integer value. */
export const LCLS2_MISSING = -99999;

/** Groups of the facility layouts with per-frame facts, and what goes before their names. */
function facilityGroups(file: Hdf5File): readonly { readonly group: string; readonly prefix: string }[] {
  const places = ['/LCLS', '/cheetah/event_data', '/entry_1', '/entry_1/result_1', '/vetoc/meta'];
  const groups = places.map((group) => ({ group, prefix: '' }));
  if (file.node('/timestamp').kind !== 'dataset') return groups;
  const named = file.children('/').filter((name) => file.node(`/${name}`).kind === 'group');
  return [
    ...groups,
    { group: '/', prefix: '' },
    ...named.map((name) => ({ group: `/${name}`, prefix: `${name}/` })),
  ];
}

/** Per-frame facts of the facility layouts, by name, as `read` finds them in each group. */
export function facilityColumns(
  file: Hdf5File,
  read: (group: string) => ReadonlyMap<string, Column>,
): ReadonlyMap<string, Column> {
  const columns = new Map<string, Column>();
  for (const { group, prefix } of facilityGroups(file))
    for (const [name, column] of read(group)) columns.set(`${prefix}${name}`, column);
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

/** Lists of peaks, a frame each. */
export interface PeakLists {
  readonly count: (index: number) => number | null;
  readonly spots: (index: number) => readonly Spot[] | null;
}

const PEAKS = '/entry_1/result_1';

/** How many peaks each frame has, and of how many there is room; null where there is not a row a frame. */
function peakTable(file: Hdf5File, count: number): { readonly counts: Column; readonly room: number } | null {
  const table = file.info(`${PEAKS}/peakXPosRaw`);
  const rows = file.info(`${PEAKS}/nPeaks`).shape.reduce((a, b) => a * b, 1);
  if (table.shape.length !== 2 || table.shape[0]! < count || rows < count) return null;
  return { counts: toColumn(file.readAll(`${PEAKS}/nPeaks`)), room: table.shape[1]! };
}

/** Peaks of a CXI file of `count` frames, or null where it lists none. Counts and rows are read when asked for. */
export function cxiPeaks(file: Hdf5File, count: number): PeakLists | null {
  const needed = ['nPeaks', 'peakXPosRaw', 'peakYPosRaw'];
  if (!needed.every((name) => file.node(`${PEAKS}/${name}`).kind === 'dataset')) return null;
  const table = once(() => file.limited(() => peakTable(file, count)));
  const countOf = (index: number): number | null => {
    const peaks = table();
    return peaks === null ? null : Math.min(Math.max(0, Number(peaks.counts[index])), peaks.room);
  };
  const row = (name: string, index: number, length: number): Column | null => {
    const path = `${PEAKS}/${name}`;
    if (file.node(path).kind !== 'dataset') return null;
    return toColumn(file.read(file.info(path), [index, 0], [1, length]));
  };
  const spots = (index: number): readonly Spot[] | null => {
    const length = countOf(index);
    if (length === null || length === 0) return length === null ? null : [];
    const [x, y] = [row('peakXPosRaw', index, length)!, row('peakYPosRaw', index, length)!];
    const intensity = row('peakTotalIntensity', index, length);
    const snr = row('peakSNR', index, length);
    return Array.from({ length }, (_, i) => ({
      x: Number(x[i]),
      y: Number(y[i]),
      intensity: Number(intensity?.[i] ?? NaN),
      snr: Number(snr?.[i] ?? NaN),
    }));
  };
  return { count: countOf, spots: (index) => file.limited(() => spots(index)) };
}
