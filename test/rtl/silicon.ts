/**
 * Clock and cells after placing and routing on a Lattice ECP5-85k (speed 8) with free tools: the demo, veto-nano, and stages of the
 * recipe `veto`, each alone.
 *
 *     npm run silicon [-- --only demo,veto/conv1_window] [--seeds 3]
 *
 * The clock is the median over the seeds of the placement; the path is that of its run. Minutes for each whole network and seed.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { designRtl } from '../../src/backends/rtl/design.js';
import { table } from '../../src/core/table.js';
import { loadFpga } from '../../src/targets/load.js';
import { NAMED_NETWORKS } from './named-networks.js';
import { NEXTPNR, synthesized } from './nextpnr.js';

/** Networks, and the instance of each that is placed; all of it where none is named. Frames are small: line buffers alone know. */
const DESIGNS: readonly { readonly name: string; readonly network: string; readonly instance?: string }[] = [
  { name: 'demo', network: 'demo' },
  { name: 'veto-nano', network: 'veto-nano' },
  ...[
    'conv1_window',
    'conv1_multiply',
    'conv2_window',
    'conv2_multiply',
    'conv3_multiply',
    'conv4_multiply',
  ].map((instance) => ({ name: `veto/${instance}`, network: 'veto', instance })),
];

const { values } = parseArgs({
  options: { only: { type: 'string' }, seeds: { type: 'string', default: '3' } },
});
if (!existsSync(NEXTPNR)) throw new Error(`${NEXTPNR} is not there: .ci/fetch-test-tools.sh fetches it`);
const only = values.only?.split(',');
const target = await loadFpga('ulx3s');
const rows: string[][] = [];
for (const { name, network, instance } of DESIGNS) {
  if (only !== undefined && !only.includes(name)) continue;
  const graph = await NAMED_NETWORKS.find((n) => n.name === network)!.make(128);
  const made = await synthesized(designRtl(graph, { target }), instance);
  try {
    const placed = [];
    for (let seed = 1; seed <= Number(values.seeds); seed++) {
      placed.push(await made.place(seed));
      console.log(`${name}, seed ${seed}: ${placed.at(-1)!.clockMHz.toFixed(1)} MHz, ${placed.at(-1)!.path}`);
    }
    const sorted = [...placed].sort((a, b) => a.clockMHz - b.clockMHz);
    const median = sorted[Math.floor(sorted.length / 2)]!;
    const cells = (type: string): string => (median.used[type] ?? 0).toLocaleString('en-US');
    rows.push([
      name,
      median.clockMHz.toFixed(1),
      `${sorted[0]!.clockMHz.toFixed(1)} to ${sorted.at(-1)!.clockMHz.toFixed(1)}`,
      ...['TRELLIS_COMB', 'TRELLIS_FF', 'MULT18X18D', 'DP16KD'].map(cells),
      median.path,
    ]);
  } finally {
    made.remove();
  }
}
console.log(
  table(
    ['', 'MHz, median', 'of all seeds', 'tables', 'registers', 'multipliers', 'memories', 'slowest path'],
    rows,
  ),
);
