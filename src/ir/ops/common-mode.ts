/**
 * What a row of pixels has in common, taken away: of each segment of `columns` pixels of a row (a row of an ASIC) the mean of
 * those that saw nothing, the pixels within `limit` of zero. A value of 0 is no measurement (calibrate.ts): it takes no part, and
 * stays 0.
 *
 * There is no division: the mean is the exact sum times a reciprocal of the number n of pixels, r(n) = round(2^F / n), and the
 * value is v·2^F − sum·r(n), rounded once from there. Where fewer than `least` pixels are within the limit, nothing is taken away.
 */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { bitsFor, maxMantissa, minMantissa, type Format } from '../../fixed/format.js';
import { fixedBase, only } from '../common.js';
import type { OpRecord, StageInput } from './record.js';

/** A segment is no longer than a row of the widest module. */
export const MOST_COLUMNS = 4096;

const schema = z
  .strictObject({
    ...fixedBase,
    kind: z.literal('commonMode'),
    /** Pixels of a row that share a shift; divides the width. */
    columns: z.int().min(1).max(MOST_COLUMNS),
    /** Pixels whose mantissa is at most so far from 0 count. */
    limit: z
      .int()
      .min(1)
      .max(2 ** 24),
    /** Fewer of them say nothing. */
    least: z.int().min(1).max(MOST_COLUMNS),
    /** F: reciprocals are units of 2^−F. */
    reciprocalFraction: z.int().min(1).max(30),
    /** Signed bits that hold v·2^F − sum·r(n): proved. */
    accumulatorWidth: z.int().min(2).max(53),
  })
  .readonly();
export type CommonMode = z.infer<typeof schema>;

/** What is computed. */
export type CommonModeRule = Pick<CommonMode, 'columns' | 'limit' | 'least' | 'reciprocalFraction'>;

/** 2^F / n, rounded half up. */
const reciprocal = (n: number, fraction: number): number => Math.floor((2 ** (fraction + 1) + n) / (2 * n));

/** r(n) for n from 0 to `columns`: 0 where so few pixels say nothing. */
export const reciprocals = ({ columns, least, reciprocalFraction }: CommonModeRule): readonly number[] =>
  Array.from({ length: columns + 1 }, (_, n) => (n < least ? 0 : reciprocal(n, reciprocalFraction)));

/** The greatest magnitude of a sum, and of a sum times its reciprocal. */
export function sumBounds(op: CommonModeRule): { readonly sum: number; readonly shift: number } {
  const { columns, limit } = op;
  return {
    sum: columns * limit,
    shift: Math.max(...reciprocals(op).map((r, n) => n * limit * r)),
  };
}

/** Signed bits that hold every accumulator over values of `from`. Throws `InvariantError` beyond 53. */
export function accumulatorWidth(op: CommonModeRule, from: Format): number {
  const unit = 2 ** op.reciprocalFraction;
  const { shift } = sumBounds(op);
  const [low, high] = [minMantissa(from) * unit - shift, maxMantissa(from) * unit + shift];
  invariant(-low < 2 ** 52 && high < 2 ** 52, 'a common mode needs more than 53 bits');
  return bitsFor(low, high, true);
}

/**
 * The least F with which a shift is within an eighth of the input's last place of the exact mean: r(n) is off by half at most, and a
 * sum by n times the limit of that.
 */
export const reciprocalFractionFor = (columns: number, limit: number): number =>
  Math.ceil(Math.log2(4 * columns * limit));

/** Throws `InvariantError` unless the node follows from its input. */
export function checkCommonMode(op: CommonMode, input: StageInput): void {
  const width = accumulatorWidth(op, input.format);
  invariant(op.least <= op.columns, `${op.id}: ${op.least} of ${op.columns} pixels`);
  invariant(
    op.accumulatorWidth === width,
    `${op.id}: accumulators need ${width} bits, not ${op.accumulatorWidth}`,
  );
}

export const commonMode = {
  float: null,
  fixed: schema,
  traits: { raw: true, pointwise: true },
  shape(op, inputs) {
    const input = only(inputs, op.id);
    invariant(
      input[2] === 1 && input[1] % op.columns === 0,
      `${op.id}: segments of ${op.columns} pixels in ${input.join('×')}`,
    );
    return input;
  },
  /** All of the format: nothing that stands behind is to depend on what a row has in common. */
  range: ({ format: to }) => ({ low: minMantissa(to), high: maxMantissa(to) }),
  reads({ columns }, _sources, [y, x, c], _shape, read) {
    const first = x - (x % columns);
    read(0, y, x, c, 1);
    for (let ix = first; ix < first + columns; ix++) if (ix !== x) read(0, y, ix, c, 1);
  },
} satisfies OpRecord<null, typeof schema>;
