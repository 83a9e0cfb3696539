/** What the projects prove with Yosys holds, and every spoilt module is refuted by the proof that is about it. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { adderModule } from '../../src/backends/rtl/adders.js';
import { emitRtl } from '../../src/backends/rtl/emit.js';
import { adderGraph } from '../../src/backends/dataflow/adder-search.js';
import { createRandom } from '../../src/core/random.js';
import { format } from '../../src/fixed/format.js';
import { runProcess } from '../../src/simulate/process.js';
import { writeFiles, writeProject } from '../hls/project.js';
import { zooNetwork } from '../hls/networks.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { partitionModules } from '../../src/passes/partition-modules.js';
import { moduleGraph } from '../modules/small-detector.js';
import { rtlDesign } from './project.js';
import { HALF_ROWS, rawNetwork } from './raw-networks.js';

const temporary: string[] = [];
afterAll(() => temporary.forEach((folder) => rmSync(folder, { recursive: true })));

/** What Yosys says of a script in `folder`: the empty text where it proves all. */
async function judged(folder: string, script: string): Promise<string> {
  const result = await runProcess('yosys', ['-qq', '-s', script], { cwd: folder });
  if (result.kind !== 'finished') return result.kind;
  return result.code === 0 ? '' : `${result.stdout}${result.stderr}`.trim();
}
const REFUTED = 'ERROR: Called with -verify and proof did fail!';

const ZOO = rtlDesign(zooNetwork(), { pixelsPerClock: 4 });
const project = (files: Readonly<Record<string, string>>): string => {
  const folder = writeProject(files);
  temporary.push(folder);
  return folder;
};

/** What Yosys says of a proof where `from`, which stands in a module of `files`, is `to`. */
async function judgedSpoilt(
  files: Readonly<Record<string, string>>,
  proof: string,
  module: string,
  from: string,
  to: string,
): Promise<string> {
  const path = `rtl/vetoc/vetoc_${module}.sv`;
  expect(files[path]).toContain(from);
  const folder = project({ ...files, [path]: files[path]!.replace(from, to) });
  return judged(folder, `formal/${proof}.ys`);
}

