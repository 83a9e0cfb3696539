/** Fixed graphs of real networks' shapes with random weights, for tests and benchmarks of the firmware. */
import { createRandom } from '../../src/core/random.js';
import { bitsFor, format, type Format } from '../../src/fixed/format.js';
import { createFixedGraphBuilder, type FixedGraphBuilder } from '../../src/ir/build.js';
import { NO_PADDING, nodeId, type NodeId, type Padding, type QuantizedWeights } from '../../src/ir/common.js';
import type { FixedGraph } from '../../src/ir/graph.js';

const ACTIVATION: Format = format(false, 8, 2);

export interface NetworkBuilder {
  readonly b: FixedGraphBuilder;
  /** Random weights whose sums of `terms` products stay about as large as the inputs. */
  weights(terms: number, channels: number): QuantizedWeights;
  /** Bin to `size`, clamp, square-root table: the usual way in. Returns the table's node. */
  input(height: number, width: number, bin?: number, mode?: 'max' | 'sum'): NodeId;
  conv(
    name: string,
    from: NodeId,
    channels: number,
    kernel: number,
    stride: number,
    padding: number | Padding,
    groups?: number,
    relu?: boolean,
  ): NodeId;
  depthwise(name: string, from: NodeId, kernel: number, stride: number, padding: number): NodeId;
  maxPool(name: string, from: NodeId, kernel: number, stride: number, padding?: number): NodeId;
  globalAvg(name: string, from: NodeId): NodeId;
  dense(name: string, from: NodeId, channels: number, last?: boolean): NodeId;
  add(name: string, a: NodeId, b: NodeId): NodeId;
  flatten(name: string, from: NodeId): NodeId;
  finish(name: string, output: NodeId, classes?: number): FixedGraph;
}

export function networkBuilder(seed = 1, reloadable = false, weightBits = 8): NetworkBuilder {
  const random = createRandom(seed);
  const b = createFixedGraphBuilder(reloadable);
  const square = (k: number): readonly [number, number] => [k, k];
  const pad = (p: number | Padding): Padding =>
    typeof p !== 'number' ? p : p === 0 ? NO_PADDING : [p, p, p, p];
  function weights(terms: number, channels: number): QuantizedWeights {
    const top = 2 ** (weightBits - 1) - 1;
    return {
      mantissas: Int32Array.from({ length: terms * channels }, () => random.integer(-top, top)),
      width: weightBits,
      fraction: Int32Array.from(
        { length: channels },
        () => weightBits - 1 + Math.round(Math.log2(Math.sqrt(terms))) - random.integer(1, 2),
      ),
      bias: Float64Array.from({ length: channels }, () => random.integer(-300, 900)),
    };
  }
  return {
    b,
    weights,
    input(height, width, bin = 1, mode = 'max') {
      let last = b.add({
        id: nodeId('input'),
        kind: 'input',
        inputs: [],
        size: [height, width],
        format: format(false, 16, 16),
      });
      if (bin > 1) {
        const bits = mode === 'sum' ? bitsFor(0, 65535 * bin * bin) : 16;
        last = b.add({
          id: nodeId('bin'),
          kind: 'bin',
          mode,
          factor: square(bin),
          inputs: [last],
          format: format(false, bits, bits),
        });
      }
      last = b.add({
        id: nodeId('clamp'),
        kind: 'clamp',
        min: 0,
        max: 255,
        inputs: [last],
        format: format(false, 8, 8),
      });
      const table = Int32Array.from({ length: 256 }, (_, i) => Math.round(Math.sqrt(i / 255) * 255));
      return b.add({
        id: nodeId('table'),
        kind: 'lut',
        first: 0,
        table,
        inputs: [last],
        format: format(false, 8, 0),
      });
    },
    conv(name, from, channels, kernel, stride, padding, groups = 1, relu = true) {
      const cin = b.output(from).shape[2] / groups;
      return b.add({
        id: nodeId(name),
        kind: 'conv2d',
        inputs: [from],
        kernel: square(kernel),
        strides: square(stride),
        padding: pad(padding),
        groups,
        weights: weights(kernel * kernel * cin, channels),
        activation: { kind: relu ? 'relu' : 'none' },
        format: relu ? ACTIVATION : format(true, 8, 3),
      });
    },
    depthwise(name, from, kernel, stride, padding) {
      return b.add({
        id: nodeId(name),
        kind: 'depthwiseConv2d',
        inputs: [from],
        kernel: square(kernel),
        strides: square(stride),
        padding: pad(padding),
        weights: weights(kernel * kernel, b.output(from).shape[2]),
        activation: { kind: 'relu' },
        format: ACTIVATION,
      });
    },
    maxPool: (name, from, kernel, stride, padding = 0) =>
      b.add({
        id: nodeId(name),
        kind: 'maxPool',
        inputs: [from],
        kernel: square(kernel),
        strides: square(stride),
        padding: pad(padding),
        format: b.output(from).format,
      }),
    globalAvg(name, from) {
      const { shape, format: f } = b.output(from);
      const count = shape[0] * shape[1];
      const reciprocalFraction = 12 + Math.ceil(Math.log2(count));
      return b.add({
        id: nodeId(name),
        kind: 'globalAvgPool',
        inputs: [from],
        reciprocal: Math.round(2 ** reciprocalFraction / count),
        reciprocalFraction,
        format: f,
      });
    },
    dense(name, from, channels, last = false) {
      return b.add({
        id: nodeId(name),
        kind: 'dense',
        inputs: [from],
        weights: weights(b.output(from).shape[2], channels),
        activation: { kind: last ? 'none' : 'relu' },
        format: last ? format(true, 16, 6) : ACTIVATION,
      });
    },
    add: (name, x, y) =>
      b.add({
        id: nodeId(name),
        kind: 'add',
        inputs: [x, y],
        activation: { kind: 'relu' },
        format: ACTIVATION,
      }),
    flatten: (name, from) =>
      b.add({ id: nodeId(name), kind: 'flatten', inputs: [from], format: b.output(from).format }),
    finish: (name, output, classes = 2) =>
      b.build({
        name,
        output,
        classNames: Array.from({ length: classes }, (_, i) => (i === 0 ? 'miss' : `hit ${i}`)),
        hitClasses: Array.from({ length: classes }, (_, i) => i > 0),
        threshold: 3,
      }),
  };
}

