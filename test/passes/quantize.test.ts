import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calibrationSchema } from '../../src/calibrate/recipe.js';
import { OBSERVERS } from '../../src/calibrate/observers.js';
import { createRandom } from '../../src/core/random.js';
import { createFixedEvaluator } from '../../src/evaluate/fixed-evaluate.js';
import { createFloatReference } from '../../src/evaluate/float-reference.js';
import { analyseRanges, proveStage, reloadableBiasWidth } from '../../src/ir/prove.js';
import { parseGraph, printGraph, parseGraphText, serializeGraph } from '../../src/ir/serialize.js';
import { fractionBits, OVERFLOWS, QUANTIZATIONS } from '../../src/fixed/format.js';
import type { FixedGraph, FloatGraph } from '../../src/ir/graph.js';
import {
  quantizeNetwork,
  quantizePrepared,
  type QuantizedNetwork,
} from '../../src/passes/quantize-network.js';
import { quantizationSchema } from '../../src/passes/recipe.js';
import { isWeighted } from '../../src/ir/ops/index.js';
import { interpret } from '../../src/simulate/interpret.js';
import { randomFrames, randomNetwork } from './random-networks.js';

const seeds = fc.integer({ min: 0, max: 1_000_000 });

function quantize(
  graph: FloatGraph,
  options: Record<string, unknown> = {},
  observer: (typeof OBSERVERS)[number] = 'min-max',
  seed = 1,
): Promise<QuantizedNetwork> {
  return quantizeNetwork(
    graph,
    randomFrames(6, seed).map((pixels) => ({ pixels, spots: null })),
    { quantization: quantizationSchema.parse(options), calibration: calibrationSchema.parse({ observer }) },
  );
}

const realScore = (fixed: FixedGraph, frame: Uint16Array): number => {
  const output = fixed.nodes.find((n) => n.id === fixed.output)!;
  return interpret(fixed, frame).score * 2 ** -fractionBits(output.format);
};

describe('the quantized graph of a random network', () => {
  it('is exact: the fast evaluation, the interpreter and the proved ranges agree in every tensor', async () => {
    await fc.assert(
      fc.asyncProperty(
        seeds,
        fc.integer({ min: 2, max: 16 }),
        fc.integer({ min: 2, max: 16 }),
        fc.constantFrom(...QUANTIZATIONS),
        fc.constantFrom(...OVERFLOWS),
        fc.constantFrom(...OBSERVERS),
        async (seed, weightBits, activationBits, rounding, overflow, observer) => {
          const options = { weightBits, activationBits, rounding, overflow, edgeBits: null };
          const { fixed } = await quantize(randomNetwork(seed), options, observer, seed);
          const ranges = analyseRanges(fixed);
          const evaluator = createFixedEvaluator(fixed);
          for (const frame of randomFrames(2, seed + 1)) {
            const { tensors, logits } = interpret(fixed, frame, true);
            const seen = new Map<string, Int32Array>();
            expect(evaluator.visit(frame, (id, mantissas) => seen.set(id, mantissas))).toEqual(logits);
            for (const [id, expected] of tensors) {
              expect(seen.get(id)).toEqual(expected);
              const { low, high } = ranges.get(id)!.range;
              expect(expected.every((q) => q >= low && q <= high)).toBe(true);
            }
          }
        },
      ),
      { numRuns: 30, seed: 5 },
    );
  });

  it('comes near the float network, the nearer the more bits it has', async () => {
    let coarse = 0;
    let fine = 0;
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const graph = randomNetwork(seed);
        const reference = createFloatReference(graph);
        const [eight, twelve] = [
          (await quantize(graph, {}, 'min-max', seed)).fixed,
          (await quantize(graph, { weightBits: 12, activationBits: 14, edgeBits: null }, 'min-max', seed))
            .fixed,
        ];
        for (const frame of randomFrames(6, seed)) {
          const { score, logits } = reference.decide(frame);
          const size = Math.max(0.1, ...logits.map(Math.abs));
          const error8 = Math.abs(realScore(eight, frame) - score) / size;
          const error12 = Math.abs(realScore(twelve, frame) - score) / size;
          expect(error12).toBeLessThan(0.02);
          coarse += error8;
          fine += error12;
        }
      }),
      { numRuns: 15, seed: 5 },
    );
    expect(fine).toBeLessThan(coarse / 4);
  });

  it('is the same bits twice, and the same graph after a file', async () => {
    const [one, two] = [await quantize(randomNetwork(3)), await quantize(randomNetwork(3))];
    expect(serializeGraph('fixed', one.fixed)).toEqual(serializeGraph('fixed', two.fixed));
    expect(parseGraph('fixed', serializeGraph('fixed', one.fixed), 'fixed.json')).toEqual(one.fixed);
    expect(parseGraphText('fixed', printGraph('fixed', one.fixed), 'fixed.txt')).toEqual(one.fixed);
  });

  it('clips nothing of its calibration frames under min-max but what rounding itself moves', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const { fixed } = await quantize(randomNetwork(seed), {}, 'min-max', seed);
        const evaluator = createFixedEvaluator(fixed);
        let clipped = 0;
        let all = 0;
        for (const frame of randomFrames(6, seed))
          evaluator.visit(
            frame,
            (_id, mantissas, _shape, elements) => {
              clipped += elements.length;
              all += mantissas.length;
            },
            true,
          );
        expect(clipped / all).toBeLessThan(1e-3);
      }),
      { numRuns: 20, seed: 5 },
    );
  });

  it('has proofs that hold for any weights when they are reloadable', async () => {
    const { fixed } = await quantize(randomNetwork(11), { reloadable: true });
    const proofs = fixed.nodes.flatMap((n) => ('weights' in n ? [n.proof] : []));
    expect(proofs.length).toBeGreaterThan(1);
    expect(proofs.every((p) => p.worstCase)).toBe(true);
  });

  it('bounds every weight and bias that may be loaded, when they are reloadable', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, fc.integer({ min: 2, max: 8 }), async (seed, weightBits) => {
        const options = { reloadable: true, weightBits, activationBits: 3, edgeBits: null };
        const { fixed } = await quantize(randomNetwork(seed), options, 'min-max', seed);
        const ranges = analyseRanges(fixed);
        const random = createRandom(seed);
        for (const node of fixed.nodes) {
          if (!('weights' in node)) continue;
          const { inputs } = ranges.get(node.id)!;
          const limit = 2 ** (node.weights.width - 1);
          const most = 2 ** (reloadableBiasWidth(node.weights, inputs[0]!) - 1);
          // The network's own biases are among those that fit.
          expect(node.weights.bias.every((b) => b >= -most && b < most)).toBe(true);
          const up = random.uniform() < 0.5;
          const mantissas = node.weights.mantissas.map(() => (up ? limit - 1 : -limit));
          const bias = node.weights.bias.map((_, c) => ((c % 2 === 0) === up ? most - 1 : -most));
          const exchanged = { ...node, weights: { ...node.weights, mantissas, bias } };
          const loaded = proveStage(exchanged, inputs, false);
          loaded.accumulatorMin.forEach((v, c) => {
            expect(v).toBeGreaterThanOrEqual(node.proof.accumulatorMin[c]!);
            expect(loaded.accumulatorMax[c]!).toBeLessThanOrEqual(node.proof.accumulatorMax[c]!);
          });
        }
      }),
      { numRuns: 25, seed: 5 },
    );
  });
});

