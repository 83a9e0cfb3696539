/** The RTL against the interpreter: every value of every stage, and every decision to the cycle. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import { patternFrames, randomFrames } from '../../src/verify/frames.js';
import { verify } from '../../src/verify/verify.js';
import { causalNetwork, resNet18, rivalNetwork, smallVetoNetwork, zooNetwork } from '../hls/networks.js';
import { smallGraph } from '../ir/small-graphs.js';
import { triedOf } from '../night.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { rtlDesign, simulate } from './project.js';
import { HALF_ROWS, onWordsOf, rawNetwork, withMaps } from './raw-networks.js';

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
  ['half rows with a mean, a pixel a clock', () => rawNetwork('jungfrau', 8, { commonMode: HALF_ROWS }), {}],
  [
    'half rows with a mean, 16 pixels a clock',
    () => rawNetwork('agipd', 8, { commonMode: HALF_ROWS }),
    { pixelsPerClock: 16, link: { framing: 'tlast', header: false } },
  ],
  [
    'rows of 19 pixels with a mean, from words of 8',
    () => onWordsOf('jungfrau', smallGraph([5, 19], 1000, []), { columns: 19, limit: 40, least: 4 }),
    { pixelsPerClock: 8 },
  ],
  [
    'pixels that are each their own mean, 2 pixels a clock',
    () => onWordsOf('jungfrau', smallGraph([5, 18], 1000, []), { columns: 1, limit: 40, least: 1 }),
    { pixelsPerClock: 2 },
  ],
];

// Every other one by day: each builds a simulator.
describe('the RTL', () => {
  it.each(triedOf(networks, 2))(
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

  it('waits for a segment of a row where it takes away what rows have in common, and still takes a word a cycle', () => {
    const [plain, corrected] = [undefined, { columns: 32, limit: 0.75, least: 8 }].map(
      (commonMode) =>
        rtlDesign(rawNetwork('jungfrau', 16, commonMode === undefined ? {} : { commonMode }), {
          pixelsPerClock: 8,
        }).schedule,
    );
    const segment = 32 / 8;
    expect(corrected!.interval).toBe(plain!.interval);
    const loops = corrected!.processes.filter(({ stage }) => stage === 'input');
    expect(loops.map(({ process, cycles }) => [process, cycles])).toEqual([
      ['input.sum', 512],
      ['input.subtract', 512],
    ]);
    // The segment, the pipeline of its sum, and that of the difference; a link between each two.
    expect(corrected!.latencyLastPixel - plain!.latencyLastPixel).toBe(9 + 1 + (segment - 1) + 5 + 1);
    const { depth, reason } = corrected!.fifos.find(({ stream }) => stream === 'input_waiting')!;
    expect(depth).toBeGreaterThanOrEqual(segment);
    expect(depth).toBeLessThanOrEqual(segment + 12);
    expect(reason).toBe('a segment of a row waits until its sum is known');
  });

  it('waits a cycle a frame for the CRC of the maps where nothing else stands between frames', () => {
    const link = { framing: 'tlast', header: false } as const;
    const { schedule } = rtlDesign(rawNetwork('jungfrau'), { pixelsPerClock: 8, link });
    expect(schedule).toMatchObject({ interval: 513, bottleneck: 'maps' });
  });
});
