/** The integer preprocessing ops as plain loops, for the float reference and the quantizer's run of a fixed graph. */
import { elements, type Shape } from '../ir/common.js';
import { dispatch, type Table } from '../ir/dispatch.js';
import { moduleShape } from '../ir/modules.js';
import { partsOf, type ComputedPreprocessNode } from '../ir/ops/index.js';
import { contrast } from './contrast-kernel.js';

type Preprocess = Table<
  ComputedPreprocessNode,
  [input: Int32Array, from: Shape, output: Int32Array, to: Shape],
  void
>;

const rules: Preprocess = {
  crop(op, input, from, output, to) {
    const rowSize = to[1] * to[2];
    for (let y = 0; y < to[0]; y++) {
      const start = ((y + op.offset[0]) * from[1] + op.offset[1]) * from[2];
      output.set(input.subarray(start, start + rowSize), y * rowSize);
    }
  },
  mask(op, input, _from, output) {
    for (let i = 0; i < output.length; i++) output[i] = op.live[i] === 1 ? input[i]! : 0;
  },
  contrast(op, input, from, output) {
    contrast(op, input, from, output);
  },
  bin(op, input, from, output, to) {
    const [fy, fx] = op.factor;
    const channels = from[2];
    const { mode } = op;
    const best = mode === 'second' ? new Int32Array(output.length) : output;
    for (let y = 0; y < from[0]; y++) {
      const rowTo = Math.floor(y / fy) * to[1];
      for (let x = 0; x < from[1]; x++) {
        const at = (rowTo + Math.floor(x / fx)) * channels;
        const source = (y * from[1] + x) * channels;
        for (let c = 0; c < channels; c++) {
          const value = input[source + c]!;
          if (mode === 'sum') output[at + c]! += value;
          else if (value > best[at + c]!) {
            if (mode === 'second') output[at + c] = best[at + c]!;
            best[at + c] = value;
          } else if (mode === 'second' && value > output[at + c]!) output[at + c] = value;
        }
      }
    }
  },
  clamp(op, input, _from, output) {
    for (let i = 0; i < output.length; i++) {
      const value = input[i]!;
      output[i] = value < op.min ? op.min : value > op.max ? op.max : value;
    }
  },
  lut(op, input, _from, output) {
    for (let i = 0; i < output.length; i++) output[i] = op.table[input[i]! - op.first]!;
  },
};

/** Mantissas of a preprocessing node from those of its one input. */
export function preprocess(
  op: ComputedPreprocessNode,
  input: Int32Array,
  from: Shape,
  to: Shape,
): Int32Array {
  const output = new Int32Array(elements(to));
  const parts = partsOf(op);
  const [shape, made] = [moduleShape(from, parts), moduleShape(to, parts)];
  for (let k = 0; k < parts; k++) {
    const part = (of: Int32Array): Int32Array =>
      of.subarray((k * of.length) / parts, ((k + 1) * of.length) / parts);
    dispatch(rules, op, part(input), shape, part(output), made);
  }
  return output;
}
