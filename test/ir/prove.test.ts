import { describe, expect, it } from 'vitest';
import { format, type Format } from '../../src/fixed/format.js';
import type { UnprovenNode } from '../../src/ir/build.js';
import type { Activation } from '../../src/ir/activations.js';
import { nodeId, type Proof } from '../../src/ir/common.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import {
  analyseRanges,
  largestSum,
  magnitude,
  nodeRange,
  proveStage,
  reloadableBiasWidth,
  reloadableSumBound,
} from '../../src/ir/prove.js';
import { counts, integers, NONE, smallGraph, weights } from './small-graphs.js';

const id = nodeId('x');
const inputs = [nodeId('clamp')];
const unit = { kernel: [1, 1], strides: [1, 1], padding: [0, 0, 0, 0] } as const;

/** Two channels of a 1 × 2 window over counts up to 10: 3 and -2 with a bias of -7, 1 and 4 with a bias of 5. */
const conv = {
  id,
  kind: 'conv2d',
  inputs,
  ...unit,
  kernel: [1, 2],
  groups: 1,
  weights: weights([3, 1, -2, 4], [-7, 5], [2, 3]),
  activation: NONE,
  format: integers(12),
} as const;

function proofOf(graph: FixedGraph): Proof {
  const node = graph.nodes.find((n) => n.id === id)!;
  if (!('proof' in node)) throw new Error('x has no proof');
  return node.proof;
}
const proved = (middle: readonly UnprovenNode[], reloadable = false): Proof =>
  proofOf(smallGraph([2, 3], 10, middle, reloadable));
const rangeOf = (middle: readonly UnprovenNode[]): readonly number[] => {
  const { low, high } = analyseRanges(smallGraph([2, 3], 10, middle)).get(id)!.range;
  return [low, high];
};

