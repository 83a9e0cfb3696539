/** Maps clamped counts to the network's input through a table (linear, square root, logarithm, …). */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { fixedBase, only } from '../common.js';
import type { OpRecord, Range } from './record.js';

const schema = z
  .strictObject({
    ...fixedBase,
    kind: z.literal('lut'),
    /** The input value that maps to `table[0]`; the input's proved range must lie within the table. */
    first: z.int().min(0),
    /** Mantissas of the output format. */
    table: z.instanceof(Int32Array),
  })
  .readonly();

/** Values that a table gives for inputs within `input`; throws `InvariantError` where those leave the table. */
export function tableRange(
  { id, first, table }: { readonly id: string; readonly first: number; readonly table: Int32Array },
  input: Range,
): Range {
  invariant(
    input.low >= first && input.high < first + table.length,
    `${id}: input range [${input.low}, ${input.high}] leaves the table of ${table.length} from ${first}`,
  );
  let low = Infinity;
  let high = -Infinity;
  for (let i = input.low; i <= input.high; i++) {
    const value = table[i - first]!;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return { low, high };
}

export const lut = {
  float: schema,
  fixed: schema,
  traits: { preprocess: true, pointwise: true },
  shape(op, inputs) {
    invariant(op.table.length > 0, `${op.id}: empty table`);
    return only(inputs, op.id);
  },
  range: (op, [x]) => tableRange(op, x!.range),
  reads: (_op, _sources, [y, x, c], _shape, read) => {
    read(0, y, x, c, 1);
  },
} satisfies OpRecord<typeof schema, typeof schema>;
