/** Small graphs run by the interpreter and by the evaluator, which must agree. */
import { expect } from 'vitest';
import type { Format } from '../../src/fixed/format.js';
import type { UnprovenNode } from '../../src/ir/build.js';
import type { Activation } from '../../src/ir/activations.js';
import { nodeId } from '../../src/ir/common.js';
import { createFixedEvaluator } from '../../src/evaluate/fixed-evaluate.js';
import { interpretTensors } from '../../src/simulate/interpret.js';
import { NONE, smallGraph, weights } from './small-graphs.js';

export const window = (
  kernel: readonly [number, number],
  strides: readonly [number, number],
  padding: readonly [number, number, number, number] = [0, 0, 0, 0],
) => ({ kernel, strides, padding });

/** Each pixel of the frame as `factors[c] * pixel + biases[c]`. */
export const pointwise = (
  id: string,
  factors: readonly number[],
  biases: readonly number[],
  format: Format,
  activation: Activation = NONE,
): UnprovenNode => ({
  id: nodeId(id),
  kind: 'conv2d',
  inputs: [nodeId('clamp')],
  ...window([1, 1], [1, 1]),
  groups: 1,
  weights: weights([...factors], [...biases]),
  activation,
  format,
});

/** What node `x` is after `middle` on `frame`, by the interpreter; the evaluator must agree. */
export function computed(
  size: readonly [number, number],
  middle: readonly UnprovenNode[],
  frame: readonly number[],
): number[] {
  const graph = smallGraph(size, 100, middle);
  const pixels = Uint16Array.from(frame);
  const result = interpretTensors(graph, pixels);
  createFixedEvaluator(graph).visit(pixels, (node, mantissas) => {
    expect([...mantissas], `the evaluator at ${node}`).toEqual([...result.get(node)!]);
  });
  return [...result.get(nodeId('x'))!];
}

/** A 3 × 4 frame. */
export const FRAME = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
