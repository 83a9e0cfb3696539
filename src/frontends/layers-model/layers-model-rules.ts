/** The layers of a TensorFlow.js LayersModel as nodes of a float graph, one rule for each class of layer. */
import { elements, NO_PADDING, nodeId, type NodeId, type Padding, type Shape } from '../../ir/common.js';
import { mayBeNegative } from '../../ir/may-be-negative.js';
import type { FloatNode } from '../../ir/ops/index.js';
import { ACTIVATIONS, SMOOTH } from './activation-names.js';
import type { tf } from '../../tensorflow/tf.js';
import type { Head } from '../imported.js';

export type Layer = tf.layers.Layer;
type Config = Readonly<Record<string, unknown>>;

/** An output that layers read: the node that makes it, and zero padding that its readers have to add. */
export interface Value {
  readonly id: NodeId;
  readonly padding: Padding;
  /** What becomes of logits at the end of the network; it is left out, since the veto compares logits. */
  readonly head: Head;
}

/** The graph that is being made. */
export interface Import {
  readonly nodes: FloatNode[];
  readonly shapes: Map<NodeId, Shape>;
  add(layer: Layer, node: FloatNode): NodeId;
  refuse(layer: Layer, why: string): Value;
}

type Rule = (layer: Layer, config: Config, inputs: readonly Value[], into: Import) => Value;

const pairOf = (value: unknown): readonly [number, number] =>
  Array.isArray(value) ? [Number(value[0]), Number(value[1])] : [Number(value), Number(value)];
/** The weights of `layer` in TensorFlow's order; what is no number is refused. */
function weightsOf(layer: Layer, into: Import): Float32Array<ArrayBuffer>[] {
  const arrays = layer.getWeights().map((t) => Float32Array.from(t.dataSync()));
  if (arrays.some((values) => values.some((v) => !Number.isFinite(v))))
    into.refuse(layer, 'a weight that is not finite (NaN or infinite)');
  return arrays;
}
const named = (layer: Layer, suffix = ''): NodeId =>
  nodeId(
    `${layer.name
      .toLowerCase()
      .replace(/[^a-z0-9_]/g, '_')
      .replace(/^[^a-z]/, 'l$&')}${suffix}`.slice(0, 63),
  );
export const plain = (id: NodeId, head: Head = 'logits'): Value => ({ id, padding: NO_PADDING, head });

/** TensorFlow's `same`: as few rows as needed, the odd one after. */
function samePadding(extent: number, kernel: number, stride: number): readonly [number, number] {
  const needed = Math.max(0, (Math.ceil(extent / stride) - 1) * stride + kernel - extent);
  return [Math.floor(needed / 2), Math.ceil(needed / 2)];
}

function windowOf(
  layer: Layer,
  config: Config,
  kernel: readonly [number, number],
  input: Value,
  into: Import,
) {
  const strides = pairOf(config['strides'] ?? kernel);
  const [height, width] = into.shapes.get(input.id)!;
  let padding = input.padding;
  if (config['padding'] === 'same') {
    if (padding.some((p) => p > 0)) into.refuse(layer, 'same padding behind a ZeroPadding2D');
    const [top, bottom] = samePadding(height, kernel[0], strides[0]);
    const [left, right] = samePadding(width, kernel[1], strides[1]);
    padding = [top, left, bottom, right];
  }
  if (config['dataFormat'] === 'channelsFirst') into.refuse(layer, 'channels first');
  return { kernel, strides, padding };
}

