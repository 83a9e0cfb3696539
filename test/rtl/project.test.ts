/** The project as a user gets it: its own benches, lint, synthesis front end, and what is refused. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { emitRtl } from '../../src/backends/rtl/emit.js';
import { parseModel, printModel } from '../../src/backends/rtl/model-file.js';
import { withReloadableWeights } from '../../src/backends/hls/reloadable.js';
import { runProcess } from '../../src/simulate/process.js';
import { AT_NIGHT } from '../night.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { writeProject } from '../hls/project.js';
import { smallVetoNetwork, zooNetwork } from '../hls/networks.js';
import { benchProject, rtlDesign } from './project.js';
import { HALF_ROWS, rawNetwork } from './raw-networks.js';

/** The first runs with every push: with a second network in shadow weights are exchanged, too. */
const BENCHED = [
  ['a second network in shadow', () => withReloadableWeights(sampleFixedGraph()), {}, { canary: true }],
  ['TUSER and a header', smallVetoNetwork, {}],
  [
    'TLAST alone, a CRC and a FIFO in front',
    sampleFixedGraph,
    { framing: 'tlast', header: false, crc: true, fifoBeats: 64 },
  ],
  ['weights that are exchanged', () => withReloadableWeights(sampleFixedGraph()), {}],
  ['words and words of gain', () => rawNetwork('agipd', 8), { framing: 'tlast', header: false, crc: true }],
  ['half rows with a mean', () => rawNetwork('jungfrau', 8, { commonMode: HALF_ROWS }), { crc: true }],
  ['a detector that cannot wait', sampleFixedGraph, { crc: true, overflow: 'drop', fifoBeats: 1024 }],
] as const;

/** How many bits flip in memories of each kind; by day constant weights and line buffers, below. */
const FLIPS = AT_NIGHT ? 1000 : 200;
const FLIPPED = [
  ['of either network, where one is in shadow', () => withReloadableWeights(sampleFixedGraph()), true],
  ['of constant weights', sampleFixedGraph, false],
  ['of weights that can be exchanged', () => withReloadableWeights(sampleFixedGraph()), false],
] as const;

/** The output of a tool that must end well. */
async function output(command: string, args: readonly string[], cwd?: string): Promise<string> {
  const result = await runProcess(command, args, cwd === undefined ? {} : { cwd });
  if (result.kind !== 'finished') throw new Error(`${command}: ${result.kind}`);
  expect(`${result.code} ${result.stderr.slice(0, 2000)}`).toMatch(/^0 /);
  return result.stdout;
}

