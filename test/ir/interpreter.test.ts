import { describe, expect, it } from 'vitest';
import { format } from '../../src/fixed/format.js';
import type { UnprovenNode } from '../../src/ir/build.js';
import type { Activation } from '../../src/ir/activations.js';
import { nodeId } from '../../src/ir/common.js';
import { interpret, interpretDrill } from '../../src/simulate/interpret.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import type { Drill } from '../../src/simulate/witness.js';
import { computed, FRAME, window, pointwise } from './computed.js';
import { integers, NONE, smallGraph, weights } from './small-graphs.js';

const id = nodeId('x');
const inputs = [nodeId('clamp')];

describe('the interpreter, worked out by hand', () => {
  it('convolves with padding at the top and the left, strides and a bias', () => {
    const conv: UnprovenNode = {
      id,
      kind: 'conv2d',
      inputs,
      ...window([2, 2], [2, 1], [1, 1, 0, 0]),
      groups: 1,
      // Two channels: 1 2 / 3 4 and -1 0 / 0 1.
      weights: weights([1, -1, 2, 0, 3, 0, 4, 1], [10, -20]),
      activation: NONE,
      format: integers(12),
    };
    // Windows of row 0 reach from row -1 to 0, of row 1 from row 1 to 2; the first column is padding.
    expect(computed([3, 4], [conv], FRAME)).toEqual([
      ...[10 + 4, -19, 10 + 3 + 8, -18, 10 + 6 + 12, -17, 10 + 9 + 16, -16],
      ...[
        10 + 10 + 36,
        -11,
        10 + 5 + 12 + 27 + 40,
        -15,
        10 + 6 + 14 + 30 + 44,
        -15,
        10 + 7 + 16 + 33 + 48,
        -15,
      ],
    ]);
  });

  it('keeps groups and depthwise channels apart', () => {
    const spread: UnprovenNode = pointwise('spread', [1, 10], [0, 0], integers(12));
    const after = { id, inputs: [nodeId('spread')], activation: NONE, format: integers(20) } as const;
    const grouped: UnprovenNode = {
      ...after,
      kind: 'conv2d',
      ...window([1, 1], [1, 1]),
      groups: 2,
      weights: weights([1, 2, 3, 4], [0, 0, 0, 0]),
    };
    expect(computed([1, 2], [spread, grouped], [5, 6])).toEqual([5, 10, 150, 200, 6, 12, 180, 240]);
    const ten = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    const wide: UnprovenNode = { ...grouped, weights: weights(ten, new Array<number>(10).fill(0)) };
    const five = [5, 10, 15, 20, 25, 300, 350, 400, 450, 500];
    expect(computed([1, 2], [spread, wide], [5, 10])).toEqual([...five, ...five.map((v) => 2 * v)]);
    const depthwise: UnprovenNode = {
      ...after,
      kind: 'depthwiseConv2d',
      ...window([1, 2], [1, 1], [0, 0, 0, 1]),
      weights: weights([1, 3, 2, 4], [0, 7]),
    };
    expect(computed([1, 2], [spread, depthwise], [5, 6])).toEqual([5 + 12, 150 + 240 + 7, 6, 180 + 7]);
  });

  const activated = (activation: Activation, to = integers(9)): number[] =>
    computed(
      [1, 4],
      [
        {
          id,
          kind: 'conv2d',
          inputs,
          ...window([1, 1], [1, 1]),
          groups: 1,
          weights: weights([3], [-15], [1]),
          activation,
          format: to,
        },
      ],
      [0, 4, 5, 10],
    );

  it('activates the exact accumulator and rounds once', () => {
    // Accumulators -15, -3, 0, 15 in halves: -7.5, -1.5, 0, 7.5.
    expect(activated({ kind: 'none' })).toEqual([-8, -2, 0, 8]);
    expect(activated({ kind: 'relu' })).toEqual([0, 0, 0, 8]);
    expect(activated({ kind: 'clip', min: -3, max: 5 })).toEqual([-3, -2, 0, 5]);
    // Negative values times 3/4: -5.625, -1.125.
    expect(activated({ kind: 'leakyRelu', alphaMantissa: 3, alphaFraction: 2 })).toEqual([-6, -1, 0, 8]);
    expect(activated({ kind: 'none' }, format(true, 3, 3, 'AP_TRN', 'AP_SAT'))).toEqual([-4, -2, 0, 3]);
  });

  it('pools by maximum, padded positions left out, and by mean, with them as zeros', () => {
    const negative: UnprovenNode = pointwise('negative', [-1], [0], integers(8));
    const from = [nodeId('negative')];
    const pad = [1, 1, 0, 0] as const;
    const max: UnprovenNode = {
      id,
      kind: 'maxPool',
      inputs: from,
      ...window([2, 2], [2, 2], pad),
      format: integers(8),
    };
    expect(computed([3, 4], [negative, max], FRAME)).toEqual([-1, -2, -5, -6]);
    const mean: UnprovenNode = {
      id,
      kind: 'avgPool',
      inputs: from,
      ...window([2, 2], [2, 2], pad),
      reciprocal: 1,
      reciprocalFraction: 2,
      format: format(true, 10, 8),
    };
    expect(computed([3, 4], [negative, mean], FRAME)).toEqual([-1, -5, -14, -6 - 7 - 10 - 11]);
  });

  it('pools whole images channel by channel', () => {
    const spread: UnprovenNode = pointwise('spread', [1, -2], [0, 0], integers(9));
    const from = [nodeId('spread')];
    expect(
      computed([1, 3], [spread, { id, kind: 'globalMaxPool', inputs: from, format: integers(9) }], [4, 9, 2]),
    ).toEqual([9, -4]);
    const mean: UnprovenNode = {
      id,
      kind: 'globalAvgPool',
      inputs: from,
      reciprocal: 5,
      reciprocalFraction: 4,
      format: integers(9),
    };
    // 15 and -30 times 5/16: 4.6875 and -9.375.
    expect(computed([1, 3], [spread, mean], [4, 9, 2])).toEqual([5, -9]);
  });

  it('adds at the finer resolution, concatenates channels in order, narrows with one rounding', () => {
    const scaled = (name: string, weight: number, fraction: number): UnprovenNode => ({
      id: nodeId(name),
      kind: 'conv2d',
      inputs,
      ...window([1, 1], [1, 1]),
      groups: 1,
      weights: weights([weight], [0], [fraction]),
      activation: NONE,
      format: format(true, 12, 12 - fraction),
    });
    const a = scaled('a', 3, 2);
    const b = scaled('b', -5, 1);
    const add: UnprovenNode = {
      id,
      kind: 'add',
      inputs: [nodeId('a'), nodeId('b')],
      activation: NONE,
      format: format(true, 12, 10),
    };
    // 3/4 - 5/2 = -7/4 of each pixel, in quarters.
    expect(computed([1, 3], [a, b, add], [1, 2, 10])).toEqual([-7, -14, -70]);
    // The same the other way round, in halves and 3 bits that wrap: 3/4 - 5/2 is -3.5 halves, -4 when rounded.
    const wrapping: UnprovenNode = {
      ...add,
      inputs: [nodeId('b'), nodeId('a')],
      format: format(true, 3, 2, 'AP_RND_CONV', 'AP_WRAP'),
    };
    expect(computed([1, 3], [a, b, wrapping], [1, 2, 10])).toEqual([-4, 1, -3]);
    const narrow: UnprovenNode = {
      id: nodeId('n'),
      kind: 'requantize',
      inputs: [nodeId('b')],
      format: format(true, 9, 9),
    };
    const again: UnprovenNode = {
      id: nodeId('m'),
      kind: 'requantize',
      inputs: [nodeId('a')],
      format: format(true, 9, 9),
    };
    const concat: UnprovenNode = {
      id,
      kind: 'concat',
      inputs: [nodeId('n'), nodeId('m'), nodeId('n')],
      format: format(true, 9, 9),
    };
    // -2.5, -5, -25 and 0.75, 1.5, 7.5, halves to even.
    expect(computed([1, 3], [a, b, narrow, again, concat], [1, 2, 10])).toEqual([
      -2, 1, -2, -5, 2, -5, -25, 8, -25,
    ]);
  });

  it('keeps a frame whose score meets the threshold', async () => {
    const graph = { ...smallGraph([1, 2], 100, []), threshold: 0 };
    const frame = Uint16Array.from([3, 4]);
    expect(interpret(graph, frame)).toMatchObject({ score: 0, keep: true, logits: Int32Array.from([7, 7]) });
    expect(interpret({ ...graph, threshold: 1 }, frame).keep).toBe(false);
    expect(interpret(graph, frame).tensors.size).toBe(0);
    const [only, withTensors] = [
      await createInterpreter(graph).run([frame]),
      await createInterpreter(graph).run([frame], { tensors: true }),
    ];
    expect(only[0]!.tensors.size).toBe(0);
    expect([...withTensors[0]!.tensors.keys()]).toEqual(['input', 'clamp', 'flat', 'logits']);
    expect(createInterpreter(graph)).toMatchObject({ name: 'interpreter', version: '1' });
    await expect(createInterpreter(graph).close()).resolves.toBeUndefined();
  });

  it('keeps what the prescale chooses, where it is told of one', () => {
    const graph = { ...smallGraph([1, 2], 100, []), threshold: 1 };
    const frame = Uint16Array.from([3, 4]);
    // The hash of frame 0 under key 0 is 0: every N chooses it.
    const { keep, prescaled } = interpret(graph, frame, false, { number: 0n, key: 0, n: 9 });
    expect([keep, prescaled]).toEqual([false, { keep: true, byPrescale: true, weight: 9 }]);
    expect(interpret(graph, frame)).not.toHaveProperty('prescaled');
  });

  it('computes each stage that a drill asks from what its input is given', async () => {
    const graph = { ...smallGraph([1, 2], 100, []), threshold: 8 };
    const drill = (...asked: readonly string[]): Drill => ({
      given: new Map([
        [nodeId('input'), Int32Array.of(300, 4)],
        [nodeId('clamp'), Int32Array.of(1, 2)],
        [nodeId('flat'), Int32Array.of(5, 6)],
        [nodeId('logits'), Int32Array.of(1, 9)],
      ]),
      stages: new Set(asked.map(nodeId)),
    });
    const { drill: run } = createInterpreter(graph);
    expect(await run!([drill('input', 'clamp', 'logits'), drill()])).toEqual([
      {
        tensors: new Map([
          ['clamp', Int32Array.of(100, 4)],
          ['logits', Int32Array.of(11, 11)],
        ]),
        score: 8,
        keep: true,
      },
      { tensors: new Map(), score: 8, keep: true },
    ]);
    expect(interpretDrill({ ...graph, threshold: 9 }, drill()).keep).toBe(false);
  });

  it('refuses a frame of another size', () => {
    expect(() => interpret(smallGraph([1, 2], 100, []), new Uint16Array(3))).toThrow(
      'a frame of 3 pixels for 1×2',
    );
  });
});
