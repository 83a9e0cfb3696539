/** Integer maps of a detector: the bound that their formats keep, on made maps and on a real module. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { convertJungfrau } from '../../src/data/calibrate-jungfrau.js';
import { wordCalibration } from '../../src/data/raw/calibrated.js';
import { COUNTS } from '../../src/ir/ops/input.js';
import { RAW_DETECTORS, rawDetector, type RawDetectorName } from '../../src/data/raw/detectors.js';
import { calibrateWords, type FloatMaps } from '../../src/data/raw/float-maps.js';
import { FACTOR_ROOM, integerMaps, MAP_ROUNDING, type MapFormats } from '../../src/data/raw/integer-maps.js';
import { roundHalfEven } from '../../src/fixed/cast.js';
import { format, formatToString } from '../../src/fixed/format.js';
import { productWidth } from '../../src/ir/ops/calibrate.js';
import { frameMaps, fromWords } from '../../src/passes/from-words.js';
import { interpret } from '../../src/simulate/interpret.js';
import { sampleFixedGraph } from '../sample-graphs.js';

const SHARED = new URL('../../../shared/data/real/jungfrau/', import.meta.url).pathname;

interface Apart {
  readonly live: number;
  readonly farthest: number;
  readonly equal: number;
}

/** How far the integer counts of `words` are from those in double precision. */
function apart(
  name: RawDetectorName,
  maps: FloatMaps,
  words: Uint16Array,
): Apart & { readonly bound: number } {
  const detector = rawDetector(name);
  const { counts, integers } = wordCalibration(detector, maps);
  const made = counts(words);
  let [live, farthest, equal, otherMask] = [0, 0, 0, 0];
  calibrateWords(detector, maps, words).forEach((real, i) => {
    if (Number.isNaN(made[i]!) !== Number.isNaN(real)) otherMask += 1;
    if (Number.isNaN(real)) return;
    const limited = Math.min(Math.max(real, 0), 65535);
    live += 1;
    farthest = Math.max(farthest, Math.abs(made[i]! - limited));
    if (made[i] === roundHalfEven(limited)) equal += 1;
  });
  expect(otherMask).toBe(0);
  return { live, farthest, equal, bound: integers.bound };
}

describe('integer maps', () => {
  const pixels = 4096;
  const random = createRandom(5);
  const spread = (mean: number, part: number): Float64Array =>
    Float64Array.from({ length: pixels }, () => mean * (1 + part * random.normal()));
  const of = (pedestals: readonly number[], gains: readonly number[], keV: number): FloatMaps => ({
    pedestals: pedestals.map((mean) => spread(mean, 0.05)),
    factors: gains.map((gain) => spread(gain, 0.05).map((value) => 1 / (value * keV))),
    bad: pedestals.map(() => Uint8Array.from({ length: pixels }, () => Number(random.uniform() < 0.01))),
    thresholds: [],
  });

  it.each([
    ['jungfrau', [2500, 14800, 14700], [41, -1.44, -0.106], 12.4],
    ['jungfrau', [2500, 14800, 14700], [41, -1.44, -0.106], 4.5],
    ['epix10ka', [3000, 3000], [16.4, 0.164], 9.5],
    ['moench', [5000], [120], 1],
    ['integrating', [1000], [1.6], 8],
  ] as const)(
    'of %s keep every count within their bound, pedestals %j, gains %j, %d keV',
    (name, pedestals, gains, keV) => {
      const maps = of(pedestals, gains, keV);
      const words = Uint16Array.from({ length: pixels }, () => random.integer(0, 65535));
      const found = apart(name, maps, words);
      expect(found.bound).toBeLessThanOrEqual(MAP_ROUNDING);
      expect(found.farthest).toBeLessThanOrEqual(0.5 + found.bound);
      expect(found.live).toBeGreaterThan(0.2 * pixels);
      expect(found.equal / found.live).toBeGreaterThan(0.98);
    },
  );

  it('have room for factors twice as large, within the bound; a bit less of both breaks it', () => {
    const maps = of([2500, 14800, 14700], [41, -1.44, -0.106], 12.4);
    const detector = RAW_DETECTORS.jungfrau;
    const fine = integerMaps(detector, maps, COUNTS);
    const twice = {
      ...maps,
      factors: maps.factors.map((map) => Float64Array.from(map, (f) => FACTOR_ROOM * f)),
    };
    const coarser = (f: typeof fine.pedestal) => ({ ...f, width: f.width - 1 });
    const coarse = { pedestal: coarser(fine.pedestal), factor: coarser(fine.factor) };
    const bound = (formats: MapFormats): number => integerMaps(detector, twice, COUNTS, formats).bound;
    expect(fine.bound).toBeLessThan(bound(fine));
    expect(bound(fine)).toBeLessThanOrEqual(MAP_ROUNDING);
    expect(bound(coarse)).toBeGreaterThan(MAP_ROUNDING);
  });

  it('are refused where formats that are given do not hold them', () => {
    const maps = of([2500, 14800, 14700], [41, -1.44, -0.106], 12.4);
    const detector = RAW_DETECTORS.jungfrau;
    const formats = { pedestal: format(false, 20, 13), factor: format(true, 23, 2) };
    expect(() => integerMaps(detector, maps, COUNTS, formats)).toThrow(
      /a pedestal of gain stage G1 is \d+\.\d+, beyond ap_ufixed<20,13,AP_RND_CONV,AP_SAT>/,
    );
  });

  it('are refused where one gain is so far from the others that no format holds both', () => {
    const maps = of([2500, 14800, 14700], [41, -1.44, -0.106], 12.4);
    (maps.factors[0] as Float64Array)[7] = 1e6;
    expect(() => integerMaps(RAW_DETECTORS.jungfrau, maps, COUNTS)).toThrow(
      /needs products of \d+ bits: gains reach from far below to far above the others/,
    );
  });
});

