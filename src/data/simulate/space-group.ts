/**
 * Space groups as far as a diffraction pattern needs them: which reflections are equal (the Laue class), which are
 * absent (centring and screw axes), and which are centric.
 *
 * Only the 65 Sohncke groups are known: a chiral molecule crystallises in no other, so glide planes never occur.
 * Equal reflections follow from the rotations of the point group, generated here from the axes that the symbol names,
 * with Friedel's law (anomalous scattering is left out).
 * Source of the rules: International Tables for Crystallography A, sections 2.1.3 (reflection conditions) and 3.2 (point groups).
 */
import { UnsupportedError, UserError } from '../../core/errors.js';

// prettier-ignore
/** Number → short Hermann–Mauguin symbol without blanks, standard settings (monoclinic: unique axis b). */
const SOHNCKE: Readonly<Record<number, string>> = {
  1: 'P1', 3: 'P2', 4: 'P21', 5: 'C2', 16: 'P222', 17: 'P2221', 18: 'P21212', 19: 'P212121', 20: 'C2221',
  21: 'C222', 22: 'F222', 23: 'I222', 24: 'I212121', 75: 'P4', 76: 'P41', 77: 'P42', 78: 'P43', 79: 'I4', 80: 'I41',
  89: 'P422', 90: 'P4212', 91: 'P4122', 92: 'P41212', 93: 'P4222', 94: 'P42212', 95: 'P4322', 96: 'P43212',
  97: 'I422', 98: 'I4122', 143: 'P3', 144: 'P31', 145: 'P32', 146: 'R3', 149: 'P312', 150: 'P321', 151: 'P3112',
  152: 'P3121', 153: 'P3212', 154: 'P3221', 155: 'R32', 168: 'P6', 169: 'P61', 170: 'P65', 171: 'P62', 172: 'P64',
  173: 'P63', 177: 'P622', 178: 'P6122', 179: 'P6522', 180: 'P6222', 181: 'P6422', 182: 'P6322', 195: 'P23',
  196: 'F23', 197: 'I23', 198: 'P213', 199: 'I213', 207: 'P432', 208: 'P4232', 209: 'F432', 210: 'F4132',
  211: 'I432', 212: 'P4332', 213: 'P4132', 214: 'I4132',
};

type Rotation = readonly number[];

export interface SpaceGroup {
  readonly number: number;
  readonly symbol: string;
  /** True where the reflection is systematically absent. */
  isAbsent(h: number, k: number, l: number): boolean;
  /** True where a rotation of the point group takes the reflection to its Friedel mate. */
  isCentric(h: number, k: number, l: number): boolean;
  /** One number that all reflections equal under the Laue class share; |h|, |k|, |l| below 1000. */
  orbit(h: number, k: number, l: number): number;
}

// Rotations act on column (h, k, l); hexagonal groups on hexagonal axes.
const TWO_X: Rotation = [1, 0, 0, 0, -1, 0, 0, 0, -1];
const TWO_Y: Rotation = [-1, 0, 0, 0, 1, 0, 0, 0, -1];
const TWO_Z: Rotation = [-1, 0, 0, 0, -1, 0, 0, 0, 1];
const FOUR_Z: Rotation = [0, -1, 0, 1, 0, 0, 0, 0, 1];
const THREE_Z: Rotation = [0, 1, 0, -1, -1, 0, 0, 0, 1];
const THREE_CUBIC: Rotation = [0, 0, 1, 1, 0, 0, 0, 1, 0];
const TWO_XY: Rotation = [0, 1, 0, 1, 0, 0, 0, 0, -1];
const TWO_MINUS_XY: Rotation = [0, -1, 0, -1, 0, 0, 0, 0, -1];

function generators(group: number): readonly Rotation[] {
  if (group === 1) return [];
  if (group <= 5) return [TWO_Y];
  if (group <= 24) return [TWO_Z, TWO_X];
  if (group <= 80) return [FOUR_Z];
  if (group <= 98) return [FOUR_Z, TWO_X];
  if (group <= 146) return [THREE_Z];
  if (group <= 155) return [THREE_Z, [149, 151, 153].includes(group) ? TWO_MINUS_XY : TWO_XY];
  if (group <= 173) return [THREE_Z, TWO_Z];
  if (group <= 182) return [THREE_Z, TWO_Z, TWO_XY];
  if (group <= 199) return [TWO_Z, TWO_X, THREE_CUBIC];
  return [FOUR_Z, THREE_CUBIC];
}

function compose(p: Rotation, q: Rotation): Rotation {
  const cell = (row: number, column: number): number =>
    p[row * 3]! * q[column]! + p[row * 3 + 1]! * q[3 + column]! + p[row * 3 + 2]! * q[6 + column]!;
  return Array.from({ length: 9 }, (_, i) => cell(Math.floor(i / 3), i % 3));
}

