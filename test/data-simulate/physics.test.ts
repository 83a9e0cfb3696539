/**
 * The physics of the simulator against statements that stand in textbooks, computed here by other means.
 */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { meanOf, momentsOf } from './statistics.js';
import {
  cellVolume,
  CRYSTAL_FORMS,
  crystalForm,
  multiply,
  randomRotation,
  reciprocalBasis,
  type Matrix3,
  type UnitCell,
} from '../../src/data/simulate/crystal.js';
import {
  excitationWidth,
  excitedReflections,
  expectedReflections,
  qAtRadius,
  radiusAtQ,
  type Geometry,
  type Lattice,
} from '../../src/data/simulate/ewald.js';
import { wilsonIntensity } from '../../src/data/simulate/intensity.js';
import { addNormal, applyPoisson, createNoise, normalCdf } from '../../src/data/simulate/noise.js';
import { spaceGroup } from '../../src/data/simulate/space-group.js';

const geometry: Geometry = {
  wavelength: 1.3,
  distanceMm: 120,
  pixelMm: 0.3,
  beamX: 250.3,
  beamY: 262.8,
  height: 512,
  width: 512,
  polarization: 0.95,
};

const latticeOf = (matrix: Matrix3, group: string): Lattice => ({
  matrix,
  group: spaceGroup(group),
  seed: 17,
  bFactor: 15,
  sizeAngstrom: 1500,
  mosaicity: 0.002,
  divergence: 1e-4,
  bandwidth: 1e-3,
  shape: 'gauss',
  crystalPixels: 0.2,
});

const triclinic: UnitCell = { a: 41, b: 53, c: 67, alpha: 81, beta: 97, gamma: 104 };

describe('unit cells', () => {
  it('have a reciprocal basis with a·a* = 1 and a·b* = 0, seen through |q| = 1/d of the metric tensor', () => {
    const m = reciprocalBasis(triclinic);
    const volume = cellVolume(triclinic);
    const sin = (angle: number): number => Math.sin((angle * Math.PI) / 180);
    const cos = (angle: number): number => Math.cos((angle * Math.PI) / 180);
    const { a, b, c, alpha, beta, gamma } = triclinic;
    const length = (column: number): number => Math.hypot(m[column]!, m[3 + column]!, m[6 + column]!);
    expect(length(0)).toBeCloseTo((b * c * sin(alpha)) / volume, 10);
    expect(length(1)).toBeCloseTo((a * c * sin(beta)) / volume, 10);
    expect(length(2)).toBeCloseTo((a * b * sin(gamma)) / volume, 10);
    const dot = m[0] * m[1] + m[3] * m[4] + m[6] * m[7];
    const cosGammaStar = (cos(alpha) * cos(beta) - cos(gamma)) / (sin(alpha) * sin(beta));
    expect(dot / (length(0) * length(1))).toBeCloseTo(cosGammaStar, 10);
  });

  it('refuse angles that close no cell, and unknown names, in words', () => {
    expect(() => cellVolume({ ...triclinic, alpha: 10, beta: 20 })).toThrow(/is not a unit cell/);
    expect(() => crystalForm('unobtainium')).toThrow(/lysozyme/);
  });

  it('agree with the metric of their space group', () => {
    for (const form of CRYSTAL_FORMS) {
      const { number } = spaceGroup(form.group);
      const { a, b, c, gamma } = form.cell;
      if (number >= 75) expect(a).toBe(b);
      if (number >= 143 && number < 195) expect(gamma).toBe(120);
      if (number >= 195) expect(a).toBe(c);
    }
  });

  it('are turned by rotations: orthonormal, right-handed, uniform (⟨cos²⟩ = 1/3 about any axis)', () => {
    const random = createRandom(3);
    let sum = 0;
    for (let i = 0; i < 4000; i++) {
      const r = randomRotation(random);
      const gram = multiply(r, [r[0], r[3], r[6], r[1], r[4], r[7], r[2], r[5], r[8]]);
      [1, 0, 0, 0, 1, 0, 0, 0, 1].forEach((value, k) => expect(gram[k]).toBeCloseTo(value, 10));
      sum += r[5] * r[5];
    }
    expect(sum / 4000).toBeCloseTo(1 / 3, 1.8);
  });
});

