/** Bits of the firmware's memories flipped at random. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { designHls } from '../../src/backends/dataflow/design.js';
import { hasMemory, scrubFrames, watchedMemories, watchedStages } from '../../src/backends/hls/memories.js';
import { withReloadableWeights } from '../../src/backends/hls/reloadable.js';
import { loadFpga } from '../../src/targets/load.js';
import { AT_NIGHT } from '../night.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { make, projectOf } from './project.js';

const target = await loadFpga('kcu1500');

describe('a thousand bits flipped in the memories of the firmware', () => {
  it.each([
    ['weights that can be exchanged', withReloadableWeights(sampleFixedGraph()), false],
    ...(AT_NIGHT
      ? [
          ['constant weights', sampleFixedGraph(), false] as const,
          ['two networks, one in shadow', withReloadableWeights(sampleFixedGraph()), true] as const,
        ]
      : []),
  ] as const)('are all flagged within the promised time, with %s', async (_name, graph, canary) => {
    const folder = projectOf(graph, { pixelsPerClock: 2, canary }, 2);
    const { code, output } = await make(folder, 'check-upsets', ['COUNT=1000']);
    expect(output).toMatch(/PASS \d+ upsets, all flagged within \d+ frames; [1-9]\d* changed a score before/);
    expect(output).toContain('PASS 1000 upsets');
    expect(code).toBe(0);
    rmSync(folder, { recursive: true });
  });

  it.each([
    [
      'a row of weights is left out',
      'scrub.h',
      'held[k] = weights[bank * CONFIG::STEPS + row][k]',
      'held[k] = weights[bank * CONFIG::STEPS][k]',
    ],
    [
      'biases are left out',
      'scrub.h',
      'const ap_int<56> value = bias[channel];',
      'const ap_int<56> value = bias[0] + 0 * channel;',
    ],
    [
      'an upset is forgotten',
      'lut.h',
      'upset.write(scrub.scrub.wrong);',
      'upset.write(scrub.scrub.wrong); scrub.scrub.wrong = false;',
    ],
  ])('are not, and that is found, where %s', async (_name, header, right, wrong) => {
    const folder = projectOf(sampleFixedGraph(), { pixelsPerClock: 2 }, 1);
    const path = join(folder, 'firmware', 'vetoc', header);
    const text = readFileSync(path, 'utf8');
    expect(text).toContain(right);
    writeFileSync(path, text.replace(right, wrong));
    const { code, output } = await make(folder, 'check-upsets');
    expect(code).not.toBe(0);
    expect(output).toMatch(/MISMATCH/);
    rmSync(folder, { recursive: true });
  });
});

describe('what is watched', () => {
  it('is every table that stands in a memory, each a bit of the register', () => {
    const { plan } = designHls(sampleFixedGraph(), { target, pixelsPerClock: 2 });
    const memories = watchedMemories(plan);
    expect(memories.map((m) => m.stage)).toEqual(watchedStages(plan).map((s) => s.name));
    expect(memories.map((m) => m.stage)).toEqual(expect.arrayContaining(['mask', 'lut']));
    for (const [i, stage] of watchedStages(plan).entries())
      expect(memories[i]!.frames > 0).toBe(hasMemory(stage));
    expect(scrubFrames(plan)).toBe(Math.max(...memories.map((m) => m.frames)));
  });
});
