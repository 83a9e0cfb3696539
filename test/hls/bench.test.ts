import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PIXELS_PER_CLOCK } from '../../src/backends/dataflow/link.js';
import { withReloadableWeights } from '../../src/backends/hls/reloadable.js';
import { haveVendorHeaders, VENDOR_HEADERS } from '../sim-headers/harness.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { zooNetwork } from './networks.js';
import { make, plantedFault, projectOf } from './project.js';

const FAILSAFE_CASES = 23;

describe('the generated test bench', () => {
  it.each(PIXELS_PER_CLOCK)(
    'passes on every stream and every malformed frame at %i pixels per clock, without a compiler warning',
    async (pixelsPerClock) => {
      const folder = projectOf(sampleFixedGraph(), { pixelsPerClock });
      const { code, output } = await make(folder, 'check-streams');
      expect(output).toContain('PASS 3 frames, every stream');
      expect(output.match(/^PASS /gm)?.length).toBe(1 + FAILSAFE_CASES);
      expect(output).not.toContain('warning');
      expect(code).toBe(0);
      rmSync(folder, { recursive: true });
    },
  );

  it.each([
    ['without TUSER, with a CRC', { framing: 'tlast', crc: true }],
    ['with a CRC', { crc: true }],
    ['without a header, with a FIFO in front', { header: false, fifoBeats: 64 }],
    ['for a detector that cannot wait', { overflow: 'drop', fifoBeats: 1000, crc: true }],
    [
      'for a detector that cannot wait and has no TUSER',
      { overflow: 'drop', fifoBeats: 1100, framing: 'tlast' },
    ],
  ] as const)('passes %s', async (_name, link) => {
    const folder = projectOf(sampleFixedGraph(), { pixelsPerClock: 4, link }, 2);
    const { code, output } = await make(folder, 'check');
    expect(output).toContain('PASS 2 frames, logits and decisions');
    if ('crc' in link) expect(output).toContain('PASS a flipped bit');
    if ('overflow' in link) expect(output).toContain('PASS what was lost is answered before the next frame');
    expect(output).not.toContain('warning');
    expect(code).toBe(0);
    rmSync(folder, { recursive: true });
  });
});

describe('the generated project', () => {
  it('passes on a network of every other layer and rounding', async () => {
    const folder = projectOf(zooNetwork(), { pixelsPerClock: 4 });
    const { code, output } = await make(folder, 'check-streams');
    expect(output).toContain('PASS 3 frames, every stream');
    expect(code).toBe(0);
    rmSync(folder, { recursive: true });
  });

  it('passes under the address and undefined-behaviour sanitizers, weights exchanged too', async () => {
    const folder = projectOf(withReloadableWeights(sampleFixedGraph()), { pixelsPerClock: 4 }, 2);
    const { code, output } = await make(folder, 'check-sanitized');
    expect(output).toContain('PASS 2 frames, every stream');
    expect(output).toContain('PASS two exchanges, one a frame');
    expect(code).toBe(0);
    rmSync(folder, { recursive: true });
  });

  // Where .ci/fetch-test-tools.sh has not run, there are no vendor's headers.
  it.skipIf(!haveVendorHeaders)(
    "gives the same bits with the vendor's own headers, without a warning",
    async () => {
      const folder = projectOf(sampleFixedGraph(), { pixelsPerClock: 2 });
      const { code, output } = await make(folder, 'check-streams', [`VETOC_AP_TYPES=${VENDOR_HEADERS}`]);
      expect(output).toContain('PASS 3 frames, every stream');
      expect(output).not.toContain('warning');
      expect(code).toBe(0);
      rmSync(folder, { recursive: true });
    },
  );
});

