import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { emitHls } from '../../src/backends/hls/emit.js';
import { elements } from '../../src/ir/common.js';
import { inputNode, type FixedGraph } from '../../src/ir/graph.js';
import { createCsim } from '../../src/backends/hls/csim.js';
import { interpret } from '../../src/simulate/interpret.js';
import { loadFpga } from '../../src/targets/load.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import { zooNetwork } from './networks.js';
import { writeProject } from './project.js';

const target = await loadFpga('kcu1500');

async function expectSameBits(
  graph: FixedGraph,
  options: Partial<Parameters<typeof emitHls>[1]> = {},
): Promise<void> {
  const folder = writeProject(emitHls(graph, { target, ...options }));
  const csim = await createCsim(graph, folder);
  if (csim.kind !== 'ready') throw new Error(csim.reason);
  try {
    const { size } = inputNode(graph);
    const frames = sampleFrames(3, elements([size[0], size[1], 1]), 7);
    const found = await csim.witness.run(frames, { tensors: true });
    frames.forEach((frame, f) => {
      const expected = interpret(graph, frame, true);
      for (const [id, values] of expected.tensors) {
        const other = found[f]!.tensors.get(id)!;
        const at = values.findIndex((v, i) => v !== other[i]);
        expect(at, `frame ${f}, stage ${id}: expected ${values[at]}, found ${other[at]}`).toBe(-1);
      }
      expect({ ...found[f], tensors: undefined }).toEqual({ ...expected, tensors: undefined });
    });
  } finally {
    await csim.witness.close();
    rmSync(folder, { recursive: true });
  }
}

describe('C simulation of the generated firmware', () => {
  it('equals the interpreter on every tensor of a network of every layer', async () => {
    await expectSameBits(zooNetwork(), { pixelsPerClock: 2 });
  });

  it('says in words that the compiler is missing', async () => {
    const graph = sampleFixedGraph();
    const folder = writeProject(emitHls(graph, { target }));
    const csim = await createCsim(graph, folder, { compiler: 'no-such-compiler' });
    expect(csim).toMatchObject({
      kind: 'unavailable',
      reason: expect.stringContaining('no-such-compiler is not installed') as unknown,
    });
    rmSync(folder, { recursive: true });
  });
});