const binary = (name: string): ArrayBuffer => Uint8Array.from(readFileSync(`${SHARED}${name}`)).buffer;

describe.skipIf(!existsSync(SHARED))('the real JUNGFRAU module (needs the shared data)', () => {
  it('is within 0.51 of the last place in every live pixel, and equal to the rounding in 99 %', () => {
    const words = new Uint16Array(binary('mod5_raw0.bin'));
    const pedestals = [0, 1, 2].map((stage) => new Float32Array(binary(`mod5_pedeG${stage}.bin`)));
    const [gains, keV] = [[41, -1.439, -0.1058], 12.4];
    const maps: FloatMaps = {
      pedestals,
      factors: gains.map((gain) => new Float64Array(words.length).fill(1 / (gain * keV))),
      bad: pedestals.map((map) => Uint8Array.from(map, (value) => Number(!(value > 0)))),
      thresholds: [],
    };
    const found = apart('jungfrau', maps, words);
    expect(found.live).toBe(524_242);
    expect(found.farthest).toBeLessThanOrEqual(0.51);
    expect(found.equal / found.live).toBeGreaterThan(0.99999);
    // What floating point masks is masked, and nothing else.
    const float = convertJungfrau(words, { pedestals, gains, photonEnergyKev: keV });
    const { counts, integers } = wordCalibration(RAW_DETECTORS.jungfrau, maps);
    const made = counts(words);
    expect(made.every((value, i) => Number.isNaN(value) === Number.isNaN(float[i]!))).toBe(true);
    expect([formatToString(integers.pedestal), formatToString(integers.factor)]).toEqual([
      'ap_ufixed<22,14,AP_RND_CONV,AP_SAT>',
      'ap_fixed<23,2,AP_RND_CONV,AP_SAT>',
    ]);
    const limits = RAW_DETECTORS.jungfrau.stages.map((stage) => stage.limits);
    expect(productWidth({ limits }, integers.pedestal, integers.factor)).toBe(45);

    // A network of the size of the module decides on the words as on what the float way makes of them.
    const graph = sampleFixedGraph({ height: 512, width: 1024 });
    const converted = Uint16Array.from(float, (value) =>
      Number.isNaN(value) ? 0 : roundHalfEven(Math.min(Math.max(value, 0), 65535)),
    );
    const onWords = fromWords(graph, RAW_DETECTORS.jungfrau, integers);
    const ofWords = interpret(onWords, words, false, undefined, frameMaps(integers));
    const ofCounts = interpret(graph, converted);
    expect([ofWords.score, ofWords.keep]).toEqual([ofCounts.score, ofCounts.keep]);
  });
});