describe('an RTL project', () => {
  it.each(AT_NIGHT ? BENCHED : BENCHED.slice(0, 1))(
    'passes its benches, and that of the HLS firmware: %s',
    async (_name, make, link, options?: { readonly canary: true }) => {
      const folder = benchProject(make(), link, undefined, options);
      const text = await output('make', ['-s', 'check', 'CXXFLAGS=-O0'], folder);
      expect(text).toContain('5 resets in mid-frame, 0 wrong');
      expect(text).toContain('PASS: 0 differences');
      expect(text).toMatch(/^PASS a reset in the middle of a frame$/m);
      expect(text).not.toContain('MISMATCH');
      const canary = [
        'swaps on command',
        'taking over within a bound',
        'an image goes to whichever is in shadow',
      ];
      for (const line of canary) expect(text.includes(`PASS ${line}`)).toBe(options !== undefined);
    },
    600_000,
  );

  it.each(AT_NIGHT ? FLIPPED : [])(
    'finds every bit that flips in a memory %s, within the time that it says',
    async (_name, make, canary) => {
      const text = await output(
        'make',
        ['-s', 'check-upsets', `COUNT=${FLIPS}`, 'CXXFLAGS=-O1'],
        benchProject(make(), {}, undefined, { canary }),
      );
      expect(text).toMatch(/PASS \d+ upsets, all flagged within \d+ frames; [1-9]\d* changed a score before/);
      expect(text).toContain(`PASS ${FLIPS} upsets`);
    },
    600_000,
  );

  it('corrects every bit that flips in a line buffer or a block of a bin, where it is asked to', async () => {
    const folder = benchProject(sampleFixedGraph(), {}, undefined, { ecc: true });
    await output('make', ['-s', 'lint'], folder);
    expect(await output('make', ['-s', 'check', 'CXXFLAGS=-O0'], folder)).toContain('PASS: 0 differences');
    const text = await output('make', ['-s', 'check-upsets', `COUNT=${FLIPS}`, 'CXXFLAGS=-O1'], folder);
    expect(text).toContain(`PASS ${FLIPS} upsets`);
    expect(text).toContain(`PASS ${FLIPS} flips in line buffers, 0 of them seen`);
  }, 600_000);

  it('decides the same in Icarus Verilog, through its AXI ports', async () => {
    const text = await output('make', ['-s', 'check-icarus', 'FRAMES=3'], benchProject(smallVetoNetwork(32)));
    expect(text).toContain('PASS: 3 frames, registers');
  }, 300_000);

  it('has no warning with a second network in shadow, in simulators, linter and synthesis front end', async () => {
    const graph = withReloadableWeights(sampleFixedGraph());
    const folder = benchProject(graph, {}, undefined, { canary: true });
    await output('make', ['-s', 'lint'], folder);
    expect(await output('make', ['-s', 'check-icarus', 'FRAMES=1'], folder)).toContain('PASS: 1 frames');
    const read = 'read_verilog -sv rtl/*.sv rtl/tables/*.sv rtl/vetoc/*.sv';
    await output('yosys', ['-q', '-p', `${read}; hierarchy -check; proc; check -assert`], folder);
  }, 300_000);

  it.each(AT_NIGHT ? ([1, 4, 16] as const) : ([4] as const))(
    'is without a warning under Verilator -Wall, and whole for Yosys, with %s pixels per clock',
    async (pixelsPerClock) => {
      const design = rtlDesign(zooNetwork(), { pixelsPerClock });
      const folder = writeProject(emitRtl(design));
      await output('make', ['-s', 'lint'], folder);
      const text = await output(
        'yosys',
        [
          '-p',
          `read_verilog -sv rtl/*.sv rtl/tables/*.sv rtl/vetoc/*.sv; hierarchy -check -top ${design.top}; proc; check -assert`,
        ],
        folder,
      );
      // What is a list of words for the reader is a list of registers for synthesis, as it is meant.
      const unexplained = text.split('\n').filter((l) => /Warning/.test(l) && !/Replacing memory/.test(l));
      expect(unexplained).toEqual([]);
    },
    300_000,
  );

  it('takes a frame as often as its beats come, where no stage is slower', () => {
    const { schedule } = rtlDesign(smallVetoNetwork(32, 2));
    expect(schedule.cyclesPerFrame).toBe(64 * 64 + 4);
    expect(schedule.interval).toBe(64 * 64 + 4);
    const counted = rtlDesign(smallVetoNetwork(32, 2), { link: { header: false } });
    expect(counted.schedule.interval).toBe(64 * 64);
  });

  it('keeps its cycle model as a file that is read back strictly', () => {
    const design = rtlDesign(smallVetoNetwork(32));
    const text = printModel(design);
    expect(
      parseModel(text, 'model.json').decided(
        Int32Array.from({ length: 1024 + 4 }, (_, i) => i),
        1,
      ),
    ).toHaveLength(1);
    expect(() => parseModel(text.replace('"version": 1', '"version": 2'), 'model.json')).toThrow(
      /model\.json/,
    );
  });

  it('has modules of at most 150 lines, each with a header', () => {
    for (const [path, text] of Object.entries(emitRtl(rtlDesign(zooNetwork()))))
      if (path.startsWith('rtl/vetoc/')) {
        expect(text.split('\n').length).toBeLessThanOrEqual(150);
        expect(text).toMatch(/^\/\/ Copyright[^\n]*\n\/\/\n\/\/ \S/);
        expect(text).toBe(readFileSync(join('hls-templates/rtl', path.slice('rtl/vetoc/'.length)), 'utf8'));
      }
  });
});
