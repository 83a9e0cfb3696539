import { describe, expect, it } from 'vitest';
import { format, type Format } from '../../src/fixed/format.js';
import { nodeId } from '../../src/ir/common.js';
import { createFloatEvaluator, createFloatReference } from '../../src/evaluate/float-reference.js';
import type { FloatGraph } from '../../src/ir/graph.js';
import type { FloatNode } from '../../src/ir/ops/index.js';
import { window } from './computed.js';
import { counts } from './small-graphs.js';

const id = nodeId('x');
const input = nodeId('input');
const inputs = [input];
const floats = (...values: number[]): Float32Array<ArrayBuffer> => Float32Array.from(values);

/** An input of `height × width` pixels and `nodes`; the last of them is the output. */
function graphOf(size: readonly [number, number], nodes: readonly FloatNode[]): FloatGraph {
  return {
    name: 'floats',
    nodes: [{ id: input, kind: 'input', inputs: [], size, format: counts(16) }, ...nodes],
    output: nodes.at(-1)!.id,
    classNames: ['miss', 'hit'],
    hitClasses: [false, true],
    threshold: 3,
  };
}
const computed = (
  size: readonly [number, number],
  nodes: readonly FloatNode[],
  frame: number[],
): number[] => [
  ...createFloatReference(graphOf(size, nodes)).visit(Uint16Array.from(frame), () => undefined),
];

/** Each pixel p as the channels `weights[c] * p + bias[c]`. */
const spread = (weights: readonly number[], bias: readonly number[]): FloatNode => ({
  id: nodeId('spread'),
  kind: 'conv2d',
  inputs,
  ...window([1, 1], [1, 1]),
  groups: 1,
  weights: floats(...weights),
  bias: floats(...bias),
});
const from = [nodeId('spread')];
const base = { id, inputs: from };

