/** One table of units: what files write, in all usual spellings. */
import { describe, expect, it } from 'vitest';
import { dimensionOf, factorBetween, unitFactor } from '../../src/data/units.js';

describe('units', () => {
  it.each([
    ['m', 1e3], ['metre', 1e3], ['Meters', 1e3], ['M', 1e3], ['mm', 1], [' mm ', 1], ['[mm]', 1], ['millimeter', 1], ['millimetres', 1],
    ['cm', 10], ['um', 1e-3], ['µm', 1e-3], ['μm', 1e-3], ['micron', 1e-3], ['Microns', 1e-3], ['micrometre', 1e-3], ['nm', 1e-6], ['NM', 1e-6], ['pm', 1e-9],
    ['Å', 1e-7], ['\u212b', 1e-7], ['A\u030a', 1e-7], ['A', 1e-7], ['angstrom', 1e-7], ['Angstroms', 1e-7], ['ANGSTROM', 1e-7], ['Ångström', 1e-7],
  ])('of length: %s', (written, millimetres) => {
    expect(factorBetween(written, 'mm')).toBe(millimetres);
  }); // prettier-ignore

  it.each([['eV', 1], ['ev', 1], ['keV', 1e3], ['KEV', 1e3], ['MeV', 1e6], ['meV', 1e-3], ['electronvolts', 1], ['electron volt', 1]])(
    'of energy: %s', (written, eV) => {
      expect(factorBetween(written, 'eV')).toBe(eV);
    },
  ); // prettier-ignore

  it('joule and electronvolt are of one kind', () => {
    expect(12000 * 1.602176634e-19 * factorBetween('J', 'eV')!).toBeCloseTo(12000, 9);
    expect(factorBetween('joules', 'eV')).toBe(factorBetween('J', 'eV'));
  });

  it('of angles and pixels', () => {
    expect([factorBetween('degrees', 'rad'), factorBetween('pixels', 'px'), dimensionOf('Pixel')]).toEqual([
      Math.PI / 180,
      1,
      'pixels',
    ]);
  });

  it.each(['furlong', '', '1/angstrom', 'mev', 'counts'])('%s is none', (written) => {
    expect([dimensionOf(written), factorBetween(written, 'm'), factorBetween(written, 'eV')]).toEqual([
      null,
      null,
      null,
    ]);
  });

  it('of a dimension are metres, eV, V and pixels', () => {
    const factors = [unitFactor('length', 'mm'), unitFactor('energy', 'keV'), unitFactor('voltage', 'kV'), unitFactor('pixels', 'px'), unitFactor('length', 'keV')]; // prettier-ignore
    expect(factors).toEqual([1e-3, 1e3, 1e3, 1, null]);
  });

  it('of another kind gives no factor', () => {
    expect([factorBetween('keV', 'm'), factorBetween('mm', 'pixel'), factorBetween('V', 'eV')]).toEqual([
      null,
      null,
      null,
    ]);
  });
});
