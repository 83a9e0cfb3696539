import { describe, expect, it } from 'vitest';
import { isWeighted } from '../../src/ir/ops/index.js';
import { countWeights, pruneWeights } from '../../src/passes/prune-weights.js';
import { sampleFloatGraph } from '../onnx/sample-float.js';

const graph = sampleFloatGraph();
const weightsOf = (of: typeof graph): readonly Float32Array[] =>
  of.nodes.flatMap((node) => (isWeighted(node) ? [node.weights] : []));

describe('pruning single weights', () => {
  const { all, nonZero } = countWeights(graph);

  it('sets the share that is asked for to 0, and leaves the others, biases and shapes as they are', () => {
    for (const share of [0.1, 0.5, 0.9]) {
      const pruned = pruneWeights(graph, share);
      const left = countWeights(pruned);
      expect(left.all).toBe(all);
      // Weights that were 0 before go first.
      expect(Math.abs(left.nonZero - Math.min(nonZero, (1 - share) * all))).toBeLessThanOrEqual(
        1 + 0.01 * all,
      );
      weightsOf(graph).forEach((before, k) => {
        const after = weightsOf(pruned)[k]!;
        expect(after).toHaveLength(before.length);
        after.forEach((w, i) => {
          if (w !== 0) expect(w).toBe(before[i]);
        });
      });
    }
  });

  it('takes the smallest beside the others of their output channel, wherever channels differ in scale', () => {
    const pruned = pruneWeights(graph, 0.5);
    graph.nodes.forEach((node, k) => {
      const after = pruned.nodes[k]!;
      if (!isWeighted(node) || !isWeighted(after)) return;
      const channels = node.bias.length;
      for (let c = 0; c < channels; c++) {
        const of = (list: Float32Array): number[] =>
          [...list].filter((_, i) => i % channels === c).map(Math.abs);
        const [before, left] = [of(node.weights), of(after.weights)];
        const gone = before.filter((_, i) => left[i] === 0);
        const kept = left.filter((w) => w !== 0);
        if (gone.length > 0 && kept.length > 0)
          expect(Math.max(...gone)).toBeLessThanOrEqual(Math.min(...kept));
      }
    });
    // A channel a thousand times as large loses as many.
    const scaled = {
      ...graph,
      nodes: graph.nodes.map((node) =>
        isWeighted(node)
          ? { ...node, weights: node.weights.map((w, i) => (i % node.bias.length === 0 ? 1024 * w : w)) }
          : node,
      ),
    };
    expect(weightsOf(pruneWeights(scaled, 0.5)).map((w) => w.map((v) => Number(v === 0)))).toEqual(
      weightsOf(pruned).map((w) => w.map((v) => Number(v === 0))),
    );
  });

  it('of nothing is the graph, and of everything is refused', () => {
    expect(pruneWeights(graph, 0)).toEqual(graph);
    expect(() => pruneWeights(graph, 1)).toThrow(/cannot be pruned/);
  });
});
