/** Small fixed graphs with random weights, for tests of everything that reads a graph. */
import { createRandom } from '../src/core/random.js';
import { bitsFor, format } from '../src/fixed/format.js';
import { createFixedGraphBuilder } from '../src/ir/build.js';
import { nodeId, type QuantizedWeights } from '../src/ir/common.js';
import type { FixedGraph } from '../src/ir/graph.js';
import { squareWindow } from './square-window.js';

export interface SampleOptions {
  readonly seed?: number;
  readonly height?: number;
  readonly width?: number;
  readonly weightBits?: number;
  readonly activationBits?: number;
  /** Least weight, where it is not that of the width. */
  readonly leastWeight?: number;
  /** Bits of the table's output. */
  readonly inputBits?: number;
  /** Bits by which the sums are larger than they would be: some make stages saturate. */
  readonly gain?: number;
}

/** crop → mask → max-bin 2×2 → clamp → √ table → conv s2 → pool → depthwise → residual add → concat → avg → dense. */
export function sampleFixedGraph(options: SampleOptions = {}): FixedGraph {
  const {
    seed = 1,
    height = 40,
    width = 36,
    weightBits = 8,
    activationBits = 8,
    inputBits = 8,
    gain = 0,
    leastWeight = -Infinity,
  } = options;
  const random = createRandom(seed);
  const u = (bits: number, integer: number) => format(false, bits, integer);
  const b = createFixedGraphBuilder();
  const weights = (count: number, channels: number): QuantizedWeights => ({
    mantissas: Int32Array.from({ length: count }, () =>
      Math.max(leastWeight, random.integer(-(2 ** (weightBits - 1)), 2 ** (weightBits - 1) - 1)),
    ),
    width: weightBits,
    fraction: Int32Array.from({ length: channels }, () => weightBits - gain + random.integer(-1, 1)),
    bias: Float64Array.from({ length: channels }, () => random.integer(-500, 500)),
  });
  const input = b.add({
    id: nodeId('input'),
    kind: 'input',
    inputs: [],
    size: [height, width],
    format: u(16, 16),
  });
  const crop = b.add({
    id: nodeId('crop'),
    kind: 'crop',
    inputs: [input],
    offset: [3, 1],
    size: [height - 8, width - 4],
    format: u(16, 16),
  });
  const live = Uint8Array.from({ length: (height - 8) * (width - 4) }, (_, i) => (i % 7 === 3 ? 0 : 1));
  const mask = b.add({ id: nodeId('mask'), kind: 'mask', inputs: [crop], live, format: u(16, 16) });
  const bin = b.add({
    id: nodeId('bin'),
    kind: 'bin',
    mode: 'max',
    factor: [2, 2],
    inputs: [mask],
    format: u(16, 16),
  });
  const top = 1023;
  const clamp = b.add({
    id: nodeId('clamp'),
    kind: 'clamp',
    min: 0,
    max: top,
    inputs: [bin],
    format: u(bitsFor(0, top), bitsFor(0, top)),
  });
  const table = Int32Array.from({ length: top + 1 }, (_, i) =>
    Math.round(Math.sqrt(i / top) * (2 ** inputBits - 1)),
  );
  const lut = b.add({
    id: nodeId('lut'),
    kind: 'lut',
    first: 0,
    table,
    inputs: [clamp],
    format: u(inputBits, 0),
  });
  const act = format(false, activationBits, 2);
  const conv1 = b.add({
    id: nodeId('conv1'),
    kind: 'conv2d',
    inputs: [lut],
    ...squareWindow(3, 2, 1),
    groups: 1,
    weights: weights(9 * 6, 6),
    activation: { kind: 'relu' },
    format: act,
  });
  const pool1 = b.add({
    id: nodeId('pool1'),
    kind: 'maxPool',
    inputs: [conv1],
    ...squareWindow(2, 1, 1),
    padding: [0, 0, 1, 1],
    format: act,
  });
  const signed = format(true, activationBits, 3);
  const depthwise = b.add({
    id: nodeId('depthwise1'),
    kind: 'depthwiseConv2d',
    inputs: [pool1],
    ...squareWindow(3, 1, 1),
    weights: weights(9 * 6, 6),
    activation: { kind: 'none' },
    format: signed,
  });
  const sum = b.add({
    id: nodeId('add1'),
    kind: 'add',
    inputs: [depthwise, pool1],
    activation: { kind: 'relu' },
    format: act,
  });
  const requantized = b.add({ id: nodeId('narrow1'), kind: 'requantize', inputs: [depthwise], format: act });
  const concat = b.add({ id: nodeId('concat1'), kind: 'concat', inputs: [sum, requantized], format: act });
  const avg = b.add({
    id: nodeId('avg1'),
    kind: 'avgPool',
    inputs: [concat],
    ...squareWindow(3, 2, 0),
    reciprocal: 455,
    reciprocalFraction: 12,
    format: act,
  });
  const conv2 = b.add({
    id: nodeId('conv2'),
    kind: 'conv2d',
    inputs: [avg],
    ...squareWindow(1, 1, 0),
    groups: 2,
    weights: weights(6 * 8, 8),
    activation: { kind: 'leakyRelu', alphaMantissa: 1, alphaFraction: 3 },
    format: signed,
  });
  const pooled = b.add({ id: nodeId('global1'), kind: 'globalMaxPool', inputs: [conv2], format: signed });
  const logits = b.add({
    id: nodeId('logits'),
    kind: 'dense',
    inputs: [pooled],
    weights: weights(8 * 2, 2),
    activation: { kind: 'none' },
    format: format(true, 16, 6),
  });
  return b.build({
    name: 'sample',
    output: logits,
    classNames: ['miss', 'hit'],
    hitClasses: [false, true],
    threshold: 5,
  });
}

/** Random raw frames: mostly small counts, some bright pixels, some saturated. */
export function sampleFrames(count: number, pixels: number, seed = 1): Uint16Array[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () =>
    Uint16Array.from({ length: pixels }, () => {
      const u = random.uniform();
      return u < 0.9 ? random.integer(0, 60) : u < 0.99 ? random.integer(0, 2000) : random.integer(0, 65535);
    }),
  );
}
