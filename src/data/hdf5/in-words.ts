/**
 * Failures of the HDF5 library as errors that name file, dataset and frame.
 */
import { UserError } from '../../core/errors.js';
import { countSpots, type Annotations } from '../formats/format.js';
import { Hdf5Failure } from './library.js';

/** Turns a library failure into a `UserError` that names the file, dataset and frame. */
export function inWords<T>(file: string, field: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof Hdf5Failure)) throw error;
    throw new UserError(error.message, {
      file,
      field,
      remedy: 'check the file, or pass it over with --skip-bad',
    });
  }
}

/** Facts that are read when they are asked for. */
export function factsInWords(file: string, annotations: Annotations): Annotations {
  const { label, meta, spots } = annotations;
  return {
    ...annotations,
    spotCount: (index) => inWords(file, `peaks of frame ${index}`, () => countSpots(annotations, index)),
    label: (index) => inWords(file, `label of frame ${index}`, () => label(index)),
    meta: (index) => inWords(file, `facts of frame ${index}`, () => meta(index)),
    spots: (index) => inWords(file, `peaks of frame ${index}`, () => spots(index)),
  };
}
