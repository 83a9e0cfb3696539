import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { createNoise, type NoiseModel } from '../../src/passes/equalization-noise.js';
import { bestScales, mostScales } from '../../src/passes/equalize-layers.js';

const CHANNELS = 5;

function model(seed: number): NoiseModel {
  const random = createRandom(seed);
  const outputs = random.integer(1, 4);
  const spread = (count: number): Float64Array =>
    Float64Array.from({ length: count }, () => 2 ** random.integer(-6, 6) * (0.5 + random.uniform()));
  const largest = spread(CHANNELS * outputs);
  return {
    reader: { outputs, largest, squares: largest.map((v) => v * v * 2), taps: random.pick([1, 9]) },
    largest: spread(CHANNELS),
    meanSquare: spread(CHANNELS),
    activationBits: random.pick([4, 8]),
    weightBits: random.pick([4, 8]),
  };
}

/** The same noise from its definition: activations rounded in one step, weights of an output in another. */
function slowNoise(m: NoiseModel, s: Float64Array): number {
  const { outputs, squares, largest, taps } = m.reader;
  const reach = Math.max(...s.map((v, c) => m.largest[c]! * v));
  const power = s.reduce((sum, v, c) => sum + m.meanSquare[c]! * v * v * taps, 0);
  let total = 0;
  for (let o = 0; o < outputs; o++) {
    const gain = s.reduce((sum, v, c) => sum + squares[c * outputs + o]! / (v * v), 0);
    const top = Math.max(...s.map((v, c) => largest[c * outputs + o]! / v));
    total += (reach * 2 ** -m.activationBits) ** 2 * gain + (top * 2 ** (1 - m.weightBits)) ** 2 * power;
  }
  return total;
}

describe('the noise of a pair of layers', () => {
  it('is kept up to date while scales change one at a time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: CHANNELS - 1 }), fc.integer({ min: -4, max: 4 })), {
          maxLength: 12,
        }),
        (seed, changes) => {
          const m = model(seed);
          const scales = new Float64Array(CHANNELS).fill(1);
          const noise = createNoise(m, scales);
          for (const [c, power] of changes) {
            const changed = scales.with(c, 2 ** power);
            const expected = slowNoise(m, changed);
            expect(Math.abs(noise.with(c, 2 ** power) / expected - 1)).toBeLessThan(1e-9);
            noise.set(c, 2 ** power);
            scales[c] = 2 ** power;
            expect(Math.abs(noise.with(c, scales[c]!) / expected - 1)).toBeLessThan(1e-9);
          }
        },
      ),
    );
  });

  it('cannot be lowered by doubling or halving one more scale', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const m = model(seed);
        const scales = bestScales(m, new Float64Array(CHANNELS).fill(Infinity));
        const least = slowNoise(m, scales);
        expect(least).toBeLessThanOrEqual(slowNoise(m, new Float64Array(CHANNELS).fill(1)) * (1 + 1e-9));
        scales.forEach((s, c) => {
          for (const factor of [2, 0.5])
            if (Math.abs(Math.log2(s * factor)) <= 10)
              expect(slowNoise(m, scales.with(c, s * factor))).toBeGreaterThan(least * (1 - 1e-6));
        });
      }),
    );
  });

  it('scales a channel that was never seen active no further than what it might reach', () => {
    const m = model(5);
    const behind = { largest: m.largest.with(0, 0), meanSquare: m.meanSquare.with(0, 0) };
    const before = { ...behind, largest: m.largest.with(0, 0.3 * Math.max(...behind.largest)) };
    const scales = bestScales({ ...m, ...behind }, mostScales(before, behind));
    expect(bestScales({ ...m, ...behind }, new Float64Array(CHANNELS).fill(Infinity))[0]).toBeGreaterThan(32);
    expect(scales[0]).toBe(2);
  });
});
