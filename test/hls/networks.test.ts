import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { designHls } from '../../src/backends/dataflow/design.js';
import { emitDesign } from '../../src/backends/hls/emit.js';
import { estimateDesign } from '../../src/backends/hls/estimate.js';
import { timingOf } from '../../src/backends/hls/summary.js';
import { inputNode, type FixedGraph } from '../../src/ir/graph.js';
import { createCsim } from '../../src/backends/hls/csim.js';
import { interpret } from '../../src/simulate/interpret.js';
import { loadFpga } from '../../src/targets/load.js';
import { sampleFrames } from '../sample-graphs.js';
import { alexNet, resNet18, smallVetoNetwork, VETO_BASE, VETO_LARGE, vetoNetwork } from './networks.js';
import { writeProject } from './project.js';

const target = await loadFpga('kcu1500');

/** Mismatches between C simulation and interpreter on every tensor of a frame. */
async function mismatches(graph: FixedGraph): Promise<number> {
  const folder = writeProject(emitDesign(designHls(graph, { target })));
  const csim = await createCsim(graph, folder, { flags: ['-O1'] });
  if (csim.kind !== 'ready') throw new Error(csim.reason);
  const { size } = inputNode(graph);
  const [frame] = sampleFrames(1, size[0] * size[1], 5);
  const [found] = await csim.witness.run([frame!], { tensors: true });
  await csim.witness.close();
  rmSync(folder, { recursive: true });
  let wrong = 0;
  for (const [id, values] of interpret(graph, frame!, true).tensors) {
    const other = found!.tensors.get(id)!;
    values.forEach((v, i) => (wrong += v === other[i] ? 0 : 1));
  }
  return wrong;
}

describe('networks of real size', () => {
  it('AlexNet agrees bit for bit, at an eighth of its channels on a small frame', async () => {
    expect(await mismatches(alexNet(63, 1 / 8))).toBe(0);
  });

  it('ResNet-18 agrees bit for bit, at an eighth of its channels on a small frame', async () => {
    expect(await mismatches(resNet18(32, 1 / 8))).toBe(0);
  });

  it('a network too large for the board is designed all the same, and the estimate says that it does not fit', () => {
    const design = designHls(resNet18(32), { target });
    expect(estimateDesign(design).fits).toBe(false);
  });
});

describe('a veto network on 512×512 frames and the KCU1500', () => {
  it('decides within 5 µs of the last pixel at 200 MHz, limited by the pixel stream alone', () => {
    const design = designHls(smallVetoNetwork(128, 4), { target, pixelsPerClock: 8, latencyMicroseconds: 5 });
    const timing = timingOf(design);
    expect(timing.clockMHz).toBe(200);
    expect(timing.lastPixelMicroseconds).toBeLessThanOrEqual(5);
    expect(timing.limitedBy).toBe('the pixel stream');
    expect(estimateDesign(design).fits).toBe(true);
  });

  it.each([
    { name: 'veto-base', network: VETO_BASE, latencyMicroseconds: 5 },
    { name: 'veto-large', network: VETO_LARGE, latencyMicroseconds: 8 },
  ])(
    'decides within $latencyMicroseconds µs for $name, too, part of its products in look-up tables',
    (row) => {
      const { latencyMicroseconds } = row;
      const design = designHls(vetoNetwork(row.network), { target, pixelsPerClock: 8, latencyMicroseconds });
      const timing = timingOf(design);
      expect(timing.lastPixelMicroseconds).toBeLessThanOrEqual(latencyMicroseconds);
      expect(timing.limitedBy).toBe('the pixel stream');
      const estimate = estimateDesign(design);
      expect(estimate.fits).toBe(true);
      expect(new Set(estimate.stages.map((s) => s.multiplier))).toEqual(
        new Set(['none', 'dsp', 'lut', 'shift-add']),
      );
    },
  );

  it('costs fewer multipliers when it may be slower', () => {
    const multipliers = (framesPerSecond: number): number =>
      estimateDesign(
        designHls(smallVetoNetwork(128, 4), { target, pixelsPerClock: 8, framesPerSecond }),
      ).stages.reduce((n, s) => n + s.multipliers, 0);
    expect(multipliers(500)).toBeLessThan(multipliers(6000));
  });

  it('refuses a rate that the beats alone exceed, and names the nearest that can be had', () => {
    expect(() => designHls(smallVetoNetwork(128, 4), { target, framesPerSecond: 2000 })).toThrow(
      /at most 762 frames\/s or for 4 pixels per clock/,
    );
    expect(() => designHls(smallVetoNetwork(128, 4), { target, framesPerSecond: 762 })).not.toThrow();
  });

  it('refuses a latency that no folding reaches, and what it offers can be had', () => {
    const graph = smallVetoNetwork(32, 2);
    const wish = (latencyMicroseconds: number) => designHls(graph, { target, latencyMicroseconds });
    const message = (() => {
      try {
        wish(0.01);
        return '';
      } catch (error) {
        return (error as Error).message;
      }
    })();
    const offered = Number(/at least ([\d.]+) µs/.exec(message)?.[1]);
    expect(offered).toBeGreaterThan(0.01);
    expect(timingOf(wish(offered)).lastPixelMicroseconds).toBeLessThanOrEqual(offered);
  });
});
