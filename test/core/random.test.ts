import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';

const draw = (seed: number, n: number) => {
  const random = createRandom(seed);
  return Array.from({ length: n }, () => random.uint32());
};

describe('the seeded generator', () => {
  it('repeats for a seed and differs between neighbouring seeds', () => {
    expect(draw(7, 20)).toEqual(draw(7, 20));
    const firsts = new Set(Array.from({ length: 2000 }, (_, seed) => draw(seed, 1)[0]));
    expect(firsts.size).toBeGreaterThan(1995);
  });

  it('forks differ between seeds and labels, and do not depend on what was drawn', () => {
    const firsts = new Set<number>();
    for (let seed = 0; seed < 40; seed++)
      for (let label = 0; label < 50; label++) firsts.add(createRandom(seed).fork(label).uint32());
    expect(firsts.size).toBeGreaterThan(1995);
    const used = createRandom(5);
    used.uniform();
    expect(used.fork('a').uint32()).toBe(createRandom(5).fork('a').uint32());
  });

  it.each([0.3, 4, 29, 31, 400])('draws Poisson(%d) with the right mean and variance', (mean) => {
    const random = createRandom(11);
    const n = 60_000;
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < n; i++) {
      const k = random.poisson(mean);
      sum += k;
      squares += k * k;
    }
    const measured = sum / n;
    const variance = squares / n - measured * measured;
    // Five standard errors of the mean, and of the variance of a Poisson variable.
    expect(Math.abs(measured - mean)).toBeLessThan(5 * Math.sqrt(mean / n));
    expect(Math.abs(variance - mean)).toBeLessThan(5 * Math.sqrt((mean + 2 * mean * mean) / n));
  });

  it('draws normals with mean 0 and variance 1', () => {
    const random = createRandom(12);
    const values = Array.from({ length: 50_000 }, () => random.normal());
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const variance = values.reduce((a, b) => a + b * b, 0) / values.length - mean * mean;
    expect(Math.abs(mean)).toBeLessThan(0.025);
    expect(Math.abs(variance - 1)).toBeLessThan(0.035);
  });
});
