/** The top module of the board ULX3S: the firmware behind the serial line of its USB bridge, its clock, its lights. */
import { UserError } from '../../../core/errors.js';
import type { RtlDesign } from '../design.js';
import { instanceText, range, SV_LICENCE } from '../sv.js';

/** MHz of the board's oscillator. */
const OSCILLATOR = 25;
/** MHz that the oscillator of the loop is near; its range is 400 to 800 (Lattice FPGA-TN-02200). */
const LOOP = 600;
/** Bits a second: the most that the board's FT231X knows. */
const BAUD = 3_000_000;
/** Bits of an address of the registers. */
const ADDRESS = 12;

/** Cycles a bit of the serial line. */
export const bitCycles = (clockMHz: number): number => Math.round((clockMHz * 1e6) / BAUD);

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

/** The board's top module. Throws `UserError` for a clock that it cannot make. */
export function boardModule(design: RtlDesign): string {
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
