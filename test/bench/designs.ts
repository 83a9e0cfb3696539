/**
 * How long it takes to design the demo's firmware for some latencies, in both forms: of one graph, whose adder graphs are made
 * once, and of as many copies of it, whose are made anew each time. A ratio within one run.
 *
 *     npm run bench:designs
 */
import { designHls } from '../../src/backends/dataflow/design.js';
import { designRtl } from '../../src/backends/rtl/design.js';
import { table } from '../../src/core/table.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { loadFpga } from '../../src/targets/load.js';
import { NAMED_NETWORKS } from '../rtl/named-networks.js';

const target = await loadFpga('kcu1500');
const demo = await NAMED_NETWORKS.find((n) => n.name === 'demo')!.make(128);

function seconds(graphOf: () => FixedGraph): number {
  const began = performance.now();
  for (const latencyMicroseconds of [20, 10, 5])
    for (const design of [designHls, designRtl]) design(graphOf(), { target, latencyMicroseconds });
  return (performance.now() - began) / 1000;
}

const copies = seconds(() => ({ ...demo }));
const shared = seconds(() => demo);
console.log(
  table(
    ['six designs of the demo', 's'],
    [
      ['of copies of the graph', copies.toFixed(1)],
      ['of one graph', shared.toFixed(1)],
      ['ratio', (copies / shared).toFixed(1)],
    ],
  ),
);
