/** The search for a latency: the cheapest folding by the pace of the last row, and refusals that say what would be faster. */
import { describe, expect, it } from 'vitest';
import { designHls, type HlsOptions } from '../../src/backends/dataflow/design.js';
import { weightedCost } from '../../src/backends/dataflow/folding.js';
import { latencyBudget, paces } from '../../src/backends/dataflow/pace.js';
import { isWeighted, type Plan } from '../../src/backends/dataflow/plan.js';
import { designRtl } from '../../src/backends/rtl/design.js';
import { fixedShapes } from '../../src/ir/graph.js';
import { isWeighted as hasWeights } from '../../src/ir/ops/index.js';
import { loadFpga } from '../../src/targets/load.js';
import { smallVetoNetwork } from './networks.js';

const target = await loadFpga('kcu1500');

const multipliers = (plan: Plan): number =>
  plan.stages.reduce((sum, stage) => {
    if (!isWeighted(stage) || stage.adders !== undefined) return sum;
    return (
      sum +
      weightedCost(stage.node, stage.inputs[0]!.shape, stage.outputs[0]!.shape, stage.folding).multipliers
    );
  }, 0);

const wish = (cycles: number, pixelsPerClock: HlsOptions['pixelsPerClock'] = 1): HlsOptions => ({
  target,
  clockMHz: 100,
  pixelsPerClock,
  latencyMicroseconds: cycles / 100,
});

describe('the pace of the last row', () => {
  it('counts blocks and strides along the row alone, a position a cycle behind line buffers', () => {
    const graph = smallVetoNetwork(128, 4);
    const at = (pixelsPerClock: number): readonly (number | undefined)[] => {
      const pace = paces(graph, pixelsPerClock);
      return ['bin', 'conv1', 'conv2', 'pool1', 'conv3', 'mean'].map((id) => pace.get(id));
    };
    expect(at(1)).toEqual([4, 8, 16, 32, 32, Infinity]);
    expect(at(8)).toEqual([0.5, 2, 4, 8, 8, Infinity]);
  });

  it('is what stages keep up with before they get slower, and below it cycles go with the root of the weights', () => {
    const graph = smallVetoNetwork(128, 4);
    const shapes = fixedShapes(graph);
    const pace = paces(graph, 1);
    const perVector = (id: string, speed: number, ease = 1): number => {
      const node = graph.nodes.find((n) => n.id === id)!;
      if (!hasWeights(node)) throw new Error(`${id} has no weights`);
      const [height, width] = shapes.get(node.id)!;
      const output = shapes.get(node.id)!;
      return latencyBudget(pace, speed, new Map([[node.weights, ease]]))(node, output) / (height * width);
    };
    // 9·16·32 weights for each vector of conv3, of which 16 stand in a row.
    const root = Math.sqrt(9 * 16 * 32);
    expect(perVector('conv3', 10)).toBeCloseTo(root / 10, 9);
    expect(perVector('conv3', 10, 2)).toBeCloseTo((2 * root) / 10, 9);
    expect(perVector('conv3', 2)).toBe(32);
    expect(perVector('conv3', 0.1)).toBeCloseTo(root / 0.1 / Math.sqrt(17), 9);
    expect(perVector('conv3', 1000)).toBe(1);
  });
});

describe.each([
  ['HLS', designHls],
  ['RTL', designRtl],
] as const)('the search for a latency, %s', (_name, design) => {
  const graph = smallVetoNetwork(64, 4);

  it('finds cheaper designs for longer latencies, each in time', () => {
    const costs = [200, 260, 400, 900].map((cycles) => {
      const { plan, schedule } = design(graph, wish(cycles));
      expect(schedule.latencyLastPixel).toBeLessThanOrEqual(cycles);
      return multipliers(plan);
    });
    expect(costs).toEqual([...costs].sort((a, b) => b - a));
    expect(new Set(costs).size).toBe(costs.length);
  });

  it('says what can be had, and it can, and that fewer pixels per clock would be faster where they would', () => {
    const refusal = (pixelsPerClock: HlsOptions['pixelsPerClock']): string => {
      try {
        design(graph, wish(10, pixelsPerClock));
        return '';
      } catch (error) {
        return (error as Error).message;
      }
    };
    const offered = Number(/at least ([\d.]+) µs/.exec(refusal(8))![1]);
    const { schedule } = design(graph, wish(100 * offered, 8));
    expect(schedule.latencyLastPixel).toBeLessThanOrEqual(Math.round(100 * offered));
    const faster = /for (\d+) pixels? per clock \(some ([\d.]+) µs\)/.exec(refusal(8))!;
    expect(Number(faster[1])).toBeLessThan(8);
    expect(Number(faster[2])).toBeLessThan(offered);
    expect(refusal(Number(faster[1]) as 1)).not.toMatch(/pixels? per clock \(/);
  });
});
