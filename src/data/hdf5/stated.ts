/**
 * Measured values that an HDF5 file states, with their units: one for all frames, or one a frame.
 *
 * A value in a unit that is not known, of another length than the frames, of nothing (0, NaN) or out of all bounds is said by
 * name and not used. Where no unit is stated, the one of the layout is taken, which is said unless the layout prescribes it.
 */
import { taken, warning, type Note, type NoteSubject } from '../notes.js';
import { dimensionOf, factorBetween, parseMeasure, unitNames } from '../units.js';
import { attributeText, toColumn } from './columns.js';
import type { Hdf5File } from './file.js';
import type { FrameRows } from './frame-rows.js';

/** What is asked for. */
export interface Measure {
  /** In words: `the distance`. */
  readonly what: string;
  readonly about: NoteSubject;
  /** The unit of the result. */
  readonly into: string;
  /** The unit where none is stated. */
  readonly unit: string;
  /** Whether the layout prescribes that unit. */
  readonly prescribed?: boolean;
  /** What is smaller or larger is no such value. */
  readonly least: number;
  readonly most: number;
}

export interface Stated {
  readonly path: string;
  readonly perFrame: boolean;
  /** Of frame `index`, in the unit asked for; null where the file has none for it. */
  of(index: number): number | null;
}

/** Values found, and what is to be said of them. */
export interface Found {
  readonly value: Stated | null;
  readonly notes: readonly Note[];
}

export const NOTHING: Found = { value: null, notes: [] };

/** No experiment writes more values than this of one kind. */
const MAX_VALUES = 1e7;

export const unused = (file: Hdf5File, path: string, { what, about }: Measure, why: string): Found => ({
  value: null,
  notes: [warning(about, file.name, path, `${why} and was not used as ${what}`)],
});

/** The unit that the dataset at `path` states, or null. */
export function unitAt(file: Hdf5File, path: string, attribute = 'units'): string | null {
  const text = attributeText(file, path, attribute) ?? (attribute === 'units' ? attributeText(file, path, 'unit') : null);
  return text === null || text.trim() === '' ? null : text;
} // prettier-ignore

/** The factor from the unit of the dataset at `path`, or the words for why there is none. */
export function factorAt(file: Hdf5File, path: string, measure: Measure, written: string | null): number | string {
  const unit = written ?? measure.unit;
  const factor = factorBetween(unit, measure.into);
  if (factor !== null) return factor;
  const known = `(${unitNames(dimensionOf(measure.into)!)} are known)`;
  return dimensionOf(unit) === null ? `is in the unknown unit '${unit}' ${known}` : `is in '${unit}', which is no unit of it ${known},`;
} // prettier-ignore

interface Numbers {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly unit: string | null;
}

/** Numbers of the dataset at `path`; of text the number in it, and the unit behind. Null where it holds none, or too many. */
export function numbersAt(file: Hdf5File, path: string): Numbers | null {
  const { shape, pixelType, isString } = file.info(path);
  if (shape.reduce((a, b) => a * b, 1) > MAX_VALUES || (pixelType === null && !isString)) return null;
  const unit = unitAt(file, path);
  const column = toColumn(file.readAll(path));
  if (!isString) return { shape, values: column.map(Number), unit };
  const measure = column.length === 1 ? parseMeasure(String(column[0])) : null;
  return measure && { shape: [], values: [measure.value], unit: unit ?? measure.unit };
}

/** `values` as those of all frames (one, or all the same) or of each frame; null where they are neither. */
function ofFrames(values: readonly number[], rows: FrameRows): readonly number[] | null {
  if (values.length > 1 && values.every((value) => value === values[0])) return values.slice(0, 1);
  const row = rows.rowOf(values.length);
  if (row === null) return null;
  return values.length === 1 ? values : Array.from({ length: rows.count }, (_, index) => values[row(index)]!);
}

/** `values` as one for all frames, or one a frame; null where they are neither. */
export function byFrame(path: string, values: readonly number[], rows: FrameRows): Stated | null {
  const known = ofFrames(values, rows);
  if (known === null) return null;
  const perFrame = known.length > 1;
  const of = (index: number): number | null => {
    const value = known[perFrame ? index : 0];
    return value === undefined || Number.isNaN(value) ? null : value;
  };
  return { path, perFrame, of };
}