const convFields = (n: NetworkBuilder, name: string, from: NodeId, channels: number, kernel: number) => {
  const groups = name === 'grouped' ? 3 : 1;
  const padding = (kernel - 1) / 2;
  return {
    id: nodeId(name),
    kind: 'conv2d',
    inputs: [from],
    kernel: [kernel, kernel],
    strides: [1, 1],
    padding: [padding, padding, padding, padding],
    weights: n.weights(kernel * kernel * (n.b.output(from).shape[2] / groups), channels),
  } as const;
};

/** The network of `dependencies.md`: conv 3×3×8 s2, conv 3×3×16 s2, pool, conv 3×3×32, pool, dense 2. */
export function smallVetoNetwork(size = 128, bin = 1, reloadable = false): FixedGraph {
  const n = networkBuilder(3, reloadable);
  let x = n.input(size * bin, size * bin, bin);
  x = n.conv('conv1', x, 8, 3, 2, 1);
  x = n.conv('conv2', x, 16, 3, 2, 1);
  x = n.maxPool('pool1', x, 2, 2);
  x = n.conv('conv3', x, 32, 3, 1, 1);
  x = n.globalAvg('mean', x);
  return n.finish('small veto', n.dense('logits', x, 2, true));
}

/** Windows that end with the last pixel, as those of the recipe `veto`. */
export function causalNetwork(size = 32, bin = 2): FixedGraph {
  const n = networkBuilder(8);
  const given = n.input(size * bin, size * bin, bin);
  let x = n.conv('conv1', given, 6, 5, 1, [4, 4, 0, 0]);
  x = n.maxPool('pool1', x, 2, 2);
  x = n.conv('conv2', x, 8, 3, 2, [1, 1, 0, 0]);
  x = n.conv('conv3', x, 12, 3, 1, [2, 2, 0, 0]);
  return n.finish('causal veto', n.dense('logits', n.globalAvg('mean', x), 3, true), 3);
}

/** What veto networks of the registry have in filters, max pools after the first layers, and hidden units. */
export const VETO_BASE = { filters: [12, 24, 40, 56], pools: 2, hidden: 32 } as const;
export const VETO_LARGE = { filters: [16, 32, 56, 96], pools: 3, hidden: 48 } as const;

