/** What projects of raw words and of parts prove with Yosys holds, and every spoilt module is refuted by the proof that is about it. */
import { describe, expect, it } from 'vitest';
import { emitRtl } from '../../src/backends/rtl/emit.js';
import { partitionModules } from '../../src/passes/partition-modules.js';
import { moduleGraph } from '../modules/small-detector.js';
import { judged, project, refutesMutants } from './judged.js';
import { rtlDesign } from './project.js';
import { HALF_ROWS, rawNetwork } from './raw-networks.js';
import { AT_NIGHT } from '../night.js';

const FRONT = emitRtl(rtlDesign(partitionModules(await moduleGraph(2, [16, 16])).fronts[0]!));

describe('the proof of what a front end sends', () => {
  it('holds', async () => {
    expect(await judged(project(FRONT), 'formal/send.ys')).toBe('');
  }, 600_000);

  refutesMutants(FRONT, [
    ['send', 'send', "first1 ? 32'hffffffff : crc", 'crc'],
    ['send', 'send', 'if (take1 && !low1 && !high1) crc', 'if (take1) crc'],
    ['send', 'send', 'low1 ? ~crc[15:0]', 'low1 ? crc[15:0]'],
    ['send', 'send', "empty ? '0 : q[16*lane+:16]", 'q[16*lane+:16]'],
    ['send', 'send', '!at_features || empty || valid', '!at_features || empty'],
    ['send', 'send', '!at_features || empty || valid', "1'b1"],
    ['send', 'send', "place < PA'(LENGTH - 2);", "place < PA'(LENGTH - 3);"],
    ['send', 'send', "{7'd0, rest[8:0]}", "{8'd0, rest[7:0]}"],
    ['send', 'send', 'packet_pop = take && first', 'packet_pop = take && last'],
  ]);
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

  refutesMutants(GAIN_BITS, [
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
  ]);

  refutesMutants(GAIN_WORDS, [
    ['calibrate_thresholds', 'gain_stage', 'gain > thresholds', 'gain >= thresholds'],
    ['operands_input_calibrate', 'gain_stage', "code == '0 && above", 'above'],
    ['operands_input_calibrate', 'gain_stage', 'adc <= MOST', 'adc < MOST'],
  ]);
});

const COMMON_MODE = emitRtl(
  rtlDesign(rawNetwork('jungfrau', 8, { commonMode: HALF_ROWS }), { pixelsPerClock: 4 }),
);

describe('the proofs about what rows have in common', () => {
  // Each takes a minute or two.
  it.each(AT_NIGHT ? ['common_mode_lanes', 'common_mode_words'] : [])(
    'hold: %s',
    async (proof) => {
      expect(await judged(project(COMMON_MODE), `formal/${proof}.ys`)).toBe('');
    },
    600_000,
  );

  refutesMutants(COMMON_MODE, [
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
  ]);
});
