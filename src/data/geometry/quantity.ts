/**
 * Numbers with units, and places in the frames' file where such numbers stand.
 *
 * Source: crystfel_geometry(5). A camera length is in metres where it is a number, in millimetres where it is a place,
 * unless a unit stands behind it; an energy in eV; an acceleration voltage in V. Refuses other units by name.
 */
import { UserError } from '../../core/errors.js';
import { HC_EV_ANGSTROM, unitFactor, unitNames, type Dimension } from '../units.js';

/** A value in the unit of its kind, or where it stands and the factor from there to that unit. */
export type Quantity =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'place'; readonly path: string; readonly factor: number };

export interface UnitRule {
  readonly dimension: Dimension;
  /** From metres, eV or V to the unit of the kind. */
  readonly scale: number;
  /** Of a number without a unit. */
  readonly ofNumber: number;
  /** Of a place without a unit. */
  readonly ofPlace: number;
}

/** Camera length, metres. */
export const CAMERA_LENGTH: UnitRule = { dimension: 'length', scale: 1, ofNumber: 1, ofPlace: 1e-3 };
/** Shift of the detector, metres. */
export const SHIFT: UnitRule = { dimension: 'length', scale: 1, ofNumber: 1, ofPlace: 1 };
/** Photon energy, eV. */
export const PHOTON_ENERGY: UnitRule = { dimension: 'energy', scale: 1, ofNumber: 1, ofPlace: 1 };
/** Wavelength, Å: a number without a unit would be a guess. */
export const WAVELENGTH: UnitRule = { dimension: 'length', scale: 1e10, ofNumber: NaN, ofPlace: 1e10 };
/** Acceleration voltage, V. */
export const VOLTAGE: UnitRule = { dimension: 'voltage', scale: 1, ofNumber: 1, ofPlace: 1 };

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Reads `95.3 mm`, `0.0953`, `/LCLS/photon_energy_eV keV`. Throws `UserError` naming `field`. */
export function parseQuantity(text: string, rule: UnitRule, file: string, field: string): Quantity {
  const [first = '', second, ...rest] = text.trim().split(/\s+/);
  const joined = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([a-zA-Zµμ\u00c5\u212b]+)$/.exec(first);
  const body = joined?.[1] ?? first;
  const written = joined?.[2] ?? (rest.length > 0 ? [second, ...rest].join(' ') : second);
  const known = written === undefined ? null : unitFactor(rule.dimension, written);
  const factor = known === null ? undefined : known * rule.scale;
  if (body === '' || (written !== undefined && factor === undefined)) {
    throw new UserError(`is '${text}'${written === undefined ? '' : `, in the unknown unit ${written}`}`, {
      file,
      field,
      remedy: `write a number or a place in the frames’ file, and one of ${unitNames(rule.dimension)}`,
    });
  }
  if (NUMBER.test(body)) {
    const scale = factor ?? rule.ofNumber;
    if (Number.isNaN(scale)) {
      throw new UserError(`is '${text}' without a unit`, {
        file,
        field,
        remedy: `write one of ${unitNames(rule.dimension)} behind it`,
      });
    }
    return { kind: 'value', value: Number(body) * scale };
  }
  if (body.startsWith('/')) return { kind: 'place', path: body, factor: factor ?? rule.ofPlace };
  throw new UserError(`is '${text}', neither a number nor a place in the frames’ file`, {
    file,
    field,
    remedy: 'write a number, or a path that begins with /',
  });
}

/** m·c² of the electron, eV. */
const ELECTRON_REST_EV = 510998.95;

/** Of electrons after `voltage` V, relativistic: λ = hc / √(E² + 2 E mc²), E = voltage in eV. */
export const wavelengthOfElectrons = (voltage: number): number =>
  HC_EV_ANGSTROM / Math.sqrt(voltage * (voltage + 2 * ELECTRON_REST_EV));