/** The activation that a layer has inside, as a node behind it. */
function activated(layer: Layer, config: Config, id: NodeId, into: Import): Value {
  const name = config['activation'];
  // getConfig gives a string; absent means linear.
  const kind = ACTIVATIONS[typeof name === 'string' ? name : 'linear'];
  if (kind === 'none') return plain(id);
  if (kind === 'relu')
    return plain(into.add(layer, { id: named(layer, '_relu'), kind: 'relu', inputs: [id] }));
  if (kind === 'relu6')
    return plain(into.add(layer, { id: named(layer, '_relu'), kind: 'clip', inputs: [id], min: 0, max: 6 }));
  const isEnd = layer.outboundNodes.length === 0;
  if (name === 'softmax' || (name === 'sigmoid' && isEnd)) return atEnd(name, layer, id, into);
  const smooth = typeof name === 'string' ? SMOOTH.get(name) : undefined;
  if (smooth !== undefined)
    return plain(into.add(layer, { id: named(layer, `_${smooth.kind}`), inputs: [id], ...smooth }));
  return into.refuse(layer, `activation ${String(name)}`);
}

/** Nothing at the end of a network, since the veto compares logits. What reads it is refused. */
const atEnd = (head: 'softmax' | 'sigmoid', layer: Layer, id: NodeId, into: Import): Value => {
  const [height, width] = into.shapes.get(id)!;
  return height * width === 1
    ? plain(id, head)
    : into.refuse(layer, `a ${head} that is not at the end: of an image`);
};

const unpadded = (layer: Layer, input: Value, into: Import): NodeId => {
  if (input.padding.some((p) => p > 0)) into.refuse(layer, 'reads a ZeroPadding2D');
  return input.id;
};

const pooling =
  (kind: 'maxPool' | 'avgPool'): Rule =>
  (layer, config, [x], into) => {
    const window = windowOf(layer, config, pairOf(config['poolSize']), x!, into);
    // TensorFlow's average does not count its own padding, and its maximum does not see zeros: nor is it written here.
    if (kind === 'avgPool' && config['padding'] === 'same' && window.padding.some((p) => p > 0))
      return into.refuse(layer, 'average pooling that does not count its padding');
    if (kind === 'maxPool' && x!.padding.some((p) => p > 0) && mayBeNegative(into.nodes, x!.id))
      return into.refuse(layer, 'maximum pooling of negative values behind a ZeroPadding2D');
    return plain(into.add(layer, { id: named(layer), kind, inputs: [x!.id], ...window }));
  };

const elementwise =
  (make: (id: NodeId, input: NodeId, config: Config) => FloatNode | string): Rule =>
  (layer, config, [x], into) => {
    const node = make(named(layer), unpadded(layer, x!, into), config);
    return typeof node === 'string' ? into.refuse(layer, node) : plain(into.add(layer, node));
  };

const joining =
  (kind: 'add' | 'concat'): Rule =>
  (layer, config, inputs, into) => {
    const axis = config['axis'];
    const last = (layer.outputShape as readonly unknown[]).length - 1;
    if (kind === 'concat' && axis !== -1 && axis !== last) return into.refuse(layer, `axis ${String(axis)}`);
    const ids = inputs.map((x) => unpadded(layer, x, into));
    if (kind === 'concat' || ids.length === 2)
      return plain(into.add(layer, { id: named(layer), kind, inputs: ids }));
    let sum = ids[0]!;
    ids.slice(1).forEach((id, k) => {
      sum = into.add(layer, { id: named(layer, `_${k + 1}`), kind: 'add', inputs: [sum, id] });
    });
    return plain(sum);
  };

const passing: Rule = (_layer, _config, [x]) => x!;

/** Weights `[kh, kw, rest]` with zeros between those of a dilated window, and the extents that it covers. */
function dilated(
  weights: Float32Array<ArrayBuffer>,
  kernel: readonly [number, number],
  rate: readonly [number, number],
): { readonly weights: Float32Array<ArrayBuffer>; readonly covers: readonly [number, number] } {
  const covers = [(kernel[0] - 1) * rate[0] + 1, (kernel[1] - 1) * rate[1] + 1] as const;
  const rest = weights.length / (kernel[0] * kernel[1]);
  const spread = new Float32Array(covers[0] * covers[1] * rest);
  for (let y = 0; y < kernel[0]; y++)
    for (let x = 0; x < kernel[1]; x++) {
      const from = (y * kernel[1] + x) * rest;
      spread.set(weights.subarray(from, from + rest), (y * rate[0] * covers[1] + x * rate[1]) * rest);
    }
  return { weights: spread, covers };
}

