/**
 * Ragged data of LCLS2 small-data files: `x/var_k` (a dataset, or a group of datasets) holds the values of all events one
 * after the other, and `x/var_k_len` says how many of them each event has.
 *
 * Such values are no per-frame column, even where there happen to be as many of them as frames. Refuses lengths that do
 * not add up to the values that are there.
 */
import { UserError } from '../../core/errors.js';
import type { Hdf5DatasetInfo, Hdf5File } from './file.js';

/** The dataset with the lengths of the ragged values at `path`, or null where `path` is not ragged. */
export function raggedLengths(file: Hdf5File, path: string): string | null {
  const parts = path.split('/');
  for (let depth = 1; depth < parts.length; depth++) {
    const name = parts[depth]!;
    if (!name.startsWith('var_') || name.endsWith('_len')) continue;
    const lengths = `${parts.slice(0, depth + 1).join('/')}_len`;
    if (file.node(lengths).kind === 'dataset') return lengths;
  }
  return null;
}

/** Where the values of each event begin, and at the end how many there are: `[events + 1]`. Throws `UserError`. */
export function raggedStarts(file: Hdf5File, values: Hdf5DatasetInfo, lengths: string): readonly number[] {
  const starts = [0];
  let total = 0;
  for (const length of file.readAll(lengths) as ArrayLike<number | bigint> & Iterable<number | bigint>) {
    // An event without such data has the length 0, or the mark of a missing integer.
    total += Math.max(0, Number(length));
    starts.push(total);
  }
  if (total === values.shape[0]) return starts;
  throw new UserError(`has ${values.shape[0]} values, but ${lengths} adds up to ${total}`, {
    file: file.name,
    field: values.path,
    remedy: 'check that the file was written whole',
  });
}
