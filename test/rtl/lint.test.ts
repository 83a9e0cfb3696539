/** Other front ends than Verilator's read the project: slang, and Yosys down to the cells of two families. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { emitRtl } from '../../src/backends/rtl/emit.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { withReloadableWeights } from '../../src/backends/hls/reloadable.js';
import { runProcess } from '../../src/simulate/process.js';
import { writeProject } from '../hls/project.js';
import { networkBuilder, zooNetwork } from '../hls/networks.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { rtlDesign } from './project.js';
import { triedOf } from '../night.js';
import { isMissing, testTool } from '../tools.js';

const SLANG_PYTHON = testTool('slang');
const missing = isMissing(SLANG_PYTHON);

const DESIGNS = [
  ['all ops, 4 pixels a clock', zooNetwork, { pixelsPerClock: 4 }],
  [
    'weights that are exchanged, a CRC, a FIFO in front',
    () => withReloadableWeights(sampleFixedGraph()),
    { pixelsPerClock: 2, link: { crc: true, overflow: 'drop', fifoBeats: 64 } },
  ],
] as const;

async function slang(files: Readonly<Record<string, string>>, top: string): Promise<string> {
  const script = join(import.meta.dirname, 'slang.py');
  const result = await runProcess(SLANG_PYTHON, [script, writeProject(files), top]);
  return result.kind === 'finished' ? `${result.code} ${result.stdout}${result.stderr}` : result.kind;
}

describe.skipIf(missing)('slang (needs .ci/fetch-test-tools.sh)', () => {
  it.each(DESIGNS)('has nothing to say: %s', async (_name, make, options) => {
    const design = rtlDesign(make(), options);
    expect(await slang(emitRtl(design), design.top)).toBe('0 ');
  });

  it('says what is wrong with a module', async () => {
    const design = rtlDesign(sampleFixedGraph());
    const files = emitRtl(design);
    const path = `rtl/${design.top}_dataflow.sv`;
    const spoilt = {
      ...files,
      [path]: files[path]!.replace('assign m_tvalid = decisions_valid', 'assign m_tvalid = not_there'),
    };
    expect(await slang(spoilt, design.top)).toMatch(/^1 [^]*not_there/);
  });
});

/** A small network with all that synthesis may stumble over: tables, line buffers, weights in two banks, both ends. */
function smallReloadable(): FixedGraph {
  const n = networkBuilder(4);
  const x = n.conv('conv', n.input(12, 12, 2), 2, 3, 1, 1);
  return withReloadableWeights(n.finish('small', n.dense('logits', n.globalAvg('mean', x), 2, true)));
}

/** What Yosys 0.23 warns of, and why it may: all that it says must be here. */
const EXPLAINED: readonly (readonly [RegExp, string])[] = [
  [
    /^Warning: Replacing memory \\\S+ with list of registers\./,
    'a list of words for the reader that is read at several places at once: registers, as it is meant',
  ],
  [
    /^Warning: Resizing cell port \S+\.(ADDR|DOUT|DIN|DIP)\w+ from \d+ bits to \d+ bits\./,
    "Yosys' own map of a RAMB18E2 connects ports that are wider than those of its model: nothing of the design",
  ],
];

const warningsOf = (log: string): string[] =>
  log.split('\n').filter((line) => /warning/i.test(line) && !/^Warnings: \d+ unique/.test(line));
const unexplained = (log: string): string[] =>
  warningsOf(log).filter((line) => !EXPLAINED.some(([pattern]) => pattern.test(line)));

async function yosys(files: Readonly<Record<string, string>>, script: string): Promise<string> {
  const read = 'read_verilog -sv rtl/*.sv rtl/tables/*.sv rtl/vetoc/*.sv';
  const result = await runProcess('yosys', ['-p', `${read}; ${script}`], { cwd: writeProject(files) });
  if (result.kind !== 'finished') throw new Error(`yosys: ${result.kind}`);
  // The end of a long log is dropped where it is kept; what follows goes to standard error.
  if (result.code !== 0) throw new Error(result.stderr.slice(0, 2000) + result.stdout.slice(-2000));
  return result.stdout + result.stderr;
}

describe('Yosys', () => {
  // One of the two families by day.
  const families = [
    ['Xilinx UltraScale+', 'synth_xilinx -family xcup', ['DSP48E2', 'RAMB18E2', 'LUT6', 'FDRE']],
    ['Lattice ECP5', 'synth_ecp5', ['MULT18X18D', 'DP16KD', 'LUT4', 'TRELLIS_FF']],
  ] as const;
  it.each(triedOf(families, 2))(
    'makes cells of %s of it, without a warning that is not explained',
    async (_name, synthesis, cells) => {
      const design = rtlDesign(smallReloadable(), { pixelsPerClock: 2, link: { crc: true, fifoBeats: 64 } });
      const script = `tee -q -o synthesis.log ${synthesis} -top ${design.top}; check -assert; tee -o cells.txt stat`;
      const log = await yosys(emitRtl(design), script);
      expect(unexplained(log)).toEqual([]);
      const used = [...log.matchAll(/^ {5}(\S+) +\d+$/gm)].map(([, cell]) => cell!);
      for (const cell of cells) expect(used).toContain(cell);
      // Nothing is left that the family has no cell for.
      expect(used.filter((cell) => /^\$(?!paramod)/.test(cell))).toEqual([]);
    },
    600_000,
  );

  it('would be heard where a wire has no driver', async () => {
    const design = rtlDesign(sampleFixedGraph());
    const files = emitRtl(design);
    const path = `rtl/${design.top}_dataflow.sv`;
    const spoilt = { ...files, [path]: files[path]!.replace('  assign m_tdata = decisions_q;\n', '') };
    const log = await yosys(spoilt, `hierarchy -check -top ${design.top}; proc; check`);
    expect(unexplained(log).join('\n')).toMatch(/m_tdata.* no driver/);
  }, 300_000);
});
