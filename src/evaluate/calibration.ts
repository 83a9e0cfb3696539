/** Raw words to measurements, fast: what a `calibrate` node makes of a frame and its maps. */
import { castNumber, roundHalfEven } from '../fixed/cast.js';
import { fractionBits, maxMantissa, minMantissa, type Format } from '../fixed/format.js';
import type { Calibrate } from '../ir/ops/calibrate.js';

/** What is computed. */
export type Calibration = Pick<Calibrate, 'adcBits' | 'select' | 'limits' | 'format'>;

/** Pedestals and factors, and words of gain and thresholds where those say the stage: values of a pixel side by side. */
type Planes = readonly (Int32Array | Uint16Array)[];

/** How a product at `fraction` becomes a value of `to`. */
function rounding(fraction: number, to: Format): (product: number) => number {
  const shift = fraction - fractionBits(to);
  if (to.quantization !== 'AP_RND_CONV' || to.overflow !== 'AP_SAT' || shift < 0)
    return (product) => castNumber(product, fraction, to);
  const [low, high, unit] = [minMantissa(to), maxMantissa(to), 2 ** -shift];
  // A product of 53 bits times a power of two is exact.
  return (product) => Math.min(Math.max(roundHalfEven(product * unit), low), high);
}

/** Of each word the gain stage, or -1: the gain bits alone, or with the words of gain. */
function stages(
  { select, adcBits }: Calibration,
  count: number,
): (word: number, i: number, planes: Planes) => number {
  if (select.by === 'bits') {
    const known = Int8Array.from(select.stages, (stage) => stage ?? -1);
    return (word) => known[word >>> adcBits]!;
  }
  return (word, i, [, , gains, thresholds]) => {
    if (word >>> adcBits !== 0) return -1;
    let above = 0;
    for (let k = 0; k < count - 1; k++) if (gains![i]! > thresholds![i * (count - 1) + k]!) above += 1;
    return above;
  };
}

/**
 * Writes the values of a frame of `words` into `output`, and `nothing` where a word measures nothing. What a factor of 0 makes is
 * `nothing`, too.
 */
export function calibration(
  op: Calibration,
  pedestal: Format,
  factor: Format,
  nothing = 0,
): <T extends Int32Array | Float32Array>(words: Int32Array | Uint16Array, planes: Planes, output: T) => T {
  const count = op.limits.length;
  const unit = 2 ** fractionBits(pedestal);
  const round = rounding(fractionBits(pedestal) + fractionBits(factor), op.format);
  const stageOf = stages(op, count);
  const low = op.limits.map(([least]) => least);
  const high = op.limits.map(([, most]) => most);
  const adcMask = 2 ** op.adcBits - 1;
  return (words, planes, output) => {
    const [pedestals, factors] = planes;
    for (let i = 0; i < output.length; i++) {
      const word = words[i]!;
      const stage = stageOf(word, i, planes);
      const adc = word & adcMask;
      const at = i * count + stage;
      const measures = stage >= 0 && adc >= low[stage]! && adc <= high[stage]! && factors![at] !== 0;
      output[i] = measures ? round((adc * unit - pedestals![at]!) * factors![at]!) : nothing;
    }
    return output;
  };
}
