/** The RTL against the interpreter: every value of every stage, and every decision to the cycle. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import { patternFrames, randomFrames } from '../../src/verify/frames.js';
import { verify } from '../../src/verify/verify.js';
import { causalNetwork, resNet18, rivalNetwork, smallVetoNetwork, zooNetwork } from '../hls/networks.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { rtlDesign, simulate } from './project.js';
import { rawNetwork, withMaps } from './raw-networks.js';

const networks: readonly (readonly [string, () => FixedGraph, Parameters<typeof rtlDesign>[1]])[] = [
  ['small veto network, a pixel a clock', () => smallVetoNetwork(32), {}],
  ['zoo, a pixel a clock', zooNetwork, {}],
  ['zoo, 4 pixels a clock and few cycles', zooNetwork, { pixelsPerClock: 4, latencyMicroseconds: 4 }],
  ['zoo, 16 pixels a clock', zooNetwork, { pixelsPerClock: 16 }],
  ['windows that end with the last pixel', causalNetwork, { latencyMicroseconds: 1 }],
  ['residual and depthwise sample, 2 pixels a clock', sampleFixedGraph, { pixelsPerClock: 2 }],
  ['residual network', () => resNet18(32, 0.0625), {}],
  ['two convolutions, 8 pixels a clock', rivalNetwork, { pixelsPerClock: 8 }],
  ['words with gain bits, 8 pixels a clock', () => rawNetwork('jungfrau', 8), { pixelsPerClock: 8 }],
  [
    'words and words of gain, without a header',
    () => rawNetwork('agipd', 8),
    { pixelsPerClock: 2, link: { framing: 'tlast', header: false } },
  ],
];

describe('the RTL', () => {
  it.each(networks)(
    'equals the interpreter in every value, and its cycle model in every decision: %s',
    async (_name, make, options) => {
      const graph = make();
      const simulation = await simulate(graph, rtlDesign(graph, options));
      if (simulation.kind !== 'ready') throw new Error(simulation.reason);
      const frames = [...patternFrames(graph).slice(0, 8), ...randomFrames(graph, 16, createRandom(5))];
      const result = await verify(
        graph,
        withMaps(graph, createInterpreter(graph)),
        [withMaps(graph, simulation.witness)],
        frames,
        { minimizeBudget: 0, drills: { most: 4, seed: 1 } },
      );
      await simulation.witness.close();
      expect(result.witnesses[0]).toMatchObject({ frames: 24, mismatches: 0, failed: null });
      expect(result.drills?.witnesses[0]).toMatchObject({ mismatches: 0, failed: null });
      expect(result.verdict).toBe('exact');
    },
    300_000,
  );

  it('takes a word of eight raw pixels in each cycle', () => {
    const { schedule } = rtlDesign(rawNetwork('jungfrau'), { pixelsPerClock: 8 });
    const beats = (64 * 64) / 8;
    // The number of the frame is a beat, the CRC of its maps another, and both pass at the same time.
    expect(schedule).toMatchObject({ interval: beats + 1, cyclesPerFrame: beats + 1 });
    for (const name of ['input', 'maps', 'words'])
      expect(schedule.processes.find((p) => p.process === name)!.cycles).toBe(
        beats + (name === 'input' ? 0 : 1),
      );
  });

  it('waits a cycle a frame for the CRC of the maps where nothing else stands between frames', () => {
    const link = { framing: 'tlast', header: false } as const;
    const { schedule } = rtlDesign(rawNetwork('jungfrau'), { pixelsPerClock: 8, link });
    expect(schedule).toMatchObject({ interval: 513, bottleneck: 'maps' });
  });
});