describe('the proof', () => {
  it('adds up what lowers and what raises a sum, channel by channel', () => {
    expect(proved([conv])).toEqual({
      accumulatorMin: Float64Array.of(-27, 0),
      accumulatorMax: Float64Array.of(30, 55),
      accumulatorFraction: Int32Array.of(2, 3),
      accumulatorWidth: 7,
      float32Exact: true,
      worstCase: false,
    });
  });

  it('holds 0, from which every sum starts', () => {
    const bounds = (middle: readonly UnprovenNode[]): number[] => {
      const { accumulatorMin, accumulatorMax } = proved(middle);
      return [...accumulatorMin, ...accumulatorMax];
    };
    const some: UnprovenNode = {
      id: nodeId('some'),
      kind: 'clamp',
      inputs,
      min: 3,
      max: 6,
      format: counts(3),
    };
    const less: UnprovenNode = {
      ...conv,
      id: nodeId('less'),
      kernel: [1, 1],
      inputs: [some.id],
      weights: weights([-1], [0]),
    };
    const of = (input: UnprovenNode) => ({ id, inputs: [input.id], format: integers(9) });
    const dot = { ...of(some), kind: 'conv2d', ...unit, groups: 1, activation: NONE } as const;
    expect(bounds([some, { ...dot, weights: weights([2, -1], [0, 0]) }])).toEqual([0, -6, 12, 0]);
    const leaky = { kind: 'leakyRelu', alphaMantissa: 1, alphaFraction: 2 } as const;
    expect(bounds([some, { ...dot, weights: weights([2, -1], [0, 0]), activation: leaky }])).toEqual([
      0, -24, 48, 0,
    ]);
    const mean = { kind: 'globalAvgPool', reciprocal: 1, reciprocalFraction: 3 } as const;
    expect(bounds([some, { ...of(some), ...mean }])).toEqual([0, 36]);
    expect(bounds([some, less, { ...of(less), ...mean }])).toEqual([-36, 0]);
    const twice = (input: UnprovenNode): UnprovenNode => ({
      ...of(input),
      kind: 'add',
      inputs: [input.id, input.id],
      activation: NONE,
    });
    expect(bounds([some, twice(some)])).toEqual([0, 12]);
    expect(bounds([some, less, twice(less)])).toEqual([-12, 0]);
    expect(proved([{ ...dot, inputs, weights: weights([0], [0]) }]).accumulatorWidth).toBe(1);
  });

  it('is of the scaled accumulator where a leaky ReLU scales', () => {
    const leaky = (alphaMantissa: number): Proof =>
      proved([{ ...conv, activation: { kind: 'leakyRelu', alphaMantissa, alphaFraction: 2 } }]);
    expect([...leaky(1).accumulatorMin, ...leaky(1).accumulatorMax]).toEqual([-108, 0, 120, 220]);
    expect([...leaky(1).accumulatorFraction]).toEqual([4, 5]);
    // A slope above 1 is the larger scale.
    expect([...leaky(9).accumulatorMin, ...leaky(9).accumulatorMax]).toEqual([-243, 0, 270, 495]);
  });

  it('says below which sum float32 is exact', () => {
    const bias = (value: number): Proof =>
      proved([{ ...conv, weights: weights([0, 0, 0, 0], [value, 0], [24, 24]) }]);
    expect(bias(2 ** 24 - 1).float32Exact).toBe(true);
    expect(bias(2 ** 24).float32Exact).toBe(false);
    expect(bias(1 - 2 ** 24).float32Exact).toBe(true);
    expect(bias(-(2 ** 24)).float32Exact).toBe(false);
  });

  it('holds for every weight and bias where they can be exchanged', () => {
    const input = { range: { low: 0, high: 10 }, format: counts(4), shape: [2, 3, 1] } as const;
    // Two weights down to -128 times 10 each: 2560, 13 bits; a bias of 13 bits on top.
    expect(reloadableBiasWidth(conv.weights, input)).toBe(13);
    expect(reloadableSumBound(conv.weights, input)).toBe(2560 + 4096);
    expect(reloadableBiasWidth(weights([3, 1, -2, 4], [-4097, 0]), input)).toBe(14);
    expect(reloadableBiasWidth(weights([3, 1, -2, 4], [0, 4096]), input)).toBe(14);
    expect(reloadableSumBound(conv.weights, { ...input, range: { low: -20, high: 10 } })).toBe(5120 + 8192);
    const wide = { ...conv, format: integers(14) };
    const proof = proveStage(wide, [input], true);
    expect([...proof.accumulatorMin, ...proof.accumulatorMax]).toEqual([-6656, -6656, 6656, 6656]);
    expect(proof.worstCase).toBe(true);
  });

  it('knows the largest partial sum of any channel, whatever the signs', () => {
    const sum = {
      channels: 2,
      parts: [
        // Of 3 and -2 twice each, and of 1 by the product of both inputs.
        { source: 0, weights: Int32Array.of(3, 1, -2, 4), repeat: 2 },
        { source: 1, weights: 1, repeat: 1, times: 0 },
      ],
      bias: Float64Array.of(-7, 5),
      fraction: () => 0,
    };
    const ranges = [
      { low: -2, high: 10 },
      { low: -3, high: 1 },
    ];
    expect(magnitude({ low: -3, high: 1 })).toBe(3);
    // 2 · (3 + 2) · 10 + 3 · 10 + 7, and 2 · (1 + 4) · 10 + 3 · 10 + 5.
    expect(largestSum(sum, ranges)).toBe(137);
    expect(largestSum({ ...sum, bias: Float64Array.of(-7, 9) }, ranges)).toBe(139);
    expect(largestSum({ ...sum, bias: null }, ranges)).toBe(130);
    const nothing = { ...sum, parts: [], bias: null };
    expect(largestSum(nothing, ranges)).toBe(0);
  });

  it('needs an input', () => {
    expect(() => proveStage(conv, [], false)).toThrow('x has no input');
    const flat = { id, kind: 'flatten', inputs: [], format: integers(9) } as const;
    expect(() => nodeRange(flat, [])).toThrow('x has no input');
  });

  it('counts every position of a mean, and both terms of a sum at the finer resolution', () => {
    const mean = { id, inputs, reciprocal: 3, reciprocalFraction: 4, format: counts(4) } as const;
    expect(proved([{ ...mean, kind: 'globalAvgPool' }])).toMatchObject({
      accumulatorMin: Float64Array.of(0),
      accumulatorMax: Float64Array.of(180),
      accumulatorFraction: Int32Array.of(4),
    });
    expect(proved([{ ...mean, kind: 'avgPool', ...unit, kernel: [2, 2] }]).accumulatorMax).toEqual(
      Float64Array.of(120),
    );
    const a: UnprovenNode = { ...conv, id: nodeId('a'), format: format(true, 12, 10) };
    const b: UnprovenNode = { ...a, id: nodeId('b'), format: format(true, 12, 12) };
    const add: UnprovenNode = {
      id,
      kind: 'add',
      inputs: [nodeId('a'), nodeId('b')],
      activation: NONE,
      format: integers(9),
    };
    // Quarters: a lies within [-27, 30] of them, b within [-7, 8] whole ones, both rounded.
    expect(proved([a, b, add])).toMatchObject({
      accumulatorMin: Float64Array.of(-27 - 28, -27 - 28),
      accumulatorMax: Float64Array.of(30 + 32, 30 + 32),
      accumulatorFraction: Int32Array.of(2, 2),
    });
  });
});

