/**
 * An activation as a stage of its own: a table over every value of the input's format, whose entries are the nearest
 * values of the output's. The input's format is what the stage before was rounded to: with the table's own, the only
 * place where a value is rounded twice.
 */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { castReal } from '../../fixed/cast.js';
import { fractionBits, lsb, maxMantissa, minMantissa, type Format } from '../../fixed/format.js';
import type { OfKind } from '../dispatch.js';
import { fixedBase, only } from '../common.js';
import { functionSchema, TABLED_ACTIVATIONS, type TabledFunction } from './activations/index.js';
import { tableRange } from './lut.js';
import type { OpRecord, StageInput } from './record.js';

/** Bits of the input of a table at most: 4,096 entries, of 16 bits two block RAMs of 36 Kbit for each two lanes. */
export const MOST_TABLE_BITS = 12;

const schema = z
  .strictObject({
    ...fixedBase,
    kind: z.literal('table'),
    /** The function whose values the entries are. */
    of: functionSchema,
    /** The input mantissa that maps to `table[0]`: the least of the input's format. */
    first: z.int(),
    /** Mantissas of the output format, one for each mantissa of the input's. */
    table: z.instanceof(Int32Array),
  })
  .readonly();

type Functions = {
  readonly [K in TabledFunction['kind']]: {
    readonly apply: (of: OfKind<TabledFunction, K>, x: number, channel: number) => number;
    readonly derivative: (of: OfKind<TabledFunction, K>, x: number) => number;
  };
};
const functions: Functions = TABLED_ACTIVATIONS;

/** The slope of `of` at `x`, in double precision. */
export const slopeOf = <K extends TabledFunction['kind']>(of: OfKind<TabledFunction, K>, x: number): number =>
  functions[of.kind].derivative(of, x);

/** `of` at `x`, in double precision. */
export const valueOf = <K extends TabledFunction['kind']>(of: OfKind<TabledFunction, K>, x: number): number =>
  functions[of.kind].apply(of, x, 0);

/** What `of` makes of `x`, in units of `to`, inside its limits, not rounded. */
function exactEntry(of: TabledFunction, x: number, to: Format): number {
  const high = maxMantissa(to);
  const low = to.signed && to.overflow === 'AP_SAT_SYM' ? -high : minMantissa(to);
  return Math.min(Math.max(valueOf(of, x) * 2 ** fractionBits(to), low), high);
}

/** `to` as a table rounds: to nearest, and to its limits, however the rest of the network does. */
const nearest = (to: Format): Format => ({
  ...to,
  quantization: 'AP_RND_CONV',
  overflow: to.overflow === 'AP_SAT_SYM' ? 'AP_SAT_SYM' : 'AP_SAT',
});

/** The entries of a table of `of` from every mantissa of `from` to `to`. */
export function tableOf(
  of: TabledFunction,
  from: Format,
  to: Format,
): { readonly first: number; readonly table: Int32Array<ArrayBuffer> } {
  invariant(from.width <= MOST_TABLE_BITS, `a table of 2^${from.width} entries`);
  const first = minMantissa(from);
  const table = Int32Array.from({ length: 2 ** from.width }, (_, i) =>
    castReal(valueOf(of, (first + i) * lsb(from)), nearest(to)),
  );
  return { first, table };
}

/** What double precision leaves open of an entry, in units of the output: where two machines round a tie apart. */
const DOUBT = 2 ** -20;

/** Throws `InvariantError` unless every entry is the value of `of` nearest to the function. */
export function checkTable(op: z.infer<typeof schema>, { format: from }: StageInput): void {
  const { id, of, first, table, format } = op;
  invariant(
    from.width <= MOST_TABLE_BITS && table.length === 2 ** from.width && first === minMantissa(from),
    `${id}: the table of ${table.length} from ${first} is not that of a format of ${from.width} bits`,
  );
  table.forEach((entry, i) => {
    const exact = exactEntry(of, (first + i) * lsb(from), format);
    invariant(
      Math.abs(entry - exact) <= 0.5 + DOUBT,
      `${id}: entry ${i} of the table is ${entry} where ${of.kind} is ${exact}`,
    );
  });
}

export const table = {
  float: null,
  fixed: schema,
  traits: { pointwise: true },
  shape: (op, inputs) => only(inputs, op.id),
  range: (op, [x]) => tableRange(op, x!.range),
  reads: (_op, _sources, [y, x, c], _shape, read) => {
    read(0, y, x, c, 1);
  },
} satisfies OpRecord<null, typeof schema>;
