/** Raw words to measurements, fast: what a `calibrate` node makes of a frame and its maps. */
import { castNumber, roundHalfEven } from '../fixed/cast.js';
import { fractionBits, maxMantissa, minMantissa, type Format } from '../fixed/format.js';
import type { Calibrate } from '../ir/ops/calibrate.js';

interface Plane {
  readonly data: Int32Array;
}

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
function stages(op: Calibrate, count: number): (word: number, i: number, planes: readonly Plane[]) => number {
  const { select, adcBits } = op;
  if (select.by === 'bits') {
    const known = Int8Array.from(select.stages, (stage) => stage ?? -1);
    return (word) => known[word >>> adcBits]!;
  }
  return (word, i, planes) => {
    if (word >>> adcBits !== 0) return -1;
    const gain = planes[3]!.data[i]!;
    const thresholds = planes[4]!.data;
    let above = 0;
    for (let k = 0; k < count - 1; k++) if (gain > thresholds[i * (count - 1) + k]!) above += 1;
    return above;
  };
}

/** The values of a frame: `planes` are words, pedestals and factors, and words of gain and thresholds where `op` selects by them. */
export function calibration(
  op: Calibrate,
  pedestal: Format,
  factor: Format,
): (planes: readonly Plane[]) => Int32Array {
  const count = op.limits.length;
  const unit = 2 ** fractionBits(pedestal);
  const round = rounding(fractionBits(pedestal) + fractionBits(factor), op.format);
  const stageOf = stages(op, count);
  const low = op.limits.map(([least]) => least);
  const high = op.limits.map(([, most]) => most);
  const adcMask = 2 ** op.adcBits - 1;
  return (planes) => {
    const [words, pedestals, factors] = planes;
    const output = new Int32Array(words!.data.length);
    for (let i = 0; i < output.length; i++) {
      const word = words!.data[i]!;
      const stage = stageOf(word, i, planes);
      if (stage < 0) continue;
      const adc = word & adcMask;
      if (adc < low[stage]! || adc > high[stage]!) continue;
      const at = i * count + stage;
      output[i] = round((adc * unit - pedestals!.data[at]!) * factors!.data[at]!);
    }
    return output;
  };
}
