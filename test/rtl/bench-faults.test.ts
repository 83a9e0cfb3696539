/**
 * Planted faults that the benches of a project must see, each by its name. Continuous integration takes every eighth of them, by
 * the day; VETOC_ALL_FAULTS=1 takes all.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Link } from '../../src/backends/dataflow/link.js';
import { withReloadableWeights } from '../../src/backends/hls/reloadable.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { runProcess } from '../../src/simulate/process.js';
import type { HlsFault } from '../mutation/plant.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { BUS_FAULTS, CHECK_FAULTS, DROP_FAULTS, UPSET_FAULTS } from './bench-faults.js';
import { planted } from './planted.js';
import { benchProject } from './project.js';

const all = process.env['VETOC_ALL_FAULTS'] === '1';
const today = Math.floor(Date.now() / 86_400_000);

const CASES: readonly (readonly [
  string,
  () => FixedGraph,
  Partial<Link>,
  readonly HlsFault[],
  readonly string[],
  RegExp,
])[] = [
  [
    'make check: weights that are exchanged, a CRC, a FIFO in front',
    () => withReloadableWeights(sampleFixedGraph()),
    { crc: true, fifoBeats: 64 },
    CHECK_FAULTS,
    ['check'],
    /PASS: 0 differences/,
  ],
  [
    'make check: a detector that cannot wait',
    sampleFixedGraph,
    { crc: true, overflow: 'drop', fifoBeats: 1024 },
    DROP_FAULTS,
    ['check'],
    /PASS: 0 differences/,
  ],
  ['make check-upsets', sampleFixedGraph, {}, UPSET_FAULTS, ['check-upsets', 'COUNT=12'], /PASS 12 upsets/],
  ['make check-icarus', sampleFixedGraph, {}, BUS_FAULTS, ['check-icarus'], /PASS: 1 frames, registers/],
];

describe.each(CASES)('planted faults that %s must see', (_name, make, link, faults, goals, passed) => {
  it('are seen, each of them, and nothing is seen without one', async () => {
    const folder = benchProject(make(), link, (design) => planted(design, faults));
    /** Whether the bench passes with fault `number`. */
    const passes = async (number: number): Promise<boolean> => {
      writeFileSync(join(folder, 'fault'), String(number));
      const options = ['-s', ...goals, 'CXXFLAGS=-O0'];
      const result = await runProcess('make', options, { cwd: folder, timeoutSeconds: 300 });
      if (result.kind !== 'finished') return false;
      if (number === 0 && result.code !== 0) throw new Error(result.stdout + result.stderr);
      return result.code === 0 && passed.test(result.stdout);
    };
    expect(await passes(0)).toBe(true);
    const missed: string[] = [];
    for (const [i, { name }] of faults.entries()) {
      if (!all && i % 8 !== today % 8) continue;
      if (await passes(i + 1)) missed.push(name);
    }
    expect(missed).toEqual([]);
    rmSync(folder, { recursive: true });
  }, 1_800_000);
});
