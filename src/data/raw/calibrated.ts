/** Raw words as counts, by the integer calibration that firmware and `fixed.onnx` do: what a network sees of them. */
import { calibration, type Calibration } from '../../evaluate/calibration.js';
import { commonMode } from '../../evaluate/common-mode.js';
import { COUNTS } from '../../ir/ops/input.js';
import type { RawDetector } from './detectors.js';
import type { FloatMaps } from './float-maps.js';
import { commonModeRule, MEASURED, type CommonModeWish } from './common-mode.js';
import { integerMaps, type CellIntegers, type IntegerMaps, type MapFormats } from './integer-maps.js';

/** Counts of a frame's words, and of its words of gain where the detector has such; NaN where a word measures nothing. */
export type Counts = (words: Uint16Array, gains?: Uint16Array) => Float32Array;

/** What no word is calibrated to: tells a pixel that measures nothing from one that measures 0. */
const NO_MEASUREMENT = -(2 ** 31);

/** Counts by integer maps of `formats`, less what rows have in common where `wish` asks for it. */
export function countsOf(
  { adcBits, select, stages }: RawDetector,
  { pedestal, factor }: MapFormats,
  wish?: CommonModeWish,
): (maps: CellIntegers, ...words: Parameters<Counts>) => Float32Array {
  const op: Calibration = {
    adcBits,
    select,
    limits: stages.map(({ limits }) => limits),
    format: wish === undefined ? COUNTS : MEASURED,
  };
  const run = calibration(op, pedestal, factor, wish === undefined ? NaN : NO_MEASUREMENT);
  const correct = wish === undefined ? null : commonMode(commonModeRule(wish), MEASURED, COUNTS);
  return ({ pedestals, factors, thresholds }, words, gains) => {
    const planes = gains === undefined ? [pedestals, factors] : [pedestals, factors, gains, thresholds];
    const counts = new Float32Array(words.length);
    if (correct === null) return run(words, planes, counts);
    const measured = run(words, planes, new Int32Array(words.length));
    correct(
      measured.map((value) => (value === NO_MEASUREMENT ? 0 : value)),
      counts,
    );
    measured.forEach((value, i) => {
      if (value === NO_MEASUREMENT) counts[i] = NaN;
    });
    return counts;
  };
}

/** The integer calibration with the maps of one memory cell, in `formats` or in those that are made for them. */
export function wordCalibration(
  detector: RawDetector,
  maps: FloatMaps,
  formats?: MapFormats,
  wish?: CommonModeWish,
): { readonly integers: IntegerMaps; readonly counts: Counts } {
  const integers = integerMaps(detector, maps, COUNTS, formats);
  const counts = countsOf(detector, integers, wish);
  return { integers, counts: (words, gains) => counts(integers, words, gains) };
}
