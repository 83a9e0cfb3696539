import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PIXELS_PER_CLOCK, type HlsOptions } from '../../src/backends/hls/design.js';
import { emitHls } from '../../src/backends/hls/emit.js';
import { goldenFiles } from '../../src/backends/hls/golden.js';
import { elements } from '../../src/ir/common.js';
import { inputNode, type FixedGraph } from '../../src/ir/graph.js';
import { interpret } from '../../src/simulate/interpret.js';
import { runProcess } from '../../src/simulate/process.js';
import { loadFpga } from '../../src/targets/load.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import { zooNetwork } from './networks.js';
import { writeProject } from './project.js';

const target = await loadFpga('kcu1500');

/** A project with golden vectors, as `vetoc export hls` writes it. */
function projectOf(graph: FixedGraph, options: Partial<HlsOptions>, frames = 3): string {
  const { size } = inputNode(graph);
  const raw = sampleFrames(frames, elements([size[0], size[1], 1]), 7);
  return writeProject({
    ...emitHls(graph, { target, ...options }),
    ...goldenFiles(
      graph,
      raw,
      raw.map((f) => interpret(graph, f, true)),
    ),
  });
}

async function make(folder: string, goal: string): Promise<{ code: number; output: string }> {
  const result = await runProcess('make', ['-C', folder, goal, 'CXXFLAGS=-O0']);
  if (result.kind !== 'finished') throw new Error(JSON.stringify(result));
  return { code: result.code, output: result.stdout + result.stderr };
}

const FAILSAFE_CASES = 14;

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

  it('passes on a network of every other layer and rounding', async () => {
    const folder = projectOf(zooNetwork(), { pixelsPerClock: 4 });
    const { code, output } = await make(folder, 'check-streams');
    expect(output).toContain('PASS 3 frames, every stream');
    expect(code).toBe(0);
    rmSync(folder, { recursive: true });
  });
});

describe('the generated test bench, when a fault is planted,', () => {
  let folder = '';
  beforeAll(() => {
    folder = projectOf(sampleFixedGraph(), { pixelsPerClock: 2 });
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  /** Changes one file, runs the bench, and puts the file back. */
  async function planted(
    file: string,
    change: (text: string) => string,
    goal = 'check-streams',
  ): Promise<string> {
    const path = join(folder, file);
    const text = readFileSync(path, 'utf8');
    expect(change(text)).not.toBe(text);
    writeFileSync(path, change(text));
    const { code, output } = await make(folder, goal);
    writeFileSync(path, text);
    expect(code).not.toBe(0);
    return /MISMATCH.*/.exec(output)?.[0] ?? output;
  }

  it('fails on one wrong weight and names stage, pixel, channel, expected and found', async () => {
    const message = await planted('firmware/tables/conv1.h', (text) =>
      text.replace(/\{\n\s+(-?\d+),/, (m, w: string) =>
        m.replace(w, String(Number(w) === 127 ? 126 : Number(w) + 1)),
      ),
    );
    expect(message).toMatch(
      /^MISMATCH frame \d, stage conv1, pixel \(row \d+, column \d+\), channel 0: expected \d+ \([01]{8}\), found \d+ \([01]{8}\)/,
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
    expect(message).toMatch(/^MISMATCH frame \d, stage depthwise1, /);
  });

  it('fails on swapped channels where they are swapped', async () => {
    const message = await planted('firmware/vetoc/concat.h', (text) =>
      text.replace(
        'z.lane[CONFIG::A_LANES + l] = y.lane[l]',
        'z.lane[CONFIG::A_LANES + l] = y.lane[CONFIG::B_LANES - 1 - l]',
      ),
    );
    expect(message).toMatch(/^MISMATCH frame 0, stage concat1, .*channel 6: /);
  });

  it('fails when a short frame is not flagged', async () => {
    const message = await planted('firmware/vetoc/receive.h', (text) =>
      text.replace('if (ended != last || !whole) malformed = true;', 'if (!whole) malformed = true;'),
    );
    expect(message).toMatch(
      /^MISMATCH case "short frame, then a good one", word 0: .*malformed 1}, found .*malformed 0}/,
    );
  });

  it('fails when a line buffer keeps a frame alive', async () => {
    const message = await planted('firmware/vetoc/bin.h', (text) =>
      text
        .replace(
          'word<value_t, CONFIG::OUT_PIXELS> blocks[OUT_WORDS];',
          'static word<value_t, CONFIG::OUT_PIXELS> blocks[OUT_WORDS];',
        )
        .replace('if (part == 0 && dy > 0) block', 'if (part == 0) block')
        .replace('part == 0 && dy == 0 ? joined', 'false ? joined'),
    );
    expect(message).toMatch(/^MISMATCH frame \d, stage bin, /);
  });
});