/** A veto network of the registry's form on frames of 512×512 binned 4×4. */
export function vetoNetwork({ filters, pools, hidden }: typeof VETO_BASE | typeof VETO_LARGE): FixedGraph {
  const [first, second, third, fourth] = filters;
  const n = networkBuilder(6);
  let x = n.input(512, 512, 4);
  x = n.conv('conv1', x, first, 3, 1, 1);
  x = n.maxPool('pool1', x, 2, 2);
  x = n.conv('conv2', x, second, 3, 1, 1);
  x = n.maxPool('pool2', x, 2, 2);
  x = n.conv('conv3', x, third, 3, 1, 1);
  if (pools > 2) x = n.maxPool('pool3', x, 2, 2);
  x = n.conv('conv4', x, fourth, 3, 1, 1);
  const most = n.b.add({
    id: nodeId('most'),
    kind: 'globalMaxPool',
    inputs: [x],
    format: n.b.output(x).format,
  });
  const pooled = n.b.add({
    id: nodeId('pooled'),
    kind: 'concat',
    inputs: [n.globalAvg('mean', x), most],
    format: n.b.output(x).format,
  });
  return n.finish('veto', n.dense('logits', n.dense('hidden', pooled, hidden), 5, true), 5);
}

/** hls4ml's benchmark of `rivals.md`: 64×64, conv 3×3×8 s2, pool, conv 3×3×16, global pool, dense 2. */
export function rivalNetwork(): FixedGraph {
  const n = networkBuilder(5);
  let x = n.input(64, 64);
  x = n.conv('conv1', x, 8, 3, 2, 1);
  x = n.maxPool('pool1', x, 2, 2);
  x = n.conv('conv2', x, 16, 3, 1, 1);
  x = n.globalAvg('mean', x);
  return n.finish('two convolutions', n.dense('logits', x, 2, true));
}

/**
 * Every template and every way through it that `sampleFixedGraph` leaves out: blocks that do not fit the words, crops
 * inside a word, three inputs to a concat, groups, all activations, other roundings, flatten.
 */
