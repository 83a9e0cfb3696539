/** The top module: the dataflow behind AXI4-Stream and AXI4-Lite ports that are called as those of the HLS firmware. */
import { plainText } from '../hls/cpp.js';
import { mapsBeatOf } from '../hls/maps-beat.js';
import { featuresOf } from '../hls/top.js';
import type { FixedGraph } from '../../ir/graph.js';
import { DECISION_BITS, registersOf } from '../dataflow/interface.js';
import type { Plan } from '../dataflow/plan.js';
import { instanceText, range, SV_LICENCE } from './sv.js';

const ADDRESS_BITS = 12;

const addresses = (list: readonly number[]): string =>
  `{${[...list]
    .reverse()
    .map((a) => `${ADDRESS_BITS}'h${a.toString(16)}`)
    .join(', ')}}`;

/** Ports of the dataflow that are those of the stream `name`. */
const streamPorts = (prefix: string, name: string, ports: readonly string[]): Record<string, string> =>
  Object.fromEntries(ports.map((p) => [`${prefix}_${p}`, `${name}_${p.toUpperCase()}`]));

export function topModule(graph: FixedGraph, plan: Plan, top: string): string {
  const { pixelsPerClock, link } = plan;
  const registers = registersOf(featuresOf(graph, plan));
  const settings = registers.filter((r) => r.access === 'rw');
  const facts = registers.filter((r) => r.access === 'r');
  const ssi = link.framing === 'ssi';
  const maps = mapsBeatOf(plan);
  const features = graph.ends === 'features';
  const stream = (name: string, bits: number, direction: 'input' | 'output', user = 0): string[] => {
    const [forward, back] =
      direction === 'input' ? ['input  wire logic', 'output logic'] : ['output logic', 'input  wire logic'];
    return [
      `    ${forward} ${range(bits)} ${name}_TDATA,`,
      `    ${forward} ${range(bits / 8)} ${name}_TKEEP,`,
      `    ${forward} ${range(bits / 8)} ${name}_TSTRB,`,
      ...(user > 0 ? [`    ${forward} ${range(user)} ${name}_TUSER,`] : []),
      `    ${forward} ${name}_TLAST,`,
      `    ${forward} ${name}_TVALID,`,
      `    ${back} ${name}_TREADY,`,
    ];
  };
  const lite = (direction: string, name: string, bits?: number): string =>
    `    ${direction} ${bits === undefined ? '' : `${range(bits)} `}s_axi_control_${name},`;
  const into = 'input  wire logic';
  const out = 'output logic';
  const factsAt = facts.flatMap((r) => (r.type === 'u64' ? [r.offset, r.offset + 4] : [r.offset]));
  return [
    SV_LICENCE,
    '//',
    `// ${plainText(graph.name)}: raw frames over AXI4-Stream in, ${features ? 'a packet of features and ' : ''}one decision a frame out, registers over AXI4-Lite.`,
    '// Every port belongs to ap_clk; ap_rst_n is synchronous. The registers stand in registers.h.',
    '`default_nettype none',
    `module ${top} (`,
    '    input  wire logic ap_clk,',
    '    input  wire logic ap_rst_n,',
    '    /* verilator lint_off UNUSEDSIGNAL */  // TSTRB',
    ...stream('frames', 16 * pixelsPerClock, 'input', ssi ? 2 : 0),
    ...(maps === null ? [] : stream('maps', maps.bits, 'input')),
    ...(graph.reloadable ? stream('weights', 32, 'input') : []),
    '    /* verilator lint_on UNUSEDSIGNAL */',
    ...(features
      ? ['    input  wire logic [15:0] module_number,', ...stream('features', 16, 'output', 2)]
      : []),
    ...stream('decisions', DECISION_BITS, 'output'),
    lite(into, 'AWADDR', ADDRESS_BITS),
    lite(into, 'AWVALID'),
    lite(out, 'AWREADY'),
    lite(into, 'WDATA', 32),
    lite(into, 'WSTRB', 4),
    lite(into, 'WVALID'),
    lite(out, 'WREADY'),
    lite(out, 'BRESP', 2),
    lite(out, 'BVALID'),
    lite(into, 'BREADY'),
    lite(into, 'ARADDR', ADDRESS_BITS),
    lite(into, 'ARVALID'),
    lite(out, 'ARREADY'),
    lite(out, 'RDATA', 32),
    lite(out, 'RRESP', 2),
    lite(out, 'RVALID'),
    `    input  wire logic s_axi_control_RREADY`,
    ');',
    '  logic rst;',
    '  always_ff @(posedge ap_clk) rst <= !ap_rst_n;',
    '',
    '  // Registers are read by the stages at any time: they are not queued.',
    `  logic ${range(32 * settings.length)} settings;`,
    ...settings.map((r) => `  logic ${r.type === 'i32' ? 'signed ' : ''}[31:0] ${r.name};`),
    ...facts.map((r) => `  logic ${range(r.type === 'u64' ? 64 : 32)} ${r.name};`),
    `  assign {${settings
      .map((r) => r.name)
      .reverse()
      .join(', ')}} = settings;`,
    instanceText({
      module: 'vetoc_registers',
      name: 'registers',
      parameters: {
        A: ADDRESS_BITS,
        SETTINGS: settings.length,
        SETTING_AT: addresses(settings.map((r) => r.offset)),
        FACTS: factsAt.length,
        FACT_AT: addresses(factsAt),
      },
      ports: {
        clk: 'ap_clk',
        rst: 'rst',
        ...Object.fromEntries(
          [
            'awvalid',
            'awready',
            'awaddr',
            'wvalid',
            'wready',
            'wdata',
            'wstrb',
            'bvalid',
            'bready',
            'bresp',
            'arvalid',
            'arready',
            'araddr',
            'rvalid',
            'rready',
            'rdata',
            'rresp',
          ].map((p) => [p, `s_axi_control_${p.toUpperCase()}`]),
        ),
        settings: 'settings',
        facts: `{${facts
          .map((r) => r.name)
          .reverse()
          .join(', ')}}`,
      },
    }),
    '',
    "  assign decisions_TKEEP = '1;",
    "  assign decisions_TSTRB = '1;",
    "  assign decisions_TLAST = 1'b1;",
    ...(features ? ["  assign features_TKEEP = '1;", "  assign features_TSTRB = '1;"] : []),
    instanceText({
      module: `${top}_dataflow`,
      name: 'dataflow',
      parameters: {},
      ports: {
        clk: 'ap_clk',
        rst: 'rst',
        s_tvalid: 'frames_TVALID',
        s_tready: 'frames_TREADY',
        s_tdata: 'frames_TDATA',
        s_tkeep: 'frames_TKEEP',
        s_tlast: 'frames_TLAST',
        ...(ssi ? { s_tuser: 'frames_TUSER' } : {}),
        ...(maps === null ? {} : streamPorts('maps', 'maps', ['tvalid', 'tready', 'tdata', 'tlast'])),
        ...(graph.reloadable
          ? streamPorts('w', 'weights', ['tvalid', 'tready', 'tdata', 'tkeep', 'tlast'])
          : {}),
        ...(features
          ? {
              module_number: 'module_number',
              ...streamPorts('f', 'features', ['tvalid', 'tready', 'tdata', 'tuser', 'tlast']),
            }
          : {}),
        ...Object.fromEntries(registers.map((r) => [r.name, r.name])),
        m_tvalid: 'decisions_TVALID',
        m_tdata: 'decisions_TDATA',
        m_tready: 'decisions_TREADY',
      },
    }),
    'endmodule',
    '`default_nettype wire',
    '',
  ].join('\n');
}