/** A convolution of every channel by itself, `depthMultiplier` outputs each, neighbours of one channel together. */
function depthwise(
  layer: Layer,
  config: Config,
  x: Value,
  given: Float32Array<ArrayBuffer>,
  bias: Float32Array<ArrayBuffer> | undefined,
  into: Import,
  suffix = '',
): NodeId {
  const kernel = pairOf(config['kernelSize']);
  const { weights, covers } = dilated(given, kernel, pairOf(config['dilationRate'] ?? 1));
  const window = windowOf(layer, config, covers, x, into);
  const channels = into.shapes.get(x.id)![2];
  // As many weights as outputs at every place of the window; the configuration does not always say it.
  const outputs = given.length / (kernel[0] * kernel[1]);
  const base = { id: named(layer, suffix), inputs: [x.id], ...window, weights };
  const node = { ...base, bias: bias ?? new Float32Array(outputs) };
  return into.add(
    layer,
    outputs === channels
      ? { ...node, kind: 'depthwiseConv2d' }
      : { ...node, kind: 'conv2d', groups: channels },
  );
}

const convolution: Rule = (layer, config, [x], into) => {
  const [given, bias] = weightsOf(layer, into);
  if (layer.getClassName() === 'DepthwiseConv2D')
    return activated(layer, config, depthwise(layer, config, x!, given!, bias, into), into);
  const kernel = pairOf(config['kernelSize']);
  const { weights, covers } = dilated(given!, kernel, pairOf(config['dilationRate'] ?? 1));
  const window = windowOf(layer, config, covers, x!, into);
  const node = { id: named(layer), kind: 'conv2d' as const, inputs: [x!.id], ...window, groups: 1 };
  const filters = Number(config['filters']);
  const id = into.add(layer, { ...node, weights, bias: bias ?? new Float32Array(filters) });
  return activated(layer, config, id, into);
};

const ONE = { kernel: [1, 1], strides: [1, 1], padding: NO_PADDING, groups: 1 } as const;

/** A depthwise convolution and a 1×1 convolution behind it. */
const separable: Rule = (layer, config, [x], into) => {
  const [spatial, pointwise, bias] = weightsOf(layer, into);
  const between = depthwise(layer, config, x!, spatial!, undefined, into, '_depthwise');
  const node = { id: named(layer), kind: 'conv2d' as const, inputs: [between], ...ONE };
  const filters = Number(config['filters']);
  const id = into.add(layer, { ...node, weights: pointwise!, bias: bias ?? new Float32Array(filters) });
  return activated(layer, config, id, into);
};

/** `scale · x + offset`. */
const rescaling: Rule = (layer, config, [x], into) => {
  const input = unpadded(layer, x!, into);
  const [scale, offset] = [Number(config['scale']), Number(config['offset'] ?? 0)];
  if (!Number.isFinite(scale) || !Number.isFinite(offset))
    return into.refuse(layer, 'a scale or offset that is not one number');
  const channels = into.shapes.get(input)![2];
  const filled = (v: number): Float32Array<ArrayBuffer> => new Float32Array(channels).fill(v);
  return plain(
    into.add(layer, {
      id: named(layer),
      kind: 'batchNorm',
      inputs: [input],
      gamma: filled(scale),
      beta: filled(offset),
      mean: filled(0),
      variance: filled(1),
      // Adds nothing to a variance of 1.
      epsilon: 1e-30,
    }),
  );
};

const denseLayer: Rule = (layer, config, [x], into) => {
  const [weights, bias] = weightsOf(layer, into);
  const units = Number(config['units']);
  const input = unpadded(layer, x!, into);
  const [height, width] = into.shapes.get(input)!;
  const base = {
    id: named(layer),
    inputs: [input],
    weights: weights!,
    bias: bias ?? new Float32Array(units),
  };
  // Of an image it is one of every pixel.
  const isVector = height * width === 1;
  const id = into.add(layer, isVector ? { ...base, kind: 'dense' } : { ...base, kind: 'conv2d', ...ONE });
  return activated(layer, config, id, into);
};

