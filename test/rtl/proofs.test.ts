/** What the projects prove with Yosys holds, and every spoilt module is refuted by the proof that is about it. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { adderModule } from '../../src/backends/rtl/adders.js';
import { emitRtl } from '../../src/backends/rtl/emit.js';
import { adderGraph } from '../../src/backends/dataflow/adder-search.js';
import { createRandom } from '../../src/core/random.js';
import { format } from '../../src/fixed/format.js';
import { writeFiles } from '../hls/project.js';
import { zooNetwork } from '../hls/networks.js';
import { triedOf } from '../night.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { emptyFolder, judged, project, REFUTED, refutesMutants, type Mutant } from './judged.js';
import { rtlDesign } from './project.js';

const ZOO = rtlDesign(zooNetwork(), { pixelsPerClock: 4 });

const PROJECTS = [
  ['all ops, 4 pixels a clock', ZOO],
  [
    'packets without SOF, with a CRC',
    rtlDesign(sampleFixedGraph(), { pixelsPerClock: 2, link: { framing: 'tlast', crc: true } }),
  ],
] as const;

describe('the proofs of a project', () => {
  it.each(triedOf(PROJECTS, 2))(
    'hold: %s',
    async (_name, design) => {
      const folder = project(emitRtl(design));
      const scripts = readdirSync(join(folder, 'formal')).filter((f) => f.endsWith('.ys'));
      for (const kind of ['link_', 'requantize_', 'receive', 'window_', 'matvec_'])
        expect(scripts.filter((f) => f.startsWith(kind)).length).toBeGreaterThan(0);
      const failed: string[] = [];
      for (const script of scripts) {
        const said = await judged(folder, join('formal', script));
        if (said !== '') failed.push(`${script}: ${said}`);
      }
      expect(failed).toEqual([]);
    },
    600_000,
  );
});

const MUTANTS: readonly Mutant[] = [
  ['link_2', 'credit', "count <= A'(DEPTH);", "count <= A'(DEPTH + 1);"],
  ['link_2', 'credit', 'if (take && !give) count <= count - 1', 'if (take) count <= count - 1'],
  ['link_2', 'credit', "take && count == A'(1)", "take && count == A'(0)"],
  ['link_2', 'fifo', 'leave ? count > 1', "leave ? count != '0"],
  ['link_2', 'fifo', 'give <= pop && !rst;', 'give <= pop && valid && !we && !rst;'],
  ['link_2', 'fifo', 'if (!we && leave) count', 'if (leave) count'],
  ['requantize_conv1_round', 'requantize', '0: up1 = half && (sticky || odd);', '0: up1 = half;'],
  ['requantize_conv1_round', 'requantize', '|exact1[D-2:0]', '|exact1[D-2:1]'],
  [
    'requantize_conv1_round',
    'requantize',
    'ACTIVATION == 1 && acc[AW-1] ?',
    'ACTIVATION == 1 && acc[AW-2] ?',
  ],
  ['requantize_grouped_multiply', 'requantize', '1: up1 = half;', '1: up1 = half && (sticky || odd);'],
  ['requantize_grouped_multiply', 'requantize', "limited = OW'(MIN);", "limited = OW'(MIN + 1);"],
  ['requantize_leaky_multiply', 'requantize', 'LOW = OVERFLOW == 2', 'LOW = OVERFLOW == 5'],
  ['requantize_leaky_multiply', 'requantize', '&& |rounded2[OW-2:0])', ')'],
  ['requantize_conv1_round', 'requantize', '|rounded2[RW-2:SIGN]', '|rounded2[RW-2:SIGN+1]'],
  ['requantize_leaky_multiply', 'requantize', 'acc <<< ALPHA_FRACTION', 'acc <<< (ALPHA_FRACTION - 1)'],
  [
    'requantize_rounded_round',
    'requantize',
    'default: up1 = negative && (half || sticky);',
    'default: up1 = half;',
  ],
  ['receive', 'receive', 'fill_pixel = at_pixels && some', 'fill_pixel = at_pixels'],
  ['receive', 'receive', 'begun ? !interrupts', "begun ? 1'b1"],
  ['receive', 'receive', '!rst && (taken || thrown)', 'taken || thrown'],
  ['receive', 'receive', '(thrown && !tail) || tells', 'thrown || tells'],
  ['receive', 'receive', '&& (packet_ok || !at_final)', ''],
  [
    'receive',
    'place',
    "at_final_pixel <= next == PA'(HEADER + BEATS - 1)",
    "at_final_pixel <= next == PA'(HEADER + BEATS - 2)",
  ],
  ['window_padded', 'lines', "at == A'(WORDS - 1) ? '0", "at == A'(WORDS - 2) ? '0"],
  ['window_padded', 'window', 'in_image ? q : PADDING', 'q'],
  ['window_2x2', 'window', "next_rows = last_y ? RA'(KH - 1 - SKIP_Y)", "next_rows = last_y ? RA'(0)"],
  ['window_causal', 'window', 'outside1 ? PADDING : above1[ky*W+:W]', 'above1[ky*W+:W]'],
  ['window_causal', 'window', "32'(x) < 32'(KW - 1 - kx)", "32'(x) < 32'(KW - 2 - kx)"],
  ['window_stride', 'window', "columns_to_go == '0 ? CA'(SX - 1)", "columns_to_go == '0 ? CA'(0)"],
  ['window_groups', 'window', 'g1 <= g;', "g1 <= '0;"],
  ['matvec_signed', 'dot', 'weights[k*WW+:WW]', 'weights[0+:WW]'],
  ['matvec_folded', 'matvec_control', "assign first = w == '0 && t == '0", "assign first = w == '0"],
  ['matvec_folded', 'matvec_control', "after == SA'(STEPS - 1) ? '0", "after == SA'(STEPS - 2) ? '0"],
  ['matvec_folded', 'matvec_control', 'reads <= last_o && last_t', 'reads <= last_o'],
  ['matvec_folded', 'matvec_control', "writes <= next_t == TA'(TAP_FOLD - 1) && ", 'writes <= '],
  ['matvec_folded', 'matvec', 'part1 = parts[t1]', 'part1 = parts[t]'],
  ['matvec_folded', 'matvec', '.N(3 + L)) delay_first', '.N(2 + L)) delay_first'],
];

describe('a spoilt module', () => {
  refutesMutants(emitRtl(ZOO), MUTANTS);
});

/** Sums of products in shifts and additions, and what they must be: plain products. */
function adderProof(seed: number, spoil: (text: string) => string): string {
  const random = createRandom(seed);
  const [inputs, outputs, bits] = [3, 2, 3];
  const rows = Array.from({ length: outputs }, () =>
    Array.from({ length: inputs }, () => random.integer(-7, 7)),
  );
  const bias = rows.map(() => random.integer(-100, 100));
  const width = 11;
  const graph = adderGraph(rows, { inputBits: bits, accumulatorWidth: width });
  const module = adderModule('adders', graph, format(seed % 2 === 0, bits, bits), width, bias);
  const value = (i: number): string =>
    seed % 2 === 0 ? `$signed(x[${i * bits}+:${bits}])` : `$signed({1'b0, x[${i * bits}+:${bits}]})`;
  const sums = rows.map(
    (row, p) =>
      `  assign sums[0][${p * width}+:${width}] = ${bias[p]}${row.map((w, i) => ` + (${w}) * ${value(i)}`).join('')};`,
  );
  const folder = emptyFolder();
  writeFiles(folder, {
    'adders.sv': spoil(module.text()),
    'proof.sv': [
      `module proof(input wire logic clk, input wire logic [${inputs * bits - 1}:0] x);`,
      `  logic [${outputs * width - 1}:0] y, sums[0:${module.cycles}];`,
      '  adders dut (.clk, .x, .y);',
      ...sums,
      `  for (genvar i = 0; i < ${module.cycles}; i++) always_ff @(posedge clk) sums[i+1] <= sums[i];`,
      `  always_comb assert (y == sums[${module.cycles}]);`,
      'endmodule',
      '',
    ].join('\n'),
    'proof.ys': [
      'read_verilog -sv -formal adders.sv proof.sv',
      ...['hierarchy -top proof', 'proc', 'flatten', 'memory_map', 'async2sync', 'dffunmap', 'opt -full'],
      `sat -prove-asserts -seq ${module.cycles + 2} -prove-skip ${module.cycles + 1} -verify`,
      '',
    ].join('\n'),
  });
  return folder;
}

describe('products as shifts and additions', () => {
  it.each([1, 2, 3, 4, 5, 6])('are plain products for all inputs: seed %i', async (seed) => {
    expect(
      await judged(
        adderProof(seed, (text) => text),
        'proof.ys',
      ),
    ).toBe('');
  });

  it.each([
    ['a sum for a difference', '{~', '{'],
    ['a shift by one more', /<< (\d)/, '<< 1 << $1'],
    ['another constant', /'h(\w+)\)/, "'h$1 + 1'b1)"],
    ['a register less', /\((\w+)_1\)/, '($1)'],
  ])('are refuted with %s', async (_name, from, to) => {
    const spoil = (text: string): string => {
      const spoilt = text.replace(from, to);
      expect(spoilt).not.toBe(text);
      return spoilt;
    };
    expect(await judged(adderProof(1, spoil), 'proof.ys')).toBe(REFUTED);
  });
});
