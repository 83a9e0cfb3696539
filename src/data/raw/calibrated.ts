/** Raw words as counts, by the integer calibration that firmware and `fixed.onnx` do: what a network sees of them. */
import { calibration, type Calibration } from '../../evaluate/calibration.js';
import { COUNTS } from '../../ir/ops/input.js';
import type { RawDetector } from './detectors.js';
import type { FloatMaps } from './float-maps.js';
import { integerMaps, type IntegerMaps, type MapFormats } from './integer-maps.js';

/** Counts of a frame's words, and of its words of gain where the detector has such; NaN where a word measures nothing. */
export type Counts = (words: Uint16Array, gains?: Uint16Array) => Float32Array;

/** Counts by integer maps of `formats`. */
export function countsOf(
  { adcBits, select, stages }: RawDetector,
  { pedestal, factor }: MapFormats,
): (maps: Omit<IntegerMaps, 'bound' | keyof MapFormats>, ...words: Parameters<Counts>) => Float32Array {
  const op: Calibration = { adcBits, select, limits: stages.map(({ limits }) => limits), format: COUNTS };
  const run = calibration(op, pedestal, factor, NaN);
  return ({ pedestals, factors, thresholds }, words, gains) =>
    run(
      words,
      gains === undefined ? [pedestals, factors] : [pedestals, factors, gains, thresholds],
      new Float32Array(words.length),
    );
}

/** The integer calibration with the maps of one memory cell, in `formats` or in those that are made for them. */
export function wordCalibration(
  detector: RawDetector,
  maps: FloatMaps,
  formats?: MapFormats,
): { readonly integers: IntegerMaps; readonly counts: Counts } {
  const integers = integerMaps(detector, maps, COUNTS, formats);
  const counts = countsOf(detector, integers);
  return { integers, counts: (words, gains) => counts(integers, words, gains) };
}
