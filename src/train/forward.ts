/**
 * The forward pass of a float graph in TensorFlow.js: one total table, used by training, prediction and Grad-CAM.
 *
 * Tensors carry a batch in front: `[batch, height, width, channels]`. Preprocessing happens before, in integers
 * (`data/preprocess`); here a boundary tensor arrives as `mantissa * lsb`. Grouped convolution is composed from
 * slices, since TensorFlow.js has none with a gradient.
 */
import { invariant } from '../core/errors.js';
import type { NodeId, Padding, Window } from '../ir/common.js';
import type { FloatGraph } from '../ir/graph.js';
import { dispatch, type Table } from '../ir/dispatch.js';
import {
  isPreprocess,
  isTabled,
  partsOf,
  type FloatNetworkNode,
  type FloatNode,
  type FloatNodeOf,
  type TabledNode,
} from '../ir/ops/index.js';
import { countMap } from '../ir/ops/counted.js';
import { slopeOf, valueOf } from '../ir/ops/table.js';
import { parameterLayout, type ParameterField, type ParameterLayout } from './parameters.js';
import { apart, stackedAgain } from './modules.js';
import { normalizeBatch } from './batch-norm.js';
import { differentiable } from './straight-through.js';
import { tf } from '../tensorflow/tf.js';

/** Batch statistics of one batch normalisation, seen in a training pass. */
export interface BatchStatistics {
  readonly mean: tf.Tensor1D;
  readonly variance: tf.Tensor1D;
}

interface Context {
  /** A parameter of the node at hand. */
  parameter(node: NodeId, field: ParameterField): tf.Tensor;
  has(node: NodeId, field: ParameterField): boolean;
  /** In training: batch normalisation normalises by the batch and reports what it saw. */
  readonly onStatistics: ((node: NodeId, seen: BatchStatistics) => void) | null;
  readonly relu: (x: tf.Tensor4D) => tf.Tensor4D;
}

type Rules = Table<
  Exclude<FloatNetworkNode, TabledNode>,
  [inputs: readonly tf.Tensor4D[], context: Context],
  tf.Tensor4D
>;

const isPadded = (padding: Padding): boolean => padding.some((p) => p > 0);

const pad = (x: tf.Tensor4D, [top, left, bottom, right]: Padding, value = 0): tf.Tensor4D =>
  tf.pad(
    x,
    [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ],
    value,
  );

/** Explicit padding as TensorFlow.js spells it. */
const explicit = ([top, left, bottom, right]: Padding): 'valid' | tf.backend_util.ExplicitPadding =>
  isPadded([top, left, bottom, right])
    ? [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ]
    : 'valid';

/** The type of what must lose a max pool, without the infinities that a gradient would turn into NaN. */
const LOWEST = -3e38;

/** Adds the bias, unless it is one that only batch normalisation would remove again. */
function biased(op: { readonly id: NodeId }, y: tf.Tensor4D, context: Context): tf.Tensor4D {
  return context.has(op.id, 'bias') ? tf.add(y, context.parameter(op.id, 'bias')) : y;
}

function conv(op: FloatNodeOf<'conv2d'>, x: tf.Tensor4D, context: Context): tf.Tensor4D {
  const weights = context.parameter(op.id, 'weights') as tf.Tensor4D;
  const strides: [number, number] = [op.strides[0], op.strides[1]];
  if (op.groups === 1) return biased(op, tf.conv2d(x, weights, strides, explicit(op.padding)), context);
  const xs: tf.Tensor4D[] = tf.split(x, op.groups, 3);
  const ws: tf.Tensor4D[] = tf.split(weights, op.groups, 3);
  const parts = xs.map((part, g) => tf.conv2d(part, ws[g]!, strides, explicit(op.padding)));
  return biased(op, tf.concat(parts, 3), context);
}

function batchNorm(op: FloatNodeOf<'batchNorm'>, x: tf.Tensor4D, context: Context): tf.Tensor4D {
  const gamma = context.parameter(op.id, 'gamma') as tf.Tensor1D;
  const beta = context.parameter(op.id, 'beta') as tf.Tensor1D;
  if (context.onStatistics === null) {
    const mean = context.parameter(op.id, 'mean') as tf.Tensor1D;
    const variance = context.parameter(op.id, 'variance') as tf.Tensor1D;
    const scale = tf.div(gamma, tf.sqrt(tf.add(variance, op.epsilon)));
    return tf.add(tf.mul(x, scale), tf.sub(beta, tf.mul(mean, scale)));
  }
  const { y, mean, variance } = normalizeBatch(x, gamma, beta, op.epsilon);
  context.onStatistics(op.id, { mean, variance });
  return y;
}

const pair = (p: readonly [number, number]): [number, number] => [p[0], p[1]];
const windowed = (x: tf.Tensor4D, w: Window, value: number): tf.Tensor4D =>
  isPadded(w.padding) ? pad(x, w.padding, value) : x;

