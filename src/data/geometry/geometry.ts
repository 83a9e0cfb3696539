/**
 * CrystFEL `.geom` files: where each panel's pixels are, which of them are bad, and what the beam is.
 *
 * Source: the manual page crystfel_geometry(5). `corner_x/y` is the outer corner of a panel's first pixel, in pixels;
 * `fs` and `ss` are the steps of the fast and slow axis; `min/max_fs/ss` are inclusive places in the data block. What
 * stands in the frames' file (camera length, photon energy, masks) is read when it is applied (in-file.ts). Refuses
 * panels without corner or extent, transposed data, and units that nobody knows; unknown keys are notes.
 */
import { readFile } from 'node:fs/promises';
import { UserError } from '../../core/errors.js';
import { warning, type Note } from '../notes.js';
import { regionNotes, toBadRegion } from './bad-region.js';
import { checkPanel, overlapNotes } from './panel-checks.js';
import { toPanel, type BadRegion, type Panel } from './panel.js';
import {
  parseQuantity,
  PHOTON_ENERGY,
  SHIFT,
  VOLTAGE,
  WAVELENGTH,
  wavelengthOfElectrons,
  type Quantity,
} from './quantity.js';
import { parseStatements, type Fields } from './statements.js';
import { wavelengthOfEnergy } from '../units.js';

export type { BadRegion, Panel } from './panel.js';

/** A wavelength that stands in the frames' file. */
export interface WavelengthPlace {
  readonly key: string;
  readonly from: Extract<Quantity, { kind: 'place' }>;
  /** From the stored value, in the unit of its kind, to Å. */
  readonly toAngstrom: (value: number) => number;
}

export interface DetectorGeometry {
  readonly file: string;
  readonly panels: readonly Panel[];
  readonly bad: readonly BadRegion[];
  /** Ångström; null where it is not stated as a number. */
  readonly wavelength: number | null;
  readonly wavelengthPlace: WavelengthPlace | null;
  /** Shifts of all panels that stand in the frames' file; those that are numbers are in the corners. */
  readonly shiftPlaces: readonly {
    readonly axis: 0 | 1;
    readonly from: Extract<Quantity, { kind: 'place' }>;
  }[];
  readonly notes: readonly Note[];
}

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
  const { top, panels, bad, notes } = parseStatements(text, file);
  if (panels.size === 0) throw new UserError('names no panels', { file, remedy: 'check the geometry file' });
  const shifts = shiftsOf(file, top);
  const placed = [...panels].map(([name, fields]) => {
    const panel = toPanel(file, name, fields);
    checkPanel(file, panel);
    return shiftPanel(panel, shifts, file);
  });
  const beam = toWavelength(file, top);
  const regions = [...bad].map(([name, fields]) => toBadRegion(file, name, fields, placed));
  return {
    file,
    panels: placed,
    bad: regions,
    wavelength: beam !== null && typeof beam === 'number' ? beam : null,
    wavelengthPlace: beam !== null && typeof beam !== 'number' ? beam : null,
    shiftPlaces: shifts.flatMap(({ axis, by }) => (by.kind === 'place' ? [{ axis, from: by }] : [])),
    notes: [
      ...notes,
      ...idleMasks(file, placed),
      ...overlapNotes(file, placed),
      ...regionNotes(file, regions, placed),
    ],
  };
}

interface Shift {
  readonly axis: 0 | 1;
  readonly by: Quantity;
}

function shiftsOf(file: string, top: Fields): readonly Shift[] {
  return (['detector_shift_x', 'detector_shift_y'] as const).flatMap((key, axis) => {
    const text = top.get(key);
    return text === undefined ? [] : [{ axis: axis as 0 | 1, by: parseQuantity(text, SHIFT, file, key) }];
  });
}

function shiftPanel(panel: Panel, shifts: readonly Shift[], file: string): Panel {
  const metres: [number, number] = [0, 0];
  for (const { axis, by } of shifts) if (by.kind === 'value') metres[axis] += by.value;
  return movePanel(panel, metres, file);
}

/** `panel` moved by `metres` in x and y. Throws `UserError` where the panel does not say how large its pixels are. */
export function movePanel(panel: Panel, metres: readonly [number, number], file: string): Panel {
  if (metres[0] === 0 && metres[1] === 0) return panel;
  if (panel.res === null)
    throw new UserError('is missing, and the detector is shifted', { file, field: `${panel.name}/res` });
  const corner = [panel.corner[0] + metres[0] * panel.res, panel.corner[1] + metres[1] * panel.res] as const;
  return { ...panel, corner };
}

/** Masks without bits hide nothing. */
function idleMasks(file: string, panels: readonly Panel[]): readonly Note[] {
  const idle = panels.flatMap(({ masks }) =>
    masks.filter((mask) => mask.goodBits === 0 && mask.badBits === 0),
  );
  return [...new Set(idle.map((mask) => mask.key))].map((key) =>
    warning('mask', file, key, 'states neither good nor bad bits and hides nothing'),
  );
}

const BEAM_KEYS = {
  photon_energy: { rule: PHOTON_ENERGY, toAngstrom: wavelengthOfEnergy },
  wavelength: { rule: WAVELENGTH, toAngstrom: (angstrom: number) => angstrom },
  electron_voltage: { rule: VOLTAGE, toAngstrom: wavelengthOfElectrons },
} as const;

function toWavelength(file: string, top: Fields): number | WavelengthPlace | null {
  const stated = (Object.keys(BEAM_KEYS) as (keyof typeof BEAM_KEYS)[]).filter((key) => top.has(key));
  const [key, other] = stated;
  if (key === undefined) return null;
  if (other !== undefined)
    throw new UserError(`is stated beside ${key}`, { file, field: other, remedy: 'state one of them' });
  const { rule, toAngstrom } = BEAM_KEYS[key];
  const quantity = parseQuantity(top.get(key)!, rule, file, key);
  if (quantity.kind === 'place') return { key, from: quantity, toAngstrom };
  if (quantity.value > 0) return toAngstrom(quantity.value);
  throw new UserError(`is ${top.get(key)}, which is not positive`, { file, field: key });
}
