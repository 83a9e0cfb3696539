/**
 * A detector of 3 modules as SystemVerilog: front ends whose packets are byte for byte those of the C++, the module that gathers
 * them beside the C++ on random packets, the decision, and all of them together. Faults of the new modules, each of them seen: by day a third.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Built } from '../../src/backends/backend.js';
import { createModulesWitness } from '../../src/backends/hls/modules-csim.js';
import { rtl } from '../../src/backends/rtl/backend.js';
import { parseModel } from '../../src/backends/rtl/model-file.js';
import { createRtl } from '../../src/backends/rtl/verilator.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import { compareResults } from '../../src/verify/divergence.js';
import { runDrills } from '../../src/verify/drills/run.js';
import { make, writeFiles } from '../hls/project.js';
import { isTried } from '../night.js';
import { plantedIn } from '../rtl/planted.js';
import { sharedRuntime } from '../rtl/project.js';
import { GATHER_FAULTS } from './gather-faults.js';
import { moduleFrames, moduleGraph, partsOnDisk } from './small-detector.js';

const COUNT = 3;
const graph = await moduleGraph(COUNT, [16, 16]);
const frames = moduleFrames(3, COUNT * 16 * 16);

let folder = '';
let cpp = '';
let built: Built;

beforeAll(async () => {
  ({ folder, built } = await partsOnDisk(graph, frames, rtl));
  ({ folder: cpp } = await partsOnDisk(graph, frames));
});
afterAll(() => {
  for (const one of [folder, cpp]) rmSync(one, { recursive: true, force: true });
});

const sent = (from: string, module: number): Buffer =>
  readFileSync(join(from, 'decision', 'build', 'sent', `${module}.bin`));

describe('three modules and a decision, in SystemVerilog', () => {
  it('state who sends what', () => {
    const [front, decision] = built.parts!;
    expect(front!.title).toBe(
      'SystemVerilog, the front end of each of 3 modules, which sends 40 bytes a frame',
    );
    expect(decision!.title).toBe(
      'SystemVerilog, the decision, to which 120 bytes a frame come from 3 modules',
    );
    expect(front!.firmware.timing.lastPixelMicroseconds).toBeGreaterThan(0);
  });

  it('agree with the definition, whatever the order of modules, and send what the C++ sends', async () => {
    const { code, output } = await make(folder, 'assembly');
    expect(output).toMatch(
      /24 decisions and \d{4,} integers of 24 frames in 3 modules are as they should be/,
    );
    expect(code).toBe(0);
    expect((await make(cpp, 'assembly')).code).toBe(0);
    for (let k = 0; k < COUNT; k++) {
      expect(sent(folder, k).length).toBe(24 * 20 * 6);
      expect(sent(folder, k).equals(sent(cpp, k))).toBe(true);
    }
  }, 900_000);

  it('gather random packets as the C++ does, and pass the benches of their own', async () => {
    const { code, output } = await make(folder, 'check', ['PACKETS=1000']);
    expect(output).toMatch(/1000 groups of packets, \d+ words of frames are as the C\+\+ says/);
    expect(output).toContain('PASS no threshold vetoes what a module sends');
    expect(output.match(/PASS: 0 differences/g)).toHaveLength(2);
    expect(code).toBe(0);
  }, 900_000);

  it('are every integer of the whole network, frame by frame and stage by stage', async () => {
    const shared = await sharedRuntime();
    const opened = await createModulesWitness(graph, folder, (part, project) => {
      const file = join(project, 'model.json');
      return createRtl(part, project, parseModel(readFileSync(file, 'utf8'), file), {
        optimization: '-O0',
        ...(shared === undefined ? {} : { runtime: shared }),
      });
    });
    if (opened.kind !== 'ready') throw new Error(opened.reason);
    try {
      const expected = await createInterpreter(graph).run(frames, { tensors: true });
      const found = await opened.witness.run(frames, { tensors: true });
      found.forEach((result, i) => {
        const { compared, first } = compareResults(graph, expected[i]!, result);
        expect(first).toBeNull();
        expect(compared).toBeGreaterThan(2_000);
      });
      const drilled = await runDrills(graph, createInterpreter(graph), [opened.witness], {
        most: 4,
        seed: 1,
      });
      const [{ failed, first, values }] = drilled.witnesses as [(typeof drilled.witnesses)[0]];
      expect([failed, first]).toEqual([null, null]);
      expect(values).toBeGreaterThan(1_000);
    } finally {
      await opened.witness.close();
    }
  }, 900_000);

  it('would be found to gather wrongly, whichever fault is planted', async () => {
    const project = join(folder, 'decision');
    const top = 'rtl/gather_modules.sv';
    const files = Object.fromEntries(
      [top, ...GATHER_FAULTS.map(({ file }) => file)].map((f) => [f, readFileSync(join(project, f), 'utf8')]),
    );
    const { 'rtl/a_planted.sv': choice, ...spoilt } = plantedIn(files, top, GATHER_FAULTS);
    writeFiles(project, { ...spoilt, [top]: `${String(choice)}${String(spoilt[top])}` });
    const passes = async (number: number): Promise<boolean> => {
      writeFileSync(join(project, 'fault'), String(number));
      const { code, output } = await make(project, 'check-gather', ['PACKETS=400']);
      return code === 0 && output.includes('400 groups of packets');
    };
    expect(await passes(0)).toBe(true);
    const missed: string[] = [];
    for (const [i, { name }] of GATHER_FAULTS.entries())
      if (isTried(i, 3) && (await passes(i + 1))) missed.push(name);
    expect(missed).toEqual([]);
  }, 900_000);
});
