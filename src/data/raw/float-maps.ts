/**
 * Maps of a detector as dark runs and flat fields give them: real numbers, a map for each gain stage; and the calibration
 * with them in double precision, which the integer one is held against.
 */
import { invariant } from '../../core/errors.js';
import type { RawDetector } from './detectors.js';

/** The maps of one memory cell, of a detector of so many pixels; each stage has one of each. */
export interface FloatMaps {
  /** ADU. */
  readonly pedestals: readonly ArrayLike<number>[];
  /** Units of the result (photons, keV) for each ADU above the pedestal; below zero where the ADC falls with charge. */
  readonly factors: readonly ArrayLike<number>[];
  /** Not 0: the pixel measures nothing in this stage. */
  readonly bad: readonly ArrayLike<number>[];
  /** Where a word of gain says the stage: one less than there are stages, what it has to be above. */
  readonly thresholds: readonly ArrayLike<number>[];
}

const WORDS_OF_GAIN = 'words of gain belong to thresholds';

/** Whether pixel `i` has a map in `stage`: numbers, and a factor. */
export const isMapped = ({ pedestals, factors, bad }: FloatMaps, stage: number, i: number): boolean =>
  bad[stage]![i] === 0 &&
  Number.isFinite(pedestals[stage]![i]!) &&
  Number.isFinite(factors[stage]![i]!) &&
  factors[stage]![i] !== 0;

/** The gain stage of a word, or null. `gain` is its word of gain, where the detector has one. */
function stageOf(
  { select, adcBits }: RawDetector,
  word: number,
  gain: number | undefined,
  thresholds: readonly ArrayLike<number>[],
  i: number,
): number | null {
  const bits = word >>> adcBits;
  if (select.by === 'bits') return select.stages[bits]!;
  if (bits !== 0) return null;
  return thresholds.reduce((above, map) => above + (gain! > map[i]! ? 1 : 0), 0);
}

/**
 * Words of gain that put the pixels into the gain stages in turn, mapped there or not: every other one as near to a threshold as
 * it can be. For detectors whose words of gain say the stage.
 */
export function gainsInTurn({ stages }: RawDetector, { thresholds, pedestals }: FloatMaps): Uint16Array {
  return Uint16Array.from(pedestals[0]!, (_, i) => {
    const stage = i % stages.length;
    const isLeast = Math.floor(i / stages.length) % 2 === 0;
    const [low, high] = [thresholds[stage - 1], thresholds[stage]];
    const gain = isLeast ? Math.floor(low?.[i] ?? -1) + 1 : Math.floor(high?.[i] ?? 65535);
    return Math.min(Math.max(gain, 0), 65535);
  });
}

/**
 * Words that come to `counts`: of each pixel the first gain stage that holds them and is mapped, else the end of the last. Where
 * words of gain say the stage, `gains`, that stage alone; 0 where it is not mapped.
 */
export function wordsOf(
  detector: RawDetector,
  maps: FloatMaps,
  counts: ArrayLike<number>,
  gains?: Uint16Array,
): Uint16Array {
  const { select, adcBits, stages } = detector;
  invariant((gains === undefined) === (select.by === 'bits'), WORDS_OF_GAIN);
  const all = [...stages.keys()];
  const codes = all.map((stage) => (select.by === 'bits' ? select.stages.indexOf(stage) : 0));
  return Uint16Array.from(counts, (count, i) => {
    let word = 0;
    for (const stage of gains === undefined ? all : [stageOf(detector, 0, gains[i], maps.thresholds, i)!]) {
      if (!isMapped(maps, stage, i)) continue;
      const { limits } = stages[stage]!;
      const adc = Math.round(maps.pedestals[stage]![i]! + count / maps.factors[stage]![i]!);
      const within = Math.min(Math.max(adc, limits[0]), limits[1]);
      word = codes[stage]! * 2 ** adcBits + within;
      if (within === adc) break;
    }
    return word;
  });
}

/**
 * (ADC − pedestal) · factor of every word, in double precision; NaN where a word measures nothing. `gains` are the words of
 * gain of a detector that has such. Lengths must agree.
 */
export function calibrateWords(
  detector: RawDetector,
  maps: FloatMaps,
  words: Uint16Array,
  gains?: Uint16Array,
): Float64Array {
  invariant((gains === undefined) === (detector.select.by === 'bits'), WORDS_OF_GAIN);
  const adcMask = 2 ** detector.adcBits - 1;
  return Float64Array.from(words, (word, i) => {
    const stage = stageOf(detector, word, gains?.[i], maps.thresholds, i);
    const adc = word & adcMask;
    if (stage === null || !isMapped(maps, stage, i)) return NaN;
    const [low, high] = detector.stages[stage]!.limits;
    return adc < low || adc > high ? NaN : (adc - maps.pedestals[stage]![i]!) * maps.factors[stage]![i]!;
  });
}