/** The mean of whole windows, times what it has to be of those that count fewer elements. */
function average(op: FloatNodeOf<'avgPool'>, x: tf.Tensor4D): tf.Tensor4D {
  const mean: tf.Tensor4D = tf.avgPool(windowed(x, op, 0), pair(op.kernel), pair(op.strides), 'valid');
  if (op.counted === undefined) return mean;
  const [, height, width, channels] = mean.shape;
  const counts = countMap(op, [x.shape[1], x.shape[2], channels], [height, width, channels]);
  const whole = op.kernel[0] * op.kernel[1];
  return tf.mul(
    mean,
    tf.tensor4d(
      counts.map((count) => whole / count),
      [1, height, width, 1],
    ),
  );
}

/** Blocks by copies side by side, which have a gradient on every back end: of pixels along the channels, then of rows. */
function upsampled(x: tf.Tensor4D, [fy, fx]: readonly [number, number]): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const copies = <T>(count: number, value: T): T[] => new Array<T>(count).fill(value);
  const wide: tf.Tensor4D = tf.reshape(tf.concat(copies(fx, x), 3), [
    batch,
    height,
    1,
    width * fx * channels,
  ]);
  return tf.reshape(tf.concat(copies(fy, wide), 3), [batch, height * fy, width * fx, channels]);
}

const rules: Rules = {
  conv2d: (op, [x], context) => conv(op, x!, context),
  depthwiseConv2d: (op, [x], context) => {
    const weights = context.parameter(op.id, 'weights') as tf.Tensor4D;
    const y: tf.Tensor4D = tf.depthwiseConv2d(x!, weights, pair(op.strides), explicit(op.padding));
    return biased(op, y, context);
  },
  dense: (op, [x], context) => {
    const weights = context.parameter(op.id, 'weights') as tf.Tensor2D;
    const rows: tf.Tensor2D = tf.reshape(x!, [x!.shape[0], -1]);
    const y = tf.matMul(rows, weights);
    return biased(op, tf.reshape(y, [x!.shape[0], 1, 1, op.bias.length]), context);
  },
  batchNorm: (op, [x], context) => batchNorm(op, x!, context),
  relu: (_op, [x], context) => context.relu(x!),
  clip: (op, [x]) => tf.clipByValue(x!, op.min, op.max),
  leakyRelu: (op, [x]) => tf.leakyRelu(x!, op.alpha),
  prelu: (op, [x], context) => tf.prelu(x!, tf.reshape(context.parameter(op.id, 'alpha'), [1, 1, 1, -1])),
  maxPool: (op, [x]) => tf.maxPool(windowed(x!, op, LOWEST), pair(op.kernel), pair(op.strides), 'valid'),
  avgPool: (op, [x]) => average(op, x!),
  globalAvgPool: (_op, [x]) => tf.avgPool(x!, [x!.shape[1], x!.shape[2]], 1, 'valid'),
  globalMaxPool: (_op, [x]) => tf.maxPool(x!, [x!.shape[1], x!.shape[2]], 1, 'valid'),
  add: (_op, [a, b]) => tf.add(a!, b!),
  upsample: ({ factor }, [x]) => upsampled(x!, factor),
  multiply: (_op, [image, vector]) => tf.mul(image!, vector!),
  concat: (_op, inputs) => tf.concat([...inputs], 3),
  flatten: (_op, [x]) => tf.reshape(x!, [x!.shape[0], 1, 1, -1]),
};

/** `tf.relu` with a gradient that reads the output, which the next layer keeps anyway, instead of the input. */
const relu: (x: tf.Tensor4D) => tf.Tensor4D = tf.customGrad((x, save) => {
  const y = tf.relu(x as tf.Tensor4D);
  (save as tf.GradSaveFunc)([y]);
  return { value: y, gradFunc: (dy, [kept]) => tf.tidy(() => tf.mul(dy, tf.step(kept!))) };
});

/** Parameters as tensors: what the forward pass reads and the gradient is taken of. */
export interface ParameterTensors {
  /** In the order of `layout.trainable`. */
  readonly trainable: readonly tf.Tensor[];
  /** In the order of `layout.statistics`. */
  readonly statistics: readonly tf.Tensor[];
}

/** A float graph prepared for many forward passes. */
export interface ForwardPass {
  readonly graph: FloatGraph;
  readonly layout: ParameterLayout;
  /** The preprocessing tensors that the network reads. */
  readonly boundary: readonly NodeId[];
  /** Tensors for the flat parameter vectors; the caller disposes of them (or runs inside `tf.tidy`). */
  tensors(trainable: Float32Array, statistics: Float32Array): ParameterTensors;
  /**
   * Values of all network nodes for boundary tensors `[batch, h, w, c]`, already in value units (`mantissa * lsb`).
   * With `onStatistics`, batch normalisation runs in training mode.
   */
  run(
    parameters: ParameterTensors,
    boundary: ReadonlyMap<NodeId, tf.Tensor4D>,
    options?: ForwardOptions,
  ): ReadonlyMap<NodeId, tf.Tensor4D>;
}

