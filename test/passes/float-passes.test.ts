import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFloatReference } from '../../src/evaluate/float-reference.js';
import { NO_PADDING, nodeId } from '../../src/ir/common.js';
import { findNode, floatShapes, type FloatGraph } from '../../src/ir/graph.js';
import { parseGraphText, printGraph } from '../../src/ir/serialize.js';
import { channelStats } from '../../src/passes/channel-stats.js';
import { checkSupported } from '../../src/passes/check-supported.js';
import { checkWeights } from '../../src/passes/check-weights.js';
import { equalizeLayers } from '../../src/passes/equalize-layers.js';
import { foldBatchNorm } from '../../src/passes/fold-batch-norm.js';
import { lowerActivations } from '../../src/passes/lower-activations.js';
import { PASSES, prepareGraph, type PassContext } from '../../src/passes/pipeline.js';
import { pruneDeadChannels } from '../../src/passes/prune-dead-channels.js';
import { quantizationSchema } from '../../src/passes/recipe.js';
import { isWeighted } from '../../src/ir/ops/index.js';
import { randomFrames, randomNetwork } from './random-networks.js';

const seeds = fc.integer({ min: 0, max: 1_000_000 });
const RUNS = { numRuns: 40 };
const context: PassContext = {
  quantization: quantizationSchema.parse({}),
  measure: (graph) =>
    channelStats(
      graph,
      randomFrames(3, 99).map((pixels) => ({ pixels, spots: null })),
    ),
};

const logits = (graph: FloatGraph, frame: Uint16Array): Float32Array =>
  createFloatReference(graph).decide(frame).logits;

/** Largest difference of logits, relative to the largest logit. */
function difference(a: FloatGraph, b: FloatGraph, seed: number): number {
  let worst = 0;
  for (const frame of randomFrames(2, seed)) {
    const [before, after] = [logits(a, frame), logits(b, frame)];
    const size = Math.max(1e-3, ...before.map(Math.abs));
    before.forEach((v, c) => (worst = Math.max(worst, Math.abs(v - after[c]!) / size)));
  }
  return worst;
}

describe('the passes on float graphs', () => {
  it.each(PASSES.map((pass) => [pass.name, pass] as const))(
    '%s keeps what the network computes',
    async (_name, pass) => {
      await fc.assert(
        fc.asyncProperty(seeds, async (seed) => {
          let graph = randomNetwork(seed);
          for (const earlier of PASSES.slice(0, PASSES.indexOf(pass)))
            graph = await earlier.run(graph, context);
          expect(difference(graph, await pass.run(graph, context), seed)).toBeLessThan(2e-5);
        }),
        RUNS,
      );
    },
  );

  it('equalises without changing a bit of the logits', async () => {
    let changed = 0;
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const graph = lowerActivations(foldBatchNorm(randomNetwork(seed)));
        const seen = await context.measure!(graph);
        const equalized = equalizeLayers(graph, { seen, activationBits: 8, weightBits: 8 });
        if (printGraph('float', graph) !== printGraph('float', equalized)) changed += 1;
        for (const frame of randomFrames(2, seed))
          expect(logits(equalized, frame)).toEqual(logits(graph, frame));
      }),
      RUNS,
    );
    expect(changed).toBeGreaterThan(5);
  });

  it('leaves no batch normalisation and no activation without a stage of its own', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const prepared = await prepareGraph(randomNetwork(seed), context);
        const kinds = new Map(prepared.nodes.map((n) => [n.id, n.kind]));
        for (const node of prepared.nodes) {
          expect(node.kind).not.toBe('batchNorm');
          if (node.kind === 'relu' || node.kind === 'clip' || node.kind === 'leakyRelu')
            expect(['conv2d', 'depthwiseConv2d', 'dense', 'add']).toContain(kinds.get(node.inputs[0]!));
        }
      }),
      RUNS,
    );
  });

  it('prints after every pass a text that parses back to the same graph', async () => {
    const steps: string[] = [];
    await prepareGraph(randomNetwork(7), context, (name, graph) => {
      steps.push(name);
      expect(parseGraphText('float', printGraph('float', graph), name)).toEqual(graph);
    });
    expect(steps).toEqual(['input', ...PASSES.map((p) => p.name)]);
  });
});

