/** A slope for each channel, through every part. */
import { describe, expect, it } from 'vitest';
import { createFloatReference } from '../../src/evaluate/float-reference.js';
import { dequantize } from '../../src/explain/fixed-twin.js';
import { layerSchema } from '../../src/frontends/network/description.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import type { FixedGraph, FloatGraph } from '../../src/ir/graph.js';
import { verifyFixedGraph } from '../../src/ir/verify.js';
import { pruneDeadChannels } from '../../src/passes/prune-dead-channels.js';
import { sampleFrames } from '../sample-graphs.js';
import {
  backFromFloatOnnx,
  everywhere,
  expectExact,
  expectExactInQdq,
  expectFound,
  quantizedFor,
} from './everywhere.js';

const SIZE = [16, 18] as const;
const frames = sampleFrames(3, SIZE[0] * SIZE[1], 11);

/** Convolutions, a sum and a dense layer with slopes from −0.3 to 1.4, none of them a binary fraction. */
function network(): FloatGraph {
  const graph = createNetwork({
    network: [
      { op: 'conv', filters: 6, stride: 2, activation: 'prelu' },
      { op: 'depthwise', activation: 'prelu' },
      { op: 'residual', body: [{ op: 'conv', filters: 6, activation: 'none' }], activation: 'prelu' },
      { op: 'globalPool', mode: 'both' },
      { op: 'dense', units: 5, activation: 'prelu' },
      { op: 'dense', units: 'classes' },
    ].map((layer) => layerSchema.parse(layer)),
    preprocess: preprocessNodes(preprocessSchema.parse({ factor: 1, channels: [{ clampMax: 255 }] }), SIZE),
    classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
    seed: 5,
  });
  const nodes = graph.nodes.map((n) =>
    n.kind === 'prelu' ? { ...n, alpha: n.alpha.map((_, c) => -0.3 + 0.34 * c) } : n,
  );
  return { ...graph, nodes };
}

const quantized = (bits = 8, reloadable = false): Promise<FixedGraph> =>
  quantizedFor(network(), bits, reloadable);

const close = (a: Float32Array, b: Float32Array): void => {
  a.forEach((v, i) => {
    expect(v).toBeCloseTo(b[i]!, 4);
  });
};
const logits = (graph: FloatGraph): Float32Array => createFloatReference(graph).decide(frames[0]!).logits;

describe('PReLU', () => {
  it('is in the fixed graph with slopes to half a step of the result', async () => {
    const graph = await quantized();
    const found = graph.nodes.flatMap((n) => ('activation' in n && n.activation.kind === 'prelu' ? [n] : []));
    expect(found.map((n) => n.kind)).toEqual(['conv2d', 'depthwiseConv2d', 'add', 'dense']);
    for (const { activation } of found) {
      if (activation.kind !== 'prelu') continue;
      activation.alphaMantissas.forEach((m, c) => {
        expect(Math.abs(m * 2 ** -activation.alphaFraction - (-0.3 + 0.34 * c))).toBeLessThan(2 ** -8);
      });
    }
    const short = graph.nodes.map((n) =>
      'activation' in n && n.activation.kind === 'prelu'
        ? { ...n, activation: { ...n.activation, alphaMantissas: n.activation.alphaMantissas.slice(1) } }
        : n,
    );
    expect(() => verifyFixedGraph({ ...graph, nodes: short })).toThrow(/slopes for \d channels/);
  });

  it('gives the same integers in the interpreter, the evaluator, ONNX Runtime, the C++ and the RTL', async () => {
    const graph = await quantized();
    for (const options of [{ pixelsPerClock: 4 as const }, { framesPerSecond: 20_000 }]) {
      await expectExact(graph, { options });
    }
  }, 300_000);

  it('gives them with weights that can be exchanged, and at 12 bits', async () => {
    const graph = await quantized(12, true);
    expect((await everywhere(graph, { rtl: false })).verdict).toBe('exact');
  }, 300_000);

  it('is named where its slopes are wrong in the C++', async () => {
    const graph = await quantized();
    await expectFound(
      graph,
      'firmware/tables/depthwise1.h',
      (text) => text.replace(/(slopes\[6\] = \{\s*)(-?\d+), (-?\d+)/, '$1$3, $2'),
      'depthwise1',
    );
  }, 300_000);

  it('gives them as QuantizeLinear and DequantizeLinear', async () => {
    const graph = await quantized(7);
    await expectExactInQdq(graph, frames);
  });

  it('comes back from float ONNX, and is itself in the twin that explanations work on', async () => {
    const graph = network();
    const again = backFromFloatOnnx(graph);
    expect(again.nodes.filter((n) => n.kind === 'prelu')).toHaveLength(4);
    close(logits(again), logits(graph));
    const twin = dequantize(await quantized());
    expect(twin.nodes.filter((n) => n.kind === 'prelu')).toHaveLength(4);
  });

  it('loses the slopes of channels that are pruned', () => {
    const graph = network();
    const nodes = graph.nodes.map((n) =>
      n.id === 'dense2' && n.kind === 'dense'
        ? { ...n, weights: n.weights.map((w, i) => (Math.floor(i / 2) === 2 ? 0 : w)) }
        : n,
    );
    const pruned = pruneDeadChannels({ ...graph, nodes });
    const last = pruned.nodes.filter((n) => n.kind === 'prelu').at(-1)!;
    expect(last.alpha).toHaveLength(4);
    close(logits(pruned), logits({ ...graph, nodes }));
  });
});
