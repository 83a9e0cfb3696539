/** What a choice of widths takes by Yosys: each stage's cells, asked for once. */
import { describe, expect, it } from 'vitest';
import { REST } from '../../src/backends/rtl/area/design.js';
import { designRtl } from '../../src/backends/rtl/design.js';
import { emitRtl } from '../../src/backends/rtl/emit.js';
import { stagePrices } from '../../src/backends/rtl/synthesis/prices.js';
import { sourcesOf, synthesize } from '../../src/backends/rtl/synthesis/synthesize.js';
import { findYosys } from '../../src/backends/rtl/synthesis/yosys.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { loadFpga } from '../../src/targets/load.js';
import { networkBuilder } from '../hls/networks.js';
import { KINDS } from './areas.js';

/** The weights of the last layer have so many bits. */
function network(lastBits: number): FixedGraph {
  const n = networkBuilder(4);
  const x = n.conv('conv', n.input(12, 12, 2), 2, 3, 1, 1);
  const graph = n.finish('small', n.dense('logits', n.globalAvg('mean', x), 2, true));
  return {
    ...graph,
    nodes: graph.nodes.map((node) =>
      node.id === 'logits' && node.kind === 'dense'
        ? {
            ...node,
            weights: {
              ...node.weights,
              mantissas: node.weights.mantissas.map((m) => m >> (node.weights.width - lastBits)),
              width: lastBits,
            },
          }
        : node,
    ),
  };
}

describe('the price of a network by Yosys', () => {
  it('is what its stages take in the whole, and asks of a stage once', async () => {
    const target = await loadFpga('kcu1500');
    const yosys = await findYosys();
    const asked: string[] = [];
    const price = stagePrices(target, {
      ...yosys,
      run: (script, ...rest) => {
        asked.push(script);
        return yosys.run(script, ...rest);
      },
    });
    const wide = network(8);
    const priced = await price(wide);
    const design = designRtl(wide, { target });
    const sources = sourcesOf(emitRtl(design), target);
    const { parts, total } = await synthesize(design, sources, yosys, () => undefined);
    const rest = parts.find((p) => p.part === REST)!;
    // Names decide in which order Yosys maps what is equal: some tables more or fewer.
    for (const kind of KINDS) {
      const inWhole = total[kind] - rest[kind];
      expect(inWhole, kind).toBeGreaterThan(0);
      expect(Math.abs(priced[kind] - inWhole), kind).toBeLessThanOrEqual(kind === 'lut' ? inWhole / 200 : 0);
    }
    expect(await price(wide)).toEqual(priced);
    expect(asked).toHaveLength(1);
    expect((await price(network(3))).lut).toBeLessThan(priced.lut);
    // The window of the convolution is as it was: it is left out of what Yosys is given.
    expect(asked).toHaveLength(2);
    expect(asked[0]).not.toContain('c:conv_window');
    expect(asked[1]).toContain(`delete ${design.top}_dataflow/c:conv_window;`);
    expect(asked[1]).not.toContain('c:logits_multiply');
  }, 900_000);
});
