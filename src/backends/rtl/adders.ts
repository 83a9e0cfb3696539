/**
 * Products of constant weights as a module of shifts and additions: a register behind each addition, so that all outputs
 * come at once. Values are as wide as their range needs, and never wider than the accumulator, modulo whose width every
 * sum is exact.
 */
import { invariant } from '../../core/errors.js';
import type { Format } from '../../fixed/format.js';
import { adderTables, type Addition, type Summand } from '../dataflow/addition.js';
import { adderSchedule, waitsOf, type AdderNode, type AdderSchedule } from '../dataflow/adder-schedule.js';
import type { AdderGraph } from '../dataflow/shift-add.js';
import { sum } from '../hls/resources.js';
import { area, delay } from './area/blocks.js';
import type { GeneratedModule } from './memory.js';
import { range, SV_LICENCE } from './sv.js';

/**
 * By how much every value is larger than what it stands for, modulo 2^`width`: signed inputs are counted from their least
 * value, and x - y is made as x + ~y, larger by all bits of y set.
 */
function excesses(
  { inputs, sums }: AdderSchedule,
  format: Format,
  width: number,
): ReadonlyMap<AdderNode, bigint> {
  const found = new Map<AdderNode, bigint>();
  for (const node of inputs) found.set(node, format.signed ? 1n << BigInt(format.width - 1) : 0n);
  const of = ({ value }: Summand<AdderNode>): bigint => found.get(value) ?? 0n;
  for (const node of sums) {
    if (node.from.kind !== 'sum') continue;
    const { first, second, minus } = node.from.sum;
    const least = Math.min(first.shift, second.shift);
    const inverted = (1n << BigInt(second.value.width)) - 1n - of(second);
    const excess =
      (of(first) << BigInt(first.shift - least)) +
      ((minus ? inverted : of(second)) << BigInt(second.shift - least));
    found.set(node, BigInt.asUintN(width, excess));
  }
  return found;
}

/** Names of values at the cycles at which they are read, with the registers in which they wait. */
class Sheet {
  readonly declarations: string[] = [];
  readonly registers: string[] = [];
  readonly used = new Set<AdderNode>();
  private readonly delayed = new Set<string>();
  constructor(private readonly names: ReadonlyMap<AdderNode, string>) {}

  nameOf(node: AdderNode): string {
    const name = this.names.get(node);
    invariant(name !== undefined, 'a value of the adders has no name');
    return name;
  }

  at(node: AdderNode, time: number): string {
    this.used.add(node);
    if (node.constant || time === node.time) return this.nameOf(node);
    const name = `${this.nameOf(node)}_${time - node.time}`;
    if (!this.delayed.has(name)) {
      this.delayed.add(name);
      const before = this.at(node, time - 1);
      this.declarations.push(`  logic ${range(node.width)} ${name};`);
      this.registers.push(`    ${name} <= ${before};`);
    }
    return name;
  }

  add(node: AdderNode, { first, second, minus }: Addition<AdderNode>): void {
    const least = Math.min(first.shift, second.shift);
    const text = ({ value, shift }: Summand<AdderNode>, inverted: boolean): string => {
      const name = this.at(value, node.time - 1);
      // In braces, for some tools extend what stands in a cast before they invert it.
      const cast = `${node.width}'(${inverted ? `{~${name}}` : name})`;
      return shift === least ? cast : `(${cast} << ${shift - least})`;
    };
    const name = this.nameOf(node);
    this.declarations.push(`  logic ${range(node.width)} ${name};`);
    this.registers.push(`    ${name} <= ${text(first, false)} + ${text(second, minus)};`);
  }
}

/** Literals of the constants of all outputs: the bias, less what the sum is too large by. */
function constants(
  schedule: AdderSchedule,
  format: Format,
  width: number,
  bias: ArrayLike<number>,
): string[] {
  const excess = excesses(schedule, format, width);
  return schedule.outputs.map(({ value, shift, negative }, p) => {
    invariant(!negative && shift === 0, `output ${p} is not a plain sum`);
    const constant = BigInt.asUintN(width, BigInt(bias[p]!) - (excess.get(value) ?? 0n));
    return `${width}'h${constant.toString(16)}`;
  });
}

