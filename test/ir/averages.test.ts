/** Averages whose windows count less than they cover: of the padding only the rows and columns that are `counted`. */
import { describe, expect, it } from 'vitest';
import type { UnprovenNode } from '../../src/ir/build.js';
import { nodeId, type Padding } from '../../src/ir/common.js';
import { countMap, reciprocalOf, type Averaging } from '../../src/ir/ops/counted.js';
import { floatShape } from '../../src/ir/ops/index.js';
import { proveStage } from '../../src/ir/prove.js';
import { computed, pointwise, window } from './computed.js';
import { counts, integers, smallGraph } from './small-graphs.js';

describe('what a window counts', () => {
  /** Positions of the window at row `oy` and column `ox` that lie in the image or in the padding that counts, one by one. */
  function countedOneByOne(op: Averaging, input: readonly number[], oy: number, ox: number): number {
    const [top, left, bottom, right] = op.counted ?? op.padding;
    let count = 0;
    for (let ky = 0; ky < op.kernel[0]; ky++)
      for (let kx = 0; kx < op.kernel[1]; kx++) {
        const y = oy * op.strides[0] - op.padding[0] + ky;
        const x = ox * op.strides[1] - op.padding[1] + kx;
        if (y >= -top && y < input[0]! + bottom && x >= -left && x < input[1]! + right) count++;
      }
    return count;
  }

  it.each<readonly [Padding | undefined]>([
    [undefined],
    [[0, 0, 0, 0]],
    [[2, 1, 2, 3]],
    [[1, 0, 2, 1]],
    [[0, 1, 1, 3]],
  ])('is what lies in the image or in padding of %j that counts', (counted) => {
    const op = { ...window([3, 4], [2, 3], [2, 1, 2, 3]), counted };
    const input = [6, 8, 5] as const;
    const output = [4, 3, 5] as const;
    const expected = [0, 1, 2, 3].flatMap((oy) => [0, 1, 2].map((ox) => countedOneByOne(op, input, oy, ox)));
    expect(countMap(op, input, output)).toEqual(expected);
  });

  it('is nothing where a window lies beside what counts, never less', () => {
    const op = { ...window([1, 2], [1, 1], [2, 3, 2, 3]), counted: [0, 0, 0, 0] } as const;
    expect(countMap(op, [1, 1, 1], [5, 6, 1])).toEqual([
      ...[0, 0, 0, 0, 0, 0],
      ...[0, 0, 0, 0, 0, 0],
      ...[0, 0, 1, 1, 0, 0],
      ...[0, 0, 0, 0, 0, 0],
      ...[0, 0, 0, 0, 0, 0],
    ]);
  });

  it('has a reciprocal of its own where windows differ', () => {
    expect(reciprocalOf({ reciprocal: 7 }, 3)).toBe(7);
    expect(reciprocalOf({ reciprocal: 7, reciprocals: Int32Array.of(0, 64, 32, 21) }, 3)).toBe(21);
  });
});

const id = nodeId('x');
const inputs = [nodeId('clamp')];
const mean = {
  id,
  kind: 'avgPool',
  inputs,
  ...window([2, 2], [1, 2], [1, 0, 0, 1]),
  counted: [0, 0, 0, 1],
  // By 4, 2 and 1, the last with a fifth too much.
  reciprocal: 5,
  reciprocals: Int32Array.of(0, 19, 8, 0, 5),
  reciprocalFraction: 4,
  format: counts(8),
} as const;

