/** An image times a vector, pixels enlarged, and slopes of each channel: by hand, in bounds, and refused. */
import { describe, expect, it } from 'vitest';
import { format } from '../../src/fixed/format.js';
import type { Activation } from '../../src/ir/activations.js';
import type { UnprovenNode } from '../../src/ir/build.js';
import { nodeId, type Proof } from '../../src/ir/common.js';
import { fixedShapes } from '../../src/ir/graph.js';
import { analyseRanges, productRange, proveStage } from '../../src/ir/prove.js';
import { computed, pointwise } from './computed.js';
import { integers, NONE, smallGraph } from './small-graphs.js';

const id = nodeId('x');
const image = pointwise('image', [1, -2], [0, 0], integers(9));
const from = [nodeId('image')];
const vector: UnprovenNode = {
  id: nodeId('vector'),
  kind: 'globalMaxPool',
  inputs: from,
  format: integers(9),
};
const product = {
  id,
  kind: 'multiply',
  inputs: [...from, vector.id],
  activation: NONE,
  format: integers(17),
} as const;

describe('an image times a vector', () => {
  it('is multiplied channel by channel, at both fractions, and rounded once', () => {
    // The largest of 3, 5 and of -6, -10.
    expect(computed([1, 2], [image, vector, product], [3, 5])).toEqual([15, 36, 25, 60]);
    const half = pointwise('image', [1, -2], [0, 0], format(true, 12, 11));
    const eighths: UnprovenNode = {
      id: nodeId('eighths'),
      kind: 'requantize',
      inputs: [vector.id],
      format: format(true, 14, 11),
    };
    const halfVector = { ...vector, format: format(true, 12, 11) };
    const rounded: UnprovenNode = {
      ...product,
      inputs: [...from, eighths.id],
      activation: { kind: 'prelu', alphaMantissas: [0, -1], alphaFraction: 1 },
      format: integers(9),
    };
    // 15, 36, 25, 60 again: mantissas by 2 and by 8 of them are both undone.
    expect(computed([1, 2], [half, halfVector, eighths, rounded], [3, 5])).toEqual([15, 36, 25, 60]);
    // 3 · 5, -6 · 5: times 0 and -1/2 below zero.
    const pixels = pointwise('pixels', [1, 1], [0, 0], integers(9));
    const most: UnprovenNode = { ...vector, inputs: [nodeId('pixels')] };
    expect(
      computed([1, 2], [half, pixels, most, { ...rounded, inputs: [...from, most.id] }], [3, 5]),
    ).toEqual([15, 15, 25, 25]);
  });

  it('lies between the products of the ends', () => {
    expect(productRange({ low: -2, high: 3 }, { low: -5, high: 4 })).toEqual({ low: -15, high: 12 });
    expect(productRange({ low: -7, high: -3 }, { low: 2, high: 4 })).toEqual({ low: -28, high: -6 });
    expect(productRange({ low: 2, high: 3 }, { low: -5, high: -4 })).toEqual({ low: -15, high: -8 });
    expect(productRange({ low: -3, high: 2 }, { low: -6, high: 1 })).toEqual({ low: -12, high: 18 });
    const proof = proveStage(
      product,
      [
        { range: { low: -2, high: 3 }, format: format(true, 4, 2), shape: [2, 2, 2] },
        { range: { low: -5, high: 4 }, format: format(true, 4, 1), shape: [1, 1, 2] },
      ],
      false,
    );
    expect([...proof.accumulatorMin, ...proof.accumulatorMax]).toEqual([-15, -15, 12, 12]);
    expect([...proof.accumulatorFraction]).toEqual([5, 5]);
  });

  it.each<[string, RegExp, readonly UnprovenNode[]]>([
    ['one factor', /x: multiply takes two inputs, not 1/, [image, { ...product, inputs: from }]],
    [
      'three factors',
      /x: multiply takes two inputs, not 3/,
      [image, vector, { ...product, inputs: [...product.inputs, vector.id] }],
    ],
    [
      'itself as its vector',
      /x: multiplies vector with itself/,
      [image, vector, { ...product, inputs: [vector.id, vector.id] }],
    ],
    [
      'a column of vectors',
      /x: multiply of 3×4×2 by 3×1×2, which is no vector of as many channels/,
      [
        image,
        {
          id: nodeId('part'),
          kind: 'crop',
          inputs: [nodeId('clamp')],
          offset: [0, 0],
          size: [3, 1],
          format: { ...integers(7), signed: false },
        },
        { ...image, id: nodeId('column'), inputs: [nodeId('part')] } as UnprovenNode,
        { ...product, inputs: [...from, nodeId('column')] },
      ],
    ],
    [
      'a row of vectors',
      /x: multiply of 3×4×2 by 1×4×2, which is no vector/,
      [
        image,
        {
          id: nodeId('part'),
          kind: 'crop',
          inputs: [nodeId('clamp')],
          offset: [0, 0],
          size: [1, 4],
          format: { ...integers(7), signed: false },
        },
        { ...image, id: nodeId('row'), inputs: [nodeId('part')] } as UnprovenNode,
        { ...product, inputs: [...from, nodeId('row')] },
      ],
    ],
    [
      'a vector of fewer channels',
      /x: multiply of 3×4×2 by 1×1×1, which is no vector/,
      [
        image,
        {
          id: nodeId('all'),
          kind: 'globalMaxPool',
          inputs: [nodeId('clamp')],
          format: { ...integers(7), signed: false },
        },
        { ...product, inputs: [...from, nodeId('all')] },
      ],
    ],
  ])('is refused with %s', (_what, message, middle) => {
    expect(() => smallGraph([3, 4], 100, middle)).toThrow(message);
  });
});