describe('the float reference, worked out by hand', () => {
  it('preprocesses in integers and shows what they stand for', () => {
    const crop: FloatNode = {
      id: nodeId('crop'),
      kind: 'crop',
      inputs,
      offset: [1, 1],
      size: [1, 2],
      format: counts(16),
    };
    const table = Int32Array.of(-3, 4, 6);
    const lut = (to: Format): FloatNode => ({
      ...base,
      kind: 'lut',
      inputs: [crop.id],
      first: 5,
      table,
      format: to,
    });
    const frame = [1, 2, 3, 4, 5, 7];
    const tensors = createFloatReference(graphOf([2, 3], [crop, lut(format(true, 5, 3))])).tensors(
      Uint16Array.from(frame),
    );
    expect([...tensors]).toEqual([
      [input, floats(1, 2, 3, 4, 5, 7)],
      [crop.id, floats(5, 7)],
      [id, floats(-0.75, 1.5)],
    ]);
    expect(computed([2, 3], [crop, lut(format(true, 5, 6))], frame)).toEqual([-6, 12]);
  });

  it('convolves, over all channels or over each', () => {
    const conv: FloatNode = {
      id,
      kind: 'conv2d',
      inputs: from,
      ...window([1, 2], [1, 1], [0, 1, 0, 0]),
      groups: 1,
      weights: floats(0.5, 0, 2, 1),
      bias: floats(0.25),
    };
    // Channels p and 1 - p of the pixel on the left by 0.5 and 0, of the own pixel by 2 and 1: 0.5 p' + p + 1.25.
    const two = spread([1, -1], [0, 1]);
    expect(computed([2, 2], [two, conv], [1, 2, 3, 4])).toEqual([2.25, 3.75, 4.25, 6.75]);
    const depthwise: FloatNode = {
      id,
      kind: 'depthwiseConv2d',
      inputs: from,
      ...window([2, 1], [1, 1]),
      weights: floats(1, 2, 0.5, 4),
      bias: floats(0.5, -1),
    };
    expect(computed([3, 1], [two, depthwise], [1, 2, 3])).toEqual([
      1 + 1 + 0.5,
      0 - 4 - 1,
      2 + 1.5 + 0.5,
      -2 - 8 - 1,
    ]);
    const dense: FloatNode = {
      id,
      kind: 'dense',
      inputs: [nodeId('flat')],
      weights: floats(1, -1, 0.5, 2),
      bias: floats(10, 20),
    };
    const flat: FloatNode = { id: nodeId('flat'), kind: 'flatten', inputs };
    expect(computed([1, 2], [flat, dense], [4, 6])).toEqual([10 + 4 + 3, 20 - 4 + 12]);
  });

  it('normalises by the running statistics', () => {
    const norm: FloatNode = {
      id,
      kind: 'batchNorm',
      inputs: from,
      gamma: floats(3, 2),
      beta: floats(-1, 0.5),
      mean: floats(2, -1),
      variance: floats(15, 3),
      epsilon: 1,
    };
    // (p - 2) · 3/4 - 1 and (-p + 1) · 2/2 + 0.5.
    expect(computed([1, 2], [spread([1, -1], [0, 0]), norm], [4, 10])).toEqual([0.5, -2.5, 5, -8.5]);
  });

  it('limits values, keeps NaN and leaves no negative zero', () => {
    const activated = (node: FloatNode): number[] =>
      computed([1, 5], [spread([1], [-2]), node], [0, 1, 2, 3, 4]);
    expect(activated({ ...base, kind: 'relu' })).toEqual([0, 0, 0, 1, 2]);
    expect(activated({ ...base, kind: 'clip', min: -1, max: 1.5 })).toEqual([-1, -1, 0, 1, 1.5]);
    const leaky: FloatNode = { ...base, kind: 'leakyRelu', alpha: 0.25 };
    expect(activated(leaky)).toEqual([-0.5, -0.25, 0, 1, 2]);
    expect(computed([1, 2], [spread([0.5], [-1]), leaky], [1, 3])).toEqual([-0.125, 0.5]);
    const prelu: FloatNode = { ...base, kind: 'prelu', alpha: floats(0.5, -2) };
    expect(computed([1, 2], [spread([1, -1], [-2, 0]), prelu], [1, 3])).toEqual([-0.5, 2, 1, 6]);
    const relu: FloatNode = { ...base, kind: 'relu' };
    expect(computed([1, 1], [spread([NaN, -1], [0, 0]), relu], [3])).toEqual([NaN, 0]);
    const given = new Map([[from[0]!, floats(-0)]]);
    const reference = createFloatReference(graphOf([1, 1], [spread([1], [0]), relu]));
    expect([...reference.visit(Uint16Array.of(7), () => undefined, given)]).toEqual([0]);
  });

  it('pools windows and images, padded positions left out of maxima and zeros in means', () => {
    const pooled = (node: FloatNode): number[] =>
      computed([2, 3], [spread([-1], [0]), node], [1, 2, 3, 4, 5, 6]);
    const windows = window([2, 2], [1, 2], [1, 0, 0, 1]);
    expect(pooled({ ...base, kind: 'maxPool', ...windows })).toEqual([-1, -3, -1, -3]);
    expect(pooled({ ...base, kind: 'avgPool', ...windows })).toEqual([-0.75, -0.75, -3, -2.25]);
    expect(pooled({ ...base, kind: 'avgPool', ...window([1, 3], [1, 1]) })).toEqual([-2, -5]);
    expect(pooled({ ...base, kind: 'globalMaxPool' })).toEqual([-1]);
    expect(pooled({ ...base, kind: 'globalAvgPool' })).toEqual([-3.5]);
  });

  it('divides by what a window counts, where not all of its padding does', () => {
    const mean: FloatNode = {
      ...base,
      kind: 'avgPool',
      ...window([2, 2], [1, 2], [1, 0, 0, 1]),
      counted: [0, 0, 0, 1],
    };
    // 1 2 3 0 and 4 5 6 0, of which the row of padding above counts nothing.
    expect(computed([2, 3], [spread([1], [0]), mean], [1, 2, 3, 4, 5, 6])).toEqual([1.5, 1.5, 3, 2.25]);
  });

  it('multiplies by a vector and enlarges pixels, channel by channel', () => {
    const two = spread([1, -1], [0, 0.5]);
    const vector: FloatNode = { id: nodeId('vector'), kind: 'globalMaxPool', inputs: from };
    const gated: FloatNode = { id, kind: 'multiply', inputs: [from[0]!, vector.id] };
    // The largest of 2, 4 and of -1.5, -3.5.
    expect(computed([1, 2], [two, vector, gated], [2, 4])).toEqual([8, 2.25, 16, 5.25]);
    expect(computed([2, 1], [two, { ...base, kind: 'upsample', factor: [2, 3] }], [2, 4])).toEqual(
      [2, 2, 4, 4].flatMap((p) => [0, 1, 2].flatMap(() => [p, 0.5 - p])),
    );
  });

  it('adds, concatenates and flattens', () => {
    const two = spread([1, -1], [0, 0]);
    const half: FloatNode = { ...spread([0.5, 2], [0, 1]), id: nodeId('half') };
    const both = [from[0]!, half.id];
    expect(computed([1, 2], [two, half, { id, kind: 'add', inputs: both }], [2, 4])).toEqual([3, 3, 6, 5]);
    const joined: FloatNode = { id: nodeId('joined'), kind: 'concat', inputs: both };
    expect(
      computed([1, 2], [two, half, joined, { id, kind: 'flatten', inputs: [joined.id] }], [2, 4]),
    ).toEqual([2, -2, 1, 5, 4, -4, 2, 9]);
  });
});

describe('the decision of the float reference', () => {
  const graph = graphOf([1, 1], [spread([1, 2], [0, 0])]);

  it('keeps a frame whose score meets the threshold', () => {
    const { decide } = createFloatReference(graph);
    expect(decide(Uint16Array.of(3))).toEqual({ logits: floats(3, 6), score: 3, keep: true });
    expect(decide(Uint16Array.of(2))).toEqual({ logits: floats(2, 4), score: 2, keep: false });
  });

  it('is taken from the output, wherever it stands', () => {
    const longer = { ...graph, nodes: [...graph.nodes, { id, kind: 'relu', inputs: from } as const] };
    expect([...createFloatReference(longer).decide(Uint16Array.of(3)).logits]).toEqual([3, 6]);
    expect(() => createFloatReference({ ...graph, output: id }).decide(Uint16Array.of(3))).toThrow(
      'floats: no output x',
    );
  });

  it('takes what is given for tensors of the network, not for pixels', () => {
    const given = new Map([
      [input, floats(9)],
      [from[0]!, floats(7, 8)],
    ]);
    const seen: unknown[] = [];
    createFloatReference(graph).visit(
      Uint16Array.of(3),
      (node, tensor) => seen.push([node, [...tensor]]),
      given,
    );
    expect(seen).toEqual([
      [input, [3]],
      [from[0], [7, 8]],
    ]);
  });

  it('has all its tensors as an evaluator', async () => {
    const tensors = await createFloatEvaluator(graph)(Uint16Array.of(3));
    expect([...tensors]).toEqual([
      [input, floats(3)],
      [from[0], floats(3, 6)],
    ]);
  });
});
