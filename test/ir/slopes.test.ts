/** The activations inside a fixed stage: factors on each side of zero, and limits behind the rounding. */
import { describe, expect, it } from 'vitest';
import {
  activated,
  gainOf,
  largestGain,
  limitsOf,
  multiplies,
  rectifies,
  slopesOf,
  type Activation,
} from '../../src/ir/activations.js';

const leaky = (alphaMantissa: number, alphaFraction: number): Activation => ({
  kind: 'leakyRelu',
  alphaMantissa,
  alphaFraction,
});
const prelu = (alphaMantissas: readonly number[], alphaFraction = 0): Activation => ({
  kind: 'prelu',
  alphaMantissas,
  alphaFraction,
});
const none: Activation = { kind: 'none' };
const relu: Activation = { kind: 'relu' };
const clip: Activation = { kind: 'clip', min: -3, max: 5 };

describe('an activation in integers', () => {
  it.each<[Activation, readonly number[]]>([
    [none, [-6, -1, 0, 1, 6]],
    [relu, [0, 0, 0, 1, 6]],
    // Limits come behind the rounding.
    [clip, [-6, -1, 0, 1, 6]],
    // 3/4 below zero, in quarters.
    [leaky(3, 2), [-18, -3, 0, 4, 24]],
    [prelu([3], 2), [-18, -3, 0, 4, 24]],
    // A slope below zero turns what is negative round, but not zero.
    [prelu([-3], 2), [18, 3, 0, 4, 24]],
  ])('%j makes of -6, -1, 0, 1 and 6 accumulators %j', (activation, expected) => {
    const slopes = slopesOf(activation);
    expect([-6, -1, 0, 1, 6].map((q) => activated(slopes, q, 0) + 0)).toEqual(expected);
  });

  it('has slopes channel by channel, or one for all', () => {
    const each = slopesOf(prelu([3, -5, 0], 1));
    expect([0, 1, 2].map((c) => activated(each, -10, c) + 0)).toEqual([-30, 50, 0]);
    expect([0, 1, 2].map((c) => activated(slopesOf(leaky(3, 1)), -10, c))).toEqual([-30, -30, -30]);
  });

  it.each<[Activation, boolean, boolean]>([
    [none, false, false],
    [clip, false, false],
    [relu, false, true],
    // A factor of 0 without a fraction is a ReLU, of 1 nothing.
    [leaky(0, 0), false, true],
    [leaky(1, 0), false, false],
    [leaky(2, 0), true, false],
    [leaky(0, 1), true, false],
    [leaky(1, 1), true, false],
    [prelu([0]), false, true],
    [prelu([-1]), true, false],
    [prelu([0, 0]), true, false],
    [prelu([1, 1]), true, false],
  ])('%j multiplies: %s, rectifies: %s', (activation, doesMultiply, doesRectify) => {
    expect([multiplies(activation), rectifies(activation)]).toEqual([doesMultiply, doesRectify]);
  });

  it('enlarges an accumulator by its larger factor at most', () => {
    expect([none, relu, clip, leaky(1, 2), leaky(9, 2)].map((a) => gainOf(a, 0))).toEqual([1, 1, 1, 4, 9]);
    const each = prelu([-7, 3, 5], 2);
    expect([0, 1, 2].map((c) => gainOf(each, c))).toEqual([7, 4, 5]);
    expect([none, relu, leaky(1, 2), leaky(9, 2), each].map(largestGain)).toEqual([1, 1, 4, 9, 7]);
  });

  it('limits mantissas where it is a clip', () => {
    expect(limitsOf(clip)).toEqual({ min: -3, max: 5 });
    expect([none, relu, leaky(1, 2), prelu([1])].map(limitsOf)).toEqual([null, null, null, null]);
  });
});
