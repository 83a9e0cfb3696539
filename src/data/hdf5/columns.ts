/**
 * Per-frame arrays of an HDF5 file as columns of text or numbers.
 */
import { UserError } from '../../core/errors.js';
import type { Hdf5File, Hdf5Value } from './file.js';
import { raggedLengths } from './ragged.js';
import { jsonOrUndefined } from '../../core/json.js';

export type Column = readonly (string | number)[];

/** Names with a meaning of their own: a wrong length is an error there, not another kind of array. */
export const LABEL_NAMES = ['label', 'hit', 'indexable', 'split', 'group'];

/** Text of an attribute, or null. */
export function attributeText(file: Hdf5File, path: string, name: string): string | null {
  const value = file.attribute(path, name);
  if (value === null) return null;
  return typeof value[0] === 'string' ? value[0] : value[0] === undefined ? null : String(value[0]);
}

/** The names of codes 0, 1, …: a JSON list, `a,b,c`, or `0=a 1=b`; null where the text is none of these. */
export function parseNames(text: string): ReadonlyMap<number, string> | null {
  const names = new Map<number, string>();
  let items: readonly string[];
  if (text.startsWith('[')) {
    const parsed: unknown = jsonOrUndefined(text);
    if (!Array.isArray(parsed) || !parsed.every((item) => typeof item === 'string')) return null;
    items = parsed;
  } else {
    items = text.split(/[,\s]+/).filter((item) => item !== '');
  }
  items.forEach((item, index) => {
    const coded = /^(\d+)=(.+)$/.exec(item);
    if (coded === null) names.set(index, item);
    else names.set(Number(coded[1]), coded[2]!);
  });
  return names;
}

/** Numbers, or the digits of those beyond 2^53 (timestamps). */
function fromBigInt(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

export function toColumn(value: Hdf5Value): Column {
  if (value === null) return [];
  if (value instanceof BigInt64Array || value instanceof BigUint64Array) return Array.from(value, fromBigInt);
  return Array.from(value as ArrayLike<string | number>);
}

/** The one number at `path`; null where there is no such dataset, or it holds anything else. */
export function numberAt(file: Hdf5File, path: string): number | null {
  if (file.node(path).kind !== 'dataset') return null;
  const { shape, pixelType } = file.info(path);
  if (pixelType === null || shape.some((length) => length !== 1)) return null;
  const value = Number(toColumn(file.readAll(path))[0]);
  return Number.isFinite(value) ? value : null;
}

/** Replaces codes by names where the dataset has an attribute `names`. */
function decodeNames(file: Hdf5File, path: string, column: Column): Column {
  const text = attributeText(file, path, 'names');
  const names = text === null ? null : parseNames(text);
  if (names === null) return column;
  return column.map((code) => (typeof code === 'number' ? (names.get(code) ?? code) : code));
}

/** The dataset `name` in `group` as a column, where it has one value a frame. Throws `UserError` for labels that do not. */
export function columnIn(
  file: Hdf5File,
  group: string,
  dataset: string,
  lengths: readonly number[],
  name: string,
): Column | undefined {
  const path = `${group === '/' ? '' : group}/${name}`;
  if (path === dataset || file.node(path).kind !== 'dataset' || raggedLengths(file, path) !== null)
    return undefined;
  const info = file.info(path);
  // Ids of `[n, 1]` are one value a frame, too.
  if (info.shape.length !== 1 && !(info.shape.length === 2 && info.shape[1] === 1)) return undefined;
  if (info.pixelType === null && !info.isString) return undefined;
  if (!lengths.includes(info.shape[0]!)) {
    if (!LABEL_NAMES.includes(name)) return undefined;
    throw new UserError(`has ${info.shape[0]} values for ${lengths[0]} frames`, {
      file: file.name,
      field: path,
      remedy: 'write one value a frame, or take the frames with FILE#/path and other labels',
    });
  }
  return decodeNames(file, path, toColumn(file.readAll(path)));
}

/**
 * Child datasets of `group` with one value a frame, by name: all of them, or those of `names`. `dataset` itself is left
 * out.
 */
export function columnsOf(
  file: Hdf5File,
  group: string,
  dataset: string,
  lengths: readonly number[],
  names?: readonly string[],
): ReadonlyMap<string, Column> {
  const columns = new Map<string, Column>();
  if (file.node(group).kind !== 'group') return columns;
  for (const name of names ?? file.children(group)) {
    const column = columnIn(file, group, dataset, lengths, name);
    if (column !== undefined) columns.set(name, column);
  }
  return columns;
}
