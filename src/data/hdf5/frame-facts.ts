/**
 * What a file says of each of its frames, by the layout it has, and which of its rows are frames in which order.
 */
import { checkFrameIndex, countSpots, type Annotations, type RawSource } from '../formats/format.js';
import { taken, warning, type Note } from '../notes.js';
import { readAnnotations } from './annotations.js';
import { frameCounts, type FramePart } from './axes.js';
import type { Column } from './columns.js';
import { timestampOrder } from './facility.js';
import type { Hdf5File } from './file.js';
import { tagOf } from './tags.js';
import { isXfel, rowsWithTrain, xfelIds } from './xfel.js';

/** Labels and facts of `count` frames in `parts`. */
export function readFrameFacts(file: Hdf5File, parts: readonly FramePart[], count: number): Annotations {
  const { info } = parts[0]!;
  // Of a train with cells, a column of trains has no value a frame.
  const lengths = parts.length === 1 && frameCounts(parts[0]!).length < 2 ? [count, info.shape[0]!] : [count];
  const annotations = readAnnotations(file, info.path, lengths);
  if (isXfel(info.path)) {
    const ids = [...xfelIds(file, parts[0]!)];
    return {
      ...annotations,
      meta: (index) => ({
        ...annotations.meta(index),
        ...Object.fromEntries(ids.map(([name, column]) => [name, column[index]!])),
      }),
    };
  }
  const tags = parts.map((part) => tagOf(part.info.path));
  if (parts.length < 2 || tags.some((tag) => tag === null)) return annotations;
  return {
    ...annotations,
    meta: (index) => ({ ...annotations.meta(index), tag: tags[index]!.tag, event: tags[index]!.event }),
  };
}

/** `raw` with its rows in the order in which they are frames: by time at LCLS2, without padding at the European XFEL. */
export function framesInOrder(raw: RawSource, file: Hdf5File, part: FramePart): RawSource {
  const order = timestampOrder(file, raw.count);
  if (order !== null) return selectRows(raw, order);
  if (!isXfel(part.info.path)) return raw;
  const ids = xfelIds(file, part);
  const rows = rowsWithTrain(ids, raw.count);
  const said = [...(raw.notes ?? []), ...repeatedPulses(raw, ids, rows)];
  if (rows === null) return { ...raw, notes: said };
  const text = `${raw.count - rows.length} rows of train 0 are padding`;
  return selectRows({ ...raw, notes: [...said, taken('frames', raw.file, raw.dataset, text)] }, rows);
}

/** A pulse, or in files without pulses a memory cell, that stands in two rows of a module. */
function repeatedPulses(
  raw: RawSource,
  ids: ReadonlyMap<string, Column>,
  rows: Uint32Array | null,
): readonly Note[] {
  const trains = ids.get('trainId');
  const word = ['pulseId', 'cellId'].find((name) => ids.has(name));
  const pulses = word === undefined ? undefined : ids.get(word);
  if (trains === undefined) return [];
  const seen = new Set<string>();
  for (let i = 0; i < (rows?.length ?? raw.count); i++) {
    const row = rows?.[i] ?? i;
    const name =
      pulses === undefined
        ? `train ${trains[row]}`
        : `train ${trains[row]}, ${word!.slice(0, -2)} ${pulses[row]}`;
    if (seen.has(name)) return [warning('frames', raw.file, raw.dataset, `${name} stands there twice`)];
    seen.add(name);
  }
  return [];
}

/** Frame `i` of the result is row `rows[i]` of `raw`. */
function selectRows(raw: RawSource, rows: Uint32Array): RawSource {
  const { annotations } = raw;
  const at = (index: number): number => {
    checkFrameIndex(raw.file, index, rows.length);
    return rows[index]!;
  };
  return {
    ...raw,
    count: rows.length,
    readRaw: async (index) => raw.readRaw(at(index)),
    ...(raw.gainWords === undefined ? {} : { gainWords: async (index: number) => raw.gainWords!(at(index)) }),
    mask: async (index) => raw.mask(at(index)),
    originIndex: at,
    ...(raw.experiment === undefined ? {} : { experiment: (index: number) => raw.experiment!(at(index)) }),
    ...(raw.originPlace === undefined ? {} : { originPlace: (index: number) => raw.originPlace!(at(index)) }),
    annotations: {
      ...annotations,
      label: (index) => annotations.label(at(index)),
      meta: (index) => annotations.meta(at(index)),
      spots: (index) => annotations.spots(at(index)),
      spotCount: (index) => countSpots(annotations, at(index)),
    },
  };
}
