/**
 * Files that other HDF5 files link to: where they are, by the search of the HDF5 library, and whether they are files.
 */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';

/**
 * Where a file named in a link of `file` would be: as named, where that is there; else beside `file`, by its whole name
 * and, where the name is one of another machine, by its last part.
 */
export function resolveLinked(file: string, linked: string): string {
  if (linked === '.') return file;
  const folder = dirname(file);
  const last = join(folder, basename(linked.replaceAll('\\', '/')));
  const places = isAbsolute(linked) ? [linked, last] : [join(folder, linked), resolve(linked), last];
  return places.find((place) => existsSync(place)) ?? (isAbsolute(linked) ? last : places[0]!);
}

/** Why the library must not open `path`: a pipe would never end. Null where it is a file, or nothing. */
export function notAFile(path: string): string | null {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts === undefined || facts.isFile()) return null;
  return facts.isDirectory() ? 'a folder' : facts.isFIFO() ? 'a pipe (FIFO)' : 'no regular file';
}
