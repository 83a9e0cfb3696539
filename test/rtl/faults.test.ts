/**
 * Planted faults: every one is compiled in, none is active until its number is named. Continuous integration takes every
 * eighth of them, by the day; VETOC_ALL_FAULTS=1 takes all.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { emitRtl } from '../../src/backends/rtl/emit.js';
import { parseModel, printModel } from '../../src/backends/rtl/model-file.js';
import { createRandom } from '../../src/core/random.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { createInterpreter } from '../../src/simulate/interpret.js';
import { buildVerilator } from '../../src/simulate/verilator-build.js';
import { openRtl } from '../../src/simulate/verilator.js';
import { randomFrames } from '../../src/verify/frames.js';
import { verify } from '../../src/verify/verify.js';
import { writeProject } from '../hls/project.js';
import { zooNetwork } from '../hls/networks.js';
import { plant, type HlsFault } from '../mutation/plant.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { SAMPLE_FAULTS, ZOO_FAULTS } from './faults.js';
import { rtlDesign, sharedRuntime } from './project.js';

const PLANTED = `// Which fault is active; a file that stands in front of the others.
int vetoc_fault;
function automatic bit vetoc_planted(input int n);
  vetoc_planted = vetoc_fault == n;
endfunction
`;

/** Runs the design with fault `number`, or with none for 0; what came of it. */
async function planted(
  graph: FixedGraph,
  faults: readonly HlsFault[],
): Promise<(number: number) => Promise<string>> {
  const design = rtlDesign(graph, { pixelsPerClock: 4 });
  const files: Record<string, string | Uint8Array> = {
    ...plant(emitRtl(design), faults),
    'rtl/a_planted.sv': PLANTED,
  };
  const top = `rtl/${design.top}_dataflow.sv`;
  files[top] = String(files[top]).replace(
    /\nendmodule/,
    '\n  initial if ($value$plusargs("fault=%d", vetoc_fault) == 0) vetoc_fault = 0;\nendmodule',
  );
  const folder = writeProject(files);
  const build = mkdtempSync(join(tmpdir(), 'vetoc-faults-'));
  const runtime = await sharedRuntime();
  const built = await buildVerilator(folder, design.top, 'serve', build, {
    optimization: '-O1',
    ...(runtime === undefined ? {} : { runtime }),
  });
  if (built.kind !== 'built') throw new Error(built.reason);
  const frames = randomFrames(graph, 24, createRandom(9));
  const model = parseModel(printModel(design), 'model.json');
  return async (number) => {
    const witness = openRtl(graph, built.program, '', model, [`+fault=${number}`]);
    const { verdict } = await verify(graph, createInterpreter(graph), [witness], frames, {
      minimizeBudget: 0,
      coverageFrames: 0,
      drills: { most: 8, seed: 1 },
    });
    await witness.close();
    return verdict;
  };
}

const all = process.env['VETOC_ALL_FAULTS'] === '1';
const today = Math.floor(Date.now() / 86_400_000);

describe.each([
  ['the zoo', zooNetwork, ZOO_FAULTS],
  ['a residual network', sampleFixedGraph, SAMPLE_FAULTS],
] as const)('planted faults in the RTL of %s', (_name, make, faults) => {
  it('are seen, each of them, and nothing is seen without one', async () => {
    const run = await planted(make(), faults);
    expect(await run(0)).toBe('exact');
    const missed: string[] = [];
    for (const [i, { name }] of faults.entries()) {
      if (!all && i % 8 !== today % 8) continue;
      if ((await run(i + 1)) !== 'different') missed.push(name);
    }
    expect(missed).toEqual([]);
  }, 1_800_000);
});
