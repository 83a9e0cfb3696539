/** Tables of constants as modules. */
import { addressBits, range, SV_LICENCE } from './sv.js';

/** A module that is made for one design: its name and its text. */
export interface GeneratedModule {
  readonly name: string;
  readonly text: () => string;
}

/** Tables of more words stand in block RAM. */
const BLOCK_WORDS = 64;

export interface Rom {
  readonly name: string;
  readonly what: string;
  /** Bits of a word. */
  readonly width: number;
  /** Words. */
  readonly depth: number;
  /** Hexadecimal digits of each word. */
  readonly words: () => readonly string[];
  /** Addresses that are answered side by side; 1 unless given. */
  readonly ports?: number;
}

/** The module of a table: `q` comes 2 cycles after `addr`. A table of one word is a constant. */
export function romModule(rom: Rom): GeneratedModule {
  return { name: rom.name, text: () => romText(rom) };
}

function romText(rom: Rom): string {
  const { name, what, width, depth, ports = 1 } = rom;
  const address = addressBits(depth);
  const head = [
    SV_LICENCE,
    '//',
    `// ${what}: ${depth} words of ${width} bits. \`q\` comes 2 cycles after \`addr\`${ports > 1 ? `, ${ports} of them side by side` : ''}.`,
    '`default_nettype none',
    `module ${name} (`,
    '    input  wire logic clk,',
    `    input  wire logic ${range(address * ports)} addr,`,
    `    output logic ${range(width * ports)} q`,
    ');',
  ];
  const body = depth === 1 ? constantBody(rom, ports) : memoryBody(rom, ports, address);
  return [...head, ...body, 'endmodule', '`default_nettype wire', ''].join('\n');
}

const constantBody = ({ width, words }: Rom, ports: number): string[] => [
  '  logic unused;',
  "  assign unused = &{1'b0, clk, addr};",
  `  assign q = {${ports}{${width}'h${words()[0]!}}};`,
];

function memoryBody(rom: Rom, ports: number, address: number): string[] {
  const { width, depth } = rom;
  const style = depth > BLOCK_WORDS ? '(* rom_style = "block" *) ' : '';
  return [
    `  ${style}logic ${range(width)} words[0:${depth - 1}];`,
    '  initial begin',
    ...rom.words().map((w, i) => `    words[${i}] = ${width}'h${w};`),
    '  end',
    `  for (genvar p = 0; p < ${ports}; p++) begin : g_port`,
    `    logic ${range(width)} word;`,
    '    always_ff @(posedge clk) begin',
    `      word <= words[addr[p*${address}+:${address}]];`,
    `      q[p*${width}+:${width}] <= word;`,
    '    end',
    '  end',
  ];
}
