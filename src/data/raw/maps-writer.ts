/** Writing a file of maps (maps-file.ts): of a detector without memory cells at once, else a cell at a time. */
import type { GrowingDataset, NumberType } from '../write/growing-dataset.js';
import type { Hdf5Writer } from '../write/hdf5-writer.js';
import type { RawDetectorName } from './detectors.js';
import type { MapKind } from './map-names.js';

/** The arrays that hold the maps of each kind. */
const ARRAYS = {
  pedestals: Float32Array,
  pixel_rms: Float32Array,
  pixel_status: Uint8Array,
  pixel_gain: Float64Array,
  thresholds: Float32Array,
} as const satisfies Readonly<Record<MapKind, unknown>>;

const TYPES: Readonly<Record<MapKind, NumberType>> = {
  pedestals: 'f4',
  pixel_rms: 'f4',
  pixel_status: 'u1',
  pixel_gain: 'f8',
  thresholds: 'f4',
};

/** Maps to be written, of each kind one a stage, `[y, x]`. */
export type MapsToWrite = Partial<Record<MapKind, readonly ArrayLike<number>[]>>;

export interface MapsFacts {
  readonly detector: RawDetectorName;
  readonly serial?: string | null;
  readonly made?: Date;
}

function putFacts(writer: Hdf5Writer, { detector, serial = null, made }: MapsFacts): void {
  writer.attribute('/', 'detector', detector);
  if (made !== undefined) writer.attribute('/', 'made', made.toISOString());
  if (serial !== null) writer.attribute('/', 'serial', serial);
}

const kindsOf = (maps: MapsToWrite): readonly MapKind[] => Object.keys(maps) as MapKind[];

/** The maps of one kind, one after the other. */
function joined(kind: MapKind, maps: readonly ArrayLike<number>[]): InstanceType<(typeof ARRAYS)[MapKind]> {
  const pixels = maps[0]!.length;
  const values = new ARRAYS[kind](maps.length * pixels);
  maps.forEach((map, index) => {
    values.set(map, index * pixels);
  });
  return values;
}

/** Writes maps without memory cells, and what is known of them. */
export function putMaps(
  writer: Hdf5Writer,
  facts: MapsFacts,
  maps: MapsToWrite,
  [height, width]: readonly [number, number],
): void {
  putFacts(writer, facts);
  for (const kind of kindsOf(maps))
    writer.dataset(`/${kind}`, joined(kind, maps[kind]!), [maps[kind]!.length, height, width], 'gzip');
}

/** The same of a detector with memory cells: what comes back takes the maps of one cell after the other. */
export function putCellMaps(
  writer: Hdf5Writer,
  facts: MapsFacts,
  [height, width]: readonly [number, number],
): (maps: MapsToWrite) => void {
  putFacts(writer, facts);
  const datasets = new Map<MapKind, GrowingDataset>();
  return (maps) => {
    for (const kind of kindsOf(maps)) {
      const rows = [maps[kind]!.length, height, width];
      const dataset = datasets.get(kind) ?? writer.growing(`/${kind}`, TYPES[kind], rows, 1, 'gzip');
      datasets.set(kind, dataset);
      dataset.append(joined(kind, maps[kind]!));
    }
  };
}
