/** An adder graph as additions in their order, each as early as its operands are there. */
import {
  addAll,
  addition,
  adderTables,
  levelsOf,
  SHIFT_REGISTER,
  sumOf,
  widthOf,
  type Addition,
  type Summand,
  type Value,
} from './addition.js';
import type { AdderGraph, Term } from './shift-add.js';

/** What an adder module holds: an input, the constant of an output, or the sum of two of them. */
export interface AdderNode extends Value {
  readonly width: number;
  readonly from:
    | { readonly kind: 'input'; readonly input: number }
    | { readonly kind: 'constant'; readonly output: number }
    | { readonly kind: 'sum'; readonly sum: Addition<AdderNode> };
}

export interface AdderSchedule {
  readonly inputs: readonly AdderNode[];
  /** Every addition, operands before what reads them. */
  readonly sums: readonly AdderNode[];
  readonly outputs: readonly Summand<AdderNode>[];
  readonly levels: number;
}

/** The additions of `graph` for inputs of `inputBits` bits, with a constant for each output, modulo `accumulatorWidth` bits. */
export function adderSchedule(graph: AdderGraph, inputBits: number, accumulatorWidth: number): AdderSchedule {
  const sums: AdderNode[] = [];
  const limit = 2 ** accumulatorWidth - 1;
  const node = (value: Value, from: AdderNode['from']): AdderNode => {
    const most = Math.min(value.most, limit);
    const { time, constant } = value;
    return { most, time, constant, width: widthOf({ ...value, most }), from };
  };
  const inputs = Array.from({ length: graph.inputs }, (_, input) =>
    node({ most: 2 ** inputBits - 1, time: 0, constant: false }, { kind: 'input', input }),
  );
  const make = (sum: Addition<AdderNode>): AdderNode => {
    sums.push(node(sum, { kind: 'sum', sum }));
    return sums.at(-1)!;
  };
  const values = inputs.map((value): Summand<AdderNode> => ({ value, shift: 0, negative: false }));
  const summand = ({ value, shift, negative }: Term): Summand<AdderNode> => {
    const v = values[value]!;
    return { value: v.value, shift: v.shift + shift, negative: v.negative !== negative };
  };
  for (const [x, y] of graph.sums) {
    const a = addition(summand(x), summand(y));
    values.push(sumOf(a, make(a)));
  }
  const rows = graph.outputs.map((terms, output): Summand<AdderNode>[] => {
    const value = node({ most: limit, time: 0, constant: true }, { kind: 'constant', output });
    return [...terms.map(summand), { value, shift: 0, negative: false }];
  });
  const levels = Math.max(1, ...rows.map((row) => levelsOf(row.map((s) => s.value))));
  const outputs = rows.map((row) => addAll(row, levels, make));
  return { inputs, sums, outputs, levels };
}

/** Cycles of every value that something reads later than it is there. */
export function waitsOf({ sums, outputs, levels }: AdderSchedule): ReadonlyMap<AdderNode, number> {
  const waits = new Map<AdderNode, number>();
  const read = (value: AdderNode, time: number): void => {
    if (!value.constant) waits.set(value, Math.max(waits.get(value) ?? 0, time - value.time));
  };
  for (const { from, time } of sums)
    if (from.kind === 'sum') for (const s of [from.sum.first, from.sum.second]) read(s.value, time - 1);
  for (const { value } of outputs) read(value, levels);
  return waits;
}

/** Look-up tables of all additions, and of the shift registers in which values wait. */
export function scheduleTables(schedule: AdderSchedule): number {
  const adders = schedule.sums.map(({ from }) => (from.kind === 'sum' ? adderTables(from.sum) : 0));
  const waiting = [...waitsOf(schedule)].map(([{ width }, cycles]) => (cycles < SHIFT_REGISTER ? 0 : width));
  return [...adders, ...waiting].reduce((a, b) => a + b, 0);
}