/** The closure of the generators: the rotations of the point group. */
function pointGroup(group: number): readonly Rotation[] {
  const found = new Map<string, Rotation>();
  const open: Rotation[] = [[1, 0, 0, 0, 1, 0, 0, 0, 1]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const key = next.map((value) => value + 0).join();
    if (found.has(key)) continue;
    found.set(key, next);
    for (const generator of generators(group)) open.push(compose(generator, next));
  }
  return [...found.values()];
}

type Condition = (h: number, k: number, l: number) => boolean;

/** True where the lattice centring forbids the reflection. R: obverse setting on hexagonal axes. */
const CENTRING: Readonly<Record<string, Condition>> = {
  P: () => false,
  C: (h, k) => (h + k) % 2 !== 0,
  I: (h, k, l) => (h + k + l) % 2 !== 0,
  F: (h, k, l) => (h + k) % 2 !== 0 || (k + l) % 2 !== 0,
  R: (h, k, l) => (((-h + k + l) % 3) + 3) % 3 !== 0,
};

// prettier-ignore
/** Groups whose main screw axis (monoclinic b, else c; all three when cubic) lets only multiples of this index through. */
const MAIN_SCREW: Readonly<Record<number, number>> = {
  4: 2, 17: 2, 18: 1, 19: 2, 20: 2, 24: 2, 76: 4, 77: 2, 78: 4, 80: 4, 91: 4, 92: 4, 93: 2, 94: 2, 95: 4, 96: 4, 98: 4,
  144: 3, 145: 3, 151: 3, 152: 3, 153: 3, 154: 3, 169: 6, 170: 6, 171: 3, 172: 3, 173: 2, 178: 6, 179: 6, 180: 3, 181: 3,
  182: 2, 198: 2, 199: 2, 208: 2, 210: 4, 212: 4, 213: 4, 214: 4,
};
/** Groups with twofold screws along a and b besides. */
const ACROSS_SCREW: readonly number[] = [18, 19, 24, 90, 92, 94, 96];

/** The multiples of h, k, l that survive on h00, 0k0 and 00l. */
function screwMultiples(group: number): readonly [number, number, number] {
  const main = MAIN_SCREW[group] ?? 1;
  if (group <= 5) return [1, main, 1];
  if (group >= 195) return [main, main, main];
  const across = ACROSS_SCREW.includes(group) ? 2 : 1;
  return [across, across, main];
}

const cache = new Map<number, SpaceGroup>();

function build(group: number, symbol: string): SpaceGroup {
  const rotations = pointGroup(group);
  const centring = CENTRING[symbol[0]!]!;
  const [mh, mk, ml] = screwMultiples(group);
  return {
    number: group,
    symbol,
    isAbsent(h, k, l) {
      if (centring(h, k, l)) return true;
      if (k === 0 && l === 0) return h % mh !== 0;
      if (h === 0 && l === 0) return k % mk !== 0;
      if (h === 0 && k === 0) return l % ml !== 0;
      return false;
    },
    isCentric(h, k, l) {
      return rotations.some(
        (r) =>
          r[0]! * h + r[1]! * k + r[2]! * l === -h &&
          r[3]! * h + r[4]! * k + r[5]! * l === -k &&
          r[6]! * h + r[7]! * k + r[8]! * l === -l,
      );
    },
    orbit(h, k, l) {
      let best = -Infinity;
      for (const r of rotations) {
        const a = r[0]! * h + r[1]! * k + r[2]! * l;
        const b = r[3]! * h + r[4]! * k + r[5]! * l;
        const c = r[6]! * h + r[7]! * k + r[8]! * l;
        // A Friedel mate has the opposite key.
        const key = Math.abs((a * 2000 + b) * 2000 + c);
        if (key > best) best = key;
      }
      return best;
    },
  };
}

/** The space group of a number (`19`) or symbol (`P 21 21 21`, `P212121`, `p212121`, `H32`). Throws `UserError`. */
export function spaceGroup(name: string | number): SpaceGroup {
  const text = String(name)
    .replace(/[\s_()]/g, '')
    .replace(/^H(3|32)$/i, 'R$1')
    .toUpperCase();
  const entry = Object.entries(SOHNCKE).find(([group, symbol]) => group === text || symbol === text);
  if (entry === undefined) {
    const group = Number(text);
    if (Number.isInteger(group) && group >= 1 && group <= 230) {
      throw new UnsupportedError(`space group ${group}`, [
        {
          what: 'simulate',
          why: 'only the 65 groups of chiral molecules are known: give one without mirror, glide or inversion',
        },
      ]);
    }
    throw new UserError(`'${name}' is not a space group of a chiral molecule`, {
      field: 'space group',
      remedy: 'give a number or a short symbol such as 96 or P43212',
    });
  }
  const group = Number(entry[0]);
  let built = cache.get(group);
  if (built === undefined) cache.set(group, (built = build(group, entry[1])));
  return built;
}
