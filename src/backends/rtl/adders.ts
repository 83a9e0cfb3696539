/**
 * Products of constant weights as a module of shifts and additions: a register behind each addition, so that all outputs
 * come at once. Values are as wide as their range needs, and never wider than the accumulator, modulo whose width every
 * sum is exact.
 */
import { invariant } from '../../core/errors.js';
import { bitsFor, maxMantissa, minMantissa, type Format } from '../../fixed/format.js';
import type { AdderGraph, Term } from '../dataflow/shift-add.js';
import { range, signedLiteral, SV_LICENCE } from './sv.js';
import { sum } from '../hls/resources.js';
import { area, delay } from './area/blocks.js';
import type { GeneratedModule } from './memory.js';

/** A signed value: `low` to `high` in `width` bits, `time` cycles behind the inputs; constants are there at any time. */
interface Value {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  readonly width: number;
  readonly time: number;
  readonly constant: boolean;
}
/** `± value << shift`. */
interface Summand {
  readonly value: Value;
  readonly shift: number;
  readonly negative: boolean;
}

const widthOf = (low: number, high: number): number => bitsFor(Math.min(low, 0), Math.max(high, 0), true);

interface Sheet {
  readonly accumulatorWidth: number;
  readonly declarations: string[];
  readonly registers: string[];
  readonly delayed: Set<string>;
  /** Registers of all sums and tables that add, and the cycles that each value waits. */
  bits: number;
  tables: number;
  readonly waits: Map<string, { readonly width: number; readonly cycles: number }>;
  sums: number;
}

/** The name of `value` at `time`; makes the registers in between. */
function at(sheet: Sheet, value: Value, time: number): string {
  if (value.constant || time === value.time) return value.name;
  const name = `${value.name}_${time - value.time}`;
  if (!sheet.delayed.has(name)) {
    sheet.delayed.add(name);
    const cycles = Math.max(time - value.time, sheet.waits.get(value.name)?.cycles ?? 0);
    sheet.waits.set(value.name, { width: value.width, cycles });
    const before = at(sheet, value, time - 1);
    sheet.declarations.push(`  logic signed ${range(value.width)} ${name};`);
    sheet.registers.push(`    ${name} <= ${before};`);
  }
  return name;
}

/** The sum of two summands, one cycle after the later of them. */
function add(sheet: Sheet, x: Summand, y: Summand): Summand {
  const [a, b] = x.negative && !y.negative ? [y, x] : [x, y];
  const shift = Math.min(a.shift, b.shift);
  const minus = a.negative !== b.negative;
  const time = Math.max(...[a, b].map(({ value }) => (value.constant ? 0 : value.time)));
  const scaled = (s: Summand): readonly [number, number] => [
    s.value.low * 2 ** (s.shift - shift),
    s.value.high * 2 ** (s.shift - shift),
  ];
  const [aLow, aHigh] = scaled(a);
  const [bLow, bHigh] = scaled(b);
  const low = minus ? aLow - bHigh : aLow + bLow;
  const high = minus ? aHigh - bLow : aHigh + bHigh;
  const width = Math.min(widthOf(low, high), sheet.accumulatorWidth);
  const value: Value = { name: `s${sheet.sums++}`, low, high, width, time: time + 1, constant: false };
  const text = (s: Summand): string => {
    const cast = `${width}'(${at(sheet, s.value, time)})`;
    return s.shift === shift ? cast : `(${cast} <<< ${s.shift - shift})`;
  };
  sheet.bits += width;
  // Where one summand is shifted, the bits below are the other's.
  sheet.tables += Math.max(0, width - Math.abs(a.shift - b.shift));
  sheet.declarations.push(`  logic signed ${range(width)} ${value.name};`);
  sheet.registers.push(`    ${value.name} <= ${text(a)} ${minus ? '-' : '+'} ${text(b)};`);
  return { value, shift, negative: a.negative && b.negative };
}

/** The earliest two first, until one is left. */
function addAll(sheet: Sheet, summands: readonly Summand[]): Summand {
  const rest = [...summands];
  while (rest.length > 1) {
    rest.sort((a, b) => a.value.time - b.value.time);
    rest.push(add(sheet, rest.shift()!, rest.shift()!));
  }
  return rest[0]!;
}