describe('options of quantization', () => {
  it('gives single layers other widths, under the name of the layer or of its activation', async () => {
    const graph = randomNetwork(2);
    const layer = graph.nodes.filter(isWeighted).at(-1)!.id;
    const { fixed } = await quantize(graph, { layers: { [layer]: { weightBits: 5 } } });
    const node = fixed.nodes.find((n) => n.id === layer)!;
    expect('weights' in node && node.weights.width).toBe(5);
  });

  it('refuses a layer that does not exist, listing those that do', async () => {
    await expect(quantize(randomNetwork(2), { layers: { nonsense: { weightBits: 5 } } })).rejects.toThrow(
      /quantization.layers: no layer is called nonsense — the layers are .*conv0/,
    );
  });

  it.each([1, 17, 2.5])('refuses a width of %s bits', (bits) => {
    const refused = quantizationSchema.safeParse({ weightBits: bits });
    expect(refused.error!.issues[0]!.message).toBe('a width is a whole number of bits from 2 to 16');
    expect(quantizationSchema.safeParse({ layers: { conv0: { activationBits: bits } } }).success).toBe(false);
  });

  it('refuses, by name and with a remedy, what float32 cannot compute exactly when that is asked for', async () => {
    const options = { weightBits: 16, activationBits: 16, edgeBits: null, float32: true };
    await expect(quantize(randomNetwork(2), options)).rejects.toThrow(
      /layer \w+: partial sums may reach .*exact in float32 ends at 2\^24 — give \w+ \d+-bit (weights|activations)/,
    );
    const { fixed } = await quantize(randomNetwork(2), { ...options, float32: false });
    expect(fixed.nodes.some((n) => 'proof' in n && !n.proof.float32Exact)).toBe(true);
  });

  it('takes its remedy: with the weights that the message names it goes through', async () => {
    const options = { weightBits: 12, activationBits: 10, edgeBits: null, float32: true };
    const layers: Record<string, { weightBits?: number; activationBits?: number }> = {};
    for (let k = 0; k < 20; k++) {
      const message = await quantize(randomNetwork(2), { ...options, layers }).then(
        () => null,
        (error: unknown) => (error as Error).message,
      );
      if (message === null) return;
      const [, name, bits, what] = /— give (\w+).* (\d+)-bit (weights|activations)/.exec(message)!;
      layers[name!] = {
        ...layers[name!],
        [what === 'weights' ? 'weightBits' : 'activationBits']: Number(bits),
      };
    }
    expect.fail('the remedies lead nowhere');
  });

  it('refuses ranges of another network', async () => {
    const network = await quantize(randomNetwork(2));
    const other = { ...network, ranges: { ...network.ranges, tensors: new Map() } };
    expect(() => quantizePrepared(other, quantizationSchema.parse({}), calibrationSchema.parse({}))).toThrow(
      /calibration knows nothing of .*calibrate again/,
    );
  });

  it('refuses adaptive rounding from ranges alone', async () => {
    const network = await quantize(randomNetwork(2));
    const adaptive = quantizationSchema.parse({ adaptiveRounding: true });
    expect(() => quantizePrepared(network, adaptive, calibrationSchema.parse({}))).toThrow(
      /adaptiveRounding: .*calibrate again \(--calibrate\), or switch/,
    );
  });

  it('gives the same graph from frames one at a time as from a list', async () => {
    const list = randomFrames(5, 3).map((pixels) => ({ pixels, spots: null }));
    const options = { quantization: quantizationSchema.parse({}), calibration: calibrationSchema.parse({}) };
    async function* one() {
      for (const frame of list) yield await Promise.resolve(frame);
    }
    const [a, b] = [
      await quantizeNetwork(randomNetwork(3), list, options),
      await quantizeNetwork(randomNetwork(3), one(), options),
    ];
    expect(serializeGraph('fixed', b.fixed)).toEqual(serializeGraph('fixed', a.fixed));
  });
});
