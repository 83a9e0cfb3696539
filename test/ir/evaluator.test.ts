import { describe, expect, it } from 'vitest';
import { format, type Format } from '../../src/fixed/format.js';
import type { Activation } from '../../src/ir/activations.js';
import { nodeId } from '../../src/ir/common.js';
import { sumPool, wholeImage } from '../../src/evaluate/kernels.js';
import { createFixedEvaluator } from '../../src/evaluate/fixed-evaluate.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { interpret } from '../../src/simulate/interpret.js';
import { window } from './computed.js';
import { integers, NONE, smallGraph, weights } from './small-graphs.js';

const id = nodeId('x');

/** Pixels less 40, times `2^-fraction`, rounded to `to`. */
const pixelGraph = (pixels: number, to: Format, activation: Activation, fraction: number): FixedGraph =>
  smallGraph([1, pixels], 100, [
    {
      id,
      kind: 'conv2d',
      inputs: [nodeId('clamp')],
      ...window([1, 1], [1, 1]),
      groups: 1,
      weights: weights([1], [-40], [fraction]),
      activation,
      format: to,
    },
  ]);

/** Which of `values` (quarters unless said otherwise), rounded to `to`, the evaluator calls clipped. */
function clippedOf(values: readonly number[], to: Format, activation = NONE, fraction = 2): number[] {
  const found: number[] = [];
  createFixedEvaluator(pixelGraph(values.length, to, activation, fraction)).visit(
    Uint16Array.from(values, (v) => v + 40),
    (node, _mantissas, _shape, clipped) => {
      if (node === id) found.push(...clipped);
      else expect(clipped).toEqual([]);
    },
    true,
  );
  return found;
}

describe('what the evaluator calls clipped', () => {
  // 7, 7.25, 7.75, 8, -8, -8.25, -8.75, -9: of these -8 to 7 fit four bits.
  const quarters = [28, 29, 31, 32, -32, -33, -35, -36];

  it('is what leaves the format once it is rounded', () => {
    expect(clippedOf(quarters, integers(4))).toEqual([2, 3, 6, 7]);
    expect(clippedOf(quarters, format(true, 4, 4, 'AP_TRN'))).toEqual([3, 5, 6, 7]);
    expect(clippedOf(quarters, format(true, 4, 4, 'AP_TRN', 'AP_WRAP'))).toEqual([3, 5, 6, 7]);
    // 7.5 becomes 8, -8.5 becomes -8.
    expect(clippedOf([15, -17], integers(4), NONE, 1)).toEqual([0]);
  });

  it('is nothing that the activation cuts off', () => {
    const limits = (min: number, max: number): Activation => ({ kind: 'clip', min, max });
    expect(clippedOf(quarters, integers(4), limits(-3, 5))).toEqual([]);
    expect(clippedOf(quarters, integers(4), limits(-10, 9))).toEqual([2, 3, 6, 7]);
    // The quantizer moves limits that leave the format to its ends. The lower one mostly is the 0 of a ReLU.
    expect(clippedOf(quarters, integers(4), limits(-8, 7))).toEqual([2, 3]);
    expect(clippedOf(quarters, integers(4), { kind: 'relu' })).toEqual([2, 3]);
  });

  it('is looked for only when it is asked for', () => {
    const found: number[] = [];
    createFixedEvaluator(pixelGraph(1, integers(4), NONE, 2)).visit(
      Uint16Array.of(100),
      (_id, _mantissas, _shape, clipped) => found.push(...clipped),
    );
    expect(found).toEqual([]);
    expect(clippedOf([60], integers(4))).toEqual([0]);
  });
});

it('sums a whole image as one window of it, channel by channel', () => {
  const window = wholeImage([2, 3, 2]);
  expect(window).toEqual({
    input: [2, 3, 2],
    output: [1, 1, 2],
    kernel: [2, 3],
    strides: [1, 1],
    padding: [0, 0, 0, 0],
  });
  const image = Int32Array.of(1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -7);
  expect([...sumPool(window, image)]).toEqual([21, -22]);
});

describe('the evaluator', () => {
  const graph = smallGraph([1, 2], 100, []);

  it('refuses a frame of another size', () => {
    expect(() => createFixedEvaluator(graph).decide(new Uint16Array(3))).toThrow(
      'a frame of 3 pixels where the network takes 1×2 — use frames of the size',
    );
  });

  it('decides by the output, wherever it stands', () => {
    const behind = {
      id: nodeId('behind'),
      kind: 'requantize',
      inputs: [graph.output],
      format: integers(4),
    } as const;
    const longer = { ...graph, nodes: [...graph.nodes, behind] };
    const frame = Uint16Array.of(30, 4);
    const expected = { logits: Int32Array.of(34, 34), score: 0, keep: true };
    expect(createFixedEvaluator(longer).decide(frame)).toEqual(expected);
    expect(interpret(longer, frame)).toMatchObject(expected);
    expect(() => createFixedEvaluator({ ...graph, output: id }).decide(frame)).toThrow('small: no output x');
  });
});