export function zooNetwork(): FixedGraph {
  const n = networkBuilder(11);
  const { b } = n;
  const counts = (bits: number): Format => format(false, bits, bits);
  const input = b.add({ id: nodeId('input'), kind: 'input', inputs: [], size: [27, 31], format: counts(16) });
  const crop = b.add({
    id: nodeId('double'),
    kind: 'crop',
    inputs: [input],
    offset: [2, 3],
    size: [24, 27],
    format: counts(16),
  });
  const brightest = b.add({
    id: nodeId('bin_max'),
    kind: 'bin',
    mode: 'max',
    factor: [2, 3],
    inputs: [crop],
    format: counts(16),
  });
  const second = b.add({
    id: nodeId('bin_second'),
    kind: 'bin',
    mode: 'second',
    factor: [2, 3],
    inputs: [crop],
    format: counts(16),
  });
  const above = b.add({
    id: nodeId('above'),
    kind: 'contrast',
    distance: 2,
    inputs: [second],
    format: counts(16),
  });
  const sumBits = bitsFor(0, 65535 * 6);
  const sum = b.add({
    id: nodeId('bin_sum'),
    kind: 'bin',
    mode: 'sum',
    factor: [2, 3],
    inputs: [crop],
    format: counts(sumBits),
  });
  const live = Uint8Array.from({ length: 12 * 9 }, (_, i) => (i % 5 === 2 ? 0 : 1));
  const masked = b.add({ id: nodeId('mask'), kind: 'mask', inputs: [sum], live, format: counts(sumBits) });
  const toTable = (name: string, from: NodeId, top: number): NodeId => {
    const bits = bitsFor(0, top);
    const clamped = b.add({
      id: nodeId(`${name}_clamp`),
      kind: 'clamp',
      min: 5,
      max: top,
      inputs: [from],
      format: counts(bits),
    });
    const table = Int32Array.from({ length: top - 4 }, (_, i) => Math.round((i / (top - 5)) * 255));
    return b.add({
      id: nodeId(`${name}__table`),
      kind: 'lut',
      first: 5,
      table,
      inputs: [clamped],
      format: format(false, 8, 0),
    });
  };
  const both = b.add({
    id: nodeId('both'),
    kind: 'concat',
    inputs: [toTable('max', brightest, 300), toTable('sum', masked, 900), toTable('above', above, 300)],
    format: format(false, 8, 0),
  });
  const conv1 = n.conv('conv1', both, 12, 3, 1, 1);
  const grouped = b.add({
    ...convFields(n, 'grouped', conv1, 18, 3),
    groups: 3,
    activation: { kind: 'clip', min: -40, max: 90 },
    format: format(true, 8, 3, 'AP_RND'),
  });
  const rounded = b.add({
    id: nodeId('rounded'),
    kind: 'requantize',
    inputs: [grouped],
    format: format(false, 6, 2, 'AP_TRN_ZERO'),
  });
  const depth = n.depthwise('depth', conv1, 3, 1, 1);
  const narrow = b.add({
    id: nodeId('narrow'),
    kind: 'requantize',
    inputs: [depth],
    format: format(false, 6, 2, 'AP_TRN_ZERO'),
  });
  const joined = b.add({
    id: nodeId('joined'),
    kind: 'concat',
    inputs: [rounded, narrow, narrow],
    format: format(false, 6, 2, 'AP_TRN_ZERO'),
  });
  const pool = n.maxPool('pool', joined, 3, 2, 1);
  const leaky = b.add({
    ...convFields(n, 'leaky', pool, 8, 1),
    groups: 1,
    activation: { kind: 'leakyRelu', alphaMantissa: 3, alphaFraction: 4 },
    format: format(true, 9, 4, 'AP_RND_ZERO', 'AP_SAT_SYM'),
  });
  const mean = n.globalAvg('mean', leaky);
  const flat = n.flatten('flat', leaky);
  const all = b.add({
    id: nodeId('all'),
    kind: 'concat',
    inputs: [flat, mean],
    format: b.output(leaky).format,
  });
  const hidden = n.dense('hidden', all, 6);
  return n.finish('zoo', n.dense('logits', hidden, 4, true), 4);
}

/** AlexNet's layers (two groups as in the original), for an input of `size` pixels. */
export function alexNet(size = 224, width = 1): FixedGraph {
  const n = networkBuilder(7);
  const c = (channels: number): number => Math.max(2, Math.round(channels * width));
  let x = n.input(size, size);
  x = n.conv('conv1', x, c(96), 11, 4, 2);
  x = n.maxPool('pool1', x, 3, 2);
  x = n.conv('conv2', x, c(256), 5, 1, 2, 2);
  x = n.maxPool('pool2', x, 3, 2);
  x = n.conv('conv3', x, c(384), 3, 1, 1);
  x = n.conv('conv4', x, c(384), 3, 1, 1, 2);
  x = n.conv('conv5', x, c(256), 3, 1, 1, 2);
  x = n.maxPool('pool5', x, 3, 2);
  x = n.flatten('flat', x);
  x = n.dense('fc6', x, c(4096));
  x = n.dense('fc7', x, c(4096));
  return n.finish('AlexNet', n.dense('fc8', x, 5, true), 5);
}

/** ResNet-18's layers for an input of `size` pixels. */
export function resNet18(size = 224, width = 1): FixedGraph {
  const n = networkBuilder(9);
  const c = (channels: number): number => Math.max(1, Math.round(channels * width));
  let x = n.input(size, size);
  x = n.conv('conv1', x, c(64), 7, 2, 3);
  x = n.maxPool('pool1', x, 3, 2, 1);
  [64, 128, 256, 512].forEach((channels, stage) => {
    for (let block = 0; block < 2; block++) {
      const name = `s${stage + 1}b${block + 1}`;
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const skip = stride === 1 ? x : n.conv(`${name}_skip`, x, c(channels), 1, stride, 0, 1, false);
      let y = n.conv(`${name}_conv1`, x, c(channels), 3, stride, 1);
      y = n.conv(`${name}_conv2`, y, c(channels), 3, 1, 1, 1, false);
      x = n.add(`${name}_add`, y, skip);
    }
  });
  x = n.globalAvg('mean', x);
  return n.finish('ResNet-18', n.dense('logits', x, 5, true), 5);
}
