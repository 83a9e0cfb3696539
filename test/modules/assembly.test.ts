/**
 * A detector of 4 modules of 64 × 64 as C++: four front ends and a decision, packets in and out of order, missing, late,
 * repeated, damaged. The large detectors: `npx tsx test/bench/modules.ts`.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createModulesCsim } from '../../src/backends/hls/modules-csim.js';
import type { Built } from '../../src/backends/backend.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import { runProcess } from '../../src/simulate/process.js';
import { compareResults } from '../../src/verify/divergence.js';
import { runDrills } from '../../src/verify/drills/run.js';
import { moduleFrames, moduleGraph, partsOnDisk } from './small-detector.js';

const COUNT = 4;
const graph = await moduleGraph(COUNT, [64, 64]);
const frames = moduleFrames(3, COUNT * 64 * 64);

let folder = '';
let built: Built;

beforeAll(async () => {
  ({ folder, built } = await partsOnDisk(graph, frames));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('four modules and a decision, in C++', () => {
  it('state who sends what, and how late each is', () => {
    const [front, decision] = built.parts!;
    expect(front!.title).toMatch(/the front end of each of 4 modules, which sends 40 bytes a frame/);
    expect(decision!.title).toMatch(/the decision, to which 160 bytes a frame come from 4 modules/);
    expect(front!.firmware.timing.lastPixelMicroseconds).toBeGreaterThan(0);
    expect(decision!.firmware.timing.lastPixelMicroseconds).toBeGreaterThan(0);
  });

  it('agree with the definition, whatever the order of modules, and keep and flag what is not whole', async () => {
    const result = await runProcess('make', ['-C', join(folder, 'decision'), 'assembly', 'CXXFLAGS=-O1']);
    expect(result).toMatchObject({ kind: 'finished', code: 0 });
    const said = result.kind === 'finished' ? result.stdout : '';
    expect(said).toMatch(/24 decisions and \d{4,} integers of 24 frames in 4 modules are as they should be/);
  });

  it('pass the benches of their own', async () => {
    const result = await runProcess('make', ['-C', folder, 'check', 'CXXFLAGS=-O1']);
    expect(result).toMatchObject({ kind: 'finished', code: 0 });
    expect(result).toMatchObject({
      stdout: expect.stringContaining('PASS no threshold vetoes what a module sends') as string,
    });
  }, 300_000);

  it('are every integer of the whole network, frame by frame and stage by stage', async () => {
    const csim = await createModulesCsim(graph, folder, { flags: ['-O1'] });
    if (csim.kind !== 'ready') throw new Error(csim.reason);
    try {
      const expected = await createInterpreter(graph).run(frames, { tensors: true });
      const found = await csim.witness.run(frames, { tensors: true });
      found.forEach((result, i) => {
        const { compared, first } = compareResults(graph, expected[i]!, result);
        expect(first).toBeNull();
        expect(compared).toBeGreaterThan(50_000);
      });
      const drilled = await runDrills(graph, createInterpreter(graph), [csim.witness], { most: 4, seed: 1 });
      const [{ failed, first, values }] = drilled.witnesses as [(typeof drilled.witnesses)[0]];
      expect([failed, first]).toEqual([null, null]);
      expect(values).toBeGreaterThan(30_000);
    } finally {
      await csim.witness.close();
    }
  });
});