export interface AdderModule extends GeneratedModule {
  /** Cycles from `x` to `y`. */
  readonly cycles: number;
}

/** `x0`, `s0` and the literals of constants by value. */
function namesOf(
  { inputs, sums, outputs }: AdderSchedule,
  literals: readonly string[],
): Map<AdderNode, string> {
  const names = new Map<AdderNode, string>();
  inputs.forEach((node, i) => names.set(node, `x${i}`));
  sums.forEach((node, i) => names.set(node, `s${i}`));
  const operands = sums.flatMap(({ from }) => (from.kind === 'sum' ? [from.sum.first, from.sum.second] : []));
  for (const { value } of [...operands, ...outputs])
    if (value.from.kind === 'constant') names.set(value, literals[value.from.output]!);
  return names;
}

function inputLines({ inputs }: AdderSchedule, format: Format, used: ReadonlySet<AdderNode>): string[] {
  return inputs.flatMap((node, i) => {
    if (!used.has(node)) return [];
    const bits = `x[${i * format.width}+:${format.width}]`;
    const least = `${format.width}'h${(2 ** (format.width - 1)).toString(16)}`;
    return [
      `  logic ${range(format.width)} x${i};`,
      `  assign x${i} = ${format.signed ? `${bits} ^ ${least}` : bits};`,
    ];
  });
}

/** The module `name`: values of `format` in `x`, the sums of all outputs with their `bias` in `y`. */
export function adderModule(
  name: string,
  graph: AdderGraph,
  format: Format,
  accumulatorWidth: number,
  bias: ArrayLike<number>,
): AdderModule {
  const schedule = adderSchedule(graph, format.width, accumulatorWidth);
  const { sums, outputs, levels } = schedule;
  const text = (): string => {
    const names = namesOf(schedule, constants(schedule, format, accumulatorWidth, bias));
    const sheet = new Sheet(names);
    for (const node of sums) if (node.from.kind === 'sum') sheet.add(node, node.from.sum);
    const results = outputs.map(
      ({ value }, p) =>
        `  assign y[${p * accumulatorWidth}+:${accumulatorWidth}] = ${accumulatorWidth}'(${sheet.at(value, levels)});`,
    );
    const partly = schedule.inputs.some((node) => !sheet.used.has(node));
    return [
      SV_LICENCE,
      '//',
      `// ${graph.inputs} values, ${outputs.length} outputs with their biases, made of ${sums.length} additions with a register behind each: ${levels} cycles.`,
      '// The weights are in signed digits; the sums are proved to be the products with them. No value is negative: x - y is made as',
      '// x + ~y, and what the sums are too large by is taken from the biases.',
      '`default_nettype none',
      `module ${name} (`,
      '    input  wire logic clk,',
      ...(partly ? ['    /* verilator lint_off UNUSEDSIGNAL */  // some weights are 0'] : []),
      `    input  wire logic ${range(graph.inputs * format.width)} x,`,
      ...(partly ? ['    /* verilator lint_on UNUSEDSIGNAL */'] : []),
      `    output logic ${range(outputs.length * accumulatorWidth)} y`,
      ');',
      '  /* verilator lint_off UNUSEDSIGNAL */  // bits above the accumulator',
      ...inputLines(schedule, format, sheet.used),
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
  };
  return { name, text, cycles: levels, area: areaOfAdders(schedule) };
}

/** Tables and registers of all additions, and of what waits. */
function areaOfAdders(schedule: AdderSchedule): GeneratedModule['area'] {
  return sum([
    ...schedule.sums.map(({ from, width }) => area(from.kind === 'sum' ? adderTables(from.sum) : 0, width)),
    ...[...waitsOf(schedule)].map(([{ width }, cycles]) => delay(width, cycles)),
  ]);
}
