/** The definition of what raw words become: counts, less what rows have in common. */
import { castNumber } from '../fixed/cast.js';
import { fractionBits } from '../fixed/format.js';
import type { Shape } from '../ir/common.js';
import type { Table } from '../ir/dispatch.js';
import type { FixedNodeOf } from '../ir/ops/index.js';
import type { Value } from './interpret-sums.js';

type Computed = FixedNodeOf<'calibrate'> | FixedNodeOf<'commonMode'>;

/** The gain stage of a word whose gain bits are `bits`; null where it has none. */
function stageOf(
  { select }: FixedNodeOf<'calibrate'>,
  bits: number,
  isAbove: readonly boolean[],
): number | null {
  if (select.by === 'bits') return select.stages[bits]!;
  return bits === 0 ? isAbove.filter(Boolean).length : null;
}

/** 2^F / n, rounded half up; 0 of fewer pixels than say something. */
const reciprocalOf = ({ least, reciprocalFraction }: FixedNodeOf<'commonMode'>, n: number): number =>
  n < least ? 0 : Math.floor((2 ** reciprocalFraction * 2 + n) / (2 * n));

export const rawRules: Table<Computed, [inputs: readonly Value[], output: Int32Array, shape: Shape], void> = {
  calibrate: (op, [words, pedestals, factors, gains, thresholds], output) => {
    const stages = op.limits.length;
    const fraction = fractionBits(pedestals!.format);
    for (let i = 0; i < output.length; i++) {
      const adc = words!.data[i]! % 2 ** op.adcBits;
      const bits = Math.floor(words!.data[i]! / 2 ** op.adcBits);
      const isAbove = Array.from(
        { length: gains === undefined ? 0 : stages - 1 },
        (_, k) => gains!.data[i]! > thresholds!.data[i * (stages - 1) + k]!,
      );
      const stage = stageOf(op, bits, isAbove);
      if (stage === null || adc < op.limits[stage]![0] || adc > op.limits[stage]![1]) {
        output[i] = 0;
        continue;
      }
      const difference = adc * 2 ** fraction - pedestals!.data[i * stages + stage]!;
      const product = difference * factors!.data[i * stages + stage]!;
      output[i] = castNumber(product, fraction + fractionBits(factors!.format), op.format);
    }
  },
  commonMode: (op, [x], output, shape) => {
    const [height, width] = shape;
    for (let y = 0; y < height; y++)
      for (let left = 0; left < width; left += op.columns) {
        const row = Array.from({ length: op.columns }, (_, k) => x!.data[y * width + left + k]!);
        const dark = row.filter((value) => value !== 0 && Math.abs(value) <= op.limit);
        const mean = reciprocalOf(op, dark.length);
        const shift = dark.reduce((sum, value) => sum + value, 0) * mean;
        row.forEach((value, k) => {
          const exact = value * 2 ** op.reciprocalFraction - shift;
          output[y * width + left + k] =
            value === 0 ? 0 : castNumber(exact, fractionBits(x!.format) + op.reciprocalFraction, op.format);
        });
      }
  },
};