describe('an image enlarged', () => {
  const larger: UnprovenNode = { id, kind: 'upsample', inputs: from, factor: [2, 3], format: integers(9) };

  it('repeats each pixel down and to the right, all channels of it', () => {
    const rows = [
      [3, -6, 3, -6, 3, -6, 5, -10, 5, -10, 5, -10],
      [7, -14, 7, -14, 7, -14, 9, -18, 9, -18, 9, -18],
    ];
    expect(computed([2, 2], [image, larger], [3, 5, 7, 9])).toEqual([0, 0, 1, 1].flatMap((y) => rows[y]!));
  });

  it('has as many rows and columns of each, and the range of its input', () => {
    const graph = smallGraph([3, 4], 100, [image, larger]);
    expect(fixedShapes(graph).get(id)).toEqual([6, 12, 2]);
    expect(analyseRanges(graph).get(id)!.range).toEqual({ low: -200, high: 100 });
  });
});

describe('slopes of each channel', () => {
  const sloped = (alphaMantissas: readonly number[], to = integers(9)): UnprovenNode =>
    pointwise('x', [1, 1, 1], [-20, -20, -20], to, { kind: 'prelu', alphaMantissas, alphaFraction: 2 });

  it('multiply what is below zero, exactly, before the one rounding', () => {
    // -10 and 6: times 3/4, -7/4, 0 where below zero.
    expect(computed([1, 2], [sloped([3, -7, 0])], [10, 26])).toEqual([-8, 18, 0, 6, 6, 6]);
  });

  it('turn the lower bound round where they are below zero', () => {
    const graph = smallGraph([1, 2], 30, [sloped([3, -7, 0])]);
    const { proof } = graph.nodes.find((n) => n.id === id) as unknown as { readonly proof: Proof };
    // Sums within -20 and 30 in quarters: by 4 above; below by 4 at least, or by 7 and turned round.
    expect([...proof.accumulatorMin]).toEqual([-80, -140, -80]);
    expect([...proof.accumulatorMax]).toEqual([120, 210, 120]);
    expect([...proof.accumulatorFraction]).toEqual([2, 2, 2]);
    expect(analyseRanges(graph).get(id)!.range).toEqual({ low: -20, high: 52 });
    const steep = smallGraph([1, 2], 5, [sloped([3, -7, 0])]);
    const bounds = (steep.nodes.find((n) => n.id === id) as unknown as { readonly proof: Proof }).proof;
    expect([...bounds.accumulatorMax]).toEqual([20, 140, 20]);
  });

  it('leave no output below zero where none of them is above', () => {
    const range = (alphaMantissas: readonly number[]): object =>
      analyseRanges(smallGraph([1, 2], 30, [sloped(alphaMantissas)])).get(id)!.range;
    expect(range([-1, -2, 0])).toEqual({ low: 0, high: 30 });
    expect(range([-1, 1, 0])).toEqual({ low: -20, high: 30 });
  });

  it.each<[readonly number[], string]>([
    [[1, 2], 'x: 2 slopes for 3 channels'],
    [[1, 2, 3, 4], 'x: 4 slopes for 3 channels'],
  ])('are as many as there are channels, or one: %j is refused', (alphaMantissas, message) => {
    expect(() => smallGraph([1, 2], 30, [sloped(alphaMantissas)])).toThrow(message);
    expect(smallGraph([1, 2], 30, [sloped([1])]).nodes).toHaveLength(5);
  });
});

const limits: Activation = { kind: 'clip', min: -3, max: 5 };
it('keeps the limits of an activation behind a product', () => {
  expect(computed([1, 2], [image, vector, { ...product, activation: limits }], [1, 5])).toEqual([5, 4, 5, 5]);
});
