/** Certified radii: bounds that no frame leaves, on random networks of all ops, and decisions that no attack turns. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { createFixedEvaluator } from '../../src/evaluate/fixed-evaluate.js';
import { certifiedRadius, createBounds } from '../../src/explain/certified.js';
import { inputNode } from '../../src/ir/graph.js';
import { interpret } from '../../src/simulate/interpret.js';
import { isRaw } from '../../src/ir/ops/index.js';
import { fuzzNetwork } from '../fuzz/network.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { brightGraph } from './small-graphs.js';

const random = createRandom(7);

describe('bounds in integers', () => {
  it('hold every frame between the bounds of its pixels, on two hundred random networks', async () => {
    let certified = 0;
    const kinds = new Set<string>();
    for (let number = 0; number < 200; number++) {
      const { graph } = await fuzzNetwork(31, number);
      if (graph === null || graph.nodes.some((node) => isRaw(node))) continue;
      const bounds = createBounds(graph);
      if (bounds === null) continue;
      certified++;
      for (const node of graph.nodes) kinds.add(node.kind);
      const { size } = inputNode(graph);
      const centre = Uint16Array.from({ length: size[0] * size[1] }, () =>
        random.uniform() < 0.9 ? random.poisson(6) : random.integer(0, 65_535),
      );
      const radius = random.integer(1, 12);
      const low = centre.map((count) => Math.max(0, count - radius));
      const high = centre.map((count) => Math.min(65_535, count + radius));
      const within = bounds(low, high);
      const evaluator = createFixedEvaluator(graph);
      const frames = [
        low,
        high,
        ...Array.from({ length: 12 }, () => low.map((count, i) => random.integer(count, high[i]!))),
        ...Array.from({ length: 6 }, () =>
          low.map((count, i) => (random.uniform() < 0.5 ? count : high[i]!)),
        ),
      ];
      for (const frame of frames)
        evaluator.decide(frame).logits.forEach((logit, c) => {
          expect(logit, `network ${number}, logit ${c}`).toBeGreaterThanOrEqual(within.low[c]!);
          expect(logit, `network ${number}, logit ${c}`).toBeLessThanOrEqual(within.high[c]!);
        });
      const only = bounds(centre, centre);
      expect([...only.low], `network ${number}`).toEqual([...only.high]);
      expect([...only.low], `network ${number}`).toEqual([...evaluator.decide(centre).logits]);
    }
    expect(certified).toBeGreaterThan(50);
    expect([...kinds]).toEqual(
      expect.arrayContaining(['conv2d', 'depthwiseConv2d', 'multiply', 'table', 'contrast', 'add', 'concat']),
    );
  }, 300_000);

  it('are refused where a sum wraps around', () => {
    const graph = sampleFixedGraph();
    const nodes = graph.nodes.map((node) =>
      node.kind === 'dense' ? { ...node, format: { ...node.format, overflow: 'AP_WRAP' as const } } : node,
    );
    expect(createBounds({ ...graph, nodes })).toBeNull();
  });
});

describe('a certified radius', () => {
  const SIDE = 32;
  const graph = brightGraph(SIDE);
  const bounds = createBounds(graph)!;
  const even = (level: number): Uint16Array => new Uint16Array(SIDE * SIDE).fill(level);

  it('is all that there is where the network adds brightness: 44 counts and more are kept', () => {
    expect(certifiedRadius(graph, bounds, even(50), true)).toBe(6);
    expect(certifiedRadius(graph, bounds, even(30), false)).toBe(13);
    expect(interpret(graph, even(43)).keep).toBe(false);
    expect(interpret(graph, even(44)).keep).toBe(true);
  });

  it('is larger where fewer pixels may change', () => {
    const corner = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => Number(i % SIDE < 8 && i < 8 * SIDE));
    const radius = certifiedRadius(graph, bounds, even(50), true, corner);
    expect(radius).toBeGreaterThan(6);
  });

  it('is not broken by a search that turns the decision beyond it', () => {
    const sample = sampleFixedGraph();
    const sampleBounds = createBounds(sample)!;
    const evaluator = createFixedEvaluator(sample);
    const { size } = inputNode(sample);
    let broken = 0;
    for (let trial = 0; trial < 12; trial++) {
      const frame = Uint16Array.from({ length: size[0] * size[1] }, () => random.poisson(8));
      const { keep, score } = evaluator.decide(frame);
      const judged = { ...sample, threshold: keep ? score - 3 : score + 4 };
      const decision = score >= judged.threshold;
      const radius = certifiedRadius(judged, sampleBounds, frame, decision);
      const turns = (by: number): boolean => {
        // Greedy: a pixel after the other to the end of its interval that brings the score nearer to the other side.
        const attack = frame.slice();
        for (let step = 0; step < 250; step++) {
          const i = random.integer(0, frame.length - 1);
          const ends = [Math.max(0, frame[i]! - by), Math.min(65_535, frame[i]! + by)];
          const scores = [attack[i]!, ...ends].map((count) => {
            const tried = attack.slice();
            tried[i] = count;
            return [evaluator.decide(tried).score, count] as const;
          });
          scores.sort(([a], [b]) => (decision ? a - b : b - a));
          attack[i] = scores[0]![1];
          if (scores[0]![0] >= judged.threshold !== decision) return true;
        }
        return false;
      };
      expect(radius === 0 || !turns(radius), `trial ${trial}, radius ${radius}`).toBe(true);
      if (turns(4 * radius + 60)) broken++;
    }
    expect(broken).toBeGreaterThan(0);
  }, 300_000);
});