const batchNormalization: Rule = (layer, config, [x], into) => {
  const input = unpadded(layer, x!, into);
  const rank = (layer.input as tf.SymbolicTensor).shape.length;
  if ((Number(config['axis'] ?? -1) + rank) % rank !== rank - 1)
    return into.refuse(layer, 'an axis that is not the channels');
  const channels = into.shapes.get(input)![2];
  const arrays = weightsOf(layer, into);
  const gamma = config['scale'] === false ? new Float32Array(channels).fill(1) : arrays.shift()!;
  const beta = config['center'] === false ? new Float32Array(channels) : arrays.shift()!;
  const [mean, variance] = arrays;
  const epsilon = Number(config['epsilon'] ?? 1e-3);
  const node = { id: named(layer), kind: 'batchNorm' as const, inputs: [input] };
  return plain(into.add(layer, { ...node, gamma, beta, mean: mean!, variance: variance!, epsilon }));
};

const zeroPadding: Rule = (_layer, config, [x]) => {
  const raw = config['padding'] as [[number, number], [number, number]];
  const [[top, bottom], [left, right]] = raw;
  const [t, l, b, r] = x!.padding;
  return { ...x!, padding: [t + top, l + left, b + bottom, r + right] };
};

/** By the layer's class name. */
export const rules: Readonly<Record<string, Rule>> = {
  Conv2D: convolution,
  DepthwiseConv2D: convolution,
  SeparableConv2D: separable,
  Rescaling: rescaling,
  Dense: denseLayer,
  BatchNormalization: batchNormalization,
  ZeroPadding2D: zeroPadding,
  MaxPooling2D: pooling('maxPool'),
  AveragePooling2D: pooling('avgPool'),
  GlobalAveragePooling2D: elementwise((id, input) => ({ id, kind: 'globalAvgPool', inputs: [input] })),
  GlobalMaxPooling2D: elementwise((id, input) => ({ id, kind: 'globalMaxPool', inputs: [input] })),
  Flatten: elementwise((id, input) => ({ id, kind: 'flatten', inputs: [input] })),
  ReLU: elementwise((id, input, { maxValue }) =>
    typeof maxValue === 'number'
      ? { id, kind: 'clip', inputs: [input], min: 0, max: maxValue }
      : { id, kind: 'relu', inputs: [input] },
  ),
  LeakyReLU: elementwise((id, input, { alpha }) => ({
    id,
    kind: 'leakyRelu',
    inputs: [input],
    alpha: Number(alpha),
  })),
  Activation: (layer, config, [x], into) => activated(layer, config, unpadded(layer, x!, into), into),
  Softmax: (layer, _config, [x], into) => atEnd('softmax', layer, unpadded(layer, x!, into), into),
  Dropout: passing,
  GaussianNoise: passing,
  GaussianDropout: passing,
  Add: joining('add'),
  Concatenate: joining('concat'),
  // Only to a vector, as itself or as the image `[1, 1, n]`: of an image it is a flatten, of a vector nothing.
  Reshape: (layer, config, [x], into) => {
    const input = unpadded(layer, x!, into);
    const shape = into.shapes.get(input)!;
    const target = [...(config['targetShape'] as (number | null)[])];
    const last = target.pop();
    if (target.some((n) => n !== 1) || last !== elements(shape))
      return into.refuse(layer, 'a reshape to something else than a vector');
    return shape[0] * shape[1] === 1
      ? x!
      : plain(into.add(layer, { id: named(layer), kind: 'flatten', inputs: [input] }));
  },
};

/** Layers that may follow the end of a network: they change no value. */
export const PASSING: ReadonlySet<string> = new Set(['Dropout', 'Reshape']);

/** The layers that can be taken. */
export const LAYER_CLASSES: readonly string[] = Object.keys(rules);
