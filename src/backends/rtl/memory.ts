/** Tables of constants as modules. */
import { crc32 } from 'node:zlib';
import type { Resources } from '../hls/resources.js';
import { romArea } from './area/tables.js';
import { addressBits, range, SV_LICENCE } from './sv.js';

/** A module that is made for one design: its name, its text, and what it takes of a part, as an estimate. */
export interface GeneratedModule {
  readonly name: string;
  readonly text: () => string;
  readonly area: Partial<Resources>;
}

/** Tables of more words stand in block RAM. */
export const BLOCK_WORDS = 64;

export interface Rom {
  readonly name: string;
  readonly what: string;
  /** Bits of a word. */
  readonly width: number;
  /** Words. */
  readonly depth: number;
  /** Hexadecimal digits of each word. */
  readonly words: () => readonly string[];
  /** Addresses that are answered side by side, each from a copy of its own; 1 unless given. */
  readonly ports?: number;
  /** 2 where the words can be exchanged; 1 unless given. */
  readonly banks?: number;
  readonly scrub: Scrub;
  /** Cycles from an address to its word: 2, or 1 where the reader begins with a register. */
  readonly cycles?: 1 | 2;
}

/** How the scrubber reads a memory. */
export interface Scrub {
  /** The words of 32 bits that a word `row` of the memory makes, as expressions, the first one first. */
  readonly words: readonly string[];
  /** CRC-32 of those of the whole memory, copy after copy. */
  readonly crc: () => number;
}

/** By which number the simulation knows a memory. */
export const upsetId = (name: string): number => crc32(name) >>> 1;

/** Wires that a table needs, and what it says. */
export const romPorts = (name: string): Readonly<Record<string, string>> => ({
  clk: 'clk',
  rst: 'rst',
  tick: 'scrub_tick',
  wrong: `${name}_wrong`,
});

/** The module of a table. A table of one word is a constant. */
export function romModule(rom: Rom): GeneratedModule {
  return { name: rom.name, text: () => romText(rom), area: romArea(rom, rom.depth > BLOCK_WORDS) };
}

export const counted = (cycles: 1 | 2): string => (cycles === 1 ? '1 cycle' : '2 cycles');

/** A byte each so many cycles. */
const SCRUB_TICK = 4;

/** What the scrubber watches of `rom`, which says so in the wire `wrong`. */
export function watched(
  { name, width, depth, ports = 1, banks = 1, scrub }: Rom,
  wrong: string,
): WatchedMemory {
  const cycles = depth === 1 && banks === 1 ? 0 : SCRUB_TICK * (4 * depth * ports * scrub.words.length + 5);
  return { name, width, depth, copies: ports, wrong, cycles };
}

/** A memory that the scrubber watches. */
export interface WatchedMemory {
  readonly name: string;
  readonly width: number;
  readonly depth: number;
  readonly copies: number;
  /** The wire that says that a bit has flipped. */
  readonly wrong: string;
  /** Cycles of a round; 0 for logic, which is not watched. */
  readonly cycles: number;
}

function romText(rom: Rom): string {
  const { name, what, width, depth, ports = 1, cycles = 2 } = rom;
  const address = addressBits(depth);
  const head = [
    SV_LICENCE,
    '//',
    `// ${what}: ${depth} words of ${width} bits. \`q\` comes ${counted(cycles)} after \`addr\`${ports > 1 ? `, ${ports} of them side by side` : ''}.`,
    ...(depth === 1
      ? []
      : ["// The second port is the scrubber's, which says `wrong` when a bit has flipped."]),
    '`default_nettype none',
    `module ${name} (`,
    '    input  wire logic clk,',
    '    input  wire logic rst,',
    '    input  wire logic tick,',
    `    input  wire logic ${range(address * ports)} addr,`,
    `    output logic ${range(width * ports)} q,`,
    '    output logic wrong',
    ');',
  ];
  const body = depth === 1 ? constantBody(rom, ports) : memoryBody(rom, ports, address);
  return [...head, ...body, 'endmodule', '`default_nettype wire', ''].join('\n');
}

const constantBody = ({ width, words }: Rom, ports: number): string[] => [
  '  logic unused;',
  "  assign unused = &{1'b0, clk, rst, tick, addr};",
  "  assign wrong = 1'b0;",
  `  assign q = {${ports}{${width}'h${words()[0]!}}};`,
];

function memoryBody(rom: Rom, ports: number, address: number): string[] {
  const { name, width, depth, scrub, cycles = 2 } = rom;
  const style = depth > BLOCK_WORDS ? '(* rom_style = "block" *) ' : '';
  const copy = addressBits(ports);
  const crc = `32'h${(scrub.crc() >>> 0).toString(16)}`;
  return [
    `  logic ${range(address)} at;`,
    `  logic ${range(copy)} copy;`,
    `  logic ${range(width * ports)} rows;`,
    `  for (genvar p = 0; p < ${ports}; p++) begin : g_port`,
    `    ${style}logic ${range(width)} words[0:${depth - 1}];`,
    '    initial begin',
    ...rom.words().map((w, i) => `      words[${i}] = ${width}'h${w};`),
    '    end',
    '`ifdef VETOC_UPSETS',
    '    always @(posedge clk)',
    `      if (vetoc_upset(0) == ${upsetId(name)} && vetoc_upset(3) == p)`,
    `        words[${address}'(vetoc_upset(1))] <= words[${address}'(vetoc_upset(1))] ^ (${width}'(1) << vetoc_upset(2));`,
    '`endif',
    `    logic ${range(width)} word;`,
    ...(cycles === 1 ? [`    assign q[p*${width}+:${width}] = word;`] : []),
    '    always_ff @(posedge clk) begin',
    `      word <= words[addr[p*${address}+:${address}]];`,
    ...(cycles === 2 ? [`      q[p*${width}+:${width}] <= word;`] : []),
    `      if (tick) rows[p*${width}+:${width}] <= words[at];`,
    '    end',
    '  end',
    ...(ports === 1
      ? [
          `  logic ${range(width)} row;`,
          '  always_ff @(posedge clk) if (tick) row <= rows;',
          '  logic unused;',
          "  assign unused = &{1'b0, copy};",
        ]
      : [
          `  logic ${range(copy)} copy1;`,
          `  logic ${range(width)} row, picked;`,
          '  always_comb begin',
          "    picked = '0;",
          `    for (int p = 0; p < ${ports}; p++) if (copy1 == ${copy}'(p)) picked = rows[p*${width}+:${width}];`,
          '  end',
          '  always_ff @(posedge clk)',
          '    if (tick) begin',
          '      copy1 <= copy;',
          '      row <= picked;',
          '    end',
        ]),
    `  vetoc_scrub #(.COPIES(${ports}), .ROWS(${depth}), .N(${scrub.words.length})) scrub (`,
    `      .clk, .rst, .tick, .restart(1'b0), .expected(${crc}), .copy, .at, .wrong,`,
    `      .words({${[...scrub.words].reverse().join(', ')}}));`,
  ];
}
