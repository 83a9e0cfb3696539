/** A second network in shadow: its bench, faults that the bench must see, what it costs and where it is refused. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { designHls } from '../../src/backends/dataflow/design.js';
import { isWeighted } from '../../src/backends/dataflow/plan.js';
import { emitDesign } from '../../src/backends/hls/emit.js';
import { estimateDesign } from '../../src/backends/hls/estimate.js';
import { withReloadableWeights } from '../../src/backends/hls/reloadable.js';
import { weightLayout } from '../../src/backends/hls/weight-layout.js';
import { UserError } from '../../src/core/errors.js';
import { hls } from '../../src/backends/hls/backend.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { interpret } from '../../src/simulate/interpret.js';
import { loadFpga } from '../../src/targets/load.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { make, projectOf } from './project.js';

const target = await loadFpga('kcu1500');
const graph = withReloadableWeights(sampleFixedGraph());
let folder = '';
beforeAll(() => {
  folder = projectOf(graph, { pixelsPerClock: 2, canary: true }, 3);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('a second network in shadow', () => {
  it('sees the same frames, and decides on command, within a bound, and not otherwise; every stream is right', async () => {
    const { code, output } = await make(folder, 'check-streams');
    expect(output).not.toContain('MISMATCH');
    for (const line of [
      'two networks with the same weights agree',
      'new weights are in shadow and do not decide',
      'swaps on command',
      'taking over within a bound',
      'an image goes to whichever is in shadow',
      'a reset in the middle of a frame',
    ])
      expect(output).toContain(`PASS ${line}`);
    expect(output).not.toContain('warning:');
    expect(code).toBe(0);
  }, 600_000);

  it.each([
    ['disagreements that are not counted', 'if (keeps != second_keeps) s.disagreements += 1;', ''],
    ['a shadow that takes over beyond the bound', '&& s.disagreements <= canary_bound', ''],
  ])(
    '%s: the bench says so',
    async (_name, right, wrong) => {
      const path = join(folder, 'firmware/vetoc/decide.h');
      const text = readFileSync(path, 'utf8');
      expect(text).toContain(right);
      writeFileSync(path, text.replace(right, wrong));
      const { code, output } = await make(folder, 'check');
      writeFileSync(path, text);
      expect(output).toMatch(/MISMATCH case/);
      expect(code).not.toBe(0);
    },
    600_000,
  );

  it('costs a network more in the estimate, and takes the same images', () => {
    const plain = designHls(graph, { target, pixelsPerClock: 2 });
    const two = designHls(graph, { target, pixelsPerClock: 2, canary: true });
    const [one, both] = [plain, two].map((design) => estimateDesign(design).total);
    const weighted = (design: typeof plain): number => design.plan.stages.filter(isWeighted).length;
    expect(weighted(two)).toBe(2 * weighted(plain));
    expect(both!.lut).toBeGreaterThan(1.4 * one!.lut);
    expect(both!.bram36 + both!.dsp).toBeGreaterThan(1.5 * (one!.bram36 + one!.dsp) - 8);
    expect(weightLayout(graph, two.plan)).toEqual(weightLayout(graph, plain.plan));
    expect(two.schedule.cyclesPerFrame).toBe(plain.schedule.cyclesPerFrame);
  });

  it('has its registers and fields where it is, and only there', () => {
    const files = (canary: boolean) => emitDesign(designHls(graph, { target, pixelsPerClock: 2, canary }));
    const [without, both] = [files(false), files(true)];
    for (const name of [
      'CANARY_COUNT',
      'CANARY_BOUND',
      'MODE_SECOND_DECIDES',
      'DECISION_SHADOW_SCORE',
      'STATUS_TAKEN_OVER',
    ]) {
      expect(both['registers.h']).toContain(name);
      expect(without['registers.h']).not.toContain(name);
    }
    expect(both['README.md']).toContain('**Canary.**');
    expect(without['README.md']).not.toContain('Canary');
  });

  it('is refused on a board that has no room for two networks', () => {
    const small = { ...target, resources: { ...target.resources, lut: 20_000 } };
    if (hls.export?.kind !== 'project') throw new Error('HLS writes projects');
    const { build } = hls.export;
    const request = {
      fixed: sampleFixedGraph(),
      wish: { target: small, canary: true },
      golden: { frames: [], interpret: (of: FixedGraph, frame: Uint16Array) => interpret(of, frame) },
      reloadable: true,
    };
    expect(() => build(request)).toThrow(/canary.*two networks do not fit.*% of its LUT/);
  });

  it('is refused where weights cannot be exchanged', () => {
    expect(() => designHls(sampleFixedGraph(), { target, canary: true })).toThrow(UserError);
    expect(() => designHls(sampleFixedGraph(), { target, canary: true })).toThrow(/canary.*--reloadable/);
  });
});
