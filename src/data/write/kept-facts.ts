/**
 * What goes into a file of kept frames besides frames and per-frame datasets: attributes, fixed datasets, and the facts of
 * formats that are not HDF5.
 */
import type { RawSource } from '../formats/format.js';
import type { Hdf5File } from '../hdf5/file.js';
import { JOULE_PER_EV, wavelengthOfEnergy } from '../units.js';
import { attributesOf } from './carried.js';
import type { AttributeValue, Hdf5Writer } from './hdf5-writer.js';

/** Attributes as the writer takes them: one value becomes a scalar. */
export function plain(attributes: ReturnType<typeof attributesOf>): Record<string, AttributeValue> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]): [string, AttributeValue] => {
      const [only] = value;
      return value.length === 1 && typeof only === 'string' ? [name, only] : [name, value];
    }),
  );
}

export function copyFixed(writer: Hdf5Writer, hdf5: Hdf5File, path: string): void {
  const { shape } = hdf5.info(path);
  const value = hdf5.readAll(path);
  if (value === null) return;
  if (ArrayBuffer.isView(value)) writer.dataset(path, value, shape, value.length > 4096 ? 'gzip' : 'none');
  else writer.strings(path, value, shape);
  copyAttributes(writer, hdf5, path);
}

export function copyAttributes(writer: Hdf5Writer, hdf5: Hdf5File, path: string): void {
  for (const [name, value] of Object.entries(plain(attributesOf(hdf5, path))))
    writer.attribute(path, name, value);
}

/** Facts of one-frame formats where CXI puts them. */
export function writeDetails(writer: Hdf5Writer, raw: RawSource, detector: string): void {
  const number = (name: string): number | null => {
    const value = raw.details[name];
    return typeof value === 'number' && Number.isFinite(value) ? value : null;
  };
  const wavelength = number('wavelengthAngstrom');
  const energy = number('photonEnergyEv') ?? (wavelength === null ? null : wavelengthOfEnergy(wavelength));
  const scalar = (path: string, value: number | null): void => {
    if (value !== null) writer.dataset(path, Float64Array.of(value), []);
  };
  scalar('/entry_1/instrument_1/source_1/energy', energy === null ? null : energy * JOULE_PER_EV);
  const millimetres = (name: string): number | null => {
    const value = number(name);
    return value === null ? null : value / 1000;
  };
  scalar(`${detector}/distance`, number('distanceM') ?? millimetres('distanceMm'));
  for (const axis of ['X', 'Y']) {
    const size =
      number(`pixelSize${axis}M`) ?? millimetres(`pixelSize${axis}Mm`) ?? millimetres('pixelSizeMm');
    scalar(`${detector}/${axis.toLowerCase()}_pixel_size`, size);
  }
}

/** Facts that are no datasets: /vetoc/meta for formats other than HDF5. */
export function metaRows(): {
  add: (meta: Readonly<Record<string, string | number>>) => void;
  finish: (writer: Hdf5Writer) => void;
} {
  const columns = new Map<string, (string | number)[]>();
  let rows = 0;
  return {
    add(meta) {
      for (const name of Object.keys(meta)) {
        if (!columns.has(name)) columns.set(name, new Array<string | number>(rows).fill(NaN));
      }
      rows++;
      for (const [name, column] of columns) column.push(meta[name] ?? NaN);
    },
    finish(writer) {
      for (const [name, column] of columns) {
        const path = `/vetoc/meta/${name.replaceAll('/', '_')}`;
        if (column.every((value) => typeof value === 'number'))
          writer.dataset(path, Float64Array.from(column));
        else
          writer.strings(
            path,
            column.map((value) => (typeof value === 'number' && Number.isNaN(value) ? '' : String(value))),
          );
      }
    },
  };
}
