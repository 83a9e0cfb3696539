/** Memories of two banks as modules: one is in use, new rows go to the other. */
import { bankedArea } from './area/tables.js';
import { range, SV_LICENCE, addressBits } from './sv.js';
import { counted, upsetId, type GeneratedModule, type Rom } from './memory.js';

/** The module of a memory of two banks. */
export const bankedModule = (rom: Rom): GeneratedModule => ({
  name: rom.name,
  text: () => bankedText(rom),
  area: bankedArea(rom),
});

/**
 * The module of `rom` with two banks, both with the built-in words at first; the top bit of an address is the bank. The
 * writer of new rows and the scrubber share the second port.
 */
function bankedText({ name, what, width, depth, words, scrub, cycles = 2 }: Rom): string {
  const bits = addressBits(depth);
  const rows = words();
  const bank = 2 ** bits;
  return [
    SV_LICENCE,
    '//',
    `// ${what}: two banks of ${depth} words of ${width} bits. \`q\` comes ${counted(cycles)} after \`addr\`. New rows (\`we\`) go to the bank that`,
    '// is not `bank`; `commit` says that they are whole and have the CRC-32 ~`crc`. The scrubber reads `bank` and says `wrong` when',
    '// a bit has flipped; after a `restart` it begins anew.',
    '`default_nettype none',
    `module ${name} (`,
    '    input  wire logic clk,',
    '    input  wire logic rst,',
    '    input  wire logic tick,',
    `    input  wire logic ${range(bits + 1)} addr,`,
    `    output logic ${range(width)} q,`,
    '    input  wire logic we,',
    `    input  wire logic ${range(bits)} write_at,`,
    `    input  wire logic ${range(width)} d,`,
    '    input  wire logic bank,',
    '    input  wire logic restart,',
    '    input  wire logic commit,',
    '    input  wire logic [31:0] crc,',
    '    output logic wrong',
    ');',
    `  localparam logic [31:0] BUILT_IN = 32'h${(scrub.crc() >>> 0).toString(16)};`,
    `  logic ${range(width)} words[0:${2 * bank - 1}];`,
    '  initial begin',
    ...[0, bank].flatMap((first) => rows.map((w, i) => `    words[${first + i}] = ${width}'h${w};`)),
    '  end',
    '`ifdef VETOC_UPSETS',
    '  always @(posedge clk)',
    `    if (vetoc_upset(0) == ${upsetId(name)})`,
    `      words[${bits + 1}'(vetoc_upset(1))] <= words[${bits + 1}'(vetoc_upset(1))] ^ (${width}'(1) << vetoc_upset(2));`,
    '`endif',
    '  logic reads, copy;',
    `  logic ${range(bits)} at;`,
    `  logic ${range(width)} word, row1, row;`,
    '  logic [31:0] even, odd;  // what the scrubber must find in each bank',
    ...(cycles === 1 ? ['  assign q = word;'] : []),
    '  assign reads = tick && !we;',
    '  always_ff @(posedge clk) begin',
    '    word <= words[addr];',
    ...(cycles === 2 ? ['    q <= word;'] : []),
    '    if (reads) row <= row1;',
    '    if (commit && bank) even <= ~crc;',
    '    if (commit && !bank) odd <= ~crc;',
    '    if (rst) begin',
    '      even <= BUILT_IN;',
    '      odd <= BUILT_IN;',
    '    end',
    '  end',
    '  // `always`: the memory has a content to start with, too.',
    '  always @(posedge clk)',
    '    if (we) words[{!bank, write_at}] <= d;',
    '    else if (tick) row1 <= words[{bank, at}];',
    '  logic unused;',
    "  assign unused = &{1'b0, copy};",
    `  vetoc_scrub #(.ROWS(${depth}), .N(${scrub.words.length})) scrub (`,
    '      .clk, .rst, .tick(reads), .restart, .expected(bank ? odd : even), .copy, .at, .wrong,',
    `      .words({${[...scrub.words].reverse().join(', ')}}));`,
    'endmodule',
    '`default_nettype wire',
    '',
  ].join('\n');
}
