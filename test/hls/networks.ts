/** Fixed graphs of real networks' shapes with random weights, for tests and benchmarks of the firmware. */
import { createRandom } from '../../src/core/random.js';
import { bitsFor, format, type Format } from '../../src/fixed/format.js';
import { createFixedGraphBuilder, type FixedGraphBuilder } from '../../src/ir/build.js';
import { NO_PADDING, nodeId, type NodeId, type Padding, type QuantizedWeights } from '../../src/ir/common.js';
import type { FixedGraph } from '../../src/ir/graph.js';

const ACTIVATION: Format = format(false, 8, 2);

export interface NetworkBuilder {
  readonly b: FixedGraphBuilder;
  /** Bin to `size`, clamp, square-root table: the usual way in. Returns the table's node. */
  input(height: number, width: number, bin?: number, mode?: 'max' | 'sum'): NodeId;
  conv(
    name: string,
    from: NodeId,
    channels: number,
    kernel: number,
    stride: number,
    padding: number,
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
  const pad = (p: number): Padding => (p === 0 ? NO_PADDING : [p, p, p, p]);
  /** Weights whose sums of `terms` products stay about as large as the inputs. */
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
