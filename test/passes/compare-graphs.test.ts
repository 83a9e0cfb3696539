import { describe, expect, it } from 'vitest';
import { calibrationSchema } from '../../src/calibrate/recipe.js';
import { fractionBits } from '../../src/fixed/format.js';
import { analyseRanges, proveStage } from '../../src/ir/prove.js';
import { createFloatReference } from '../../src/evaluate/float-reference.js';
import type { FixedGraph, FloatGraph } from '../../src/ir/graph.js';
import type { FixedNode } from '../../src/ir/ops/index.js';
import { verifyFixedGraph } from '../../src/ir/verify.js';
import { compareGraphs, sqnrDb } from '../../src/passes/compare-graphs.js';
import { quantizeNetwork } from '../../src/passes/quantize-network.js';
import { quantizationSchema } from '../../src/passes/recipe.js';
import { interpret } from '../../src/simulate/interpret.js';
import { randomFrames, randomNetwork } from './random-networks.js';

const frames = randomFrames(10, 2);
const spots = [{ y: 9, x: 9, intensity: 1, snr: 1 }];

/** A random network that keeps half of the frames. */
function undecided(seed: number): FloatGraph {
  const graph = randomNetwork(seed);
  const reference = createFloatReference(graph);
  const scores = frames.map((f) => reference.decide(f).score).sort((a, b) => a - b);
  return { ...graph, threshold: (scores[4]! + scores[5]!) / 2 };
}

const quantize = (seed: number, options: Record<string, unknown> = {}) =>
  quantizeNetwork(
    undecided(seed),
    frames.map((pixels) => ({ pixels, spots: null })),
    {
      quantization: quantizationSchema.parse(options),
      calibration: calibrationSchema.parse({ observer: 'min-max' }),
    },
  );

/** `graph` with `change` made to one node and its proofs done again. */
function changed(graph: FixedGraph, id: string, change: (node: FixedNode) => FixedNode): FixedGraph {
  const nodes = graph.nodes.map((n) => (n.id === id ? change(n) : n));
  const ranges = analyseRanges({ ...graph, nodes });
  const proved = nodes.map((n) =>
    n.id === id && 'proof' in n ? { ...n, proof: proveStage(n, ranges.get(n.id)!.inputs, false) } : n,
  );
  return { ...graph, nodes: proved };
}

describe('comparing a fixed graph with its float graph', () => {
  it('reports the scores that the interpreter and the float network give', async () => {
    const { prepared, fixed } = await quantize(12);
    const comparison = compareGraphs(prepared, fixed);
    const output = fixed.nodes.find((n) => n.id === fixed.output)!;
    for (const frame of frames) {
      const { fixedMantissa, fixedScore, fixedKeep } = comparison.add(frame, null);
      const { score, keep } = interpret(fixed, frame);
      expect([fixedMantissa, fixedKeep]).toEqual([score, keep]);
      expect(fixedScore).toBe(score * 2 ** -fractionBits(output.format));
    }
  });

  it('finds more noise at fewer bits in every stage with weights', async () => {
    const noise = async (bits: number): Promise<Map<string, number>> => {
      const { prepared, fixed } = await quantize(12, {
        weightBits: bits,
        activationBits: bits,
        edgeBits: null,
      });
      const comparison = compareGraphs(prepared, fixed);
      for (const frame of frames) comparison.add(frame, null);
      return new Map(comparison.stages().map((s) => [s.id, sqnrDb(s)]));
    };
    const [coarse, fine] = [await noise(5), await noise(10)];
    for (const [id, db] of fine) expect(db).toBeGreaterThan(coarse.get(id)! + 12);
  });

  it('counts clipped values, and those under Bragg peaks', async () => {
    const { prepared, fixed } = await quantize(12, { layers: { conv0: { activationInteger: -3 } } });
    const comparison = compareGraphs(prepared, fixed);
    for (const frame of frames) comparison.add(frame, spots);
    const conv0 = comparison.stages().find((s) => s.id === 'conv0')!;
    expect(conv0.clipped).toBeGreaterThan(100);
    expect(conv0.clippedUnderPeaks).toBeGreaterThan(0);
    expect(conv0.clippedUnderPeaks).toBeLessThanOrEqual(conv0.underPeaks);
    expect(conv0.underPeaks).toBeLessThan(conv0.values / 4);
  });

  it('names the stage at which the decision parts', async () => {
    const { prepared, fixed } = await quantize(12, { weightBits: 12, activationBits: 14, edgeBits: null });
    const stages = fixed.nodes.filter((n) => 'weights' in n).map((n) => n.id);
    let parted = 0;
    for (const id of stages) {
      const broken = changed(fixed, id, (n) =>
        'weights' in n
          ? { ...n, weights: { ...n.weights, mantissas: n.weights.mantissas.map((w) => -w - 1) } }
          : n,
      );
      const comparison = compareGraphs(prepared, broken);
      for (const frame of frames) {
        const { floatKeep, fixedKeep } = comparison.add(frame, null);
        const stage = comparison.partingStage(frame);
        expect(stage === null).toBe(floatKeep === fixedKeep);
        if (stage === null) continue;
        // Never before the stage that was broken: up to there the fixed tensors are all but right.
        expect(stages.indexOf(stage) === -1 || stages.indexOf(stage) >= stages.indexOf(id)).toBe(true);
        parted += 1;
      }
    }
    expect(parted).toBeGreaterThan(5);
    verifyFixedGraph(fixed);
  });
});
