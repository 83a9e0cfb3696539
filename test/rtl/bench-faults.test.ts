/**
 * Planted faults that the benches of a project must see, each by its name: by day every eighth of them in one bench, all at
 * night.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { HlsOptions } from '../../src/backends/dataflow/design.js';
import { withReloadableWeights } from '../../src/backends/hls/reloadable.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { runProcess } from '../../src/simulate/process.js';
import type { HlsFault } from '../mutation/plant.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import {
  BUS_FAULTS,
  CANARY_FAULTS,
  CHECK_FAULTS,
  DROP_FAULTS,
  ECC_FAULTS,
  MAPS_FAULTS,
  UPSET_FAULTS,
} from './bench-faults.js';
import { planted } from './planted.js';
import { benchProject } from './project.js';
import { rawNetwork } from './raw-networks.js';
import { isTried, triedOf } from '../night.js';

const CASES: readonly (readonly [
  string,
  () => FixedGraph,
  Omit<HlsOptions, 'target'>,
  readonly HlsFault[],
  readonly string[],
  RegExp,
])[] = [
  [
    'make check: weights that are exchanged, a CRC, a FIFO in front',
    () => withReloadableWeights(sampleFixedGraph()),
    { link: { crc: true, fifoBeats: 64 } },
    CHECK_FAULTS,
    ['check'],
    /PASS: 0 differences/,
  ],
  [
    'make check: a detector that cannot wait',
    sampleFixedGraph,
    { link: { crc: true, overflow: 'drop', fifoBeats: 1024 } },
    DROP_FAULTS,
    ['check'],
    /PASS: 0 differences/,
  ],
  [
    'make check: a second network in shadow',
    () => withReloadableWeights(sampleFixedGraph()),
    { canary: true },
    CANARY_FAULTS,
    ['check'],
    /PASS: 0 differences/,
  ],
  [
    'make check: maps that come with each frame',
    () => rawNetwork('jungfrau', 8),
    {},
    MAPS_FAULTS,
    ['check'],
    /PASS: 0 differences/,
  ],
  ['make check-upsets', sampleFixedGraph, {}, UPSET_FAULTS, ['check-upsets', 'COUNT=12'], /PASS 12 upsets/],
  [
    'make check-upsets of line buffers that correct flips',
    sampleFixedGraph,
    { ecc: true },
    ECC_FAULTS,
    ['check-upsets', 'COUNT=100'],
    /PASS 100 flips in line buffers/,
  ],
  ['make check-icarus', sampleFixedGraph, {}, BUS_FAULTS, ['check-icarus'], /PASS: 1 frames, registers/],
];

describe.each(triedOf(CASES, CASES.length))(
  'planted faults that %s must see',
  (_name, make, options, faults, goals, passed) => {
    it('are seen, each of them, and nothing is seen without one', async () => {
      const folder = benchProject(make(), {}, (design) => planted(design, faults), options);
      /** Whether the bench passes with fault `number`. */
      const passes = async (number: number): Promise<boolean> => {
        writeFileSync(join(folder, 'fault'), String(number));
        const words = ['-s', ...goals, 'CXXFLAGS=-O0'];
        // The first one compiles. A fault may stop the bench for good, none must not.
        const result = await runProcess('make', words, {
          cwd: folder,
          timeoutSeconds: number === 0 ? 900 : 300,
        });
        if (number === 0 && (result.kind !== 'finished' || result.code !== 0))
          throw new Error(`nothing is planted: ${JSON.stringify(result)}`);
        if (result.kind !== 'finished') return false;
        return result.code === 0 && passed.test(result.stdout);
      };
      expect(await passes(0)).toBe(true);
      const missed: string[] = [];
      for (const [i, { name }] of faults.entries()) {
        if (!isTried(i, 8)) continue;
        if (await passes(i + 1)) missed.push(name);
      }
      expect(missed).toEqual([]);
      rmSync(folder, { recursive: true });
    }, 1_800_000);
  },
);
