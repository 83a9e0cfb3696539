/**
 * What a file says of each of its frames, by the layout it has, and which of its rows are frames in which order.
 */
import { checkFrameIndex, type Annotations, type RawSource } from '../formats/format.js';
import { taken } from '../notes.js';
import { readAnnotations } from './annotations.js';
import { frameCounts, type FramePart } from './axes.js';
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
  const rows = isXfel(part.info.path) ? rowsWithTrain(xfelIds(file, part), raw.count) : null;
  if (rows === null) return raw;
  const note = taken(
    'frames',
    raw.file,
    raw.dataset,
    `${raw.count - rows.length} rows of train 0 are padding`,
  );
  return selectRows({ ...raw, notes: [...(raw.notes ?? []), note] }, rows);
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
    mask: async (index) => raw.mask(at(index)),
    originIndex: at,
    annotations: {
      ...annotations,
      label: (index) => annotations.label(at(index)),
      meta: (index) => annotations.meta(at(index)),
      spots: (index) => annotations.spots(at(index)),
    },
  };
}
