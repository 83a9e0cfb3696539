/**
 * CrystFEL `.geom` files: where each panel's pixels are.
 *
 * Source: the manual page crystfel_geometry(5). `corner_x/y` is the outer corner of a panel's first pixel, in pixels;
 * `fs` and `ss` are the steps of the fast and slow axis; `min/max_fs/ss` are inclusive places in the data block.
 * Read: panels, vectors, corners, clen, coffset, res, photon energy or wavelength, dim and data, bad regions, and
 * no_index; rigid groups and beam commands are passed over. Refuses panels without corner or extent.
 */
import { readFile } from 'node:fs/promises';
import { UserError } from '../core/errors.js';

export interface Panel {
  readonly name: string;
  /** Inclusive extent in the data block, pixels. */
  readonly minFs: number;
  readonly maxFs: number;
  readonly minSs: number;
  readonly maxSs: number;
  /** Index on a module axis (`dim1 = 3`), or null where the panels lie in one `[y, x]` slab. */
  readonly module: number | null;
  /** One step along the fast and the slow axis in the laboratory, pixels. */
  readonly fs: readonly [number, number];
  readonly ss: readonly [number, number];
  /** The outer corner of the first pixel, pixels from the beam. */
  readonly corner: readonly [number, number];
  /** Pixels per metre. */
  readonly res: number;
  /** Metres; null where it is in the data. */
  readonly clen: number | null;
}

export interface BadRegion {
  readonly panel: string | null;
  readonly kind: 'panel' | 'laboratory';
  /** Inclusive bounds: fs and ss in the data block, or x and y in pixels. */
  readonly min: readonly [number, number];
  readonly max: readonly [number, number];
}

export interface DetectorGeometry {
  readonly file: string;
  readonly panels: readonly Panel[];
  readonly bad: readonly BadRegion[];
  /** Ångström; null where it is not stated as a number. */
  readonly wavelength: number | null;
}

/** h·c in eV·Å (CODATA 2018). */
const HC_EV_ANGSTROM = 12398.419843320026;

type Fields = Map<string, string>;

/** Reads and parses a geometry file. Throws `UserError`. */
export async function readGeometry(file: string): Promise<DetectorGeometry> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`cannot be read (${error.code})`, {
      file,
      field: '--geometry',
      remedy: 'check the path',
    });
  });
  return parseGeometry(text, file);
}

/** Reads a `.geom` text. `file` is for messages. */
export function parseGeometry(text: string, file: string): DetectorGeometry {
  const defaults: Fields = new Map();
  const panels = new Map<string, Fields>();
  const bad = new Map<string, Fields>();
  for (const [number, line] of text.split(/\r?\n/).entries()) {
    const statement = line.replace(/;.*$/, '').trim();
    if (statement === '') continue;
    const equals = statement.indexOf('=');
    if (equals < 0)
      throw new UserError(`line ${number + 1} has no '='`, { file, remedy: 'check the geometry file' });
    const key = statement.slice(0, equals).trim();
    const value = statement.slice(equals + 1).trim();
    const slash = key.lastIndexOf('/');
    if (slash < 0) {
      defaults.set(key, value);
      continue;
    }
    const owner = key.slice(0, slash);
    const table = owner.startsWith('bad') ? bad : panels;
    // Defaults apply to panels mentioned after them.
    if (!table.has(owner)) table.set(owner, table === panels ? new Map(defaults) : new Map());
    table.get(owner)!.set(key.slice(slash + 1), value);
  }
  const used = [...panels].filter(([name]) => !name.startsWith('rigid_group') && !name.startsWith('group'));
  if (used.length === 0) throw new UserError('names no panels', { file, remedy: 'check the geometry file' });
  return {
    file,
    panels: used.map(([name, fields]) => toPanel(file, name, fields)),
    bad: [...bad].map(([name, fields]) => toBadRegion(file, name, fields)),
    wavelength: toWavelength(defaults),
  };
}

function numberOf(file: string, owner: string, fields: Fields, key: string, otherwise?: number): number {
  const text = fields.get(key);
  if (text === undefined && otherwise !== undefined) return otherwise;
  const value = Number.parseFloat(text ?? '');
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
  const compact = (text ?? '').replace(/\s+/g, '');
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

function moduleOf(fields: Fields): number | null {
  const fixed = [...fields]
    .filter(([key, value]) => /^dim\d+$/.test(key) && /^\d+$/.test(value))
    .sort(([a], [b]) => a.localeCompare(b));
  return fixed.length === 0 ? null : Number(fixed[0]![1]);
}

function toPanel(file: string, name: string, fields: Fields): Panel {
  const at = (key: string, otherwise?: number): number => numberOf(file, name, fields, key, otherwise);
  const clen = Number.parseFloat(fields.get('clen') ?? '');
  const panel: Panel = {
    name,
    minFs: at('min_fs'),
    maxFs: at('max_fs'),
    minSs: at('min_ss'),
    maxSs: at('max_ss'),
    module: moduleOf(fields),
    fs: parseVector(file, `${name}/fs`, fields.get('fs') ?? '1.0x'),
    ss: parseVector(file, `${name}/ss`, fields.get('ss') ?? '1.0y'),
    corner: [at('corner_x'), at('corner_y')],
    res: at('res', 1),
    clen: Number.isFinite(clen) ? clen + at('coffset', 0) : null,
  };
  const whole = [panel.minFs, panel.maxFs, panel.minSs, panel.maxSs].every(
    (n) => Number.isSafeInteger(n) && n >= 0,
  );
  const turned = panel.fs[0] * panel.ss[1] - panel.fs[1] * panel.ss[0];
  if (!whole || panel.maxFs < panel.minFs || panel.maxSs < panel.minSs || Math.abs(turned) < 1e-6) {
    throw new UserError('has an extent or directions that span no area', { file, field: name });
  }
  return panel;
}

function toBadRegion(file: string, name: string, fields: Fields): BadRegion {
  const inPanel = fields.has('min_fs');
  const keys = inPanel ? ['min_fs', 'min_ss', 'max_fs', 'max_ss'] : ['min_x', 'min_y', 'max_x', 'max_y'];
  const [x0, y0, x1, y1] = keys.map((key) => numberOf(file, name, fields, key));
  return {
    panel: fields.get('panel') ?? null,
    kind: inPanel ? 'panel' : 'laboratory',
    min: [x0!, y0!],
    max: [x1!, y1!],
  };
}

function toWavelength(defaults: Fields): number | null {
  const energy = /^([\d.eE+-]+)\s*(k?eV|MeV)?$/i.exec(defaults.get('photon_energy') ?? '');
  if (energy !== null) {
    const unit = energy[2]?.toLowerCase();
    const factor = unit === 'kev' ? 1e3 : unit === 'mev' ? 1e6 : 1;
    return HC_EV_ANGSTROM / (Number(energy[1]) * factor);
  }
  const wavelength = /^([\d.eE+-]+)\s*(A|m)?$/.exec(defaults.get('wavelength') ?? '');
  if (wavelength === null) return null;
  return wavelength[2] === 'm' ? Number(wavelength[1]) * 1e10 : Number(wavelength[1]);
}
