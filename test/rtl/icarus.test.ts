/** The second simulator: Icarus Verilog says the same of every value and every cycle as the interpreter and the cycle model. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import { randomFrames } from '../../src/verify/frames.js';
import { verify, type Verification } from '../../src/verify/verify.js';
import { networkBuilder } from '../hls/networks.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { icarus } from './icarus.js';
import { rtlDesign } from './project.js';
import { HALF_ROWS, onWordsOf, withMaps } from './raw-networks.js';

/** Small in every dimension: Icarus takes some hundred cycles a second. */
function tiny(): FixedGraph {
  const n = networkBuilder(4);
  const x = n.conv('conv', n.input(16, 16, 2), 4, 3, 1, 1);
  const y = n.maxPool('pool', n.depthwise('depth', x, 3, 1, 1), 2, 2);
  return n.finish('tiny', n.dense('logits', n.globalAvg('mean', y), 2, true));
}

async function verified(
  graph: FixedGraph,
  options: Parameters<typeof rtlDesign>[1],
  frames: number,
  most: number,
  change?: Parameters<typeof icarus>[2],
): Promise<Verification> {
  const witness = await icarus(graph, rtlDesign(graph, options), change);
  try {
    return await verify(
      graph,
      withMaps(graph, createInterpreter(graph)),
      [withMaps(graph, witness)],
      randomFrames(graph, frames, createRandom(5)),
      {
        minimizeBudget: 0,
        coverageFrames: 0,
        drills: { most, seed: 1 },
      },
    );
  } finally {
    await witness.close();
  }
}

describe('the RTL in Icarus Verilog', () => {
  it.each([
    ['a small network, all drills', tiny, {}, 9, 1000],
    ['residual and depthwise sample, 2 pixels a clock', sampleFixedGraph, { pixelsPerClock: 2 }, 2, 2],
    ['words with gain bits', () => onWordsOf('jungfrau', tiny()), { pixelsPerClock: 4 }, 4, 3],
    ['words and words of gain', () => onWordsOf('agipd', tiny()), { pixelsPerClock: 2 }, 2, 1],
    ['half rows with a mean', () => onWordsOf('jungfrau', tiny(), HALF_ROWS), { pixelsPerClock: 2 }, 2, 2],
  ] as const)(
    'equals the interpreter and the cycle model: %s',
    async (_name, make, options, frames, most) => {
      const { verdict, witnesses, drills } = await verified(make(), options, frames, most);
      expect(witnesses[0]).toMatchObject({ frames, mismatches: 0, failed: null });
      expect(drills?.witnesses[0]).toMatchObject({ mismatches: 0, failed: null });
      expect(verdict).toBe('exact');
    },
    600_000,
  );

  it.each([
    ['a value', 'sum', "(W+1)'(a) + (W+1)'(b)", "(W+1)'(a) - (W+1)'(b)", /logits|conv|depth/],
    ['a cycle', 'credit', "count <= A'(DEPTH)", "count <= A'(1)", /was decided in cycle|stands still/],
  ])(
    'would find %s that is wrong',
    async (_name, module, right, wrong, what) => {
      const path = `rtl/vetoc/vetoc_${module}.sv`;
      const { verdict, witnesses } = await verified(tiny(), {}, 2, 1, (files) => {
        expect(files[path]!.split(right)).toHaveLength(2);
        return { ...files, [path]: files[path]!.replace(right, wrong) };
      });
      expect(verdict).toBe('different');
      expect(`${witnesses[0]!.failed} ${witnesses[0]!.first?.stage}`).toMatch(what);
    },
    600_000,
  );
});
