/** Activations as tables: each entry the nearest value, and nothing else accepted. */
import { describe, expect, it } from 'vitest';
import { format, type Format } from '../../src/fixed/format.js';
import type { UnprovenNode } from '../../src/ir/build.js';
import { nodeId } from '../../src/ir/common.js';
import { MOST_TABLE_BITS, tableOf } from '../../src/ir/ops/table.js';
import { analyseRanges } from '../../src/ir/prove.js';
import { verifyFixedGraph } from '../../src/ir/verify.js';
import { computed, pointwise } from './computed.js';
import { integers, smallGraph } from './small-graphs.js';

const hardSwish = { kind: 'hardSwish' } as const;
const halves = format(true, 4, 3);
const quarters = format(true, 6, 4);

describe('the table of a function', () => {
  it('has the nearest value for each mantissa of its input, halves to even', () => {
    const { first, table } = tableOf(hardSwish, halves, quarters);
    expect(first).toBe(-8);
    // x · clip(x/6 + 1/2, 0, 1) at -4, -3.5, …, 3.5, in quarters.
    const exact = [
      ...[0, 0, 0, -5 / 24, -1 / 3, -3 / 8, -1 / 3, -5 / 24],
      ...[0, 7 / 24, 2 / 3, 9 / 8, 5 / 3, 55 / 24, 3, 3.5],
    ];
    const nearest = [0, 0, 0, -1, -1, -2, -1, -1, 0, 1, 3, 4, 7, 9, 12, 14];
    expect([...table]).toEqual(nearest);
    nearest.forEach((q, i) => {
      expect(Math.abs(q / 4 - exact[i]!)).toBeLessThanOrEqual(1 / 8);
    });
  });

  it('starts at 0 where the input has no sign', () => {
    expect(tableOf(hardSwish, format(false, 2, 1), quarters)).toEqual({
      first: 0,
      table: Int32Array.of(0, 1, 3, 4),
    });
  });

  it('rounds to nearest and to its limits, however the rest of the network does', () => {
    const of = { kind: 'elu', alpha: 8 } as const;
    const limits = (to: Format): number[] => {
      const { table } = tableOf(of, format(true, 6, 6), to);
      return [Math.min(...table), Math.max(...table)];
    };
    for (const overflow of ['AP_SAT', 'AP_WRAP', 'AP_SAT_ZERO', 'AP_WRAP_SM'] as const)
      expect(limits(format(true, 3, 3, 'AP_TRN', overflow))).toEqual([-4, 3]);
    expect(limits(format(true, 3, 3, 'AP_TRN', 'AP_SAT_SYM'))).toEqual([-3, 3]);
    expect(limits(format(false, 3, 3, 'AP_TRN', 'AP_SAT_SYM'))).toEqual([0, 7]);
    expect(tableOf(hardSwish, halves, { ...quarters, quantization: 'AP_TRN' }).table).toEqual(
      tableOf(hardSwish, halves, quarters).table,
    );
  });

  it('has 2^12 entries at most', () => {
    expect(MOST_TABLE_BITS).toBe(12);
    expect(tableOf(hardSwish, format(true, 12, 3), quarters).table).toHaveLength(4096);
    expect(() => tableOf(hardSwish, format(true, 13, 3), quarters)).toThrow('a table of 2^13 entries');
  });
});

const id = nodeId('x');
const before = pointwise('before', [1], [-8], halves);
const entries = tableOf(hardSwish, halves, quarters);
const node: UnprovenNode = {
  id,
  kind: 'table',
  inputs: [nodeId('before')],
  of: hardSwish,
  ...entries,
  format: quarters,
};
const graphOf = (change: Partial<Extract<UnprovenNode, { kind: 'table' }>>) =>
  smallGraph([1, 3], 2, [before, { ...node, ...change } as UnprovenNode]);
const withEntry = (i: number, value: number): Int32Array<ArrayBuffer> =>
  entries.table.map((q, k) => (k === i ? value : q));

