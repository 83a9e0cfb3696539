/** Small tables of constants that become logic: bits of the configuration, which nothing writes and no scrubber reads. */
import { bitsFor } from '../../fixed/format.js';
import { area } from './area/blocks.js';
import type { GeneratedModule } from './memory.js';
import { addressBits, range, SV_LICENCE } from './sv.js';

interface ConstantTable {
  readonly name: string;
  readonly what: string;
  /** None below zero. */
  readonly values: readonly number[];
}

/** The module of a table whose word comes a cycle after its address; `width` are the bits of a word. */
export function constantTable({
  name,
  what,
  values,
}: ConstantTable): GeneratedModule & { readonly width: number } {
  const width = bitsFor(0, Math.max(...values), false);
  const text = (): string =>
    [
      SV_LICENCE,
      '//',
      `// ${what}: ${values.length} words of ${width} bits. \`q\` comes a cycle after \`addr\`.`,
      '`default_nettype none',
      `module ${name} (`,
      '    input  wire logic clk,',
      `    input  wire logic ${range(addressBits(values.length))} addr,`,
      `    output logic ${range(width)} q`,
      ');',
      // No memory that a tool might put into block RAM.
      `  logic ${range(width)} words[0:${values.length - 1}];`,
      ...values.map((value, i) => `  assign words[${i}] = ${width}'h${value.toString(16)};`),
      '  always_ff @(posedge clk) q <= words[addr];',
      'endmodule',
      '`default_nettype wire',
      '',
    ].join('\n');
  // A table of six inputs holds 64 words of a bit; multiplexers of the part choose among them. Words that are the same share some.
  return { name, text, width, area: area(0.8 * width * Math.ceil(values.length / 64), width) };
}