describe('the generated test bench, when a fault is planted,', () => {
  let folder = '';
  beforeAll(() => {
    folder = projectOf(sampleFixedGraph(), { pixelsPerClock: 2 });
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const planted = (file: string, change: (text: string) => string, goal?: string): Promise<string> =>
    plantedFault(folder, file, change, goal);

  it('sees one wrong weight in a frame that it does not change: the scrubber flags it, and the frame is kept', async () => {
    const message = await planted('firmware/tables/conv1.h', (text) =>
      text.replace(/\{\s*\{\s*(-?\d+),/, (m, w: string) =>
        m.replace(w, String(Number(w) === 127 ? 126 : Number(w) + 1)),
      ),
    );
    expect(message).toMatch(
      /^MISMATCH frame 0, decision word: expected .* keep 0, .* found .* keep 1, .*\}: the scrubber found a memory with another CRC$/,
    );
  });

  it('fails on a wrong rounding mode in the stage that rounds', async () => {
    const message = await planted('firmware/config.h', (text) => {
      const at = text.indexOf('struct depthwise1_config');
      return (
        text.slice(0, at) +
        text
          .slice(at)
          .replace(
            /(format_t|)ap_fixed<8, 3, AP_RND_CONV, AP_SAT> format_t/,
            'ap_fixed<8, 3, AP_RND, AP_SAT> format_t',
          )
      );
    });
    expect(message).toMatch(
      /^MISMATCH frame \d, stage depthwise1, pixel \(row \d+, column \d+\), channel \d: expected -?\d+ \([01]{8}\), found -?\d+ \([01]{8}\)/,
    );
  });

  const swapped = (text: string): string =>
    text.replace(
      'z.lane[CONFIG::A_LANES + l] = y.lane[l]',
      'z.lane[CONFIG::A_LANES + l] = y.lane[CONFIG::B_LANES - 1 - l]',
    );

  it('fails on swapped channels where they are swapped', async () => {
    const message = await planted('firmware/vetoc/concat.h', swapped);
    expect(message).toMatch(/^MISMATCH frame 0, stage concat1, .*channel 6: /);
  });

  it('says, where logits alone are compared, the command that names the stage', async () => {
    const message = await planted('firmware/vetoc/concat.h', swapped, 'check');
    const [, bench, words] = /^MISMATCH.*\nThe first stage that differs: (\S+) (.*)/.exec(message)!;
    const named = spawnSync(bench!, words!.split(' '), { cwd: folder, encoding: 'utf8' });
    expect(named.status).toBe(1);
    expect(named.stderr).toMatch(/^MISMATCH frame 0, stage concat1, /);
  });

  it('fails when a short frame is not flagged', async () => {
    const message = await planted('firmware/vetoc/receive.h', (text) =>
      text.replace('if (beat.last && !complete) causes.set(SHORT);', ''),
    );
    expect(message).toMatch(
      /^MISMATCH case "short frame, then a good one", word 0: .*malformed 1, causes 01}, found .*malformed 0, causes 00}/,
    );
  });

  it('fails when a start of frame is lost while the frame before it is filled up', async () => {
    const message = await planted('firmware/vetoc/receive.h', (text) =>
      text.replace('if (!s.held) beat =', 'if (true) beat ='),
    );
    expect(message).toMatch(/^MISMATCH case "half a frame without TLAST, then a good one", word 1: /);
  });

  it('fails when what is left of a frame that was given up counts as a frame', async () => {
    const message = await planted('firmware/vetoc/receive.h', (text) =>
      text.replace('causes.set(TIMEOUT);\n        s.tail = true;', 'causes.set(TIMEOUT);'),
    );
    expect(message).toMatch(/^MISMATCH case "what still comes of it is thrown away", word 0: .*causes 40}/);
  });

  it('fails when a miss that the prescale kept does not count for the others', async () => {
    const weight = await planted('firmware/vetoc/decide.h', (text) =>
      text.replace('? prescale : ap_uint<32>(1)', '? ap_uint<32>(1) : ap_uint<32>(1)'),
    );
    expect(weight).toMatch(/^MISMATCH case "one miss in three is kept/);
  });

  it('fails when a reset leaves the receiver in the middle of a frame', async () => {
    const message = await planted('firmware/vetoc/state.h', (text) =>
      text.replace('[this] { value = reset_value<T>::get(); }', '[] {}'),
    );
    // Its frame is thrown away as the tail of the one before: the bench waits for an answer in vain.
    expect(message).toMatch(/read of an empty stream|MISMATCH case "a reset in the middle of a frame"/);
    expect(message).not.toContain('PASS a reset in the middle of a frame');
  });

  it('fails when a line buffer keeps a frame alive', async () => {
    const message = await planted('firmware/vetoc/bin.h', (text) =>
      text
        .replace(
          'word<part_t, CONFIG::OUT_PIXELS> blocks[OUT_WORDS];',
          'static word<part_t, CONFIG::OUT_PIXELS> blocks[OUT_WORDS];',
        )
        .replace('if (part == 0 && dy > 0) block', 'if (part == 0) block')
        .replace('part == 0 && dy == 0 ? joined', 'false ? joined'),
    );
    expect(message).toMatch(/^MISMATCH frame \d, stage bin, /);
  });
});