describe('an average of what a window counts', () => {
  it('multiplies each sum by the reciprocal of its count', () => {
    // 1 2 and 3 (0) above, of two; 5 7 9 and 9 of four, in sixteenths.
    expect(computed([2, 3], [mean], [1, 2, 3, 4, 5, 6])).toEqual([
      Math.round((3 * 8) / 16),
      Math.round((3 * 8) / 16),
      Math.round((12 * 5) / 16),
      Math.round((9 * 5) / 16),
    ]);
  });

  it('counts all that it covers where padding counts, with the reciprocal of the whole', () => {
    const { reciprocals: _, counted: __, ...whole } = mean;
    expect(computed([2, 3], [whole], [10, 20, 30, 40, 50, 60])).toEqual([
      Math.round((30 * 5) / 16),
      Math.round((30 * 5) / 16),
      Math.round((120 * 5) / 16),
      Math.round((90 * 5) / 16),
    ]);
  });

  it('is bounded by the count whose sum times its reciprocal is the largest', () => {
    const most = (reciprocals: readonly number[]): number =>
      proveStage(
        { ...mean, reciprocals: Int32Array.from(reciprocals) },
        [{ range: { low: 0, high: 10 }, format: counts(4), shape: [2, 3, 2] }],
        false,
      ).accumulatorMax[1]!;
    // Windows count 2 or 4.
    expect(most([0, 99, 8, 99, 5])).toBe(10 * 4 * 5);
    expect(most([0, 0, 11, 0, 5])).toBe(10 * 2 * 11);
    expect(most([0, 0, 10, 0, 5])).toBe(200);
    expect(most([0, 0, 40, 0, 5])).toBe(800);
    // The reciprocal of the whole alone stands where all count the same.
    const { reciprocals: _, counted: __, ...whole } = mean;
    const input = { range: { low: 0, high: 10 }, format: counts(4), shape: [2, 3, 1] } as const;
    expect(proveStage({ ...whole, kernel: [1, 3] }, [input], false).accumulatorMax[0]).toBe(150);
  });

  const pad = (padding: Padding, counted: Padding): UnprovenNode => ({
    ...mean,
    ...window([2, 2], [1, 1], padding),
    counted,
  });
  it.each<[string, RegExp, UnprovenNode]>([
    ...[0, 1, 2, 3].map((side): [string, RegExp, UnprovenNode] => {
      const counted = [1, 1, 1, 1].map((n, i) => (i === side ? 2 : n)) as unknown as Padding;
      return [
        `more padding than there is, side ${side}`,
        /x: counts more padding than there is/,
        pad([1, 1, 1, 1], counted),
      ];
    }),
    [
      'a window of nothing above',
      /x: a window of padding that does not count has no mean/,
      pad([2, 0, 0, 0], [0, 0, 0, 0]),
    ],
    [
      'a window of nothing on the right',
      /x: a window of padding that does not count has no mean/,
      pad([0, 0, 0, 2], [0, 0, 0, 0]),
    ],
    [
      'counts without their reciprocals',
      /x: reciprocals belong to windows that differ/,
      { ...mean, reciprocals: undefined },
    ],
    [
      'reciprocals without counts',
      /x: reciprocals belong to windows that differ/,
      { ...mean, counted: undefined },
    ],
  ])('is refused with %s', (_what, message, node) => {
    expect(() => smallGraph([3, 4], 100, [node])).toThrow(message);
  });

  it('may count as much padding as there is, and pad as far as something counts', () => {
    const all = {
      ...pad([1, 1, 1, 1], [1, 1, 1, 1]),
      reciprocals: Int32Array.of(0, 16, 8, 5, 4),
    } as UnprovenNode;
    expect(smallGraph([3, 4], 100, [all]).nodes).toHaveLength(5);
    const float = { id, inputs, kind: 'avgPool', ...window([2, 2], [1, 1], [2, 0, 0, 0]) } as const;
    expect(floatShape({ ...float, counted: [1, 0, 0, 0] }, [[3, 4, 2]])).toEqual([4, 3, 2]);
    expect(() => floatShape({ ...float, counted: [0, 0, 0, 0] }, [[3, 4, 2]])).toThrow('has no mean');
    expect(floatShape(float, [[3, 4, 2]])).toEqual([4, 3, 2]);
  });

  it('treats channels by themselves', () => {
    const two = pointwise('two', [1, -2], [0, 0], integers(9));
    const of = { ...mean, inputs: [nodeId('two')], format: integers(9) };
    // Of -2 times the sums: -6, -6, -24, -18, by 8 or 5 sixteenths.
    expect(computed([2, 3], [two, of], [1, 2, 3, 4, 5, 6])).toEqual([2, -3, 2, -3, 4, -8, 3, -6]);
  });
});