describe('space groups', () => {
  it('know the order of their Laue class through the number of equal reflections', () => {
    const orders: Record<string, number> = {
      P1: 2,
      P21: 4,
      P212121: 8,
      P4: 8,
      P43212: 16,
      P31: 6,
      P321: 12,
      P6: 12,
      P6122: 24,
      P23: 24,
      P432: 48,
    };
    for (const [name, order] of Object.entries(orders)) {
      const group = spaceGroup(name);
      const key = group.orbit(3, 1, 2);
      let equal = 0;
      for (let h = -5; h <= 5; h++) {
        for (let k = -5; k <= 5; k++) for (let l = -5; l <= 5; l++) if (group.orbit(h, k, l) === key) equal++;
      }
      expect([name, equal]).toEqual([name, order]);
    }
  });

  it('extinguish what centring and screw axes extinguish', () => {
    expect(spaceGroup('P212121').isAbsent(3, 0, 0)).toBe(true);
    expect(spaceGroup('P212121').isAbsent(4, 0, 0)).toBe(false);
    expect(spaceGroup('P43212').isAbsent(0, 0, 2)).toBe(true);
    expect(spaceGroup('P43212').isAbsent(0, 0, 4)).toBe(false);
    expect(spaceGroup('P6122').isAbsent(0, 0, 3)).toBe(true);
    expect(spaceGroup('P32').isAbsent(0, 0, 2)).toBe(true);
    expect(spaceGroup('P3').isAbsent(0, 0, 2)).toBe(false);
    expect(spaceGroup('P4212').isAbsent(0, 0, 1)).toBe(false);
    expect(spaceGroup('P4212').isAbsent(1, 0, 0)).toBe(true);
    expect(spaceGroup('I213').isAbsent(1, 1, 1)).toBe(true);
    expect(spaceGroup('R32').isAbsent(1, 0, 0)).toBe(true);
    expect(spaceGroup('R32').isAbsent(-1, 1, -1)).toBe(true);
    expect(spaceGroup('R32').isAbsent(1, 0, 1)).toBe(false);
  });

  it('are found by number and by symbol, and refused by reason', () => {
    expect(spaceGroup(19).symbol).toBe('P212121');
    expect(spaceGroup('p 21 21 21').number).toBe(19);
    expect(spaceGroup('H32').number).toBe(155);
    expect(() => spaceGroup(14)).toThrow(/chiral/);
    expect(() => spaceGroup('Q7')).toThrow(/not a space group/);
  });
});

describe('Wilson statistics', () => {
  const collect = (name: string, centric: boolean): number[] => {
    const group = spaceGroup(name);
    const values = new Map<number, number>();
    for (let h = 0; h < 30; h++) {
      for (let k = 0; k < 30; k++) {
        for (let l = 0; l < 30; l++) {
          if (h + k + l === 0 || group.isAbsent(h, k, l) || group.isCentric(h, k, l) !== centric) continue;
          values.set(group.orbit(h, k, l), wilsonIntensity(group, 99, h, k, l));
        }
      }
    }
    return [...values.values()];
  };

  it('hold: ⟨I⟩ = 1, and ⟨I²⟩/⟨I⟩² = 2 acentric, 3 centric', () => {
    const acentric = momentsOf(collect('P212121', false));
    expect(acentric.mean).toBeCloseTo(1, 1.5);
    expect(acentric.secondMoment / acentric.mean ** 2).toBeGreaterThan(1.93);
    expect(acentric.secondMoment / acentric.mean ** 2).toBeLessThan(2.07);
    const centric = momentsOf(collect('P212121', true));
    expect(centric.secondMoment / centric.mean ** 2).toBeGreaterThan(2.7);
    expect(centric.secondMoment / centric.mean ** 2).toBeLessThan(3.3);
  });

  it('give symmetry mates and Friedel mates one intensity, other crystals another', () => {
    const group = spaceGroup('P43212');
    const value = wilsonIntensity(group, 5, 3, 7, 2);
    for (const [h, k, l] of [
      [-3, -7, -2],
      [7, 3, -2],
      [-7, 3, 2],
      [3, -7, -2],
    ] as const) {
      expect(wilsonIntensity(group, 5, h, k, l)).toBe(value);
    }
    expect(wilsonIntensity(group, 6, 3, 7, 2)).not.toBe(value);
    expect(wilsonIntensity(group, 5, 0, 0, 0)).toBe(0);
  });
});

