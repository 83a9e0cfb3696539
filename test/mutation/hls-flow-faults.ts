/** Faults in the emitted C++ of how values travel: geometry, streams, the interface. */
import { FIRMWARE, type StageFault } from './hls-faults.js';
import type { HlsFault } from './plant.js';

/** A fault of the interface, which only the test bench's broken frames and registers show: the case that fails. */
export interface BenchFault extends HlsFault {
  readonly bench: RegExp;
}

const window = `${FIRMWARE}/sliding_window.h`;
const decide = `${FIRMWARE}/decide.h`;

export const GEOMETRY_FAULTS: readonly StageFault[] = [
  {
    name: 'the last pixel of a frame lost',
    stage: 'input',
    file: `${FIRMWARE}/receive.h`,
    at: /out\.lane\[l\] = (data\.range\([^;]*\));/,
    wrong: 'words == CONFIG::BEATS - 1 ? ap_uint<16>(0) : ap_uint<16>($)',
    type: 'ap_uint<16>',
  },
  {
    name: 'a crop one row low',
    stage: 'crop',
    file: `${FIRMWARE}/crop.h`,
    at: /row_kept = (y >= [^;]*);/,
    wrong: 'y >= CONFIG::TOP + 1 && y < CONFIG::TOP + 1 + CONFIG::OUT_HEIGHT',
  },
  {
    name: 'a crop one column to the right',
    stage: 'crop',
    file: `${FIRMWARE}/crop.h`,
    at: /(x >= FIRST \+ LATE && x < FIRST \+ LATE \+ OUT_WORDS)/,
    wrong: 'x >= FIRST + LATE + 1 && x < FIRST + LATE + 1 + OUT_WORDS',
  },
  {
    name: 'a mask off by one column',
    stage: 'mask',
    file: `${FIRMWARE}/mask.h`,
    at: /bits\.test\((l)\)/,
    wrong: '$ + 1',
  },
  {
    name: 'the darkest pixel of a bin for the brightest',
    stage: 'bin',
    file: `${FIRMWARE}/bin.h`,
    at: /return (a > b \? a : b);/,
    wrong: 'a > b ? b : a',
  },
  {
    name: 'a clamp one too high',
    stage: 'clamp',
    file: `${FIRMWARE}/clamp.h`,
    at: /x\.lane\[l\] > (CONFIG::MAX) /,
    wrong: '$ + 1',
  },
  {
    name: 'a table read one entry early',
    stage: 'lut',
    file: `${FIRMWARE}/lut.h`,
    at: /to_int\(\) - (CONFIG::FIRST);/,
    wrong: '$ + 1',
  },
  {
    name: 'padding on the wrong side',
    stage: 'conv1',
    file: window,
    at: /(x >= CONFIG::PAD_LEFT &&\s+x < CONFIG::PAD_LEFT \+ CONFIG::IN_WIDTH);/,
    wrong:
      'x >= CONFIG::PAD_LEFT + CONFIG::PAD_RIGHT && x < CONFIG::PAD_LEFT + CONFIG::PAD_RIGHT + CONFIG::IN_WIDTH',
  },
  {
    name: 'padding that is what the line buffer held in the frame before',
    stage: 'conv1',
    file: window,
    at: /word_t arriving = (nothing);/,
    wrong: 'stale',
    with: [
      ['  int rows_to_go', '  static word_t stale = nothing;\n  int rows_to_go'],
      ['arriving = in.read();', 'stale = arriving = in.read();'],
    ],
  },
  {
    name: 'two rows of the line buffer swapped',
    stage: 'conv1',
    file: window,
    at: /lines\[(ky < LINES \? ky : 0)\]/,
    wrong: 'LINES - 1 - ($)',
  },
  {
    name: 'a stride that starts one column late',
    stage: 'conv1',
    file: window,
    at: /next<COLUMNS>\(x\)\) \{\s+columns_to_go = (KW - 1);/,
    wrong: 'CONFIG::STRIDE_X > 1 ? KW : KW - 1',
  },
  {
    name: 'the last product of a step left out',
    stage: 'conv1',
    file: `${FIRMWARE}/matrix_vector.h`,
    at: /k < (PART); \+\+k/,
    wrong: '$ - 1',
  },
  {
    name: 'a maximum over all but one of its window',
    stage: 'pool1',
    file: `${FIRMWARE}/pool.h`,
    at: /k = (1); k < CONFIG::KERNEL_HEIGHT/,
    wrong: '2',
  },
  {
    name: 'a fork that tells its second reader the last word twice',
    stage: 'add1',
    file: `${FIRMWARE}/plumbing.h`,
    at: /b\.write\((x)\);/,
    wrong: 'before',
    with: [
      [
        '    a.write(x);',
        '    a.write(x);\n    static word<typename CONFIG::value_t, CONFIG::LANES> before, now;\n' +
          '    before = i == 0 ? x : now;\n    now = x;',
      ],
    ],
  },
  {
    name: 'channels of a concatenation in the wrong order',
    stage: 'concat1',
    file: `${FIRMWARE}/concat.h`,
    at: /z\.lane\[l\] = (x\.lane\[l\]);/,
    wrong: 'x.lane[CONFIG::A_LANES - 1 - l]',
  },
  {
    name: 'a widening that fills its lanes from the top',
    stage: 'concat1',
    file: `${FIRMWARE}/plumbing.h`,
    at: /(s == slot)/,
    wrong: 's == RATIO - 1 - slot',
  },
  {
    name: 'a narrowing that takes the top lane first',
    stage: 'conv2',
    file: `${FIRMWARE}/plumbing.h`,
    at: /y\.lane\[l\] = (wide\.lane\[l\]);/,
    wrong: 'wide.lane[CONFIG::IN_LANES - 1 - l]',
  },
  {
    name: 'a maximum that outlives its frame',
    stage: 'global1',
    file: `${FIRMWARE}/global_pool.h`,
    at: /if \((i < GROUPS) \|\|/,
    wrong: 'false',
    with: [
      [
        'word<typename CONFIG::output_t, CONFIG::LANES> best',
        'static word<typename CONFIG::output_t, CONFIG::LANES> best',
      ],
    ],
  },
  {
    name: 'a score that takes the misses from zero',
    stage: 'score',
    file: decide,
    at: /best_miss = (CONFIG::LOWEST);/,
    wrong: '0',
    type: 'typename CONFIG::logit_t',
  },
  {
    name: 'a threshold with the wrong sign',
    stage: 'keep',
    file: decide,
    at: /ap_int<32>\((CONFIG::THRESHOLD)\);\s+if/,
    wrong: '-($)',
  },
];

export const BENCH_FAULTS: readonly BenchFault[] = [
  {
    name: '> for >= at the threshold',
    bench: /case "threshold register at the score: kept"/,
    file: decide,
    at: /by_score = !malformed && (score >= limit)/,
    wrong: 'score > limit',
  },
  {
    name: 'a malformed frame that is vetoed',
    bench: /case "short frame, then a good one"/,
    file: decide,
    at: /wanted = by_score \|\| (malformed) \|\|/,
    wrong: 'false',
  },
  {
    name: 'bytes that are not valid taken for valid',
    bench: /case "a byte that is not valid"/,
    file: `${FIRMWARE}/receive.h`,
    at: /if \((!beat\.whole)\)/,
    wrong: 'false',
  },
  {
    name: 'no resynchronisation at TLAST',
    bench: /case "beats behind a frame that does not end"/,
    file: `${FIRMWARE}/receive.h`,
    at: /if \(beat\.last \|\| complete\) \{\s*s\.tail = (!beat\.last);/,
    wrong: 'false',
  },
  {
    name: 'frames that are counted twice',
    bench: /case "counters cleared": counters/,
    file: decide,
    at: /count\.frames \+= (1);/,
    wrong: '2',
  },
  {
    name: 'malformed frames that are not counted',
    bench: /case "short frame, then a good one": counters/,
    file: decide,
    at: /if \((malformed)\) count\.malformed/,
    wrong: 'false',
  },
  {
    name: 'pass-through that still vetoes',
    bench: /case "pass-through keeps and only counts"/,
    file: decide,
    at: /pass_through = (mode\.test\(PASS_THROUGH\));/,
    wrong: 'false',
  },
];
