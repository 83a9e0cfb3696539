/** Panels of a CrystFEL geometry file. */
import { UserError } from '../../core/errors.js';
import { parseMasks, type PanelMask } from './panel-masks.js';
import { CAMERA_LENGTH, parseQuantity, type Quantity } from './quantity.js';
import type { Fields } from './statements.js';

/** One axis of the data block: `%` counts frames, a number is a fixed place (a module). */
export type Dimension = '%' | 'ss' | 'fs' | number;

export interface Panel {
  readonly name: string;
  /** Inclusive extent in the data block, pixels. */
  readonly minFs: number;
  readonly maxFs: number;
  readonly minSs: number;
  readonly maxSs: number;
  /** The axes of the data, slowest first; null where the file does not say. */
  readonly dimensions: readonly Dimension[] | null;
  /** Index on a module axis (`dim1 = 3`), or null where the panels lie in one `[y, x]` slab. */
  readonly module: number | null;
  /** The dataset, with `%` for parts of the path that an event fills; null where the file does not say. */
  readonly data: string | null;
  /** One step along the fast and the slow axis in the laboratory, pixels. */
  readonly fs: readonly [number, number];
  readonly ss: readonly [number, number];
  /** The outer corner of the first pixel, pixels from the beam. */
  readonly corner: readonly [number, number];
  /** Pixels per metre; null where the file does not say. */
  readonly res: number | null;
  /** Metres, with `coffset`; null where it is in the data or nowhere. */
  readonly clen: number | null;
  /** Where the frames' file holds the camera length; `coffset` (m) is then added. */
  readonly clenPlace: { readonly from: Extract<Quantity, { kind: 'place' }>; readonly offset: number } | null;
  /** Not to be looked at. */
  readonly noIndex: boolean;
  /** So many pixels along each edge are bad. */
  readonly edge: number;
  readonly flags: PanelFlags;
  readonly masks: readonly PanelMask[];
}

/** Stored values that are bad; null where no limit is stated. Of several limits the strictest is that of all of them. */
export interface PanelFlags {
  readonly lessThan: number | null;
  readonly moreThan: number | null;
  readonly equal: readonly number[];
}

export interface BadRegion {
  readonly name: string;
  readonly panel: string | null;
  readonly kind: 'panel' | 'laboratory';
  /** Inclusive bounds: fs and ss in the data block, or x and y in pixels. */
  readonly min: readonly [number, number];
  readonly max: readonly [number, number];
}

export function numberOf(
  file: string,
  owner: string,
  fields: Fields,
  key: string,
  otherwise?: number,
): number {
  const text = fields.get(key);
  if (text === undefined && otherwise !== undefined) return otherwise;
  const value = text === undefined || text === '' ? NaN : Number(text);
  if (!Number.isFinite(value)) {
    throw new UserError(text === undefined ? 'is missing' : `is '${text}', not a number`, {
      file,
      field: `${owner}/${key}`,
      remedy: 'check the geometry file',
    });
  }
  return value;
}

