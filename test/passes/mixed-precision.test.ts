import { describe, expect, it } from 'vitest';
import { calibrationSchema } from '../../src/calibrate/recipe.js';
import { lsb } from '../../src/fixed/format.js';
import { createFixedEvaluator } from '../../src/evaluate/fixed-evaluate.js';
import { createFloatReference } from '../../src/evaluate/float-reference.js';
import { findNode, type FixedGraph } from '../../src/ir/graph.js';
import {
  knobsOf,
  paretoFront,
  searchMixedPrecision,
  turned,
  type Assessment,
  type NetworkPoint,
} from '../../src/passes/mixed-precision.js';
import { quantizeNetwork, quantizePrepared } from '../../src/passes/quantize-network.js';
import { quantizationSchema, type Quantization } from '../../src/passes/recipe.js';
import { expectedHitLoss, hitLoss, hitsKeptAtRejection } from '../../src/train/hit-loss.js';
import { vetoCurve } from '../../src/statistics/veto-curve.js';
import { randomFrames, randomNetwork } from './random-networks.js';

const frames = randomFrames(24, 5);
const calibration = calibrationSchema.parse({ observer: 'min-max' });
const base = quantizationSchema.parse({});

/** Bits of weights and of the positions of outputs: a cost that every knob lowers. */
function bitsOf(fixed: FixedGraph): number {
  return fixed.nodes.reduce(
    (sum, n) =>
      sum + ('weights' in n ? n.weights.width * n.weights.mantissas.length : 0) + 10 * n.format.width,
    0,
  );
}

async function search(seed: number, mostHitsLost: number) {
  const graph = randomNetwork(seed);
  const network = await quantizeNetwork(
    graph,
    frames.map((pixels) => ({ pixels, spots: null })),
    { quantization: base, calibration },
  );
  const reference = createFloatReference(network.prepared);
  const float = frames.map((f) => reference.decide(f).score);
  // Hits are what lies above the widest gap among the middle scores.
  const sorted = float.toSorted((a, b) => a - b);
  const gaps = sorted.map((s, i) => (i < 8 || i > 16 ? 0 : s - sorted[i - 1]!));
  const lowest = sorted[gaps.indexOf(Math.max(...gaps))]!;
  const hits = float.map((score) => score >= lowest);
  const assess = (fixed: FixedGraph): Promise<Assessment> => {
    const evaluator = createFixedEvaluator(fixed);
    const unit = lsb(findNode(fixed, fixed.output).format);
    const scores = frames.map((f) => evaluator.decide(f).score * unit);
    const counted = hitLoss(vetoCurve(float, hits), vetoCurve(scores, hits), 1);
    return Promise.resolve({
      hitsLost: counted,
      counted,
      noise: scores.reduce((sum, s, i) => sum + (s - float[i]!) ** 2, 0) / scores.length,
    });
  };
  const quantize = (q: Quantization): FixedGraph => quantizePrepared(network, q, calibration);
  const found = await searchMixedPrecision({
    prepared: network.prepared,
    quantization: base,
    widths: [6, 4, 2],
    quantize,
    assess,
    cost: bitsOf,
    mostHitsLost,
  });
  return { found, quantize, assess, prepared: network.prepared };
}

