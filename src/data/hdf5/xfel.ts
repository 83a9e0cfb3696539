/**
 * What files of the European XFEL say of their frames: trains, pulses and memory cells, and which rows are padding.
 *
 * AGIPD, LPD and DSSC have a row a pulse, with ids `[n]` or `[n, 1]`; JUNGFRAU has a row a train, each of so many memory
 * cells. Rows of train 0 are padding that the writer of the file left.
 */
import type { FramePart } from './axes.js';
import { frameCounts, frameIndices } from './axes.js';
import { toColumn, type Column } from './columns.js';
import type { Hdf5File } from './file.js';
import { parentOf } from './paths.js';

/** Names as in the files, and as vetoc gives them. */
const IDS = [
  ['trainId', 'trainId'],
  ['pulseId', 'pulseId'],
  ['cellId', 'cellId'],
  ['memoryCell', 'cellId'],
  ['frameNumber', 'frameNumber'],
] as const;

export function isXfel(dataset: string): boolean {
  return dataset.startsWith('/INSTRUMENT/');
}

/** Ids by name: one value a frame, as they stand beside the frames. */
export function xfelIds(file: Hdf5File, part: FramePart): ReadonlyMap<string, Column> {
  const columns = new Map<string, Column>();
  const group = parentOf(part.info.path);
  const frames = frameCounts(part);
  const count = frames.reduce((a, b) => a * b, 1);
  for (const [name, given] of IDS) {
    const path = `${group}/${name}`;
    if (file.node(path).kind !== 'dataset' || file.info(path).pixelType === null) continue;
    const values = toColumn(file.readAll(path));
    if (values.length === count) columns.set(given, values);
    else if (values.length === frames[0])
      columns.set(
        given,
        Array.from({ length: count }, (_, i) => values[frameIndices(part, i)[0]!]!),
      );
  }
  // Of cells the place in the train counts: modules number their memory differently.
  if (frames.length === 2 && !columns.has('pulseId'))
    columns.set(
      'pulseId',
      Array.from({ length: count }, (_, i) => frameIndices(part, i)[1]!),
    );
  return columns;
}

/** The numbers of the rows that are frames, or null where all are. */
export function rowsWithTrain(ids: ReadonlyMap<string, Column>, count: number): Uint32Array | null {
  const trains = ids.get('trainId');
  if (trains === undefined) return null;
  const rows = Uint32Array.from({ length: count }, (_, i) => i).filter((i) => Number(trains[i]) !== 0);
  return rows.length === count ? null : rows;
}
