/** `rtl/gather_modules.sv`: packets of all modules in, frames of words for the decision out; and how its benches are built. */
import { DEFAULT_LINK } from '../dataflow/link.js';
import { fieldWords, packetBytes } from '../dataflow/module-packet.js';
import { FRAMES_ON_THE_WAY, GATHER_TOP } from '../hls/modules-project.js';
import type { ModuleParts } from '../../passes/partition-modules.js';
import { FIFO_LATENCY } from './depths.js';
import { isBlock, type BuiltLink } from './schedule.js';
import { PACKET_BITS } from './stages/ends.js';
import { CLOCK, linkPorts, reads } from './stages/common.js';
import { declaration, instanceText, range, SV_LICENCE } from './sv.js';
import { linkInstance } from './top.js';

/** Words of a frame and their marks: see vetoc_rows. */
const FRAME_BITS = 16 + 3;

const COUNTERS = ['taken', 'refused', 'repeated', 'late', 'incomplete'] as const;

const link = (name: string, bits: number, depth: number): BuiltLink => ({
  name,
  bits,
  depth,
  latency: isBlock(depth, bits) ? FIFO_LATENCY.block : FIFO_LATENCY.lut,
  producer: '',
  consumer: '',
});

/** Links inside: the words of a packet are read once all of it has come, those of the next one come meanwhile. */
const linksOf = (features: number): readonly BuiltLink[] => [
  link('packets', PACKET_BITS, 2),
  link('words', 16, 2 * (2 + features)),
  link('rows', FRAME_BITS, 8),
];

const wires = ({ name, bits }: BuiltLink): string[] => [
  `  logic ${name}_ok, ${name}_take, ${name}_we, ${name}_valid, ${name}_pop;`,
  `  ${declaration({ name: `${name}_d`, bits })}`,
  `  ${declaration({ name: `${name}_q`, bits })}`,
];

export function gatherModule({ modules, words }: ModuleParts): string {
  const links = linksOf(words);
  return [
    SV_LICENCE,
    '//',
    `// What ${modules} modules send, packets of ${packetBytes(words) / 2} words in any order -> frames of ${modules} x ${words} words for the decision, in the order`,
    '// of their numbers: see vetoc_gather. Every port belongs to ap_clk; ap_rst_n is synchronous. `patience`: cycles without a packet',
    '// after which the oldest frame is given up.',
    '`default_nettype none',
    `module ${GATHER_TOP} (`,
    '    input  wire logic ap_clk,',
    '    input  wire logic ap_rst_n,',
    '    input  wire logic [15:0] modules_TDATA,',
    '    input  wire logic [1:0] modules_TKEEP,',
    '    /* verilator lint_off UNUSEDSIGNAL */  // TSTRB',
    '    input  wire logic [1:0] modules_TSTRB,',
    '    /* verilator lint_on UNUSEDSIGNAL */',
    '    input  wire logic [1:0] modules_TUSER,',
    '    input  wire logic modules_TLAST,',
    '    input  wire logic modules_TVALID,',
    '    output logic modules_TREADY,',
    '    output logic [15:0] frames_TDATA,',
    '    output logic [1:0] frames_TKEEP,',
    '    output logic [1:0] frames_TSTRB,',
    '    output logic [1:0] frames_TUSER,',
    '    output logic frames_TLAST,',
    '    output logic frames_TVALID,',
    '    input  wire logic frames_TREADY,',
    '    input  wire logic [31:0] patience,',
    ...COUNTERS.map((name) => `    output logic [31:0] ${name},`),
    `    output logic ${range(modules)} missing`,
    ');',
    '  logic clk, rst;',
    '  assign clk = ap_clk;',
    '  always_ff @(posedge ap_clk) rst <= !ap_rst_n;',
    ...links.flatMap(wires),
    instanceText({
      module: 'vetoc_receive',
      name: 'receive',
      parameters: {
        PIXELS: 1,
        HEADER: fieldWords('number', words),
        BEATS: fieldWords('module', words) + fieldWords('state', words) + words,
        TRAILER: fieldWords('crc', words),
        SSI: 1,
        IDLE_CYCLES: `32'd${DEFAULT_LINK.idleCycles}`,
        NUMBER_STEP: "32'd0",
      },
      ports: {
        ...CLOCK,
        valid: 'modules_TVALID',
        ready: 'modules_TREADY',
        data: 'modules_TDATA',
        whole: '&modules_TKEEP',
        start: 'modules_TUSER[1]',
        error: 'modules_TUSER[0]',
        last: 'modules_TLAST',
        cut: "1'b0",
        lost: "8'd0",
        idle_cycles: "32'd0",
        number_step: "32'd0",
        ...linkPorts('words'),
        ...linkPorts('packets', 'packet_'),
      },
    }),
    instanceText({
      module: 'vetoc_gather',
      name: 'gather',
      parameters: { MODULES: modules, FEATURES: words, FRAMES: FRAMES_ON_THE_WAY },
      ports: {
        ...CLOCK,
        patience: 'patience',
        ...reads('packets', 'packet_'),
        ...reads('words'),
        ...linkPorts('rows'),
        ...Object.fromEntries([...COUNTERS, 'missing'].map((name) => [name, name])),
      },
    }),
    ...links.map((l) => instanceText(linkInstance(l))),
    '  assign frames_TVALID = rows_valid;',
    '  assign frames_TDATA = rows_q[15:0];',
    '  assign frames_TUSER = {rows_q[16], rows_q[17]};  // the first word, a frame to be flagged',
    '  assign frames_TLAST = rows_q[18];',
    "  assign frames_TKEEP = '1;",
    "  assign frames_TSTRB = '1;",
    '  assign rows_pop = rows_valid && frames_TREADY;',
    'endmodule',
    '`default_nettype wire',
    '',
  ].join('\n');
}
