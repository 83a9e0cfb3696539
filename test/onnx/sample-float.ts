/** A float graph with every kind of node, random weights. */
import { createRandom } from '../../src/core/random.js';
import { format } from '../../src/fixed/format.js';
import { nodeId, type NodeId } from '../../src/ir/common.js';
import type { FloatGraph } from '../../src/ir/graph.js';
import type { FloatNode } from '../../src/ir/ops/index.js';
import { verifyFloatGraph } from '../../src/ir/verify.js';
import { squareWindow } from '../square-window.js';

type Unnamed<N> = N extends FloatNode ? Omit<N, 'id' | 'inputs'> : never;

/** Two preprocessing branches, a residual block, grouped and depthwise convolutions, every pooling, flatten. */
export function sampleFloatGraph(seed = 1, size: readonly [number, number] = [26, 22]): FloatGraph {
  const random = createRandom(seed);
  const nodes: FloatNode[] = [];
  const add = (id: string, inputs: readonly NodeId[], node: Unnamed<FloatNode>): NodeId => {
    nodes.push({ id: nodeId(id), inputs, ...node } as FloatNode);
    return nodeId(id);
  };
  const floats = (count: number, scale = 1, offset = 0) =>
    Float32Array.from({ length: count }, () => offset + scale * (random.uniform() - 0.5));
  const raw = format(false, 16, 16);
  const input = add('input', [], { kind: 'input', size, format: raw });
  const crop = add('crop', [input], {
    kind: 'crop',
    offset: [1, 0],
    size: [size[0] - 2, size[1] - 2],
    format: raw,
  });
  const live = Uint8Array.from({ length: (size[0] - 2) * (size[1] - 2) }, (_, i) => Number(i % 5 !== 2));
  const mask = add('mask', [crop], { kind: 'mask', live, format: raw });
  const peaks = add('peaks', [mask], { kind: 'bin', mode: 'max', factor: [2, 2], format: raw });
  const sums = add('sums', [mask], {
    kind: 'bin',
    mode: 'sum',
    factor: [2, 2],
    format: format(false, 18, 18),
  });
  const limited = add('limited', [peaks], { kind: 'clamp', min: 1, max: 255, format: format(false, 8, 8) });
  const table = Int32Array.from({ length: 255 }, (_, i) => Math.round(15.9 * Math.sqrt(i)));
  const lut = add('lut', [limited], { kind: 'lut', first: 1, table, format: format(false, 8, 0) });
  const dim = add('dim', [sums], { kind: 'clamp', min: 0, max: 1023, format: format(false, 10, 10) });
  const both = add('both', [lut, dim], { kind: 'concat' });
  const conv1 = add('conv1', [both], {
    kind: 'conv2d',
    ...squareWindow(3, 1, 1),
    groups: 1,
    weights: floats(9 * 2 * 8, 0.3),
    bias: floats(8),
  });
  const norm = add('norm', [conv1], {
    kind: 'batchNorm',
    gamma: floats(8, 0.5, 1),
    beta: floats(8),
    mean: floats(8, 2),
    variance: floats(8, 0.5, 30),
    epsilon: 0.001,
  });
  const relu = add('relu', [norm], { kind: 'relu' });
  const depthwise = add('depthwise', [relu], {
    kind: 'depthwiseConv2d',
    ...squareWindow(3, 1, 1),
    weights: floats(9 * 8),
    bias: floats(8),
  });
  const leaky = add('leaky', [depthwise], { kind: 'leakyRelu', alpha: 0.125 });
  const sum = add('sum', [leaky, relu], { kind: 'add' });
  const pooled = add('pooled', [sum], { kind: 'maxPool', ...squareWindow(3, 2, 1) });
  const grouped = add('grouped', [pooled], {
    kind: 'conv2d',
    kernel: [1, 3],
    strides: [1, 1],
    padding: [0, 1, 0, 1],
    groups: 4,
    weights: floats(3 * 2 * 12),
    bias: floats(12),
  });
  const limits = add('limits', [grouped], { kind: 'clip', min: 0, max: 6 });
  const smooth = add('smooth', [limits], {
    kind: 'avgPool',
    ...squareWindow(2, 2, 0),
    padding: [0, 0, 1, 1],
  });
  const mean = add('mean', [smooth], { kind: 'globalAvgPool' });
  const top = add('top', [smooth], { kind: 'globalMaxPool' });
  const flat = add('flat', [smooth], { kind: 'flatten' });
  const features = 12 * smoothArea(size);
  const hidden = add('hidden', [flat], {
    kind: 'dense',
    weights: floats(features * 7, 0.2),
    bias: floats(7),
  });
  const vector = add('vector', [hidden, mean, top], { kind: 'concat' });
  const output = add('output', [vector], { kind: 'dense', weights: floats(31 * 3), bias: floats(3) });
  return verifyFloatGraph({
    name: 'every op',
    nodes,
    output,
    classNames: ['empty', 'weak', 'strong'],
    hitClasses: [false, true, true],
    threshold: 0.25,
  });
}

/** Pixels after bin 2, pooling 3/2 with padding 1, and pooling 2/2 with one row and column behind. */
function smoothArea(size: readonly [number, number]): number {
  return size
    .map((s) => Math.floor((Math.floor(((s - 2) / 2 - 1) / 2) + 1 - 1) / 2) + 1)
    .reduce((a, b) => a * b);
}
