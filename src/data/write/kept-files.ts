/**
 * The source files of kept frames, open one at a time: frames as stored, and the HDF5 file around them.
 */
import { resolve } from 'node:path';
import type { RawSource } from '../formats/format.js';
import { openHdf5, type Hdf5File } from '../hdf5/file.js';
import { openRaw } from '../stored.js';

/** One source file while its frames are written. */
export interface OpenFile {
  readonly file: string;
  readonly raw: RawSource;
  /** Row of the file → index of the raw source. */
  readonly indexOf: (row: number) => number;
  readonly hdf5: Hdf5File | null;
}

async function openFile(file: string, dataset: string | null, carries: boolean): Promise<OpenFile> {
  const raw = await openRaw(dataset === null ? file : `${file}#${dataset}`, { allowMissing: true });
  const hdf5 = carries && raw.format.startsWith('HDF5') ? await openHdf5(resolve(file), file) : null;
  const { originIndex } = raw;
  if (originIndex === undefined) return { file, raw, hdf5, indexOf: (row) => row };
  const inverse = new Map(Array.from({ length: raw.count }, (_, i) => [originIndex(i), i]));
  return { file, raw, hdf5, indexOf: (row) => inverse.get(row)! };
}

async function closeFile(open: OpenFile): Promise<void> {
  await open.raw.close();
  open.hdf5?.close();
}

/**
 * Opens the files that frames come from, one at a time. What stands beside the rows of a file belongs to its frames unless
 * they were `joined` from rows of several.
 */
export function fileCursor(
  datasetOf: (file: string) => string | null,
  joined: boolean,
): {
  readonly at: (file: string) => Promise<OpenFile>;
  readonly close: () => Promise<void>;
} {
  let current: OpenFile | null = null;
  const close = async (): Promise<void> => {
    if (current !== null) await closeFile(current);
    current = null;
  };
  return {
    async at(file) {
      if (current?.file === file) return current;
      await close();
      current = await openFile(file, datasetOf(file), !joined);
      return current;
    },
    close,
  };
}
