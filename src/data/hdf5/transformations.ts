/**
 * NeXus' chains of `depends_on`: each axis moves or turns what depends on it, by a value for all frames or one a frame, along
 * `vector`, and sets it off by `offset`. Source: NXtransformations.
 */
import { factorBetween } from '../units.js';
import { attributeText } from './columns.js';
import type { Hdf5File } from './file.js';
import type { FrameRows } from './frame-rows.js';
import { parentOf } from './paths.js';
import { byFrame, numbersAt, unitAt, type Stated } from './stated.js';

export type Vector = readonly [number, number, number];

export interface Axis {
  readonly path: string;
  readonly turns: boolean;
  /** Of mm, or of radians. */
  readonly value: Stated;
  readonly vector: Vector;
  /** mm. */
  readonly offset: Vector;
  /** Whether no unit is stated where it matters. */
  readonly guessed: boolean;
}

const MAX_AXES = 32;

/** What is wrong with a chain, at one of its axes. */
export class BadAxis extends Error {
  constructor(
    readonly path: string,
    why: string,
  ) {
    super(why);
  }
}

export function vectorAt(file: Hdf5File, path: string, name: string): Vector | null {
  const value = file.attribute(path, name);
  const numbers = value === null ? [] : Array.from(value as ArrayLike<unknown>, Number);
  if (numbers.length !== 3 || !numbers.every(Number.isFinite)) return null;
  return [numbers[0]!, numbers[1]!, numbers[2]!];
}

/** `text` as a path, seen from the group that it stands in. */
function resolvePath(text: string, group: string): string {
  const parts: string[] = [];
  for (const part of `${text.startsWith('/') ? '' : `${group}/`}${text}`.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** The factor of the unit of an axis. Throws where it has none that is known. */
function unitFactorAt(path: string, unit: string | null, into: string): number {
  const factor = factorBetween(unit ?? into, into);
  if (factor === null) throw new BadAxis(path, `is in the unit '${unit}', which is none of its kind`);
  return factor;
}

function axisAt(file: Hdf5File, path: string, rows: FrameRows): Axis {
  if (file.node(path).kind !== 'dataset') throw new BadAxis(path, 'is not there, but the detector depends on it');
  const numbers = numbersAt(file, path);
  const value = numbers && byFrame(path, numbers.values, rows);
  if (value === null) throw new BadAxis(path, `has ${numbers?.shape.join('×')} values for ${rows.count} frames`);
  const type = attributeText(file, path, 'transformation_type');
  const vector = vectorAt(file, path, 'vector');
  if ((type !== 'translation' && type !== 'rotation') || vector === null)
    throw new BadAxis(path, 'states no transformation_type with a vector of three numbers');
  const turns = type === 'rotation';
  const length = Math.hypot(...vector);
  const moves = numbers!.values.some((one) => one !== 0);
  if (length === 0 && moves) throw new BadAxis(path, 'moves along a vector of no length');
  const factor = unitFactorAt(path, numbers!.unit ?? (turns ? 'deg' : 'm'), turns ? 'rad' : 'mm');
  const ofOffset = unitAt(file, path, 'offset_units') ?? (turns ? null : numbers!.unit);
  const offset = vectorAt(file, path, 'offset') ?? [0, 0, 0];
  const toMm = offset.some((one) => one !== 0) ? unitFactorAt(path, ofOffset ?? 'm', 'mm') : 0;
  const of = (index: number): number | null => {
    const one = value.of(index);
    return one === null ? null : one * factor;
  };
  return {
    path,
    turns,
    value: { ...value, of },
    // Of a rotation the direction counts; a translation goes by the vector as it is.
    vector: turns && length > 0 ? scaled(vector, 1 / length) : vector,
    offset: scaled(offset, toMm),
    guessed: (moves && numbers!.unit === null) || (toMm !== 0 && ofOffset === null),
  };
} // prettier-ignore

/** The axes from the detector to the laboratory; empty where it depends on none. */
export function chainFrom(
  file: Hdf5File,
  start: string | null,
  group: string,
  rows: FrameRows,
): readonly Axis[] {
  const axes: Axis[] = [];
  let [next, from] = [start, group];
  while (next !== null && next.trim() !== '.' && next.trim() !== '') {
    const path = resolvePath(next.trim(), from);
    if (axes.some((axis) => axis.path === path) || axes.length >= MAX_AXES)
      throw new BadAxis(path, 'depends on itself');
    axes.push(axisAt(file, path, rows));
    [next, from] = [attributeText(file, path, 'depends_on'), parentOf(path)];
  }
  return axes;
}

export const scaled = (vector: Vector, by: number): Vector => [
  vector[0] * by,
  vector[1] * by,
  vector[2] * by,
];
export const sum = (a: Vector, b: Vector): Vector => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

/** `vector` turned about the unit vector `axis` by `angle` (Rodrigues). */
function turned(vector: Vector, axis: Vector, angle: number): Vector {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const along = scaled(axis, dot(axis, vector) * (1 - c));
  return sum(sum(scaled(vector, c), scaled(cross(axis, vector), s)), along);
}

/** Where the chain puts `point`, mm, and how it turns `direction`; null where an axis has no value. */
export function placed(axes: readonly Axis[], index: number, direction: Vector, point: Vector = [0, 0, 0]): { readonly at: Vector; readonly direction: Vector } | null {
  let [at, towards] = [point, direction];
  for (const { turns, value, vector, offset } of axes) {
    const amount = value.of(index);
    if (amount === null) return null;
    at = sum(turns ? turned(at, vector, amount) : sum(at, scaled(vector, amount)), offset);
    if (turns) towards = turned(towards, vector, amount);
  }
  return { at, direction: towards };
} // prettier-ignore
