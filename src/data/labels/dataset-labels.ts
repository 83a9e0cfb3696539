/** Labels from a dataset of an HDF5 file: `FILE#/path`, one value a frame. */
import { resolve } from 'node:path';
import { UserError } from '../../core/errors.js';
import { CLASS_NAMES, type FrameSource } from '../frames.js';
import { toColumn, type Column } from '../hdf5/columns.js';
import { openHdf5 } from '../hdf5/file.js';
import { Hdf5Failure } from '../hdf5/library.js';
import { warning, type Note } from '../notes.js';
import { hitOfClass } from './class-names.js';
import type { Labelling } from './labelling.js';
import { answerOfWord, describeUnknown, hitOfValue, isNoClass, numberOfValue } from './label-values.js';

/** Hits where the values are 0 and 1 alone (besides what is unknown) or words for them, and no classes are known; else classes. */
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
  if (areHits(values, source.classNames, path)) {
    const unknown = describeUnknown(values, (value) => hitOfValue(value) === null, 'neither 0 nor 1');
    return {
      classNames: null,
      notes: noteOf(unknown),
      of: (index) => ({ hit: hitOfValue(values[index]!) }),
    };
  }
  const classNames = source.classNames ?? CLASS_NAMES;
  const classes = values.map((value, frame) => classOf(value, classNames, frame, { file, path }));
  return {
    classNames,
    notes: noteOf(describeUnknown(values, isNoClass, 'of no class')),
    of(index) {
      const label = classes[index]!;
      return { label, hit: label === null ? null : hitOfClass(classNames, label) };
    },
  };
}

/**
 * Whether `values` say hit and miss. A fraction is no class: beside 0 and 1 it is an answer that nobody gave. Of text, one
 * word for hit or miss is enough.
 */
function areHits(
  values: readonly (string | number)[],
  classNames: readonly string[] | null,
  path: string,
): boolean {
  if (
    values.some(
      (value) => typeof value === 'string' && answerOfWord(value) !== undefined && !isNoClass(value),
    )
  )
    return true;
  if (classNames !== null) return false;
  const known = values.filter((value) => !isNoClass(value));
  const answers = known.filter((value) => hitOfValue(value) !== null).length;
  const fractions = known.filter((value) => {
    const number = numberOfValue(value);
    return Number.isFinite(number) && !Number.isInteger(number);
  }).length;
  return (
    path.endsWith('/hit') || answers === known.length || (answers > 0 && answers + fractions === known.length)
  );
}

/** The class that `value` says, by number or by name; null where it says none. Throws `UserError`. */
function classOf(
  value: string | number,
  classNames: readonly string[],
  frame: number,
  { file, path }: { readonly file: string; readonly path: string },
): number | null {
  if (isNoClass(value)) return null;
  const number = numberOfValue(value);
  const label = Number.isNaN(number)
    ? classNames.findIndex((name) => name.toLowerCase() === String(value).trim().toLowerCase())
    : number;
  if (Number.isInteger(label) && label >= 0 && label < classNames.length) return label;
  const shown = typeof value === 'string' ? `'${value}'` : value;
  throw new UserError(`frame ${frame} has the label ${shown}, but there are ${classNames.length} classes`, {
    file,
    field: path,
    remedy: `write a class from 0 or a name of ${classNames.join(', ')}, or -1 where it is unknown; of hits 1 and 0`,
  });
}

/** One number or text a frame, of the dataset at `path`. Throws `UserError`. */
export async function readColumn(file: string, path: string): Promise<Column> {
  try {
    const opened = await openHdf5(resolve(file), file);
    try {
      const value = opened.node(path).kind === 'dataset' ? opened.readAll(path) : null;
      if (value === null)
        throw new UserError('does not exist', { file, field: path, remedy: 'check the path' });
      return toColumn(value);
    } finally {
      opened.close();
    }
  } catch (error) {
    if (error instanceof Hdf5Failure) throw new UserError(error.message, { file, field: path });
    throw error;
  }
}
