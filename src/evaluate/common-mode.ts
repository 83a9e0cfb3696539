/** What a row has in common, taken away, fast: what a `commonMode` node makes of a frame. */
import { castNumber } from '../fixed/cast.js';
import { fractionBits, type Format } from '../fixed/format.js';
import { reciprocals, type CommonModeRule } from '../ir/ops/common-mode.js';

/**
 * Corrects frames of values of `from` into `to`. Segments run through the rows one after the other, so that the width of a frame
 * does not matter.
 */
export function commonMode(
  op: CommonModeRule,
  from: Format,
  to: Format,
): <T extends Int32Array | Float32Array>(values: Int32Array, output: T) => T {
  const { columns, limit, reciprocalFraction } = op;
  const byCount = Float64Array.from(reciprocals(op));
  const unit = 2 ** reciprocalFraction;
  const fraction = fractionBits(from) + reciprocalFraction;
  return (values, output) => {
    for (let first = 0; first < values.length; first += columns) {
      let [sum, count] = [0, 0];
      for (let i = first; i < first + columns; i++) {
        const value = values[i]!;
        if (value === 0 || value > limit || value < -limit) continue;
        sum += value;
        count += 1;
      }
      const shift = sum * byCount[count]!;
      for (let i = first; i < first + columns; i++)
        output[i] = values[i] === 0 ? 0 : castNumber(values[i]! * unit - shift, fraction, to);
    }
    return output;
  };
}
