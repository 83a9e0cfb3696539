/** Words that come to counts where words of gain say the stage, whatever the maps hold. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { rawDetector } from '../../src/data/raw/detectors.js';
import { calibrateWords, gainsInTurn, isMapped, wordsOf, type FloatMaps } from '../../src/data/raw/float-maps.js'; // prettier-ignore

const detector = rawDetector('agipd');
const PIXELS = 3000;
const random = createRandom(5);
const map = (mean: number, spread: number): Float64Array =>
  Float64Array.from({ length: PIXELS }, () => mean + spread * random.normal());
const maps: FloatMaps = {
  pedestals: [map(4500, 300), map(4800, 300), map(5000, 300)],
  factors: [map(0.014, 0.001), map(0.48, 0.01), map(2, 0.1)],
  // A tenth of the pixels, in each stage by itself.
  bad: [0, 1, 2].map(() => map(0, 1).map((value) => Number(value > 1.28))),
  thresholds: [map(6400, 50), map(7950, 50)],
};
const counts = Uint16Array.from({ length: PIXELS }, () => 10 ** (4 * random.uniform()));

describe('words of gain in turn', () => {
  const gains = gainsInTurn(detector, maps);
  const stageOf = (i: number): number => maps.thresholds.filter((one) => gains[i]! > one[i]!).length;

  it('put the pixels into all stages, at thresholds and away from them', () => {
    const ends = [0, 1, 2].map((stage) => {
      const own = [...gains.keys()].filter((i) => i % 3 === stage);
      expect(own.every((i) => stageOf(i) === stage)).toBe(true);
      return own.map((i) => [
        gains[i]! - Math.floor(maps.thresholds[stage - 1]?.[i] ?? -1),
        Math.floor(maps.thresholds[stage]?.[i] ?? 65535) - gains[i]!,
      ]);
    });
    // As near as it can be to the lower end, and to the upper one, of each stage.
    for (const stage of ends) {
      expect(stage.filter(([low]) => low === 1)).toHaveLength(500);
      expect(stage.filter(([, high]) => high === 0)).toHaveLength(500);
    }
  });

  it('have words that come to the counts in the stage that they say, as far as its ADC holds them', () => {
    const words = wordsOf(detector, maps, counts, gains);
    const found = calibrateWords(detector, maps, words, gains);
    let [within, ended, unmapped] = [0, 0, 0];
    words.forEach((word, i) => {
      const stage = stageOf(i);
      if (!isMapped(maps, stage, i)) {
        unmapped += 1;
        expect([word, found[i]]).toEqual([0, NaN]);
      } else if (word === detector.stages[stage]!.limits[1]) {
        ended += 1;
        expect(found[i]).toBeLessThan(counts[i]! + maps.factors[stage]![i]!);
      } else {
        within += 1;
        expect(Math.abs(found[i]! - counts[i]!)).toBeLessThanOrEqual(maps.factors[stage]![i]! / 2 + 1e-9);
      }
    });
    expect(Math.min(within, ended, unmapped)).toBeGreaterThan(200);
    expect(words.every((word) => word < 2 ** detector.adcBits)).toBe(true);
  });

  it('are words where thresholds are none, and the stage is then the one that they say', () => {
    const odd: FloatMaps = { ...maps, bad: [0, 1, 2].map(() => new Uint8Array(PIXELS)), thresholds: [map(NaN, 0), map(70000, 0)] }; // prettier-ignore
    const own = gainsInTurn(detector, odd);
    expect(new Set(own)).toEqual(new Set([0, 65535]));
    const words = wordsOf(detector, odd, new Uint16Array(PIXELS), own);
    words.forEach((word, i) => {
      expect(word).toBe(Math.round(odd.pedestals[0]![i]!));
    });
  });

  it('belong to detectors that have such, and to no other', () => {
    expect(() => wordsOf(detector, maps, counts)).toThrow(/words of gain belong to thresholds/);
    expect(() => wordsOf(rawDetector('jungfrau'), maps, counts, gains)).toThrow(/words of gain belong/);
  });
});