describe('the proofs of a project', () => {
  it.each([
    ['all ops, 4 pixels a clock', ZOO],
    [
      'packets without SOF, with a CRC',
      rtlDesign(sampleFixedGraph(), { pixelsPerClock: 2, link: { framing: 'tlast', crc: true } }),
    ],
  ])(
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

/** Proof, module, what stands there, and what is put in its place. */
const MUTANTS: readonly (readonly [proof: string, module: string, from: string, to: string])[] = [
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
  const files = emitRtl(ZOO);
  it.each(MUTANTS)('is refuted by %s: %s, "%s" as "%s"', async (proof, module, from, to) => {
    expect(await judgedSpoilt(files, proof, module, from, to)).toBe(REFUTED);
  });
});

const FRONT = emitRtl(rtlDesign(partitionModules(await moduleGraph(2, [16, 16])).fronts[0]!));

describe('the proof of what a front end sends', () => {
  it('holds', async () => {
    expect(await judged(project(FRONT), 'formal/send.ys')).toBe('');
  }, 600_000);

  it.each([
    ['send', "first1 ? 32'hffffffff : crc", 'crc'],
    ['send', 'if (take1 && !low1 && !high1) crc', 'if (take1) crc'],
    ['send', 'low1 ? ~crc[15:0]', 'low1 ? crc[15:0]'],
    ['send', "empty ? '0 : q[16*lane+:16]", 'q[16*lane+:16]'],
    ['send', '!at_features || empty || valid', '!at_features || empty'],
    ['send', '!at_features || empty || valid', "1'b1"],
    ['send', "place < PA'(LENGTH - 2);", "place < PA'(LENGTH - 3);"],
    ['send', "{7'd0, rest[8:0]}", "{8'd0, rest[7:0]}"],
    ['send', 'packet_pop = take && first', 'packet_pop = take && last'],
  ])(
    'is refuted for a spoilt module: %s, "%s" as "%s"',
    async (module, from, to) => {
      expect(await judgedSpoilt(FRONT, 'send', module, from, to)).toBe(REFUTED);
    },
    600_000,
  );
});

const GAIN_BITS = emitRtl(rtlDesign(rawNetwork('jungfrau', 8), { pixelsPerClock: 2 }));
const GAIN_WORDS = emitRtl(rtlDesign(rawNetwork('agipd', 8), { pixelsPerClock: 2 }));

describe('the proofs about raw words', () => {
  it.each([
    ['receive_maps', GAIN_BITS],
    ['operands_input_calibrate', GAIN_BITS],
    ['calibrate_bits', GAIN_BITS],
    ['operands_input_calibrate', GAIN_WORDS],
    ['calibrate_thresholds', GAIN_WORDS],
  ])('hold: %s', async (proof, files) => {
    expect(await judged(project(files), `formal/${proof}.ys`)).toBe('');
  });

  it.each([
    ['calibrate_bits', 'calibrate', 'pedestals[l*STAGES*PW+:', 'pedestals[0+:'],
    ['calibrate_bits', 'calibrate', "d[l*AW+:AW] = AW'(exact)", "d[l*AW+:AW] = AW'(exact[AW-2:0])"],
    ['operands_input_calibrate', 'calibrate', ' - pedestal;', ' + pedestal;'],
    ['operands_input_calibrate', 'gain_stage', 'stage <= means & measures', 'stage <= means'],
    ['operands_input_calibrate', 'calibrate', 'factors1[s*FW+:FW]', 'factors1[0+:FW]'],
    ['operands_input_calibrate', 'calibrate', '<<< FRACTION', '<<< (FRACTION - 1)'],
    ['operands_input_calibrate', 'gain_stage', 'adc >= LEAST', 'adc > LEAST'],
    ['operands_input_calibrate', 'gain_stage', 'STAGE_OF[c*STAGES+:STAGES]', 'STAGE_OF[0+:STAGES]'],
    ['receive_maps', 'receive_maps', '(flaw_ok || !at_final || !cut)', "1'b1"],
    ['receive_maps', 'receive_maps', 'filling <= cut && !at_final;', 'filling <= cut;'],
    ['receive_maps', 'receive_maps', 'if (takes_crc || (tail && valid)) tail', 'if (takes_crc) tail'],
    ['receive_maps', 'receive_maps', "place == PA'(BEATS - 1)", "place == PA'(BEATS - 2)"],
  ])('refute a spoilt module: %s, %s, "%s" as "%s"', async (proof, module, from, to) => {
    expect(await judgedSpoilt(GAIN_BITS, proof, module, from, to)).toBe(REFUTED);
  });

  it.each([
    ['calibrate_thresholds', 'gain > thresholds', 'gain >= thresholds'],
    ['operands_input_calibrate', "code == '0 && above", 'above'],
    ['operands_input_calibrate', 'adc <= MOST', 'adc < MOST'],
  ])('refute a spoilt choice by words of gain: %s, "%s" as "%s"', async (proof, from, to) => {
    expect(await judgedSpoilt(GAIN_WORDS, proof, 'gain_stage', from, to)).toBe(REFUTED);
  });
});

const COMMON_MODE = emitRtl(
  rtlDesign(rawNetwork('jungfrau', 8, { commonMode: HALF_ROWS }), { pixelsPerClock: 4 }),
);

describe('the proofs about what rows have in common', () => {
  it.each(['common_mode_lanes', 'common_mode_words'])(
    'hold: %s',
    async (proof) => {
      expect(await judged(project(COMMON_MODE), `formal/${proof}.ys`)).toBe('');
    },
    600_000,
  );

  it.each([
    ['common_mode_lanes', 'segment_sum', '(shift_ok || !last)', "1'b1"],
    ['common_mode_lanes', 'segment_sum', 'value != 0 && ', ''],
    ['common_mode_lanes', 'segment_sum', 'value >= -MOST', 'value > -MOST'],
    ['common_mode_lanes', 'segment_sum', "(fresh ? '0 : sum)", 'sum'],
    ['common_mode_lanes', 'segment_sum', '.N(4)) written', '.N(3)) written'],
    [
      'common_mode_words',
      'segment_sum',
      "last <= next == PA'(SEGMENT - 1)",
      "last <= next == PA'(SEGMENT - 2)",
    ],
    ['common_mode_lanes', 'common_mode', '(shift_valid || !first)', "1'b1"],
    ['common_mode_lanes', 'common_mode', 'if (shift_pop) shift1', 'shift1'],
    ['common_mode_lanes', 'common_mode', "value == 0 ? '0 : ", ''],
    ['common_mode_words', 'common_mode', "first <= next == '0", "first <= next == PA'(1)"],
  ])(
    'refute a spoilt module: %s, %s, "%s" as "%s"',
    async (proof, module, from, to) => {
      expect(await judgedSpoilt(COMMON_MODE, proof, module, from, to)).toBe(REFUTED);
    },
    600_000,
  );
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
  const folder = mkdtempSync(join(tmpdir(), 'vetoc-adders-'));
  temporary.push(folder);
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
