/**
 * A float graph as a TensorFlow.js LayersModel, in the files that TensorFlow.js itself reads: `model.json` and
 * `weights.bin`. The model's inputs are the preprocessed tensors (`mantissa * lsb`), its output the logits.
 *
 * Refuses what layers cannot say exactly: a `clip` that does not start at 0, padded max pooling of values that may be
 * negative. Grouped convolutions are written as full ones with zeros, which is the same function.
 */
import { UnsupportedError, type UnsupportedReason } from '../../core/errors.js';
import type { NodeId, Padding, Shape } from '../../ir/common.js';
import { consumers, floatShapes, type FloatGraph } from '../../ir/graph.js';
import { mayBeNegative } from '../../ir/may-be-negative.js';
import { refuseModules } from '../../ir/modules.js';
import { dispatch, type Table } from '../../ir/dispatch.js';
import {
  isActivation,
  isPreprocess,
  type ActivationNode,
  type FloatNetworkNode,
  type FloatNode,
  type FloatNodeOf,
} from '../../ir/ops/index.js';
import { tf } from '../../tensorflow/tf.js';
import { activationLayer, withoutLayer } from './activation-layers.js';

type Symbolic = tf.SymbolicTensor;

interface Builder {
  readonly graph: FloatGraph;
  shape(id: NodeId): Shape;
  /** A name for a layer that stands beside that of a node, which no other layer has. */
  beside(id: NodeId, what: string): string;
  /** Applies a layer to `input` and remembers the weights to set. */
  apply(
    layer: tf.layers.Layer,
    input: Symbolic | Symbolic[],
    weights?: readonly (readonly [Float32Array, number[]])[],
  ): Symbolic;
}

type LayerNode = Exclude<FloatNetworkNode, ActivationNode>;
type Rules = Table<LayerNode, [inputs: readonly Symbolic[], b: Builder], Symbolic>;

const isPadded = (padding: Padding): boolean => padding.some((p) => p > 0);

function padded(op: { readonly id: NodeId; readonly padding: Padding }, x: Symbolic, b: Builder): Symbolic {
  if (!isPadded(op.padding)) return x;
  const [top, left, bottom, right] = op.padding;
  const padding: [[number, number], [number, number]] = [
    [top, bottom],
    [left, right],
  ];
  return b.apply(tf.layers.zeroPadding2d({ name: b.beside(op.id, 'pad'), padding }), x);
}

const pair = (p: readonly [number, number]): [number, number] => [p[0], p[1]];

/** The kernel `[kh, kw, cin/groups, cout]` of a grouped convolution as the full one, zero between the groups. */
function fullKernel(op: FloatNodeOf<'conv2d'>, inChannels: number): Float32Array {
  if (op.groups === 1) return op.weights;
  const outChannels = op.bias.length;
  const perGroup = inChannels / op.groups;
  const full = new Float32Array(op.kernel[0] * op.kernel[1] * inChannels * outChannels);
  op.weights.forEach((weight, i) => {
    const o = i % outChannels;
    const k = Math.floor(i / outChannels) % perGroup;
    const tap = Math.floor(i / outChannels / perGroup);
    const group = Math.floor(o / (outChannels / op.groups));
    full[(tap * inChannels + group * perGroup + k) * outChannels + o] = weight;
  });
  return full;
}

/** A vector layer's output as the image `[1, 1, c]` that every tensor of a graph is. */
const asImage = (op: FloatNode, x: Symbolic, b: Builder): Symbolic =>
  b.apply(tf.layers.reshape({ name: b.beside(op.id, 'image'), targetShape: [...b.shape(op.id)] }), x);

const asVector = (op: FloatNode, x: Symbolic, b: Builder): Symbolic =>
  b.apply(tf.layers.flatten({ name: b.beside(op.id, 'vector') }), x);

const pool = (op: FloatNodeOf<'maxPool'> | FloatNodeOf<'avgPool'>) => ({
  name: op.id,
  poolSize: pair(op.kernel),
  strides: pair(op.strides),
  padding: 'valid' as const,
});

