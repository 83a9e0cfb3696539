/**
 * Files of the HDF5 library, of which a bounded number are open at once.
 *
 * A file is opened when it is asked for something. Where too many are open, the one that was asked least recently is
 * closed, and opened again when it is needed: a night of thousands of files takes no more memory than a few of them.
 */
import { statSync } from 'node:fs';
import { currentReader, Hdf5Failure, type Hdf5Library } from './library.js';

/** As many files are held open in a thread; each takes some 100 kB of the library's memory. */
const MOST_OPEN = 96;

/** A file of the library. */
export interface Hdf5Handle {
  /** The library's number of the file, which is opened where it is closed. Throws `Hdf5Failure`. */
  id(): bigint;
  library(): Hdf5Library;
  close(): void;
}

/** Open files, the least recently used first. */
const open = new Set<Hdf5Handle>();

/** Files that are held open in this thread. */
export const filesHeldOpen = (): number => open.size;

/** A file is the same one as long as its place on the disk is. */
export function identityOf(path: string): string | null {
  const facts = statSync(path, { throwIfNoEntry: false });
  return facts === undefined ? null : `${facts.dev}:${facts.ino}`;
}

/** A file that is being written in SWMR mode opens only when that mode is asked for. */
function openFile(library: Hdf5Library, path: string): bigint {
  let id: bigint;
  try {
    id = library.run((module) => module.open(path, 0, false, -1, -1));
  } catch (error) {
    if (!(error instanceof Hdf5Failure) || !error.message.includes('open for writing')) throw error;
    id = library.run((module) => module.open(path, module.H5F_ACC_SWMR_READ, false, -1, -1));
  }
  if (id < 0n) throw new Hdf5Failure('not an HDF5 file');
  return id;
}

function closeFile(library: Hdf5Library, id: bigint): void {
  if (library.poisoned()) return;
  try {
    library.run((module) => module.close_file(id));
  } catch (error) {
    // What cannot be closed was damaged, which whoever read it has been told.
    if (!(error instanceof Hdf5Failure)) throw error;
  }
}

/** The file at `path`, which is opened at its first use. `onClose` is told when it is closed, by whomever. */
export function createHandle(path: string, onClose: () => void): Hdf5Handle {
  let held: { readonly library: Hdf5Library; readonly id: bigint } | null = null;
  let identity: string | null = null;
  const handle: Hdf5Handle = {
    id() {
      open.delete(handle);
      open.add(handle);
      if (held !== null && !held.library.poisoned()) return held.id;
      const library = currentReader();
      const found = identityOf(path);
      if (identity !== null && found !== null && found !== identity)
        throw new Hdf5Failure('another file took its place while it was read');
      held = { library, id: openFile(library, path) };
      identity = found;
      if (open.size > MOST_OPEN) open.values().next().value!.close();
      return held.id;
    },
    library: currentReader,
    close() {
      open.delete(handle);
      if (held !== null) closeFile(held.library, held.id);
      held = null;
      onClose();
    },
  };
  return handle;
}
