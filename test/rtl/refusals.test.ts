/** What the RTL refuses, by name and with a remedy; and simulators that are missing, killed, or out of memory. */
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { beatsOf, steady } from '../../src/backends/dataflow/schedule.js';
import { rtl } from '../../src/backends/rtl/backend.js';
import { designRtl } from '../../src/backends/rtl/design.js';
import { emitRtl } from '../../src/backends/rtl/emit.js';
import { parseModel, printModel } from '../../src/backends/rtl/model-file.js';
import { rtlModel } from '../../src/backends/rtl/schedule.js';
import { createRtl } from '../../src/backends/rtl/verilator.js';
import { dequantize } from '../../src/explain/fixed-twin.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { interpret } from '../../src/simulate/interpret.js';
import { loadFpga } from '../../src/targets/load.js';
import { RUN_FILES } from '../../src/run/folder.js';
import { runCli } from '../cli/run-cli.js';
import { writeRun } from '../cli/written-run.js';
import { smallVetoNetwork, VETO_LARGE, vetoNetwork } from '../hls/networks.js';
import { writeFiles, writeProject } from '../hls/project.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import { rtlDesign } from './project.js';
import { rawNetwork } from './raw-networks.js';

let folder = '';
let run = '';
const usualPath = process.env['PATH'];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vetoc-rtl-refusals-'));
  run = join(folder, 'run');
  const fixed = sampleFixedGraph();
  await writeRun(run, fixed, dequantize(fixed));
  const bytes = Buffer.concat(sampleFrames(2, 40 * 36, 3).map((f) => Buffer.from(f.buffer)));
  writeFiles(run, { [RUN_FILES.goldenFrames]: bytes });
});
afterAll(() => {
  process.env['PATH'] = usualPath;
  rmSync(folder, { recursive: true });
});

describe('a schedule of the RTL', () => {
  const design = rtlDesign(smallVetoNetwork(32, 2));
  const { schedule, network, plan } = design;
  /** The schedule with link `name` of `depth` words. */
  const limited = (name: string, depth: number) => {
    const links = schedule.links.map((l) => (l.name === name ? { ...l, depth } : l));
    return steady(rtlModel(network, links), beatsOf(plan), schedule.interval);
  };

  it('is one whose latency is the same from frame to frame', () => {
    const { simulation, frame } = limited('conv1_windows', 11);
    const decided = simulation.writes[rtlModel(network, schedule.links).decisions]!;
    expect(decided[frame]! - decided[frame - 1]!).toBe(schedule.interval);
  });

  it.each([
    ['conv1_windows', 8],
    ['conv2_windows', 14],
    ['conv3_windows', 68],
    ['table_out', 4],
  ])('is refused where the latency grows: %s of %i words', (name, depth) => {
    expect(schedule.links.find((l) => l.name === name)!.depth).toBeGreaterThan(depth);
    expect(() => limited(name, depth)).toThrow(/fall behind by \d+ cycles with every frame/);
  });
});

describe('vetoc export rtl', () => {
  it.each([
    [['--canary'], /^2 .*--canary: a network in shadow needs weights that can be exchanged.*--reloadable/s],
    [['--target', 'nowhere'], /^2 .*nowhere/],
    [['--pixels-per-clock', '3'], /^2 .*--pixels-per-clock/],
    [['--latency', '0.001'], /^2 .*latency: a decision within 0.001 µs .* cannot be had/],
  ])('refuses %j by its name and writes nothing', async (options, message) => {
    const out = join(folder, 'never');
    const { code, stderr } = await runCli('export', 'rtl', run, '--out', out, ...options);
    expect(`${code} ${stderr}`).toMatch(message);
    expect(existsSync(out)).toBe(false);
  });

  it('refuses two networks on a board that has no room for them', async () => {
    const { resources, ...board } = await loadFpga('kcu1500');
    if (rtl.export?.kind !== 'project') throw new Error('RTL writes projects');
    const { build } = rtl.export;
    const request = (lut: number) => ({
      fixed: sampleFixedGraph(),
      wish: { target: { ...board, resources: { ...resources, lut } }, canary: true },
      golden: { frames: [], interpret: (of: FixedGraph, frame: Uint16Array) => interpret(of, frame) },
      reloadable: true,
    });
    expect(() => build(request(20_000))).toThrow(/canary.*two networks do not fit.*% of its LUT/);
    expect(Object.keys(build(request(resources.lut)).files)).toContain('rtl/vetoc/vetoc_canary.sv');
  });

  it('refuses raw words on a board that has no way in for their maps', async () => {
    const board = await loadFpga('ulx3s');
    expect(() => emitRtl(designRtl(rawNetwork('jungfrau', 8), { target: board, clockMHz: 50 }))).toThrow(
      /the board ULX3S: pedestals: starts at raw words: its serial line brings no maps; take a board of AMD/,
    );
  });

  it('leaves what is there as it is', async () => {
    const out = join(folder, 'there');
    writeFiles(out, { 'mine.txt': 'mine' });
    const { code, stderr } = await runCli('export', 'rtl', run, '--out', out);
    expect(`${code} ${stderr}`).toMatch(/^2 .*exists/);
    expect(readdirSync(out)).toEqual(['mine.txt']);
  });

  it('says in words which networks are too large to be built with every run', () => {
    expect(rtl.tooLarge?.(sampleFixedGraph())).toBeNull();
    expect(rtl.tooLarge?.(vetoNetwork(VETO_LARGE))).toMatch(/^\d+ weights are more than the 50000 that/);
  });
});

describe('a simulator that cannot say anything', () => {
  const graph = sampleFixedGraph();
  const design = rtlDesign(graph);
  /** What comes of it where `verilator` is this shell script. */
  async function with_(script: string | null): Promise<string> {
    const bin = mkdtempSync(join(folder, 'bin-'));
    if (script !== null) {
      writeFileSync(join(bin, 'verilator'), `#!/bin/sh\n${script}\n`);
      chmodSync(join(bin, 'verilator'), 0o755);
    }
    process.env['PATH'] = script === null ? bin : `${bin}:${usualPath}`;
    try {
      const project = writeProject(emitRtl(design));
      const opened = await createRtl(graph, project, parseModel(printModel(design), 'model.json'));
      return opened.kind === 'unavailable' ? opened.reason : 'it could';
    } finally {
      process.env['PATH'] = usualPath;
    }
  }

  it.each([
    ['missing', null, /needs Verilator.*not installed.*apt install verilator/],
    ['killed', 'kill -9 $$', /verilator did not finish: it was killed.*Close other programs/],
    [
      'out of memory',
      'echo "terminate called: std::bad_alloc" >&2; exit 134',
      /verilator did not finish: memory ran out/,
    ],
    ['broken', 'echo "%Error: Internal Error: 1.cpp:2" >&2; exit 1', /did not finish: it broke inside/],
  ])('because it is %s makes the witness unavailable, and says why', async (_name, script, reason) => {
    expect(await with_(script)).toMatch(reason);
  });

  it('is no excuse for text that does not compile', async () => {
    await expect(with_('echo "%Error: a.sv:1: syntax error" >&2; exit 1')).rejects.toThrow(
      /the generated RTL does not compile/,
    );
  });
});
