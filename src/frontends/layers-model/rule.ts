/** What a rule for a layer of a LayersModel is, and what the rules share: names, windows, activations inside a layer. */
import { NO_PADDING, nodeId, type NodeId, type Padding, type Shape } from '../../ir/common.js';
import type { FloatNode } from '../../ir/ops/index.js';
import { ACTIVATIONS, LEAKY_SLOPE, SMOOTH } from './activation-names.js';
import type { tf } from '../../tensorflow/tf.js';
import type { Head } from '../imported.js';

export type Layer = tf.layers.Layer;
export type Config = Readonly<Record<string, unknown>>;

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
  /** Whether the network ends with what `layer` puts out. */
  isEnd(layer: Layer): boolean;
}

export type Rule = (layer: Layer, config: Config, inputs: readonly Value[], into: Import) => Value;

export const pairOf = (value: unknown): readonly [number, number] =>
  Array.isArray(value) ? [Number(value[0]), Number(value[1])] : [Number(value), Number(value)];
/** Said of what the same network in ONNX is taken with. */
export const ONNX_WAY = ' (taken from ONNX: model.export(FILE, format="onnx") of Keras 3, or tf2onnx)';

/** The weights of `layer` in TensorFlow's order; what is no number is refused. */
export function weightsOf(layer: Layer, into: Import): Float32Array<ArrayBuffer>[] {
  const arrays = layer.getWeights().map((t) => Float32Array.from(t.dataSync()));
  if (arrays.some((values) => values.some((v) => !Number.isFinite(v))))
    into.refuse(layer, 'a weight that is not finite (NaN or infinite)');
  return arrays;
}
export const named = (layer: Layer, suffix = ''): NodeId =>
  nodeId(
    `${layer.name
      .toLowerCase()
      .replace(/[^a-z0-9_]/g, '_')
      .replace(/^[^a-z]/, 'l$&')}${suffix}`.slice(0, 63),
  );
const inSnakeCase = (kind: string): string => kind.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
export const plain = (id: NodeId, head: Head = 'logits'): Value => ({ id, padding: NO_PADDING, head });

/** TensorFlow's `same`: as few rows as needed, the odd one after. */
function samePadding(extent: number, kernel: number, stride: number): readonly [number, number] {
  const needed = Math.max(0, (Math.ceil(extent / stride) - 1) * stride + kernel - extent);
  return [Math.floor(needed / 2), Math.ceil(needed / 2)];
}

export function windowOf(
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
  if (config['dataFormat'] === 'channelsFirst') into.refuse(layer, `channels first${ONNX_WAY}`);
  return { kernel, strides, padding };
}

/** The activation that a layer has inside, as a node behind it. */
export function activated(layer: Layer, config: Config, id: NodeId, into: Import): Value {
  const name = config['activation'];
  // getConfig gives a string; absent means linear.
  const kind = ACTIVATIONS[typeof name === 'string' ? name : 'linear'];
  if (kind === 'none') return plain(id);
  if (kind === 'relu')
    return plain(into.add(layer, { id: named(layer, '_relu'), kind: 'relu', inputs: [id] }));
  if (kind === 'leakyRelu') {
    const leaky = { id: named(layer, '_leaky'), kind, inputs: [id], alpha: LEAKY_SLOPE };
    return plain(into.add(layer, leaky));
  }
  if (kind === 'relu6')
    return plain(into.add(layer, { id: named(layer, '_relu'), kind: 'clip', inputs: [id], min: 0, max: 6 }));
  if (name === 'softmax' || (name === 'sigmoid' && into.isEnd(layer))) return atEnd(name, layer, id, into);
  const smooth = typeof name === 'string' ? SMOOTH.get(name) : undefined;
  if (smooth !== undefined)
    return plain(
      into.add(layer, { id: named(layer, `_${inSnakeCase(smooth.kind)}`), inputs: [id], ...smooth }),
    );
  return into.refuse(layer, `activation ${String(name)}`);
}

/** Nothing at the end of a network, since the veto compares logits. What reads it is refused. */
export const atEnd = (head: 'softmax' | 'sigmoid', layer: Layer, id: NodeId, into: Import): Value => {
  const [height, width] = into.shapes.get(id)!;
  return height * width === 1
    ? plain(id, head)
    : into.refuse(layer, `a ${head} that is not at the end: of an image`);
};

export const unpadded = (layer: Layer, input: Value, into: Import): NodeId => {
  if (input.padding.some((p) => p > 0))
    into.refuse(layer, `reads a ZeroPadding2D, which is taken before a convolution or a pool${ONNX_WAY}`);
  return input.id;
};