/** `values`, NaN where one is no such measure, with the words for the first of those. */
export function checked(
  values: readonly number[],
  { least, most, into }: Measure,
): { readonly values: readonly number[]; readonly wrong: string | null } {
  let wrong: string | null = null;
  const right = values.map((value) => {
    if (value >= least && value <= most) return value;
    wrong ??=
      value === 0 || Number.isNaN(value)
        ? `is ${value}, which states nothing,`
        : `is ${Number(value.toPrecision(6))} ${into}, which cannot be right,`;
    return NaN;
  });
  return { values: right, wrong };
}

/** What is said of values that were taken. */
export function takenNotes(
  file: Hdf5File,
  { path, perFrame }: Stated,
  measure: Measure,
  unit: string | null,
): readonly Note[] {
  const { what, about, prescribed = false } = measure;
  const text = `${what} of ${perFrame ? 'each frame' : 'all frames'}`;
  if (unit !== null || prescribed) return [taken(about, file.name, path, text)];
  // Everybody counts the beam in pixels; of a length it would be a guess.
  const [plural, say] = measure.unit === 'pixel' ? ['pixels', taken] : [measure.unit, warning];
  return [say(about, file.name, path, `${text}, taken in ${plural}: no unit is stated`)];
}

/** What the dataset at `path` states of `measure`; amounts are taken without their sign. */
export function statedAt(file: Hdf5File, path: string, measure: Measure, rows: FrameRows): Found {
  const node = file.node(path);
  if (node.kind === 'danglingSoftLink' || node.kind === 'externalLink')
    return unused(file, path, measure, `links to ${node.target}, which is not there,`);
  if (node.kind !== 'dataset') return NOTHING;
  const numbers = numbersAt(file, path);
  if (numbers === null) return unused(file, path, measure, `holds no number (${file.info(path).typeName})`);
  const factor = factorAt(file, path, measure, numbers.unit);
  if (typeof factor === 'string') return unused(file, path, measure, factor);
  return statedValues(file, path, measure, rows, numbers.values.map((value) => value * factor), numbers);
} // prettier-ignore

/** `values` in the unit of `measure`, that were `numbers` in the file. */
function statedValues(
  file: Hdf5File,
  path: string,
  measure: Measure,
  rows: FrameRows,
  values: readonly number[],
  { unit, shape }: Numbers,
): Found {
  const known = ofFrames(values, rows);
  if (known === null)
    return unused(file, path, measure, `has ${shape.join('×')} values for ${rows.count} frames`);
  const signed = measure.least > 0 && known.some((value) => value < 0);
  const { values: right, wrong } = checked(signed ? known.map(Math.abs) : known, measure);
  const value = byFrame(path, right, rows)!;
  if (right.every((one) => Number.isNaN(one))) return unused(file, path, measure, wrong ?? 'holds no number');
  const { about, what } = measure;
  const notes = [
    ...takenNotes(file, value, measure, unit),
    ...(signed ? [warning(about, file.name, path, `is negative: its amount was taken as ${what}`)] : []),
    ...(wrong === null ? [] : [warning(about, file.name, path, `${wrong} for some frames, which have none`)]),
  ];
  return { value, notes };
}

/** From here on two statements of one thing contradict each other. */
const SAME = 2e-3;
/** The same for what is stated for each frame and once for all: the latter may be what was aimed at. */
const NEAR = 2e-2;

/**
 * The first of `found` that states something; what the others say otherwise is said. `unit` is that of the values.
 */
export function firstOf(
  file: Hdf5File,
  measure: Measure,
  unit: string,
  rows: FrameRows,
  found: readonly Found[],
): Found {
  const stated = found.flatMap(({ value }) => (value === null ? [] : [value]));
  const [first, ...others] = stated;
  const notes = found.flatMap((one) => one.notes);
  if (first === undefined) return { value: null, notes };
  const contradictions = others.flatMap((other) => {
    const share = first.perFrame === other.perFrame ? SAME : NEAR;
    const each = first.perFrame || other.perFrame;
    const last = each ? rows.count : Math.min(1, rows.count);
    for (let index = 0; index < last; index++) {
      const [a, b] = [first.of(index), other.of(index)];
      if (a === null || b === null || Math.abs(a - b) <= share * Math.abs(a)) continue;
      const [used, unusedOne] = [a, b].map((value) => Number(value.toPrecision(6)));
      const text = `says that ${measure.what}${each ? ` of frame ${index}` : ''} is ${unusedOne} ${unit}, but ${first.path} says ${used} ${unit}, which is used`;
      return [warning(measure.about, file.name, other.path, text)];
    }
    return [];
  });
  const unneeded = new Set(others.map(({ path }) => path));
  const said = notes.filter(({ kind, field }) => kind !== 'taken' || field === null || !unneeded.has(field));
  return { value: first, notes: [...said, ...contradictions] };
}
