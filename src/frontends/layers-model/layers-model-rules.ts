/** The layers of a TensorFlow.js LayersModel as nodes of a float graph, one rule for each class of layer. */
import { elements, NO_PADDING, nodeId, type NodeId, type Padding, type Shape } from '../../ir/common.js';
import { mayBeNegative } from '../../ir/may-be-negative.js';
import type { FloatNode } from '../../ir/ops/index.js';
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

const ACTIVATIONS: Readonly<Record<string, 'none' | 'relu'>> = { linear: 'none', relu: 'relu' };
const pairOf = (value: unknown): readonly [number, number] =>
  Array.isArray(value) ? [Number(value[0]), Number(value[1])] : [Number(value), Number(value)];
const weightsOf = (layer: Layer): Float32Array<ArrayBuffer>[] =>
  layer.getWeights().map((t) => Float32Array.from(t.dataSync()));
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
  if (pairOf(config['dilationRate'] ?? 1).some((d) => d !== 1)) into.refuse(layer, 'dilation');
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
  if (name === 'softmax' || name === 'sigmoid') return atEnd(name, layer, id, into);
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
    if (kind === 'concat' && axis !== -1 && axis !== 3) return into.refuse(layer, `axis ${String(axis)}`);
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

const convolution: Rule = (layer, config, [x], into) => {
  const [weights, bias] = weightsOf(layer);
  const window = windowOf(layer, config, pairOf(config['kernelSize']), x!, into);
  if (layer.getClassName() === 'DepthwiseConv2D') {
    if (Number(config['depthMultiplier'] ?? 1) !== 1)
      return into.refuse(layer, 'a depth multiplier other than 1');
    const channels = into.shapes.get(x!.id)![2];
    const node = { id: named(layer), kind: 'depthwiseConv2d' as const, inputs: [x!.id], ...window };
    const id = into.add(layer, { ...node, weights: weights!, bias: bias ?? new Float32Array(channels) });
    return activated(layer, config, id, into);
  }
  const node = { id: named(layer), kind: 'conv2d' as const, inputs: [x!.id], ...window, groups: 1 };
  const filters = Number(config['filters']);
  const id = into.add(layer, { ...node, weights: weights!, bias: bias ?? new Float32Array(filters) });
  return activated(layer, config, id, into);
};

const denseLayer: Rule = (layer, config, [x], into) => {
  const [weights, bias] = weightsOf(layer);
  const units = Number(config['units']);
  const input = unpadded(layer, x!, into);
  const [height, width] = into.shapes.get(input)!;
  if (height * width !== 1) return into.refuse(layer, 'a dense layer on an image');
  const id = into.add(layer, {
    id: named(layer),
    kind: 'dense',
    inputs: [input],
    weights: weights!,
    bias: bias ?? new Float32Array(units),
  });
  return activated(layer, config, id, into);
};

const batchNormalization: Rule = (layer, config, [x], into) => {
  const input = unpadded(layer, x!, into);
  const rank = (layer.input as tf.SymbolicTensor).shape.length;
  if ((Number(config['axis'] ?? -1) + rank) % rank !== rank - 1)
    return into.refuse(layer, 'an axis that is not the channels');
  const channels = into.shapes.get(input)![2];
  const arrays = weightsOf(layer);
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
