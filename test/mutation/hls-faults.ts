/** Faults in the arithmetic of the emitted C++: what a wrong template, table or generator could have written. */
import type { HlsFault } from './plant.js';

/** A fault of the arithmetic: where verification must see it first. */
export interface StageFault extends HlsFault {
  readonly stage: string;
  /** Where the test bench sees it, which stops at the first frame that differs: another stage for a rare fault. */
  readonly benchStage?: string;
}

export const FIRMWARE = 'firmware/vetoc';
const table = (stage: string): string => `firmware/tables/${stage}.h`;
const format = 'typename CONFIG::format_t';
const otherModes = (quantization: string, overflow: string): string =>
  `(typename vetoc_other_modes<${format}, ${quantization}, ${overflow}>::type($))`;
const requantized = {
  file: `${FIRMWARE}/requantize.h`,
  at: /format_t rounded = (exact);/,
  type: format,
} as const;

export const TABLE_FAULTS: readonly StageFault[] = [
  {
    name: 'one bit of a convolution weight',
    stage: 'conv1',
    file: table('conv1'),
    at: /conv1_weights\[[^=]*= \{\s*\{\s*(-?\d+)/,
    wrong: '$ ^ 1',
    type: 'std::int8_t',
  },
  {
    name: 'a high bit of a depthwise weight',
    stage: 'depthwise1',
    file: table('depthwise1'),
    at: /depthwise1_weights\[[^=]*= \{\s*\{\s*(-?\d+)/,
    wrong: '$ ^ 64',
    type: 'std::int8_t',
  },
  {
    name: 'a dense weight with the wrong sign',
    stage: 'logits',
    file: table('logits'),
    at: /logits_weights\[[^=]*= \{\s*\{\s*(-?\d+)/,
    wrong: '-$',
    type: 'std::int8_t',
  },
  {
    name: 'a bias at half its resolution',
    stage: 'conv2',
    file: table('conv2'),
    at: /conv2_bias\[[^=]*= \{\s*(-?\d+)/,
    wrong: '$ / 2',
    type: 'std::int16_t',
  },
  {
    name: 'a shift off by one in one channel',
    stage: 'conv1',
    file: table('conv1'),
    at: /conv1_align\[[^=]*= \{\s*(\d+)/,
    wrong: '$ + 1',
    type: 'std::uint8_t',
  },
  {
    name: 'one entry of the lookup table',
    stage: 'lut',
    file: table('lut'),
    at: /LUT_TABLE_VALUES \\\s*(\d+)/,
    wrong: '$ + 1',
    type: 'std::uint8_t',
  },
  {
    name: 'one live pixel masked',
    stage: 'mask',
    file: table('mask'),
    at: /mask_live\[[^=]*= \{\s*(0x[0-9a-f]+)/,
    wrong: '$ ^ 2U',
    type: 'std::uint32_t',
  },
  {
    name: 'a miss class counted as a hit',
    stage: 'score',
    file: table('decide'),
    at: /decide_hit\[[^=]*= \{\s*(false)/,
    wrong: 'true',
  },
];

export const ROUNDING_FAULTS: readonly StageFault[] = [
  { name: 'AP_TRN for AP_RND_CONV', stage: 'conv1', ...requantized, wrong: otherModes('AP_TRN', 'AP_SAT') },
  {
    name: 'AP_RND for AP_RND_CONV',
    stage: 'conv1',
    benchStage: 'depthwise1',
    ...requantized,
    wrong: otherModes('AP_RND', 'AP_SAT'),
  },
  {
    name: 'AP_RND_INF for AP_RND_CONV',
    stage: 'conv1',
    benchStage: 'conv2',
    ...requantized,
    wrong: otherModes('AP_RND_INF', 'AP_SAT'),
  },
  {
    name: 'wrapping for saturation',
    stage: 'conv1',
    ...requantized,
    wrong: otherModes('AP_RND_CONV', 'AP_WRAP'),
  },
  {
    name: 'symmetric saturation, which differs at the lowest value of a signed format alone',
    stage: 'depthwise1',
    ...requantized,
    wrong: otherModes('AP_RND_CONV', 'AP_SAT_SYM'),
  },
  {
    name: 'a ReLU that keeps magnitudes',
    stage: 'conv1',
    file: `${FIRMWARE}/requantize.h`,
    at: /return (exact < 0 \? T\(0\) : exact);/,
    wrong: 'exact < 0 ? T(-exact) : exact',
    type: 'T',
  },
  {
    name: 'a leaky ReLU that forgets to align its positive side',
    stage: 'conv2',
    file: `${FIRMWARE}/requantize.h`,
    at: /T\(exact \* MANTISSA\) : (T\(exact << FRACTION\))/,
    wrong: 'T(exact)',
    type: 'T',
  },
  {
    name: 'an accumulator one bit too narrow',
    stage: 'conv1',
    file: `${FIRMWARE}/matrix_vector.h`,
    at: /sum\[p\] = (before \+ products);/,
    wrong: 'ap_int<accumulator_t::width - 1>($)',
    type: 'accumulator_t',
  },
  {
    name: 'an addition that aligns one side by a bit too much',
    stage: 'add1',
    file: `${FIRMWARE}/add.h`,
    at: /<< (CONFIG::SHIFT_A);/,
    wrong: '$ + 1',
  },
  {
    name: 'a reciprocal that is one too large',
    stage: 'avg1',
    file: `${FIRMWARE}/pool.h`,
    at: /windows\.read\(\), (CONFIG::RECIPROCAL)\)/,
    wrong: '$ + 1',
  },
];

/** Faults deep in the network, which no whole frame of the tests shows: a stage driven alone must. */
export const DEEP_FAULTS: readonly StageFault[] = [
  {
    name: 'an accumulator of the last layer one bit too narrow',
    stage: 'logits',
    file: `${FIRMWARE}/matrix_vector.h`,
    at: /sum\[p\] = (before \+ products);/,
    wrong: 'CONFIG::VECTORS == 1 ? accumulator_t(ap_int<accumulator_t::width - 1>($)) : accumulator_t($)',
    type: 'accumulator_t',
  },
  {
    name: 'an accumulator of a depthwise convolution one bit too narrow',
    stage: 'depthwise1',
    file: `${FIRMWARE}/depthwise_conv2d.h`,
    at: /accumulator_t sum = (before \+ products);/,
    wrong: 'ap_int<accumulator_t::width - 1>($)',
    type: 'accumulator_t',
  },
];