export interface ForwardOptions {
  readonly onStatistics?: (node: NodeId, seen: BatchStatistics) => void;
  /** Rectifies instead of `tf.relu`: guided back-propagation has another gradient. */
  readonly relu?: (x: tf.Tensor4D) => tf.Tensor4D;
  /** Frees what a node makes on the way, and each value after its last reader, but for the output: gradients keep what they need. */
  readonly release?: boolean;
  /** Stands in for a node's value: fake quantization, or the value that the firmware computed. */
  readonly replace?: Replace;
}

export type Replace = (
  node: FloatNode,
  value: tf.Tensor4D,
  inputs: readonly tf.Tensor4D[],
  /** A parameter of the node; null where it has none of that name. */
  parameter: (field: ParameterField) => tf.Tensor | null,
) => tf.Tensor4D;

const key = (node: NodeId, field: ParameterField): string => `${node}/${field}`;

function applyRule(op: FloatNode, inputs: readonly tf.Tensor4D[], context: Context): tf.Tensor4D {
  invariant(!isPreprocess(op), `${op.id} is preprocessing`);
  if (isTabled(op))
    return differentiable(
      inputs[0]!,
      (x) => valueOf(op, x),
      (x) => slopeOf(op, x),
    );
  return dispatch(rules, op, inputs, context);
}

/** Prepares `graph` for forward passes. Parameters are given with each pass, not taken from the graph. */
export function createForwardPass(graph: FloatGraph): ForwardPass {
  const layout = parameterLayout(graph);
  const network = graph.nodes.filter((node) => !isPreprocess(node));
  const inside = new Set(network.map((node) => node.id));
  const lastReader = new Map(network.flatMap((node) => node.inputs.map((id) => [id, node.id] as const)));
  const release = (node: FloatNode, values: Map<NodeId, tf.Tensor4D>): void => {
    for (const id of new Set(node.inputs)) {
      if (lastReader.get(id) !== node.id || !inside.has(id)) continue;
      values.get(id)!.dispose();
      values.delete(id);
    }
  };
  const boundary = [...new Set(network.flatMap((node) => node.inputs.filter((id) => !inside.has(id))))];
  const make = (all: ParameterLayout['trainable'], flat: Float32Array): tf.Tensor[] =>
    all.map(({ offset, length, shape }) =>
      tf.tensor(flat.subarray(offset, offset + length), [...shape], 'float32'),
    );
  return {
    graph,
    layout,
    boundary,
    tensors: (trainable, statistics) => ({
      trainable: make(layout.trainable, trainable),
      statistics: make(layout.statistics, statistics),
    }),
    run(parameters, given, options = {}) {
      const byKey = new Map<string, tf.Tensor>();
      layout.trainable.forEach(({ node, field }, i) => byKey.set(key(node, field), parameters.trainable[i]!));
      layout.statistics.forEach(({ node, field }, i) =>
        byKey.set(key(node, field), parameters.statistics[i]!),
      );
      const context: Context = {
        parameter: (node, field) => {
          const tensor = byKey.get(key(node, field));
          invariant(tensor !== undefined, `${node} has no ${field}`);
          return tensor;
        },
        has: (node, field) => byKey.has(key(node, field)),
        onStatistics: options.onStatistics ?? null,
        relu: options.relu ?? relu,
      };
      const values = new Map<NodeId, tf.Tensor4D>(given);
      for (const node of network) {
        if (values.has(node.id) || !node.inputs.every((id) => values.has(id))) continue;
        const stacked = node.inputs.map((id) => values.get(id)!);
        const compute = (): tf.Tensor4D => {
          const parts = partsOf(node);
          const inputs = stacked.map((x) => apart(x, parts));
          const value = applyRule(node, inputs, context);
          const own = (field: ParameterField) => byKey.get(key(node.id, field)) ?? null;
          return stackedAgain(options.replace?.(node, value, inputs, own) ?? value, parts);
        };
        values.set(node.id, options.release === true ? tf.tidy(compute) : compute());
        if (options.release === true) release(node, values);
      }
      return values;
    },
  };
}

/** The logits of a pass as `[batch, classes]`. */
export function logitsOf(graph: FloatGraph, values: ReadonlyMap<NodeId, tf.Tensor4D>): tf.Tensor2D {
  const output = values.get(graph.output);
  invariant(output !== undefined, `${graph.name}: no value for the output ${graph.output}`);
  return tf.reshape(output, [output.shape[0], graph.classNames.length]);
}
