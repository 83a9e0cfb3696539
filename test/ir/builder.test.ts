import { describe, expect, it } from 'vitest';
import { format } from '../../src/fixed/format.js';
import { createFixedGraphBuilder, type UnprovenNode } from '../../src/ir/build.js';
import { nodeId } from '../../src/ir/common.js';
import { fixedShapes } from '../../src/ir/graph.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { clampedInput, counts, integers, NONE, smallGraph, weights } from './small-graphs.js';

const id = nodeId('x');
const inputs = [nodeId('clamp')];
const unit = { kernel: [1, 1], strides: [1, 1], padding: [0, 0, 0, 0] } as const;

describe('the builder', () => {
  const conv = {
    id,
    kind: 'conv2d',
    inputs,
    ...unit,
    groups: 1,
    weights: weights([1, 2], [0, 0]),
    activation: NONE,
    format: integers(9),
  } as const;
  const spread: UnprovenNode = { ...conv, id: nodeId('spread') };
  const from = [nodeId('spread')];

  it.each<[string, RegExp, readonly UnprovenNode[]]>([
    ['a missing input', /x reads nowhere, which was not added/, [{ ...conv, inputs: [nodeId('nowhere')] }]],
    ['no input at all', /x takes one input, not 0/, [{ ...conv, inputs: [] }]],
    [
      'two inputs of an op that takes one',
      /x takes one input, not 2/,
      [{ ...conv, inputs: [...inputs, ...inputs] }],
    ],
    [
      'weights of another number',
      /x: 3 weights where the shape needs 2/,
      [{ ...conv, weights: weights([1, 2, 3], [0, 0]) }],
    ],
    [
      'input channels that no groups divide',
      /x: 1 → 2 channels do not divide into 2 groups/,
      [{ ...conv, groups: 2 }],
    ],
    [
      'output channels that no groups divide',
      /x: 2 → 3 channels do not divide into 2 groups/,
      [spread, { ...conv, inputs: from, groups: 2, weights: weights([1, 2, 3], [0, 0, 0]) }],
    ],
    [
      'a window larger than the image',
      /a window of 5 does not fit into 4/,
      [{ ...conv, kernel: [1, 5], weights: weights(new Array<number>(10).fill(1), [0, 0]) }],
    ],
    [
      'depthwise weights of another number',
      /x: 1 weights where the shape needs 2/,
      [spread, { ...conv, kind: 'depthwiseConv2d', inputs: from, weights: weights([1], [0]) }],
    ],
    ['a dense layer on an image', /x: a dense layer takes a vector, not 3×4/, [{ ...conv, kind: 'dense' }]],
    [
      'a dense layer on one row of an image',
      /x: a dense layer takes a vector, not 1×4/,
      [
        { id: nodeId('row'), kind: 'crop', inputs, offset: [0, 0], size: [1, 4], format: counts(7) },
        { ...conv, kind: 'dense', inputs: [nodeId('row')] },
      ],
    ],
    [
      'dense weights of another number',
      /x: 3 weights where the shape needs 2/,
      [
        { id: nodeId('all'), kind: 'globalMaxPool', inputs, format: counts(7) },
        { ...conv, kind: 'dense', inputs: [nodeId('all')], weights: weights([1, 2, 3], [0, 0]) },
      ],
    ],
    [
      'a crop that leaves the frame below',
      /x: crop of 3×1 at 1,0 leaves the 3×4 frame/,
      [{ id, kind: 'crop', inputs, offset: [1, 0], size: [3, 1], format: counts(7) }],
    ],
    [
      'a crop that leaves the frame on the right',
      /x: crop of 1×4 at 0,1 leaves/,
      [{ id, kind: 'crop', inputs, offset: [0, 1], size: [1, 4], format: counts(7) }],
    ],
    [
      'blocks that do not fill the columns',
      /x: 3×4 is not a whole number of 1×3 blocks/,
      [{ id, kind: 'bin', mode: 'max', inputs, factor: [1, 3], format: counts(7) }],
    ],
    [
      'blocks that do not fill the rows',
      /x: 3×4 is not a whole number of 2×1 blocks/,
      [{ id, kind: 'bin', mode: 'max', inputs, factor: [2, 1], format: counts(7) }],
    ],
    [
      'the second brightest of single pixels',
      /x: a block of one pixel has no second brightest/,
      [{ id, kind: 'bin', mode: 'second', inputs, factor: [1, 1], format: counts(7) }],
    ],
    [
      'an empty range of counts',
      /x: empty range \[5, 5\]/,
      [{ id, kind: 'clamp', inputs, min: 5, max: 5, format: counts(3) }],
    ],
    [
      'an empty table',
      /x: empty table/,
      [{ id, kind: 'lut', inputs, first: 0, table: new Int32Array(0), format: counts(3) }],
    ],
    [
      'a table that starts too late',
      /x: input range \[0, 100\] leaves the table of 100 from 1/,
      [{ id, kind: 'lut', inputs, first: 1, table: new Int32Array(100), format: counts(3) }],
    ],
    [
      'a table that ends too early',
      /x: input range \[0, 100\] leaves the table of 100 from 0/,
      [{ id, kind: 'lut', inputs, first: 0, table: new Int32Array(100), format: counts(3) }],
    ],
    [
      'a mask of another size',
      /x: mask of 11 for 12 pixels/,
      [{ id, kind: 'mask', inputs, live: new Uint8Array(11), format: counts(7) }],
    ],
    [
      'a mask with a 2 in it',
      /x: a mask holds 0 and 1 only/,
      [{ id, kind: 'mask', inputs, live: new Uint8Array(12).fill(2, 11), format: counts(7) }],
    ],
    [
      'a mask on two channels',
      /x: a mask acts on one channel/,
      [spread, { id, kind: 'mask', inputs: from, live: new Uint8Array(24), format: integers(9) }],
    ],
    [
      'one term of a sum',
      /x: add takes two inputs, not 1/,
      [{ id, kind: 'add', inputs, activation: NONE, format: counts(8) }],
    ],
    [
      'three terms of a sum',
      /x: add takes two inputs, not 3/,
      [{ id, kind: 'add', inputs: [...inputs, ...inputs, ...inputs], activation: NONE, format: counts(9) }],
    ],
    [
      'terms of different shape',
      /x: add of 3×4×2 and 3×4×1/,
      [spread, { id, kind: 'add', inputs: [...from, ...inputs], activation: NONE, format: integers(9) }],
    ],
    [
      'a concatenation of one',
      /x: concat takes at least two inputs/,
      [{ id, kind: 'concat', inputs, format: counts(7) }],
    ],
    [
      'a concatenation of images of different width',
      /x: concat of images of different size/,
      [
        { id: nodeId('part'), kind: 'crop', inputs, offset: [0, 0], size: [3, 3], format: counts(7) },
        { id, kind: 'concat', inputs: [...inputs, nodeId('part')], format: counts(7) },
      ],
    ],
    [
      'a concatenation of images of different height',
      /x: concat of images of different size/,
      [
        { id: nodeId('part'), kind: 'crop', inputs, offset: [0, 0], size: [2, 4], format: counts(7) },
        { id, kind: 'concat', inputs: [...inputs, nodeId('part')], format: counts(7) },
      ],
    ],
    [
      'windows with nothing in them above',
      /x: padding as large as the window/,
      [
        {
          id,
          kind: 'maxPool',
          inputs,
          kernel: [2, 2],
          strides: [1, 1],
          padding: [2, 0, 0, 0],
          format: counts(7),
        },
      ],
    ],
    [
      'windows with nothing in them on the right',
      /x: padding as large as the window/,
      [
        {
          id,
          kind: 'maxPool',
          inputs,
          kernel: [2, 2],
          strides: [1, 1],
          padding: [0, 0, 0, 2],
          format: counts(7),
        },
      ],
    ],
    [
      'an accumulator of 54 bits',
      /an accumulator needs more than 53 bits/,
      [{ id, kind: 'globalAvgPool', inputs, reciprocal: 2 ** 42, reciprocalFraction: 44, format: counts(7) }],
    ],
    [
      'an accumulator of 54 bits below zero',
      /an accumulator needs more than 53 bits/,
      [{ ...conv, weights: weights([-1, 0], [-(2 ** 52), 0]) }],
    ],
    [
      'an accumulator of 2^52',
      /an accumulator needs more than 53 bits/,
      [{ ...conv, weights: weights([0, 0], [2 ** 52, 0], [52, 52]) }],
    ],
    [
      'an accumulator of -2^52, whose opposite has no 53 bits',
      /an accumulator needs more than 53 bits/,
      [{ ...conv, weights: weights([0, 0], [-(2 ** 52), 0], [52, 52]) }],
    ],
    [
      'limits of which the lower lies above the format',
      /x: values \[8, 8\] do not fit the output format/,
      [{ ...conv, activation: { kind: 'clip', min: 8, max: 9 }, format: integers(4) }],
    ],
    [
      'limits of which the upper lies below the format',
      /x: values \[-9, -9\] do not fit the output format/,
      [{ ...conv, activation: { kind: 'clip', min: -10, max: -9 }, format: integers(4) }],
    ],
    [
      'preprocessing of values with a sign',
      /x: acts on unsigned counts/,
      [
        { ...conv, id: nodeId('signed'), weights: weights([1], [0]) },
        { id, kind: 'crop', inputs: [nodeId('signed')], offset: [0, 0], size: [1, 1], format: integers(9) },
      ],
    ],
    [
      'preprocessing of values with fraction bits',
      /x: acts on unsigned counts/,
      [
        { ...conv, id: nodeId('half'), weights: weights([1], [0]), format: format(false, 9, 8) },
        {
          id,
          kind: 'crop',
          inputs: [nodeId('half')],
          offset: [0, 0],
          size: [1, 1],
          format: format(false, 9, 8),
        },
      ],
    ],
  ])('refuses %s', (_what, message, middle) => {
    expect(() => smallGraph([3, 4], 100, middle)).toThrow(message);
  });

  it('takes an accumulator of 53 bits', () => {
    const at = (bias: number): UnprovenNode => ({ ...conv, weights: weights([0, 0], [bias, 0], [52, 52]) });
    expect(smallGraph([3, 4], 100, [at(2 ** 52 - 1)]).nodes).toHaveLength(5);
    expect(smallGraph([3, 4], 100, [at(1 - 2 ** 52)]).nodes).toHaveLength(5);
  });

  it('takes weights that stay unless they are said to be reloadable', () => {
    expect(sampleFixedGraph().reloadable).toBe(false);
    expect(smallGraph([3, 4], 100, [], true).reloadable).toBe(true);
  });

  it('lets a mean, where padding counts as zeros, pad as far as its window', () => {
    const mean: UnprovenNode = {
      id,
      kind: 'avgPool',
      inputs,
      ...unit,
      kernel: [2, 2],
      padding: [2, 0, 0, 2],
      reciprocal: 1,
      reciprocalFraction: 2,
      format: counts(7),
    };
    expect(fixedShapes(smallGraph([3, 4], 100, [mean])).get(id)).toEqual([4, 5, 1]);
  });

  it('tells what a consumer reads', () => {
    const builder = createFixedGraphBuilder();
    const clamp = clampedInput(builder, 3, 4, 100);
    expect(builder.output(clamp)).toEqual({
      range: { low: 0, high: 100 },
      format: counts(7),
      shape: [3, 4, 1],
    });
    expect(builder.output(nodeId('input')).range).toEqual({ low: 0, high: 65535 });
    expect(() => builder.output(id)).toThrow('no node x');
  });
});