const rules: Rules = {
  conv2d: (op, [x], b) => {
    const inChannels = b.shape(op.inputs[0]!)[2];
    const shape = [...op.kernel, inChannels, op.bias.length];
    const layer = tf.layers.conv2d({
      name: op.id,
      filters: op.bias.length,
      kernelSize: pair(op.kernel),
      strides: pair(op.strides),
      padding: 'valid',
    });
    return b.apply(layer, padded(op, x!, b), [
      [fullKernel(op, inChannels), shape],
      [op.bias, [op.bias.length]],
    ]);
  },
  depthwiseConv2d: (op, [x], b) => {
    const layer = tf.layers.depthwiseConv2d({
      name: op.id,
      kernelSize: pair(op.kernel),
      strides: pair(op.strides),
      padding: 'valid',
    });
    return b.apply(layer, padded(op, x!, b), [
      [op.weights, [...op.kernel, op.bias.length, 1]],
      [op.bias, [op.bias.length]],
    ]);
  },
  dense: (op, [x], b) => {
    const shape = [op.weights.length / op.bias.length, op.bias.length];
    const layer = tf.layers.dense({ name: op.id, units: op.bias.length });
    const y = b.apply(layer, asVector(op, x!, b), [
      [op.weights, shape],
      [op.bias, [op.bias.length]],
    ]);
    return op.id === b.graph.output ? y : asImage(op, y, b);
  },
  batchNorm: (op, [x], b) => {
    const fields = [op.gamma, op.beta, op.mean, op.variance];
    const layer = tf.layers.batchNormalization({ name: op.id, epsilon: op.epsilon });
    return b.apply(
      layer,
      x!,
      fields.map((values) => [values, [values.length]] as const),
    );
  },
  maxPool: (op, [x], b) => b.apply(tf.layers.maxPooling2d(pool(op)), padded(op, x!, b)),
  avgPool: (op, [x], b) => b.apply(tf.layers.averagePooling2d(pool(op)), padded(op, x!, b)),
  globalAvgPool: (op, [x], b) =>
    asImage(op, b.apply(tf.layers.globalAveragePooling2d({ name: op.id }), x!), b),
  globalMaxPool: (op, [x], b) => asImage(op, b.apply(tf.layers.globalMaxPooling2d({ name: op.id }), x!), b),
  add: (op, inputs, b) => b.apply(tf.layers.add({ name: op.id }), [...inputs]),
  upsample: (op, [x], b) =>
    b.apply(tf.layers.upSampling2d({ name: op.id, size: pair(op.factor), interpolation: 'nearest' }), x!),
  multiply: (op, inputs, b) => b.apply(tf.layers.multiply({ name: op.id }), [...inputs]),
  concat: (op, inputs, b) => b.apply(tf.layers.concatenate({ name: op.id, axis: -1 }), [...inputs]),
  flatten: (op, [x], b) => b.apply(tf.layers.reshape({ name: op.id, targetShape: [...b.shape(op.id)] }), x!),
};

function refusals(graph: FloatGraph): readonly UnsupportedReason[] {
  const reasons: UnsupportedReason[] = [];
  for (const node of graph.nodes) {
    const why = isActivation(node) ? withoutLayer(node) : null;
    if (why !== null) reasons.push({ what: node.id, why });
    if (node.kind === 'avgPool' && node.counted !== undefined)
      reasons.push({ what: node.id, why: 'an average that does not count its padding has no layer here' });
    if (node.kind === 'maxPool' && isPadded(node.padding) && mayBeNegative(graph.nodes, node.inputs[0]!))
      reasons.push({ what: node.id, why: 'padded max pooling of negative values has no layer' });
  }
  return reasons;
}

/** The network of `graph` as a LayersModel on the current back end. Throws `UnsupportedError` with all reasons. */
export function layersModelOf(graph: FloatGraph): tf.LayersModel {
  refuseModules('the network as a LayersModel', graph, 'write it as ONNX (dialect float)');
  const reasons = refusals(graph);
  if (reasons.length > 0) throw new UnsupportedError('the network as a LayersModel', reasons);
  const shapes = floatShapes(graph);
  const pending: (readonly [tf.layers.Layer, readonly (readonly [Float32Array, number[]])[]])[] = [];
  const taken = new Set<string>(graph.nodes.map((node) => node.id));
  const b: Builder = {
    graph,
    shape: (id) => shapes.get(id)!,
    beside(id, what) {
      let name = `${id}_${what}`;
      for (let n = 2; taken.has(name); n++) name = `${id}_${what}${n}`;
      taken.add(name);
      return name;
    },
    apply(layer, input, weights) {
      if (weights !== undefined) pending.push([layer, weights]);
      return layer.apply(input) as Symbolic;
    },
  };
  const values = new Map<NodeId, Symbolic>();
  const inputs: Symbolic[] = [];
  for (const node of graph.nodes) {
    if (isPreprocess(node)) {
      if (!consumers(graph, node.id).some((reader) => !isPreprocess(reader))) continue;
      const input = tf.input({ name: node.id, shape: [...shapes.get(node.id)!] });
      inputs.push(input);
      values.set(node.id, input);
      continue;
    }
    const given = node.inputs.map((id) => values.get(id)!);
    values.set(
      node.id,
      isActivation(node) ? activationLayer(node, given[0]!, b) : dispatch(rules, node, given, b),
    );
  }
  const model = tf.model({ inputs, outputs: values.get(graph.output)!, name: 'vetoc' });
  for (const [layer, weights] of pending)
    tf.tidy(() => {
      layer.setWeights(weights.map(([data, shape]) => tf.tensor(data, shape)));
    });
  return model;
}

/** The two files of a saved LayersModel. */
export interface ModelFiles {
  /** `model.json`. */
  readonly json: string;
  /** `weights.bin`. */
  readonly weights: Uint8Array;
}

/** `graph` as the files of a LayersModel: `tf.loadLayersModel` reads them. */
export async function saveLayersModel(graph: FloatGraph): Promise<ModelFiles> {
  const model = layersModelOf(graph);
  let files: ModelFiles | undefined;
  await model.save(
    tf.io.withSaveHandler((artifacts) => {
      const data = artifacts.weightData!;
      const parts = Array.isArray(data) ? data : [data];
      const weights = Buffer.concat(parts.map((part) => Buffer.from(part)));
      const json = {
        format: 'layers-model',
        generatedBy: `TensorFlow.js ${tf.version_core}`,
        convertedBy: 'vetoc',
        modelTopology: artifacts.modelTopology,
        weightsManifest: [{ paths: ['weights.bin'], weights: artifacts.weightSpecs }],
      };
      files = { json: `${JSON.stringify(json, null, 1)}\n`, weights };
      return Promise.resolve({
        modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' as const },
      });
    }),
  );
  model.dispose();
  return files!;
}