/** `+0.99x -0.01y (+0.0z)`, or `x`, `-y`; z is along the beam and moves no pixel in a picture. */
function parseVector(file: string, owner: string, text: string | undefined): readonly [number, number] {
  const compact = (text ?? '').replace(/[\s()]+/g, '');
  const parts = [...compact.matchAll(/([+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)?)([xyz])/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== compact) {
    throw new UserError(`is '${text ?? ''}', not a direction`, {
      file,
      field: owner,
      remedy: 'write +1.0x +0.0y',
    });
  }
  const vector: [number, number] = [0, 0];
  for (const [, factor, axis] of parts) {
    const value = factor === '' || factor === '+' ? 1 : factor === '-' ? -1 : Number(factor);
    if (axis === 'x') vector[0] += value;
    if (axis === 'y') vector[1] += value;
  }
  return vector;
}

/** The axes of the data. The slow one must come before the fast one: pixels of a row stand side by side. */
function parseDimensions(file: string, name: string, fields: Fields): readonly Dimension[] | null {
  const stated = [...fields]
    .filter(([key]) => /^dim\d+$/.test(key))
    .map(([key, value]) => ({ key, place: Number(key.slice(3)), value }))
    .sort((a, b) => a.place - b.place);
  if (stated.length === 0) return null;
  const refuse = (key: string, problem: string, remedy: string): never => {
    throw new UserError(problem, { file, field: `${name}/${key}`, remedy });
  };
  const dimensions = stated.map(({ key, place, value }, i): Dimension => {
    if (place !== i) refuse(`dim${i}`, 'is missing', 'state every axis from dim0');
    if (value === '%' || value === 'ss' || value === 'fs') return value;
    return /^\d+$/.test(value) ? Number(value) : refuse(key, `is '${value}'`, 'write %, ss, fs or a number');
  });
  for (const axis of ['ss', 'fs'] as const)
    if (dimensions.filter((one) => one === axis).length !== 1)
      refuse(
        'dim0',
        `${axis} is not stated once among dim0 to dim${dimensions.length - 1}`,
        `make one axis ${axis}`,
      );
  const [slow, fast] = [dimensions.indexOf('ss'), dimensions.indexOf('fs')];
  if (fast < slow)
    refuse(
      `dim${fast}`,
      'is fs: the fast axis comes before the slow one, as in transposed data, which are not read',
      `make dim${slow} fs and dim${fast} ss if the data are stored so`,
    );
  const after = dimensions.findIndex((one, i) => i > slow && one === '%');
  if (after >= 0)
    refuse(`dim${after}`, 'counts frames behind the slow axis, which is not read', 'store the frames first');
  return dimensions;
}

function moduleOf(file: string, name: string, dimensions: readonly Dimension[] | null): number | null {
  const fixed = (dimensions ?? []).filter((one) => typeof one === 'number');
  const moving = fixed.filter((one) => one !== 0);
  if (moving.length > 1) {
    throw new UserError(`has the fixed axes ${fixed.join(' and ')}; one axis of modules is read`, {
      file,
      field: name,
    });
  }
  return fixed.length === 0 ? null : (moving[0] ?? 0);
}

/** Every value of `key`, in order. */
function parseFlag(file: string, name: string, fields: Fields, key: string): readonly number[] {
  const words = fields.get(key)?.split(/\s+/) ?? [];
  return words.map((word) => numberOf(file, name, new Map([[key, word]]), key));
}

function parseFlags(file: string, name: string, fields: Fields): PanelFlags {
  const of = (key: string): readonly number[] => parseFlag(file, name, fields, key);
  const [less, more] = [of('flag_lessthan'), of('flag_morethan')];
  return {
    lessThan: less.length === 0 ? null : Math.max(...less),
    moreThan: more.length === 0 ? null : Math.min(...more),
    equal: of('flag_equal'),
  };
}

function parseNoIndex(file: string, name: string, text: string | undefined): boolean {
  if (text === undefined || /^(0|false|no)$/i.test(text)) return false;
  if (/^(1|true|yes)$/i.test(text)) return true;
  throw new UserError(`is '${text}', neither 0 nor 1`, { file, field: `${name}/no_index` });
}

/** `metres` as a camera length, with `coffset`. Throws `UserError` where no detector can stand there. */
export function cameraLength(file: string, field: string, metres: number): number {
  if (metres > 0) return metres;
  throw new UserError(`is ${metres} m with coffset, no distance of a detector`, {
    file,
    field,
    remedy: 'write clen and coffset so that their sum is positive',
  });
}

export function toPanel(file: string, name: string, fields: Fields): Panel {
  const at = (key: string, otherwise?: number): number => numberOf(file, name, fields, key, otherwise);
  const length = fields.get('clen');
  const clen = length === undefined ? null : parseQuantity(length, CAMERA_LENGTH, file, `${name}/clen`);
  const offset = at('coffset', 0);
  const dimensions = parseDimensions(file, name, fields);
  const res = fields.has('res') ? at('res') : null;
  return {
    name,
    minFs: at('min_fs'),
    maxFs: at('max_fs'),
    minSs: at('min_ss'),
    maxSs: at('max_ss'),
    dimensions,
    module: moduleOf(file, name, dimensions),
    data: fields.get('data') ?? null,
    fs: parseVector(file, `${name}/fs`, fields.get('fs') ?? '1.0x'),
    ss: parseVector(file, `${name}/ss`, fields.get('ss') ?? '1.0y'),
    corner: [at('corner_x'), at('corner_y')],
    res,
    clen: clen?.kind === 'value' ? cameraLength(file, `${name}/clen`, clen.value + offset) : null,
    clenPlace: clen?.kind === 'place' ? { from: clen, offset } : null,
    noIndex: parseNoIndex(file, name, fields.get('no_index')),
    edge: at('mask_edge_pixels', 0),
    flags: parseFlags(file, name, fields),
    masks: parseMasks(file, name, fields),
  };
}