describe('the range of a tensor', () => {
  const after = (activation: Activation, to: Format): readonly number[] =>
    rangeOf([{ ...conv, activation, format: to }]);

  it('follows rounding, activation and saturation', () => {
    // [-27, 30] quarters and [0, 55] eighths.
    expect(after(NONE, integers(12))).toEqual([-7, 8]);
    expect(after(NONE, format(true, 12, 12, 'AP_TRN'))).toEqual([-7, 7]);
    expect(after({ kind: 'relu' }, integers(12))).toEqual([0, 8]);
    expect(after(NONE, integers(3))).toEqual([-4, 3]);
    expect(after({ kind: 'clip', min: -2, max: 5 }, integers(12))).toEqual([-2, 5]);
    expect(after({ kind: 'clip', min: -20, max: 50 }, integers(12))).toEqual([-7, 8]);
    expect(after({ kind: 'clip', min: 20, max: 50 }, integers(12))).toEqual([20, 20]);
    expect(after({ kind: 'clip', min: -50, max: -20 }, integers(12))).toEqual([-20, -20]);
  });

  it('is the whole format where overflow does not keep order', () => {
    expect(after(NONE, format(true, 5, 5, 'AP_RND', 'AP_WRAP'))).toEqual([-16, 15]);
    expect(after(NONE, format(true, 5, 5, 'AP_RND', 'AP_SAT_ZERO'))).toEqual([-16, 15]);
    expect(after({ kind: 'clip', min: -3, max: 3 }, format(true, 5, 5, 'AP_RND', 'AP_WRAP'))).toEqual([
      -3, 3,
    ]);
    expect(after(NONE, format(true, 3, 3, 'AP_RND', 'AP_SAT_SYM'))).toEqual([-3, 3]);
  });

  it('passes through what moves values, and joins what comes together', () => {
    expect(rangeOf([{ id, kind: 'crop', inputs, offset: [0, 0], size: [1, 1], format: counts(4) }])).toEqual([
      0, 10,
    ]);
    expect(rangeOf([{ id, kind: 'clamp', inputs, min: 3, max: 6, format: counts(3) }])).toEqual([3, 6]);
    expect(rangeOf([{ id, kind: 'clamp', inputs, min: 3, max: 60, format: counts(4) }])).toEqual([3, 10]);
    const narrow: UnprovenNode = {
      id: nodeId('narrow'),
      kind: 'clamp',
      inputs,
      min: 3,
      max: 6,
      format: counts(3),
    };
    const from = [nodeId('narrow')];
    expect(
      rangeOf([narrow, { id, kind: 'crop', inputs: from, offset: [0, 0], size: [1, 1], format: counts(3) }]),
    ).toEqual([3, 6]);
    expect(
      rangeOf([narrow, { id, kind: 'mask', inputs: from, live: new Uint8Array(6), format: counts(3) }]),
    ).toEqual([0, 6]);
    expect(
      rangeOf([narrow, { id, kind: 'bin', mode: 'sum', factor: [2, 3], inputs: from, format: counts(6) }]),
    ).toEqual([18, 36]);
    expect(
      rangeOf([narrow, { id, kind: 'bin', mode: 'max', factor: [2, 3], inputs: from, format: counts(3) }]),
    ).toEqual([3, 6]);
    expect(
      rangeOf([narrow, { id, kind: 'bin', mode: 'second', factor: [2, 3], inputs: from, format: counts(3) }]),
    ).toEqual([3, 6]);
    expect(rangeOf([narrow, { id, kind: 'contrast', distance: 1, inputs: from, format: counts(3) }])).toEqual(
      [0, 6],
    );
    const table = Int32Array.from([9, -9, 5, 1, 0, 7, 9]);
    expect(
      rangeOf([narrow, { id, kind: 'lut', inputs: from, first: 1, table, format: integers(5) }]),
    ).toEqual([0, 7]);
    const nothing: UnprovenNode = {
      id: nodeId('nothing'),
      kind: 'lut',
      inputs: from,
      first: 3,
      table: new Int32Array(4),
      format: counts(1),
    };
    const none = { id, inputs: [nothing.id], format: counts(1) } as const;
    expect(rangeOf([narrow, nothing, { ...none, kind: 'mask', live: new Uint8Array(6) }])).toEqual([0, 0]);
    expect(rangeOf([narrow, nothing, { ...none, kind: 'bin', mode: 'max', factor: [2, 3] }])).toEqual([0, 0]);
    const wide: UnprovenNode = { id: nodeId('wide'), kind: 'requantize', inputs, format: counts(3) };
    expect(rangeOf([wide, { ...wide, id, inputs: [nodeId('wide')], format: counts(2) }])).toEqual([0, 3]);
    expect(rangeOf([{ ...wide, id, format: format(false, 3, 3, 'AP_TRN', 'AP_WRAP') }])).toEqual([0, 7]);
    expect(rangeOf([{ ...wide, id, format: counts(5) }])).toEqual([0, 10]);
    const low: UnprovenNode = { ...conv, id: nodeId('low'), kernel: [1, 1], weights: weights([-1], [0]) };
    const high: UnprovenNode = { ...low, id: nodeId('high'), weights: weights([1], [0]) };
    const both = [nodeId('low'), nodeId('high')];
    expect(rangeOf([low, high, { id, kind: 'concat', inputs: both, format: integers(12) }])).toEqual([
      -10, 10,
    ]);
  });
});
