/** A network of every op that sums, all on one small signed image, for tests of drills. */
import { createRandom } from '../../src/core/random.js';
import { format, type Quantization } from '../../src/fixed/format.js';
import { createFixedGraphBuilder } from '../../src/ir/build.js';
import type { Activation } from '../../src/ir/activations.js';
import { nodeId, type QuantizedWeights } from '../../src/ir/common.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { squareWindow } from '../square-window.js';

/** Its stages that sum or round, but for those that only bring the image into form. */
export const SUMMING_STAGES = [
  'conv',
  'grouped',
  'depthwise',
  'avg',
  'global',
  'narrow',
  'add',
  'twice',
  'dense',
].map(nodeId);

export interface DrillNetworkOptions {
  /** How outputs round; they hold every bit of their accumulators unless given. */
  readonly rounding?: Quantization;
  readonly activation?: Activation;
  readonly bias?: number;
}

/** Fraction bits of weights, and of outputs that hold every bit. */
const FRACTION = 4;

export function drillNetwork({
  rounding,
  activation = { kind: 'none' },
  bias = 0,
}: DrillNetworkOptions = {}): FixedGraph {
  const random = createRandom(7);
  const b = createFixedGraphBuilder();
  // 32 bits hold every sum: nothing saturates.
  const wide = format(true, 32, 32 - (rounding === undefined ? FRACTION : 1), rounding);
  const weights = (terms: number, channels: number): QuantizedWeights => ({
    mantissas: Int32Array.from({ length: terms * channels }, () => random.integer(-128, 127)),
    width: 8,
    fraction: new Int32Array(channels).fill(FRACTION),
    bias: new Float64Array(channels).fill(bias),
  });
  const input = b.add({
    id: nodeId('input'),
    kind: 'input',
    inputs: [],
    size: [9, 7],
    format: format(false, 16, 16),
  });
  const counts = b.add({
    id: nodeId('clamp'),
    kind: 'clamp',
    min: 0,
    max: 255,
    inputs: [input],
    format: format(false, 8, 8),
  });
  const image = b.add({
    id: nodeId('image'),
    kind: 'conv2d',
    inputs: [counts],
    ...squareWindow(1, 1, 0),
    groups: 1,
    weights: {
      mantissas: Int32Array.of(1, -1, 2, -2),
      width: 4,
      fraction: new Int32Array(4),
      bias: new Float64Array(4),
    },
    activation: { kind: 'none' },
    format: format(true, 8, 8),
  });
  const weighted = { inputs: [image], activation, format: wide };
  b.add({
    id: nodeId('conv'),
    kind: 'conv2d',
    ...weighted,
    ...squareWindow(3, 2, 1),
    groups: 1,
    weights: weights(36, 5),
  });
  b.add({
    id: nodeId('grouped'),
    kind: 'conv2d',
    ...weighted,
    ...squareWindow(2, 1, 0),
    groups: 2,
    weights: weights(8, 6),
  });
  const depthwise = b.add({
    id: nodeId('depthwise'),
    kind: 'depthwiseConv2d',
    ...weighted,
    ...squareWindow(3, 1, 1),
    weights: weights(9, 4),
  });
  const mean = { inputs: [image], reciprocalFraction: FRACTION, format: wide };
  b.add({ id: nodeId('avg'), kind: 'avgPool', ...mean, ...squareWindow(3, 2, 0), reciprocal: 57 });
  b.add({ id: nodeId('global'), kind: 'globalAvgPool', ...mean, reciprocal: 65 });
  const coarse = rounding === undefined ? wide : format(true, 32, 34, rounding);
  b.add({ id: nodeId('narrow'), kind: 'requantize', inputs: [image], format: coarse });
  const fine = b.add({
    id: nodeId('fine'),
    kind: 'requantize',
    inputs: [depthwise],
    format: format(true, 12, 12 - FRACTION),
  });
  b.add({ id: nodeId('add'), kind: 'add', inputs: [image, fine], activation, format: wide });
  b.add({ id: nodeId('twice'), kind: 'add', inputs: [fine, fine], activation, format: wide });
  const flat = b.add({
    id: nodeId('flat'),
    kind: 'flatten',
    inputs: [image],
    format: format(true, 8, 8),
  });
  const dense = b.add({
    id: nodeId('dense'),
    kind: 'dense',
    ...weighted,
    inputs: [flat],
    weights: weights(9 * 7 * 4, 2),
  });
  return b.build({
    name: 'every op that sums',
    output: dense,
    classNames: ['miss', 'hit'],
    hitClasses: [false, true],
    threshold: 3,
  });
}
