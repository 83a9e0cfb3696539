/** Labels from a dataset of an HDF5 file: `FILE#/path`, one value a frame. */
import { resolve } from 'node:path';
import { UserError } from '../../core/errors.js';
import { CLASS_NAMES, type FrameSource } from '../frames.js';
import { openHdf5 } from '../hdf5/file.js';
import { Hdf5Failure } from '../hdf5/library.js';
import { warning, type Note } from '../notes.js';
import { hitOfClass } from './class-names.js';
import type { Labelling } from './labelling.js';
import { describeUnknown, hitOfNumber, isNoClass } from './label-values.js';

/** Hits where the values are 0 and 1 alone (besides what is unknown) and no classes are known; else classes. */
export async function fromDataset(source: FrameSource, spec: string): Promise<Labelling> {
  const at = spec.indexOf('#/');
  const [file, path] = [spec.slice(0, at), spec.slice(at + 1)];
  const values = await readColumn(file, path);
  if (values.length !== source.count) {
    throw new UserError(`has ${values.length} labels for ${source.count} frames`, {
      file,
      field: path,
      remedy: 'give one label a frame, in the order of the frames',
    });
  }
  const noteOf = (text: string | null): readonly Note[] =>
    text === null ? [] : [warning('labels', file, path, text)];
  const known = values.filter((value) => !isNoClass(value));
  const areHits = known.every((value) => hitOfNumber(value) !== null) || path.endsWith('/hit');
  if (areHits && source.classNames === null) {
    const unknown = describeUnknown(values, (value) => hitOfNumber(value) === null, 'neither 0 nor 1');
    return {
      classNames: null,
      notes: noteOf(unknown),
      of: (index) => ({ hit: hitOfNumber(values[index]!) }),
    };
  }
  const classNames = source.classNames ?? CLASS_NAMES;
  const isClass = (value: number): boolean =>
    Number.isInteger(value) && value >= 0 && value < classNames.length;
  const odd = values.findIndex((value) => !isClass(value) && !isNoClass(value));
  if (odd >= 0) {
    throw new UserError(
      `frame ${odd} has the label ${values[odd]}, but there are ${classNames.length} classes`,
      { file, field: path, remedy: 'write a class from 0, or -1 where it is unknown' },
    );
  }
  return {
    classNames,
    notes: noteOf(describeUnknown(values, (value) => !isClass(value), 'of no class')),
    of(index) {
      const value = values[index]!;
      return isClass(value)
        ? { label: value, hit: hitOfClass(classNames, value) }
        : { label: null, hit: null };
    },
  };
}

async function readColumn(file: string, path: string): Promise<readonly number[]> {
  try {
    const opened = await openHdf5(resolve(file), file);
    try {
      const value = opened.node(path).kind === 'dataset' ? opened.readAll(path) : null;
      if (value === null)
        throw new UserError('does not exist', { file, field: path, remedy: 'check the path' });
      return Array.from(value as ArrayLike<number>, Number);
    } finally {
      opened.close();
    }
  } catch (error) {
    if (error instanceof Hdf5Failure) throw new UserError(error.message, { file, field: path });
    throw error;
  }
}
