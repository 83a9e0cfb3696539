/**
 * A user's own network: a TensorFlow.js LayersModel (`model.json` and its weight files) as a float graph.
 *
 * Takes the layers below, each used once, channels last, no dilation. Dropout and its like are left out, since they
 * do nothing at inference; a softmax at the end is left out, since the veto compares logits. Everything else is
 * refused, all of it listed at once.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UnsupportedError, UserError, type UnsupportedReason } from '../core/errors.js';
import type { PreprocessGraph } from '../data/preprocess.js';
import { NO_PADDING, nodeId, type NodeId, type Padding, type Shape } from '../ir/common.js';
import { floatShapes, type FloatGraph } from '../ir/graph.js';
import { mayBeNegative } from '../ir/may-be-negative.js';
import { floatShapeRules, type FloatNode } from '../ir/ops/index.js';
import { verifyFloatGraph } from '../ir/verify.js';
import type { NetworkClasses } from './networks/build.js';
import { tf } from './tf.js';

type Layer = tf.layers.Layer;
type Config = Readonly<Record<string, unknown>>;

/** An output that layers read: the node that makes it, and zero padding that its readers have to add. */
interface Value {
  readonly id: NodeId;
  readonly padding: Padding;
}

interface Import {
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
const plain = (id: NodeId): Value => ({ id, padding: NO_PADDING });

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
  if (name === 'softmax') return plain(id);
  return into.refuse(layer, `activation ${String(name)}`);
}

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
  return { id: x!.id, padding: [t + top, l + left, b + bottom, r + right] };
};

/** By the layer's class name. */
const rules: Readonly<Record<string, Rule>> = {
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
  Softmax: passing,
  Dropout: passing,
  GaussianNoise: passing,
  GaussianDropout: passing,
  Add: joining('add'),
  Concatenate: joining('concat'),
  // Only where it changes nothing: a vector as an image or back.
  Reshape: (layer, config, [x], into) => {
    const shape = into.shapes.get(unpadded(layer, x!, into))!;
    const target = (config['targetShape'] as (number | null)[]).filter((n) => n !== 1);
    const same =
      target.length === 1 && shape[0] * shape[1] === 1 && (target[0] === shape[2] || target[0] === -1);
    return same ? x! : into.refuse(layer, 'a reshape that is not of a vector');
  },
};

/** The layers that can be taken. */
export const LAYER_CLASSES: readonly string[] = Object.keys(rules);

/** Loads `model.json` and the weight files beside it. Throws `UserError` naming the file. */
export async function readLayersModel(path: string): Promise<tf.LayersModel> {
  try {
    const json = JSON.parse(await readFile(path, 'utf8')) as tf.io.ModelJSON;
    const paths = json.weightsManifest.flatMap((group) => group.paths);
    const parts = await Promise.all(paths.map((part) => readFile(join(dirname(path), part))));
    const bytes = Uint8Array.from(Buffer.concat(parts));
    return await tf.loadLayersModel(
      tf.io.fromMemory({
        modelTopology: json.modelTopology,
        weightSpecs: json.weightsManifest.flatMap((group) => group.weights),
        weightData: bytes.buffer,
      }),
    );
  } catch (error) {
    throw new UserError(`is not a LayersModel that can be read: ${(error as Error).message}`, {
      file: path,
      remedy: 'name the model.json of tf.LayersModel.save, with its weight files beside it',
    });
  }
}

function inputsOf(layer: Layer): readonly Layer[] {
  return (layer.inboundNodes[0] as unknown as { readonly inboundLayers: Layer[] }).inboundLayers;
}

/**
 * `model` on top of `preprocess`: its inputs are, in order, the preprocessing's outputs; a single input of several
 * channels is their concatenation. Throws `UnsupportedError` with all layers that cannot be taken.
 */
export function graphFromLayersModel(
  model: tf.LayersModel,
  preprocess: PreprocessGraph,
  classes: NetworkClasses,
): FloatGraph {
  const nodes: FloatNode[] = [...preprocess.nodes];
  const facts = { name: model.name, ...classes, threshold: 0 };
  const shapes = new Map(floatShapes({ ...facts, nodes, output: preprocess.outputs[0]! }));
  const reasons: UnsupportedReason[] = [];
  const into: Import = {
    nodes,
    shapes,
    add(_layer, node) {
      const rule = floatShapeRules[node.kind] as (node: FloatNode, inputs: readonly Shape[]) => Shape;
      const inputs = node.inputs.map((id) => shapes.get(id)!);
      shapes.set(node.id, rule(node, inputs));
      nodes.push(node);
      return node.id;
    },
    refuse(layer, why) {
      reasons.push({ what: `${layer.name} (${layer.getClassName()})`, why });
      return plain(preprocess.outputs[0]!);
    },
  };
  const values = new Map<Layer, Value>();
  // A Sequential keeps its layers' graph inside: inputs and outputs are what every model has.
  model.inputs.forEach(({ sourceLayer }, k) =>
    values.set(sourceLayer, inputValue(model, sourceLayer, k, preprocess, into)),
  );
  for (const layer of model.layers) {
    if (values.has(layer)) continue;
    const rule = rules[layer.getClassName()];
    const inputs = inputsOf(layer).map((from) => values.get(from)!);
    if (rule === undefined) values.set(layer, into.refuse(layer, 'there is no such op'));
    // What follows a layer that was refused would only be refused for that.
    else if (reasons.length === 0) values.set(layer, rule(layer, layer.getConfig(), inputs, into));
    else values.set(layer, plain(preprocess.outputs[0]!));
  }
  if (reasons.length > 0) throw new UnsupportedError('the LayersModel', reasons);
  const output = values.get(model.outputs[0]!.sourceLayer)!.id;
  return verifyFloatGraph({ ...facts, nodes, output });
}

function inputValue(
  model: tf.LayersModel,
  layer: Layer,
  k: number,
  preprocess: PreprocessGraph,
  into: Import,
): Value {
  const many = preprocess.outputs.length > 1 && model.inputs.length === 1;
  const id = many
    ? into.add(layer, { id: nodeId('channels1'), kind: 'concat', inputs: preprocess.outputs })
    : (preprocess.outputs[k] ?? preprocess.outputs[0]!);
  const wanted = (layer as unknown as { readonly batchInputShape: (number | null)[] }).batchInputShape.slice(
    1,
  );
  const given = into.shapes.get(id)!;
  if (wanted.length !== 3 || wanted.some((n, i) => n !== null && n !== given[i]))
    throw new UserError(
      `the model takes ${wanted.map((n) => n ?? '?').join('×')}, the preprocessing gives ${given.join('×')}`,
      { field: `input ${layer.name}`, remedy: 'change the crop, the binning factor or the channels' },
    );
  return plain(id);
}