describe('a table in a graph', () => {
  it('gives the entry of each mantissa', () => {
    // -8 and pixels, in whole numbers that the format of halves limits to -4 … 3.5.
    expect(computed([1, 4], [before, node], [5, 7, 9, 11])).toEqual([0, -1, 3, 12]);
  });

  it('gives within its range what its input within its own picks', () => {
    const { range } = analyseRanges(graphOf({})).get(id)!;
    // Of pixels up to 2 the sums lie, partial ones included, within -8 and 2: -4 and 2 when they are limited.
    expect(range).toEqual({ low: -2, high: 7 });
    const all = smallGraph([1, 3], 16, [before, node]);
    expect(analyseRanges(all).get(id)!.range).toEqual({ low: -2, high: 14 });
  });

  it.each<[string, RegExp, Parameters<typeof graphOf>[0]]>([
    [
      'an entry that is not the nearest',
      /x: entry 10 of the table is 4 where hardSwish is 2\.66/,
      { table: withEntry(10, 4) },
    ],
    [
      'an entry that is too low',
      /x: entry 15 of the table is 13 where hardSwish is 14/,
      { table: withEntry(15, 13) },
    ],
    ['another function', /x: entry 0 of the table is 0 where tanh is -3\.997/, { of: { kind: 'tanh' } }],
    [
      'an entry missing',
      /x: the table of 15 from -8 is not that of a format of 4 bits/,
      { table: entries.table.slice(0, 15) },
    ],
    ['another first entry', /x: the table of 16 from -9 is not that of a format of 4 bits/, { first: -9 }],
  ])('is refused with %s', (_what, message, change) => {
    expect(() => graphOf(change)).toThrow(message);
  });

  it('is refused behind a format of more than 12 bits', () => {
    const wide = pointwise('before', [1], [-8], format(true, 13, 3));
    const table = new Int32Array(2 ** 13);
    const from = { ...node, table, first: -(2 ** 12), format: integers(1) } as UnprovenNode;
    expect(() => smallGraph([1, 3], 2, [wide, from])).toThrow(/is not that of a format of 13 bits/);
    const most = pointwise('before', [1], [-8], format(true, 12, 3));
    const allowed = { ...node, ...tableOf(hardSwish, format(true, 12, 3), quarters) } as UnprovenNode;
    expect(smallGraph([1, 3], 2, [most, allowed]).nodes).toHaveLength(6);
  });

  it('may be off the nearest by 2^-20 of a step, which machines can differ in, and no more', () => {
    const constant = (beta: number, entry: number) =>
      graphOf({
        of: { kind: 'hardSigmoid', alpha: 0, beta },
        table: new Int32Array(16).fill(entry),
        format: format(false, 6, 3),
      });
    // In eighths: 2.5 steps, and a little more.
    for (const more of [0, 0.75, 1])
      expect(constant((2.5 + more * 2 ** -20) / 8, 2).nodes, `${more} of the doubt`).toHaveLength(6);
    expect(() => constant((2.5 + 1.5 * 2 ** -20) / 8, 2)).toThrow('entry 0 of the table is 2 where');
    expect(() => constant((2.5 - 1.5 * 2 ** -20) / 8, 3)).toThrow('entry 0 of the table is 3 where');
  });

  it('may round a tie either way, as machines differ in its last digit, and may keep its limits', () => {
    // At -1.5 the value is -3/8: between -2 and -1 quarters.
    for (const value of [-2, -1]) expect(graphOf({ table: withEntry(5, value) }).nodes).toHaveLength(6);
    const small: Format = format(true, 3, 2, 'AP_RND_CONV', 'AP_SAT_SYM');
    const limited = graphOf({
      ...tableOf({ kind: 'elu', alpha: 4 }, halves, small),
      of: { kind: 'elu', alpha: 4 },
      format: small,
    });
    expect(verifyFixedGraph(limited)).toBe(limited);
    const low = tableOf({ kind: 'elu', alpha: 4 }, halves, small).table.map((q) => (q === -3 ? -4 : q));
    const beyond = { first: -8, table: low, of: { kind: 'elu', alpha: 4 }, format: small } as const;
    expect(() => graphOf(beyond)).toThrow(/entry 0 of the table is -4 where elu is -3/);
    const unsigned: Format = format(false, 3, 2, 'AP_RND_CONV', 'AP_SAT_SYM');
    const elu = { kind: 'elu', alpha: 4 } as const;
    expect(graphOf({ ...tableOf(elu, halves, unsigned), of: elu, format: unsigned }).nodes).toHaveLength(6);
  });
});