describe('excited reflections', () => {
  const random = createRandom(11);
  const orientations = Array.from({ length: 5 }, () =>
    multiply(randomRotation(random), reciprocalBasis(triclinic)),
  );

  it('are exactly those that a search of the whole reciprocal lattice finds near the Ewald sphere', () => {
    for (const matrix of orientations.slice(0, 2)) {
      const lattice = latticeOf(matrix, 'P1');
      const found = excitedReflections(geometry, lattice);
      const keys = new Set(found.map((r) => `${r.h},${r.k},${r.l}`));
      expect(keys.size).toBe(found.length);
      let expected = 0;
      const k0 = 1 / geometry.wavelength;
      for (let h = -45; h <= 45; h++) {
        for (let k = -45; k <= 45; k++) {
          for (let l = -50; l <= 50; l++) {
            const q = [0, 3, 6].map((row) => matrix[row]! * h + matrix[row + 1]! * k + matrix[row + 2]! * l);
            const size = Math.hypot(...q);
            if (size === 0 || size > 0.66) continue;
            const epsilon = Math.hypot(q[0]!, q[1]!, q[2]! + k0) - k0;
            if (Math.abs(epsilon) > 3.2 * excitationWidth(lattice, geometry.wavelength, size)) continue;
            const scale = geometry.distanceMm / geometry.pixelMm / (q[2]! + k0);
            const x = geometry.beamX + q[0]! * scale;
            const y = geometry.beamY + q[1]! * scale;
            if (x < -0.5 || y < -0.5 || x >= 511.5 || y >= 511.5) continue;
            expected++;
            expect(keys.has(`${h},${k},${l}`)).toBe(true);
          }
        }
      }
      expect(found.length).toBe(expected);
      expect(found.length).toBeGreaterThan(50);
    }
  });

  it("obey Bragg's law where they land: d from the pixel equals d from the indices within the node's width", () => {
    for (const spot of excitedReflections(geometry, latticeOf(orientations[0]!, 'P1'))) {
      const radius = Math.hypot(spot.x - geometry.beamX, spot.y - geometry.beamY);
      expect(Math.abs(qAtRadius(geometry, radius) - spot.q)).toBeLessThan(
        1.5 * Math.abs(spot.epsilon) + 1e-9,
      );
      expect(Math.abs(spot.epsilon)).toBeLessThanOrEqual(3.2 * spot.sigmaEpsilon);
    }
  });

  it('are weaker the farther from the sphere and the higher the resolution', () => {
    const lattice = latticeOf(orientations[1]!, 'P1');
    const unit = excitedReflections(geometry, lattice).map((r) => {
      const wilson = wilsonIntensity(lattice.group, lattice.seed, r.h, r.k, r.l);
      return { part: r.intensity / wilson / Math.exp((-15 * r.q * r.q) / 2), t: r.epsilon / r.sigmaEpsilon };
    });
    for (const { part, t } of unit) {
      expect(part).toBeLessThanOrEqual(Math.exp(-0.5 * t * t) + 1e-12);
      expect(part).toBeGreaterThan(0.1 * Math.exp(-0.5 * t * t));
    }
  });

  it('number about what the volume of the shell says', () => {
    for (const matrix of orientations) {
      const lattice = latticeOf(matrix, 'P1');
      const ratio = excitedReflections(geometry, lattice).length / expectedReflections(geometry, lattice);
      expect(ratio).toBeGreaterThan(0.5);
      expect(ratio).toBeLessThan(2);
    }
  });

  it('lie on circles whose radius and resolution convert back and forth', () => {
    for (const radius of [1, 50, 300])
      expect(radiusAtQ(geometry, qAtRadius(geometry, radius))).toBeCloseTo(radius, 8);
    expect(radiusAtQ(geometry, 2)).toBe(Infinity);
  });
});

describe('noise', () => {
  const draws = (mean: number, count: number): Float32Array => {
    const values = new Float32Array(count).fill(mean);
    applyPoisson(createNoise(createRandom(Math.round(mean * 1000) + 1)), values);
    return values;
  };

  it('is Poisson: mean = variance, third central moment = mean, for means from 0.003 to 5000', () => {
    for (const mean of [0.003, 0.1, 0.125, 0.7, 3.3, 12, 31.9, 32, 100, 5000]) {
      const count = 400_000;
      const { mean: average, variance, thirdCentral } = momentsOf(draws(mean, count));
      const sigmaMean = Math.sqrt(mean / count);
      expect(Math.abs(average - mean), `mean of ${mean}`).toBeLessThan(5 * sigmaMean + 2e-4 * mean);
      const sigmaVariance = Math.sqrt((mean + 2 * mean * mean) / count);
      expect(Math.abs(variance - mean), `variance of ${mean}`).toBeLessThan(5 * sigmaVariance + 2e-3 * mean);
      const sigmaThird = Math.sqrt((15 * mean ** 3 + 25 * mean ** 2 + mean) / count);
      expect(Math.abs(thirdCentral - mean), `third moment of ${mean}`).toBeLessThan(
        5 * sigmaThird + 5e-3 * mean ** 1.5,
      );
    }
  });

  it('has the right probability of every count (chi-squared against the exact distribution)', () => {
    for (const mean of [0.4, 2.06, 9.5, 40]) {
      const count = 300_000;
      const seen = new Map<number, number>();
      for (const value of draws(mean, count)) seen.set(value, (seen.get(value) ?? 0) + 1);
      let chi = 0;
      let bins = 0;
      let probability = Math.exp(-mean);
      for (let k = 0; k < 120; k++) {
        const expected = probability * count;
        if (expected > 20) {
          chi += ((seen.get(k) ?? 0) - expected) ** 2 / expected;
          bins++;
        }
        probability *= mean / (k + 1);
      }
      expect(chi, `chi-squared at ${mean}`).toBeLessThan(bins + 5 * Math.sqrt(2 * bins));
    }
  });

  it('is normal where it is added', () => {
    const values = new Float32Array(400_000);
    addNormal(createNoise(createRandom(4)), values, 2);
    const { mean, variance, thirdCentral } = momentsOf(values);
    expect(mean).toBeCloseTo(0, 1.8);
    expect(variance).toBeCloseTo(4, 1.3);
    expect(Math.abs(thirdCentral)).toBeLessThan(0.2);
    for (const x of [-3, -1, 0, 0.5, 2, 3.6]) {
      const share = meanOf(values.map((value) => (value / 2 <= x ? 1 : 0)));
      expect(share).toBeCloseTo(normalCdf(x), 2.5);
    }
  });
});
