/**
 * Planted faults: every one is compiled in, none is active until its number is named. By day every eighth of them is tried, in
 * every other network; all of them at night.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseModel, printModel } from '../../src/backends/rtl/model-file.js';
import { createRandom } from '../../src/core/random.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import { buildVerilator } from '../../src/backends/rtl/verilator-build.js';
import { openRtl } from '../../src/backends/rtl/verilator.js';
import { randomFrames } from '../../src/verify/frames.js';
import { verify } from '../../src/verify/verify.js';
import { writeProject } from '../hls/project.js';
import { causalNetwork, zooNetwork } from '../hls/networks.js';
import type { HlsFault } from '../mutation/plant.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import {
  CAUSAL_FAULTS,
  COMMON_MODE_FAULTS,
  GAIN_BITS_FAULTS,
  SAMPLE_FAULTS,
  THRESHOLD_FAULTS,
  ZOO_FAULTS,
} from './faults.js';
import { planted } from './planted.js';
import { rtlDesign, sharedRuntime } from './project.js';
import { HALF_ROWS, rawNetwork, withMaps } from './raw-networks.js';
import { isTried, triedOf } from '../night.js';

/** Runs the design with fault `number`, or with none for 0; what came of it. */
async function witnessed(
  graph: FixedGraph,
  faults: readonly HlsFault[],
): Promise<(number: number) => Promise<string>> {
  const design = rtlDesign(graph, { pixelsPerClock: 4 });
  const folder = writeProject(planted(design, faults));
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
    const definition = withMaps(graph, createInterpreter(graph));
    const { verdict } = await verify(graph, definition, [withMaps(graph, witness)], frames, {
      minimizeBudget: 0,
      coverageFrames: 0,
      drills: { most: 8, seed: 1 },
    });
    await witness.close();
    return verdict;
  };
}

const CASES = [
  ['the zoo', zooNetwork, ZOO_FAULTS],
  ['a residual network', sampleFixedGraph, SAMPLE_FAULTS],
  ['windows that end with the last pixel', causalNetwork, CAUSAL_FAULTS],
  ['words with gain bits', () => rawNetwork('jungfrau', 8), GAIN_BITS_FAULTS],
  ['words and words of gain', () => rawNetwork('agipd', 8), THRESHOLD_FAULTS],
  ['half rows with a mean', () => rawNetwork('jungfrau', 8, { commonMode: HALF_ROWS }), COMMON_MODE_FAULTS],
] as const;

describe.each(triedOf(CASES, 2))('planted faults in the RTL of %s', (_name, make, faults) => {
  it('are seen, each of them, and nothing is seen without one', async () => {
    const run = await witnessed(make(), faults);
    expect(await run(0)).toBe('exact');
    const missed: string[] = [];
    for (const [i, { name }] of faults.entries()) {
      if (!isTried(i, 8)) continue;
      if ((await run(i + 1)) !== 'different') missed.push(name);
    }
    expect(missed).toEqual([]);
  }, 1_800_000);
});
