/**
 * Units as files write them, in one table: lengths, energies, voltages, angles and pixels, by symbol and by word, with the
 * decimal prefixes; and numbers with a unit behind them: `150.0 mm`, `172_um`, `1.0000 A`.
 *
 * The unit that stands there counts; a number alone is in the unit of its header. What no unit is known by is said by whoever
 * asked, and never taken for another. A name is looked for as it is written, then in any case where that leaves no choice: `KEV`
 * is keV, but `mev` may be meV or MeV and is no unit. Blanks and brackets round a name count for nothing.
 */
export type Dimension = 'length' | 'energy' | 'voltage' | 'angle' | 'pixels';

/** `factor · 10^exponent` metres, eV, V, radians or pixels: powers of ten are kept apart, so that they stay exact. */
interface Unit {
  readonly dimension: Dimension;
  readonly factor: number;
  readonly exponent: number;
}

/** Joule per electronvolt (exact since 2019). */
export const JOULE_PER_EV = 1.602176634e-19;

/** h·c in eV·Å (CODATA 2018). */
export const HC_EV_ANGSTROM = 12398.419843320026;

/** Å of photons of `energyEv`; the same turns Å into eV. */
export const wavelengthOfEnergy = (energyEv: number): number => HC_EV_ANGSTROM / energyEv;

const PREFIXES: readonly (readonly [symbols: readonly string[], word: string, exponent: number])[] = [
  [[''], '', 0],
  [['G'], 'giga', 9],
  [['M'], 'mega', 6],
  [['k'], 'kilo', 3],
  [['c'], 'centi', -2],
  [['m'], 'milli', -3],
  [['u', 'µ', 'μ'], 'micro', -6],
  [['n'], 'nano', -9],
  [['p'], 'pico', -12],
  [['f'], 'femto', -15],
];

interface Base extends Unit {
  readonly symbol: string;
  readonly words: readonly string[];
  /** Symbols of the prefixes that are in use with it. */
  readonly prefixes: string;
}

const BASES: readonly Base[] = [
  { symbol: 'm', words: ['metre', 'meter'], dimension: 'length', factor: 1, exponent: 0, prefixes: 'kcmunpf' },
  { symbol: 'eV', words: ['electronvolt', 'electron volt', 'electron-volt'], dimension: 'energy', factor: 1, exponent: 0, prefixes: 'GMkm' },
  { symbol: 'J', words: ['joule'], dimension: 'energy', factor: 1 / JOULE_PER_EV, exponent: 0, prefixes: 'mf' },
  { symbol: 'V', words: ['volt'], dimension: 'voltage', factor: 1, exponent: 0, prefixes: 'kMm' },
  { symbol: 'rad', words: ['radian'], dimension: 'angle', factor: 1, exponent: 0, prefixes: 'mu' },
]; // prettier-ignore

/** Those that take no prefix. */
const OTHERS: readonly (readonly [names: readonly string[], unit: Unit])[] = [
  [['Å', 'A', 'AA', 'Ang', 'Angs', 'angstrom', 'Ångström', 'Ångstrom', 'angström', 'angstroem'], { dimension: 'length', factor: 1, exponent: -10 }],
  [['micron'], { dimension: 'length', factor: 1, exponent: -6 }],
  [['deg', 'degree', '°'], { dimension: 'angle', factor: Math.PI / 180, exponent: 0 }],
  [['pixel', 'px', 'pix'], { dimension: 'pixels', factor: 1, exponent: 0 }],
]; // prettier-ignore

/** Signs of other alphabets that look the same become one: the Ångström and the micro sign, a ring over an A. */
const plain = (name: string): string => name.normalize('NFKC');

function addUnit(units: Map<string, Unit>, name: string, unit: Unit): void {
  units.set(plain(name), unit);
}

function allUnits(): ReadonlyMap<string, Unit> {
  const units = new Map<string, Unit>();
  for (const base of BASES) {
    for (const [symbols, word, exponent] of PREFIXES) {
      if (symbols[0] !== '' && !base.prefixes.includes(symbols[0]!)) continue;
      const unit = { ...base, exponent: base.exponent + exponent };
      for (const symbol of symbols) addUnit(units, symbol + base.symbol, unit);
      for (const name of base.words) for (const end of ['', 's']) addUnit(units, `${word}${name}${end}`, unit);
    }
  }
  for (const [names, unit] of OTHERS)
    for (const name of names) for (const end of name.length < 2 ? [''] : ['', 's']) addUnit(units, name + end, unit);
  return units;
} // prettier-ignore

const UNITS = allUnits();

/** Units by their names in lower case, where all that differ in case alone are the same. */
function anyCase(): ReadonlyMap<string, Unit | null> {
  const units = new Map<string, Unit | null>();
  for (const [name, unit] of UNITS) {
    const key = name.toLowerCase();
    const known = units.get(key);
    const same =
      known === undefined ||
      (known !== null &&
        known.dimension === unit.dimension &&
        known.factor === unit.factor &&
        known.exponent === unit.exponent);
    units.set(key, same ? unit : null);
  }
  return units;
}

const ANY_CASE = anyCase();

function unitOf(written: string): Unit | null {
  const name = plain(written)
    .trim()
    .replace(/^[[(]\s*(.*?)\s*[\])]$/, '$1')
    .replace(/\s+/g, ' ')
    .replace(/\.$/, '');
  return UNITS.get(name) ?? ANY_CASE.get(name.toLowerCase()) ?? null;
}

/** What `written` measures, or null where it is no unit that is known. */
export function dimensionOf(written: string): Dimension | null {
  return unitOf(written)?.dimension ?? null;
}

/** By what a number in the unit `from` is multiplied to be one in `into`; null where it is no unit, or one of something else. */
export function factorBetween(from: string, into: string): number | null {
  const [a, b] = [unitOf(from), unitOf(into)];
  if (a === null || b?.dimension !== a.dimension) return null;
  return (a.factor / b.factor) * Number(`1e${a.exponent - b.exponent}`);
}

/** What a value in `unit` is multiplied by for metres, eV, V, radians or pixels; null where it is no unit of `dimension`. */
export function unitFactor(dimension: Dimension, unit: string): number | null {
  const known = unitOf(unit);
  return known?.dimension === dimension ? known.factor * Number(`1e${known.exponent}`) : null;
}

const NAMES: Readonly<Record<Dimension, string>> = {
  length: 'm, cm, mm, um, nm, pm, angstrom',
  energy: 'eV, keV, J',
  voltage: 'V, kV',
  angle: 'deg, rad',
  pixels: 'pixel, px',
};

/** Units of `dimension` for a remedy. */
export const unitNames = (dimension: Dimension): string => NAMES[dimension];

export interface Measure {
  readonly value: number;
  /** As it is written; null where none is. */
  readonly unit: string | null;
}

/** A number and the word behind it; null where `text` begins with no number. */
export function parseMeasure(text: string): Measure | null {
  const [, number, rest = ''] =
    /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\d.])([^]*)$/.exec(text) ?? [];
  if (number === undefined) return null;
  const unit = /^[\s_*[(]*([^\s;,[\]()]*)/.exec(rest)![1]!;
  return { value: Number(number), unit: unit === '' ? null : unit };
}