const constantValue = (value: number): Value => {
  const width = widthOf(value, value);
  return { name: signedLiteral(value, width), low: value, high: value, width, time: 0, constant: true };
};

export interface AdderModule extends GeneratedModule {
  /** Cycles from `x` to `y`. */
  readonly cycles: number;
}

/** The module `name`: values of `format` in `x`, the sums of all outputs with their `bias` in `y`. */
export function adderModule(
  name: string,
  graph: AdderGraph,
  format: Format,
  accumulatorWidth: number,
  bias: ArrayLike<number>,
): AdderModule {
  const sheet: Sheet = {
    accumulatorWidth,
    declarations: [],
    registers: [],
    delayed: new Set(),
    bits: 0,
    tables: 0,
    waits: new Map(),
    sums: 0,
  };
  const inputWidth = format.width + (format.signed ? 0 : 1);
  const values: Summand[] = Array.from({ length: graph.inputs }, (_, i) => ({
    value: {
      name: `x${i}`,
      low: minMantissa(format),
      high: maxMantissa(format),
      width: inputWidth,
      time: 0,
      constant: false,
    },
    shift: 0,
    negative: false,
  }));
  const summand = ({ value, shift, negative }: Term): Summand => {
    const v = values[value]!;
    return { value: v.value, shift: v.shift + shift, negative: v.negative !== negative };
  };
  for (const [a, b] of graph.sums) values.push(add(sheet, summand(a), summand(b)));
  const outputs = graph.outputs.map((terms, p) => {
    const constant: Summand = { value: constantValue(bias[p]!), shift: 0, negative: false };
    const nothing: Summand = { value: constantValue(0), shift: 0, negative: false };
    const sum = addAll(sheet, [...terms.map(summand), constant, ...(terms.length === 0 ? [nothing] : [])]);
    invariant(!sum.negative && sum.shift === 0, `${name}: output ${p} is not a plain sum`);
    return sum.value;
  });
  const cycles = Math.max(...outputs.map((v) => v.time));
  const results = outputs.map(
    (v, p) =>
      `  assign y[${p * accumulatorWidth}+:${accumulatorWidth}] = ${accumulatorWidth}'(${at(sheet, v, cycles)});`,
  );
  const used = new Set(sheet.registers.join(' ').match(/\bx\d+\b/g));
  const inputs = values.slice(0, graph.inputs).flatMap(({ value }, i) => {
    if (!used.has(value.name)) return [];
    const bits = `x[${i * format.width}+:${format.width}]`;
    return [
      `  logic signed ${range(inputWidth)} ${value.name};`,
      `  assign ${value.name} = ${format.signed ? bits : `{1'b0, ${bits}}`};`,
    ];
  });
  const text = (): string =>
    [
      SV_LICENCE,
      '//',
      `// ${graph.inputs} values, ${outputs.length} outputs with their biases, made of ${sheet.sums} additions with a register behind each: ${cycles} cycles.`,
      '// The weights are in canonical signed digits; the sums are proved to be the products with them.',
      '`default_nettype none',
      `module ${name} (`,
      '    input  wire logic clk,',
      ...(used.size < graph.inputs
        ? ['    /* verilator lint_off UNUSEDSIGNAL */  // some weights are 0']
        : []),
      `    input  wire logic ${range(graph.inputs * format.width)} x,`,
      ...(used.size < graph.inputs ? ['    /* verilator lint_on UNUSEDSIGNAL */'] : []),
      `    output logic ${range(outputs.length * accumulatorWidth)} y`,
      ');',
      '  /* verilator lint_off UNUSEDSIGNAL */  // bits above the accumulator, where the proof says that they repeat the sign',
      ...inputs,
      ...sheet.declarations,
      '  /* verilator lint_on UNUSEDSIGNAL */',
      '  always_ff @(posedge clk) begin',
      ...sheet.registers,
      '  end',
      ...results,
      'endmodule',
      '`default_nettype wire',
      '',
    ].join('\n');
  const waits = [...sheet.waits.values()].map(({ width, cycles: n }) => delay(width, n));
  // An addition takes a table for each bit, and a register.
  return { name, text, cycles, area: sum([area(sheet.tables, sheet.bits), ...waits]) };
}
