/** Fixed graphs that are small enough to know what their maps must be. */
import { format, type Format } from '../../src/fixed/format.js';
import { createFixedGraphBuilder } from '../../src/ir/build.js';
import { NO_PADDING, nodeId, type QuantizedWeights } from '../../src/ir/common.js';
import type { FixedGraph } from '../../src/ir/graph.js';

/** Whole-number weights; `bias` has one value for each output channel. */
const wholeWeights = (mantissas: readonly number[], bias: readonly number[]): QuantizedWeights => ({
  mantissas: Int32Array.from(mantissas),
  width: 8,
  fraction: new Int32Array(bias.length),
  bias: Float64Array.from(bias),
});

interface PointwiseGraph {
  readonly name: string;
  /** Pixels along each side of the raw frame. */
  readonly side: number;
  /** Side of the squares whose maximum is taken, pixels; the layers have 8×8 pixels. */
  readonly bin: number;
  readonly conv: {
    readonly weights: readonly number[];
    readonly bias: readonly number[];
    readonly format: Format;
  };
  readonly meanFormat: Format;
  readonly dense: { readonly weights: readonly number[]; readonly format: Format };
  /** The least score that is kept; 0 unless stated. */
  readonly threshold?: number;
}

/** max-bin → clamp to a byte → conv 1×1 with ReLU → global average over 8×8 → dense to (miss, hit). */
export function pointwiseGraph({
  name,
  side,
  bin,
  conv,
  meanFormat,
  dense,
  threshold = 0,
}: PointwiseGraph): FixedGraph {
  const b = createFixedGraphBuilder();
  const raw = format(false, 16, 16);
  const byte = format(false, 8, 8);
  const input = b.add({ id: nodeId('input'), kind: 'input', inputs: [], size: [side, side], format: raw });
  const binned = b.add({
    id: nodeId('bin'),
    kind: 'bin',
    mode: 'max',
    factor: [bin, bin],
    inputs: [input],
    format: raw,
  });
  const clamp = b.add({
    id: nodeId('clamp'),
    kind: 'clamp',
    min: 0,
    max: 255,
    inputs: [binned],
    format: byte,
  });
  const conv1 = b.add({
    id: nodeId('conv1'),
    kind: 'conv2d',
    inputs: [clamp],
    kernel: [1, 1],
    strides: [1, 1],
    padding: NO_PADDING,
    groups: 1,
    weights: wholeWeights(conv.weights, conv.bias),
    activation: { kind: 'relu' },
    format: conv.format,
  });
  const mean = b.add({
    id: nodeId('mean1'),
    kind: 'globalAvgPool',
    inputs: [conv1],
    reciprocal: 1,
    reciprocalFraction: 6,
    format: meanFormat,
  });
  const logits = b.add({
    id: nodeId('logits'),
    kind: 'dense',
    inputs: [mean],
    weights: wholeWeights(dense.weights, [0, 0]),
    activation: { kind: 'none' },
    format: dense.format,
  });
  return b.build({
    name,
    output: logits,
    classNames: ['miss', 'hit'],
    hitClasses: [false, true],
    threshold,
  });
}

/** Channels (bright, dark, constant) of frames of `side`×`side` pixels: bright speaks for a hit, dark for a miss. */
export const brightGraph = (side = 32, threshold = 0): FixedGraph =>
  pointwiseGraph({
    name: 'bright',
    side,
    bin: side / 8,
    threshold,
    conv: { weights: [1, -1, 0], bias: [-40, 60, 5], format: format(false, 8, 8) },
    meanFormat: format(false, 16, 8),
    dense: { weights: [-3, 5, 1, -1, 0, 0], format: format(true, 24, 14) },
  });

/** A convolution of weight 1 that holds at most 63.75, on 8×8 pixels; the score is twice its mean. */
export function saturatingGraph(): FixedGraph {
  const narrow = format(false, 8, 6);
  return pointwiseGraph({
    name: 'saturating',
    side: 8,
    bin: 1,
    conv: { weights: [1], bias: [0], format: narrow },
    meanFormat: narrow,
    dense: { weights: [-1, 1], format: format(true, 16, 9) },
  });
}