/** conv a (4 channels) → relu → conv b → global average → dense. */
function chain(): FloatGraph {
  const base = randomNetwork(1);
  const window = { kernel: [1, 1] as const, strides: [1, 1] as const, padding: NO_PADDING };
  const id = nodeId;
  const input = base.nodes.find((n) => n.kind === 'lut')!.id;
  return {
    ...base,
    nodes: [
      ...base.nodes.slice(0, base.nodes.findIndex((n) => n.id === input) + 1),
      {
        id: id('a'),
        kind: 'conv2d',
        inputs: [input],
        ...window,
        groups: 1,
        weights: Float32Array.of(1, 0, 2, 0),
        bias: Float32Array.of(0.1, -0.5, 0.2, 0.5),
      },
      { id: id('relu'), kind: 'relu', inputs: [id('a')] },
      {
        id: id('b'),
        kind: 'conv2d',
        inputs: [id('relu')],
        ...window,
        groups: 1,
        weights: Float32Array.of(1, 2, 3, 4, 0, 0, 5, 6),
        bias: Float32Array.of(0, 0),
      },
      { id: id('pool'), kind: 'globalAvgPool', inputs: [id('b')] },
      {
        id: id('logits'),
        kind: 'dense',
        inputs: [id('pool')],
        weights: Float32Array.of(1, 2, 3, 4, 5, 6),
        bias: Float32Array.of(0, 0, 0),
      },
    ],
    output: id('logits'),
  };
}

describe('pruning of dead channels', () => {
  it('removes a channel that is always 0 and one that nothing reads, and keeps a constant one', () => {
    const pruned = pruneDeadChannels(chain());
    const a = findNode(pruned, nodeId('a'));
    const b = findNode(pruned, nodeId('b'));
    expect(isWeighted(a) && [...a.weights]).toEqual([1, 0]);
    expect(isWeighted(a) && [...a.bias]).toEqual([0.1, 0.5].map(Math.fround));
    expect(isWeighted(b) && [...b.weights]).toEqual([1, 2, 5, 6]);
    expect(floatShapes(pruned).get(nodeId('a'))![2]).toBe(2);
    for (const frame of randomFrames(3, 5)) expect(logits(pruned, frame)).toEqual(logits(chain(), frame));
  });

  it('refuses a layer none of whose channels reaches the next', () => {
    const graph = chain();
    const nodes = graph.nodes.map((n) =>
      n.id === 'a' && isWeighted(n)
        ? { ...n, weights: Float32Array.of(0, 0, 0, 0), bias: new Float32Array(4) }
        : n,
    );
    expect(() => pruneDeadChannels({ ...graph, nodes })).toThrow(/dead layer.*no channel of a/);
  });
});

describe('the check of weights', () => {
  const change = (id: string, weight: number): FloatGraph => {
    const graph = chain();
    const nodes = graph.nodes.map((n) =>
      n.id === id && isWeighted(n) ? { ...n, weights: n.weights.map(() => weight) } : n,
    );
    return { ...graph, nodes };
  };
  it('lists every op without a fixed-point form at once', () => {
    const sample = randomNetwork(4);
    const [first, second] = sample.nodes.filter(isWeighted);
    const after = (id: string, input: string) => ({ id: nodeId(id), inputs: [nodeId(input)] });
    const nodes = [
      ...sample.nodes,
      { ...after('steep', first!.id), kind: 'leakyRelu' as const, alpha: -0.5 },
      { ...after('nothing', second!.id), kind: 'clip' as const, min: 3, max: 1 },
    ];
    expect(() => checkSupported({ ...sample, nodes })).toThrow(
      /^quantization: steep: a leaky ReLU of slope -0.5: use .*; nothing: a clip to \[3, 1\]/,
    );
    expect(checkSupported(sample)).toBe(sample);
  });

  it('names every layer with NaN or infinite weights', () => {
    expect(() => checkWeights(change('b', Number.NaN))).toThrow(/NaN or infinite weights in b — train again/);
    expect(() => checkWeights(change('a', -Infinity))).toThrow(/in a/);
  });
  it('names a layer whose weights are all 0', () => {
    expect(() => checkWeights(change('logits', 0))).toThrow(/dead layers.*logits/);
  });
});
