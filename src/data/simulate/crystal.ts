/**
 * Unit cells, their reciprocal lattices, and orientations.
 *
 * Conventions: lengths in Å, angles in degrees, reciprocal vectors without the factor 2π (|q| = 1/d).
 * The real-space basis is the usual one (a along x, b in the xy plane); a* = (b × c) / V and so on.
 * A random orientation is uniform over rotations: a unit quaternion of four normal numbers (Muller 1959).
 */
import { UserError } from '../../core/errors.js';
import type { Random } from '../../core/random.js';

export interface UnitCell {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly alpha: number;
  readonly beta: number;
  readonly gamma: number;
}

export interface CrystalForm {
  readonly name: string;
  readonly cell: UnitCell;
  /** Space group symbol, as `spaceGroup` reads it. */
  readonly group: string;
}

/** Nine numbers, row-major. */
export type Matrix3 = readonly [number, number, number, number, number, number, number, number, number];

const orthogonal = (a: number, b: number, c: number): UnitCell => ({
  a,
  b,
  c,
  alpha: 90,
  beta: 90,
  gamma: 90,
});

/** Crystal forms that serial crystallography meets often; cells from the Protein Data Bank, rounded. */
export const CRYSTAL_FORMS: readonly CrystalForm[] = [
  { name: 'lysozyme', cell: orthogonal(79.1, 79.1, 38), group: 'P43212' },
  { name: 'thermolysin', cell: { ...orthogonal(93, 93, 130), gamma: 120 }, group: 'P6122' },
  { name: 'thaumatin', cell: orthogonal(58, 58, 151), group: 'P41212' },
  { name: 'insulin', cell: orthogonal(78.9, 78.9, 78.9), group: 'I213' },
  { name: 'proteinase-k', cell: orthogonal(68, 68, 108), group: 'P43212' },
  { name: 'trypsin', cell: orthogonal(54.8, 58.5, 67.6), group: 'P212121' },
  { name: 'myoglobin', cell: { ...orthogonal(64.6, 30.9, 34.8), beta: 105.9 }, group: 'P21' },
  { name: 'hydrogenase', cell: orthogonal(73, 96, 119), group: 'P212121' },
  { name: 'bacteriorhodopsin', cell: { ...orthogonal(62.2, 62.2, 110), gamma: 120 }, group: 'P63' },
  { name: 'polyhedrin', cell: orthogonal(103.4, 103.4, 103.4), group: 'I23' },
  { name: 'photosystem-ii', cell: orthogonal(117.5, 223.3, 311), group: 'P212121' },
  { name: 'photosystem-i', cell: { ...orthogonal(281, 281, 165), gamma: 120 }, group: 'P63' },
];

/** The form called `name`. Throws `UserError` with the known names. */
export function crystalForm(name: string): CrystalForm {
  const form = CRYSTAL_FORMS.find((item) => item.name === name.toLowerCase());
  if (form !== undefined) return form;
  throw new UserError(`no crystal form is called '${name}'`, {
    field: 'cell',
    remedy: `use one of ${CRYSTAL_FORMS.map((item) => item.name).join(', ')}, or six numbers a,b,c,alpha,beta,gamma`,
  });
}

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Volume of the cell in Å³. Throws `UserError` where the angles close no cell. */
export function cellVolume(cell: UnitCell): number {
  const [ca, cb, cg] = [cell.alpha, cell.beta, cell.gamma].map((angle) => Math.cos(radians(angle))) as [
    number,
    number,
    number,
  ];
  const square = 1 - ca * ca - cb * cb - cg * cg + 2 * ca * cb * cg;
  if (!(square > 1e-6) || !(cell.a > 0 && cell.b > 0 && cell.c > 0)) {
    throw new UserError(
      `${[cell.a, cell.b, cell.c, cell.alpha, cell.beta, cell.gamma].join(', ')} is not a unit cell`,
      { field: 'cell', remedy: 'give three positive lengths in Å and three angles that close a cell' },
    );
  }
  return cell.a * cell.b * cell.c * Math.sqrt(square);
}

/** Columns a*, b*, c* in Å⁻¹ for the unrotated crystal: q = matrix · (h, k, l). */
export function reciprocalBasis(cell: UnitCell): Matrix3 {
  const volume = cellVolume(cell);
  const ca = Math.cos(radians(cell.alpha));
  const cb = Math.cos(radians(cell.beta));
  const cg = Math.cos(radians(cell.gamma));
  const sg = Math.sin(radians(cell.gamma));
  const { a, b, c } = cell;
  // Real basis: a = (a,0,0), b = (b cosγ, b sinγ, 0), c = (cx, cy, cz).
  const bx = b * cg;
  const by = b * sg;
  const cx = c * cb;
  const cy = (c * (ca - cb * cg)) / sg;
  const cz = volume / (a * b * sg);
  return [
    1 / a,
    0,
    0,
    -bx / (a * by),
    1 / by,
    0,
    (bx * cy - by * cx) / (a * by * cz),
    -cy / (by * cz),
    1 / cz,
  ];
}

/** left · right. */
export function multiply(left: Matrix3, right: Matrix3): Matrix3 {
  const at = (row: number, column: number): number => {
    let sum = 0;
    for (let k = 0; k < 3; k++) sum += left[row * 3 + k]! * right[k * 3 + column]!;
    return sum;
  };
  return [at(0, 0), at(0, 1), at(0, 2), at(1, 0), at(1, 1), at(1, 2), at(2, 0), at(2, 1), at(2, 2)];
}

/** A rotation, uniform over all of them. */
export function randomRotation(random: Random): Matrix3 {
  const [w0, x0, y0, z0] = [random.normal(), random.normal(), random.normal(), random.normal()];
  const norm = Math.hypot(w0, x0, y0, z0);
  const [w, x, y, z] = [w0 / norm, x0 / norm, y0 / norm, z0 / norm];
  return [
    1 - 2 * (y * y + z * z),
    2 * (x * y - w * z),
    2 * (x * z + w * y),
    2 * (x * y + w * z),
    1 - 2 * (x * x + z * z),
    2 * (y * z - w * x),
    2 * (x * z - w * y),
    2 * (y * z + w * x),
    1 - 2 * (x * x + y * y),
  ];
}
