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

const networks: readonly (readonly [string, () => FixedGraph, Parameters<typeof rtlDesign>[1]])[] = [
  ['small veto network, a pixel a clock', () => smallVetoNetwork(32), {}],
  ['zoo, a pixel a clock', zooNetwork, {}],
  ['zoo, 4 pixels a clock and few cycles', zooNetwork, { pixelsPerClock: 4, latencyMicroseconds: 4 }],
  ['zoo, 16 pixels a clock', zooNetwork, { pixelsPerClock: 16 }],
  ['windows that end with the last pixel', causalNetwork, { latencyMicroseconds: 1 }],
  ['residual and depthwise sample, 2 pixels a clock', sampleFixedGraph, { pixelsPerClock: 2 }],
  ['residual network', () => resNet18(32, 0.0625), {}],
  ['two convolutions, 8 pixels a clock', rivalNetwork, { pixelsPerClock: 8 }],
];

describe('the RTL', () => {
  it.each(networks)(
    'equals the interpreter in every value, and its cycle model in every decision: %s',
    async (_name, make, options) => {
      const graph = make();
      const simulation = await simulate(graph, rtlDesign(graph, options));
      if (simulation.kind !== 'ready') throw new Error(simulation.reason);
      const frames = [...patternFrames(graph).slice(0, 8), ...randomFrames(graph, 16, createRandom(5))];
      const result = await verify(graph, createInterpreter(graph), [simulation.witness], frames, {
        minimizeBudget: 0,
        drills: { most: 4, seed: 1 },
      });
      await simulation.witness.close();
      expect(result.witnesses[0]).toMatchObject({ frames: 24, mismatches: 0, failed: null });
      expect(result.drills?.witnesses[0]).toMatchObject({ mismatches: 0, failed: null });
      expect(result.verdict).toBe('exact');
    },
    300_000,
  );
});
