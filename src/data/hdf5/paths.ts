/** Paths inside an HDF5 file. */

/** The last part of `path`. */
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The group that `path` stands in. */
export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';

/** `name` in `group`. */
export const inGroup = (group: string, name: string): string => `${group === '/' ? '' : group}/${name}`;