describe('mixed precision', () => {
  it('picks the cheapest measured network within the budget, and its recipe makes it again', async () => {
    for (const seed of [1, 5]) {
      const { found, quantize, assess } = await search(seed, 0.1);
      const again = quantize(found.chosen.quantization);
      expect(bitsOf(again)).toBe(found.chosen.cost);
      expect((await assess(again)).hitsLost).toBe(found.chosen.hitsLost);
      expect(found.chosen.hitsLost).toBeLessThanOrEqual(0.1);
      expect(found.chosen.cost).toBeLessThan(bitsOf(quantize(base)));
      const cheapest = found.front.filter((p) => p.hitsLost <= 0.1).at(-1)!;
      expect(found.chosen.cost).toBe(cheapest.cost);
    }
  });

  it('takes a step back that costs too many hits, and goes on with the other knobs', async () => {
    const graph = randomNetwork(1);
    const seen = frames.slice(0, 3).map((pixels) => ({ pixels, spots: null }));
    const network = await quantizeNetwork(graph, seen, { quantization: base, calibration });
    const knobs = knobsOf(network.prepared, base);
    const dear = knobs[0]!;
    const isNarrow = (fixed: FixedGraph): boolean => {
      const node = findNode(fixed, dear.layer);
      return 'weights' in node && node.weights.width < dear.bits;
    };
    const { chosen } = await searchMixedPrecision({
      prepared: network.prepared,
      quantization: base,
      widths: [4],
      quantize: (q) => quantizePrepared(network, q, calibration),
      // Narrow weights of the first layer save most and cost every hit.
      assess: (fixed) => Promise.resolve({ hitsLost: isNarrow(fixed) ? 1 : 0, counted: 0, noise: 1 }),
      cost: (fixed) => bitsOf(fixed) - (isNarrow(fixed) ? 100 : 0),
      mostHitsLost: 0,
    });
    expect(dear.part).toBe('weightBits');
    expect(chosen.quantization.layers[dear.layer]?.weightBits).toBe(undefined);
    for (const { layer, part } of knobs.slice(1)) expect(chosen.quantization.layers[layer]?.[part]).toBe(4);
  });

  it('saves more where more hits may be lost', async () => {
    const [strict, loose] = [await search(5, 0), await search(5, 0.5)];
    expect(loose.found.chosen.cost).toBeLessThan(strict.found.chosen.cost);
    expect(strict.found.chosen.hitsLost).toBeLessThanOrEqual(0);
  });

  it('measures every knob at every width, and finds fewer bits noisier', async () => {
    const { found, prepared } = await search(1, 0.1);
    const knobs = knobsOf(prepared, base);
    expect(found.sensitivities).toHaveLength(3 * knobs.length);
    expect(found.measured).toBeGreaterThanOrEqual(1 + 3 * knobs.length);
    const at = (bits: number): number =>
      found.sensitivities.filter((s) => s.bits === bits).reduce((sum, s) => sum + s.noiseAdded, 0);
    expect(at(2)).toBeGreaterThan(at(4));
    expect(at(4)).toBeGreaterThan(at(6));
  });

  it('turns neither the logits nor what only passes values on', async () => {
    const { prepared } = await search(1, 0.1);
    for (const { layer, part } of knobsOf(prepared, base)) {
      const node = findNode(prepared, layer);
      if (part === 'weightBits') expect('weights' in node).toBe(true);
      else expect(['maxPool', 'globalMaxPool', 'flatten']).not.toContain(node.kind);
    }
    const last = prepared.nodes.findLast((n) => 'weights' in n)!.id;
    expect(knobsOf(prepared, base).some((k) => k.layer === last && k.part === 'activationBits')).toBe(false);
  });

  it('turns a knob where the recipe already names the activation of the layer', async () => {
    const { prepared } = await search(1, 0.1);
    const relu = prepared.nodes.find((n) => n.kind === 'relu' || n.kind === 'clip')!;
    const named = quantizationSchema.parse({ layers: { [relu.id]: { activationBits: 7 } } });
    const knob = knobsOf(prepared, named).find((k) => k.layer === relu.id && k.part === 'activationBits')!;
    expect(knob.bits).toBe(7);
    expect(turned(named, knob, 3).layers[relu.id]!.activationBits).toBe(3);
  });

  it('refuses a budget that the widths of the recipe break already', async () => {
    await expect(search(1, -1)).rejects.toThrow(
      /--budget: the widths to begin with are expected to lose \S+ points .* \(\S+ counted .* — allow at least \d/,
    );
  });

  it('keeps the points that no other beats, from the dearest to the cheapest', () => {
    const point = (cost: number, hitsLost: number): NetworkPoint => ({
      cost,
      hitsLost,
      counted: hitsLost,
      noise: 0,
      quantization: base,
    });
    const front = paretoFront([point(5, 0), point(3, 1), point(4, 2), point(3, 2), point(1, 3), point(6, 0)]);
    expect(front.map((p) => [p.cost, p.hitsLost])).toEqual([
      [5, 0],
      [3, 1],
      [1, 3],
    ]);
  });
});

describe('hits lost at the same rejection', () => {
  const hits = [false, false, false, true, true, true];
  const reference = vetoCurve([0, 1, 2, 3, 4, 5], hits);

  it('is the share that the other network keeps less where it drops as many misses', () => {
    const other = vetoCurve([0, 1, 3.5, 3, 4, 5], hits);
    expect(hitsKeptAtRejection(reference, 3)).toBe(1);
    expect(hitsKeptAtRejection(other, 3)).toBeCloseTo(2 / 3, 12);
    expect(hitsKeptAtRejection(other, 2)).toBe(1);
    expect(hitLoss(reference, other, 1)).toBeCloseTo(1 / 3, 12);
    expect(hitLoss(other, reference, 1)).toBe(0);
  });

  it('is expected to grow with the noise of the scores, from none without noise', () => {
    const scores = [0, 1, 2, 3, 4, 5];
    const losses = [0, 0.3, 1, 3].map((sigma) => expectedHitLoss(scores, hits, sigma, 1));
    expect(losses[0]).toBe(0);
    expect(losses[1]).toBeLessThan(losses[2]!);
    expect(losses[2]).toBeLessThan(losses[3]!);
  });
});
