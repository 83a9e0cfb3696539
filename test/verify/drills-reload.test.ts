/**
 * Firmware whose weights can be exchanged, at the widest sums that any weights bring: its constants are those of the
 * worst weights' own firmware, and there drills come to the bounds that are proved for all weights.
 */
import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { emitHls } from '../../src/backends/hls/emit.js';
import { withReloadableWeights } from '../../src/backends/hls/reloadable.js';
import type { QuantizedWeights } from '../../src/ir/common.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import type { FixedNode } from '../../src/ir/ops/index.js';
import { analyseRanges, reloadableBiasWidth } from '../../src/ir/prove.js';
import { verifyFixedGraph } from '../../src/ir/verify.js';
import { createCsim } from '../../src/backends/hls/csim.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import { loadFpga } from '../../src/targets/load.js';
import { runDrills } from '../../src/verify/drills/run.js';
import { writeProject } from '../hls/project.js';
import { sampleFixedGraph } from '../sample-graphs.js';

const target = await loadFpga('kcu1500');

/** All weights and biases at the lowest value of their formats in even channels, at the highest in odd ones. */
function worst(weights: QuantizedWeights, biasWidth: number): QuantizedWeights {
  const channels = weights.bias.length;
  const extreme = (bits: number, c: number): number =>
    c % 2 === 0 ? -(2 ** (bits - 1)) : 2 ** (bits - 1) - 1;
  return {
    ...weights,
    mantissas: weights.mantissas.map((_, i) => extreme(weights.width, i % channels)),
    bias: weights.bias.map((_, c) => extreme(biasWidth, c)),
  };
}

/** `graph` with the worst weights that may be loaded; its proofs, which hold for all weights, stay as they are. */
function withWorstWeights(graph: FixedGraph): FixedGraph {
  const ranges = analyseRanges(graph);
  const nodes = graph.nodes.map((n) => {
    if (!('weights' in n)) return n;
    const bits = reloadableBiasWidth(n.weights, ranges.get(n.id)!.inputs[0]!);
    return { ...n, weights: worst(n.weights, bits) } as FixedNode;
  });
  return verifyFixedGraph({ ...graph, nodes });
}

describe('firmware with reloadable weights', () => {
  const graph = withReloadableWeights(sampleFixedGraph({ gain: 2 }));
  const loaded = withWorstWeights(graph);

  it('has the same constants for the worst weights as for its own', () => {
    const [own, other] = [graph, loaded].map((g) => emitHls(g, { target }));
    // All but the CRCs that the scrubber holds the weights to.
    const constants = (files: Readonly<Record<string, string>>): string =>
      files['firmware/config.h']!.replace(/ CRC = \d+U; +/g, ' CRC; ');
    expect(constants(other!)).toBe(constants(own!));
    expect(constants(own!)).toContain(' CRC;');
    expect(other!['firmware/tables/conv1.h']).not.toBe(own!['firmware/tables/conv1.h']);
  });

  it('computes the proved bounds of all weights exactly', async () => {
    const folder = writeProject(emitHls(loaded, { target }));
    const csim = await createCsim(loaded, folder, { flags: ['-O0'] });
    if (csim.kind !== 'ready') throw new Error(csim.reason);
    const { stages, witnesses } = await runDrills(loaded, createInterpreter(loaded), [csim.witness], {
      most: 100,
      seed: 1,
    });
    await csim.witness.close();
    rmSync(folder, { recursive: true });
    expect(witnesses).toMatchObject([{ mismatches: 0, failed: null, skipped: null }]);
    const reached = new Map(stages.map((s) => [s.stage as string, s]));
    // Inputs without a sign times the lowest weight, and the lowest bias: even channels come to the bound itself.
    for (const id of ['conv1', 'depthwise1', 'conv2'])
      expect(reached.get(id)!.lowest.proved, id).toBe(reached.get(id)!.channels / 2);
  });
});
