/**
 * `float.onnx`: a trained network with its integer preprocessing, in plain float32 operators. Raw `uint16` frames
 * `[N, height, width]` in, float `logits` `[N, classes]`, `score` and `keep` out.
 */
import type { DialectOptions } from '../backend.js';
import type { NodeId, Padding, Shape } from '../../ir/common.js';
import { floatShapes, type FloatGraph } from '../../ir/graph.js';
import { dispatch, type Table } from '../../ir/dispatch.js';
import {
  floatShape,
  isActivation,
  isPreprocess,
  partsOf,
  type ActivationNode,
  type FloatNetworkNode,
  type FloatNodeOf,
  type PreprocessNode,
} from '../../ir/ops/index.js';
import { moduleShape } from '../../ir/modules.js';
import { nodeRange, type StageInput } from '../../ir/prove.js';
import { activated } from './float-activations.js';
import { emitDecision } from './decision.js';
import { convAttributes, onnxWeights } from './exact-sum.js';
import { metadataOf, PREPROCESS_KEY, preprocessToJson, TENSOR_SUFFIX } from './metadata.js';
import { onParts } from './modules.js';
import { preprocessRules, realValues } from './preprocess.js';
import {
  flattened,
  inRank,
  poolingInput,
  resized,
  scalar,
  type MantissaTensor,
  type Tensor,
} from './tensor.js';
import { createOnnxWriter, type OnnxWriter } from './writer.js';

type LayerNode = Exclude<FloatNetworkNode, ActivationNode>;
type Rules = Table<LayerNode, [writer: OnnxWriter, inputs: readonly Tensor[], shape: Shape], Tensor>;

const LOWEST_FLOAT32 = -(2 - 2 ** -23) * 2 ** 127;

const real = (name: string, rank: 2 | 4, shape: Shape): Tensor => ({ name, carrier: 'float', rank, shape });

function conv(
  writer: OnnxWriter,
  op: FloatNodeOf<'conv2d' | 'depthwiseConv2d'>,
  input: Tensor,
  shape: Shape,
): Tensor {
  const x = inRank(writer, input, 4);
  const channels = op.bias.length;
  const groups = op.kind === 'conv2d' ? op.groups : channels;
  const perGroup = x.shape[2] / groups;
  const weights = onnxWeights(op.weights, op.kernel[0] * op.kernel[1], perGroup, channels);
  const name = writer.node(
    'Conv',
    `${op.id}.value`,
    [
      x.name,
      writer.constant(`${op.id}.weights`, 'float', weights, [channels, perGroup, ...op.kernel]),
      writer.constant(`${op.id}.bias`, 'float', op.bias, [channels]),
    ],
    { attributes: convAttributes({ ...op, groups }) },
  );
  return real(name, 4, shape);
}

/** Zeros where padding counts, and around them what does not. */
function countedPool(writer: OnnxWriter, op: FloatNodeOf<'avgPool'>, counted: Padding, x: Tensor): string {
  const [top, left, bottom, right] = counted;
  const source = counted.every((c) => c === 0)
    ? x.name
    : writer.node('Pad', `${op.id}.padded`, [
        x.name,
        writer.constant(`${op.id}.pads`, 'int64', [0, 0, top, left, 0, 0, bottom, right], [8]),
        scalar(writer, `${op.id}.pad_value`, x.carrier, 0),
      ]);
  return writer.node('AveragePool', `${op.id}.value`, [source], {
    attributes: {
      kernel_shape: { ints: op.kernel },
      strides: { ints: op.strides },
      pads: { ints: op.padding.map((p, side) => p - counted[side]!) },
      count_include_pad: { int: 0 },
    },
  });
}

function pool(
  writer: OnnxWriter,
  op: FloatNodeOf<'maxPool' | 'avgPool'>,
  input: Tensor,
  shape: Shape,
): Tensor {
  const x = inRank(writer, input, 4);
  if (op.kind === 'avgPool' && op.counted !== undefined)
    return real(countedPool(writer, op, op.counted, x), 4, shape);
  // The lowest float32: padding never wins a maximum. Padded zeros count in an average.
  const value = op.kind === 'avgPool' ? 0 : LOWEST_FLOAT32;
  const { name: source, attributes } = poolingInput(writer, op.id, x, op, value);
  const name =
    op.kind === 'avgPool'
      ? writer.node('AveragePool', `${op.id}.value`, [source], {
          attributes: { ...attributes, count_include_pad: { int: 1 } },
        })
      : writer.node('MaxPool', `${op.id}.value`, [source], { attributes });
  return real(name, 4, shape);
}

/** An operator on one value at a time. */
const elementwise = (writer: OnnxWriter, type: string, id: NodeId, x: Tensor, ...more: string[]): Tensor => ({
  ...x,
  name: writer.node(type, `${id}.value`, [x.name, ...more]),
});

/** Inputs as vectors if all are, else as images. */
function aligned(writer: OnnxWriter, inputs: readonly Tensor[]): readonly Tensor[] {
  const rank = inputs.every((x) => x.rank === 2) ? 2 : 4;
  return inputs.map((x) => inRank(writer, x, rank));
}

const rules: Rules = {
  conv2d: (op, writer, [x], shape) => conv(writer, op, x!, shape),
  depthwiseConv2d: (op, writer, [x], shape) => conv(writer, op, x!, shape),
  dense(op, writer, [input], shape) {
    const x = inRank(writer, input!, 2);
    const channels = op.bias.length;
    const name = writer.node('Gemm', `${op.id}.value`, [
      x.name,
      writer.constant(`${op.id}.weights`, 'float', op.weights, [x.shape[2], channels]),
      writer.constant(`${op.id}.bias`, 'float', op.bias, [channels]),
    ]);
    return real(name, 2, shape);
  },
  batchNorm(op, writer, [x], shape) {
    const parameters = (['gamma', 'beta', 'mean', 'variance'] as const).map((key) =>
      writer.constant(`${op.id}.${key}`, 'float', op[key], [shape[2]]),
    );
    const name = writer.node('BatchNormalization', `${op.id}.value`, [x!.name, ...parameters], {
      attributes: { epsilon: { float: op.epsilon } },
    });
    return { ...x!, name };
  },
  maxPool: (op, writer, [x], shape) => pool(writer, op, x!, shape),
  avgPool: (op, writer, [x], shape) => pool(writer, op, x!, shape),
  globalAvgPool: (op, writer, [x], shape) =>
    real(writer.node('GlobalAveragePool', `${op.id}.value`, [inRank(writer, x!, 4).name]), 4, shape),
  globalMaxPool: (op, writer, [x], shape) =>
    real(writer.node('GlobalMaxPool', `${op.id}.value`, [inRank(writer, x!, 4).name]), 4, shape),
  add(op, writer, inputs) {
    const [a, b] = aligned(writer, inputs);
    return elementwise(writer, 'Add', op.id, a!, b!.name);
  },
  upsample: (op, writer, [x], shape) =>
    real(resized(writer, `${op.id}.value`, inRank(writer, x!, 4), op.factor), 4, shape),
  multiply(op, writer, inputs) {
    const [image, vector] = aligned(writer, inputs);
    return elementwise(writer, 'Mul', op.id, image!, vector!.name);
  },
  concat(op, writer, inputs, shape) {
    const terms = aligned(writer, inputs);
    const name = writer.node(
      'Concat',
      `${op.id}.value`,
      terms.map((x) => x.name),
      { attributes: { axis: { int: 1 } } },
    );
    return real(name, terms[0]!.rank, shape);
  },
  flatten: (op, writer, [x]) => flattened(writer, op.id, x!),
};

/** Emits the preprocessing in `nodes`, which is theirs alone; returns the tensors. */
export function emitPreprocess(
  writer: OnnxWriter,
  nodes: readonly PreprocessNode[],
): ReadonlyMap<NodeId, MantissaTensor> {
  const tensors = new Map<NodeId, MantissaTensor>();
  for (const node of nodes) {
    const inputs = node.inputs.map((id) => tensors.get(id)!);
    const facts = inputs.map((x): StageInput => ({ range: x.range, format: x.format, shape: x.shape }));
    const range = nodeRange(node, facts);
    const shape = floatShape(
      node,
      inputs.map((x) => x.shape),
    );
    const parts = partsOf(node);
    const tensor = onParts(writer, parts, inputs, (own) =>
      dispatch(preprocessRules, node, writer, own, { shape: moduleShape(shape, parts), range }),
    );
    tensors.set(node.id, { ...tensor, range, format: node.format });
  }
  return tensors;
}

/** Emits every node in order; returns the tensors: mantissas of preprocessing, real values of the network. */
function emitNodes(writer: OnnxWriter, graph: FloatGraph): ReadonlyMap<NodeId, Tensor | MantissaTensor> {
  const shapes = floatShapes(graph);
  const integers = emitPreprocess(writer, graph.nodes.filter(isPreprocess));
  const values = new Map<NodeId, Tensor>();
  for (const node of graph.nodes) {
    if (isPreprocess(node)) continue;
    const inputs = node.inputs.map((id) => values.get(id) ?? realValues(writer, integers.get(id)!));
    const parts = partsOf(node);
    const shape = moduleShape(shapes.get(node.id)!, parts);
    values.set(
      node.id,
      isActivation(node)
        ? activated(writer, node, inputs[0]!)
        : onParts(writer, parts, inputs, (own) => dispatch(rules, node, writer, own, shape)),
    );
  }
  return new Map<NodeId, Tensor | MantissaTensor>([...integers, ...values]);
}

/** A node's values as float32 `[N, height, width, channels]`, in real units. */
function emitTensor(writer: OnnxWriter, id: NodeId, tensor: Tensor | MantissaTensor): void {
  const values = 'format' in tensor ? realValues(writer, tensor) : tensor;
  const image = inRank(writer, values, 4);
  const name = writer.node('Transpose', `${id}${TENSOR_SUFFIX}`, [image.name], {
    attributes: { perm: { ints: [0, 2, 3, 1] } },
  });
  writer.output(name, 'float', ['N', ...tensor.shape]);
}

/** The bytes of `float.onnx`; the same graph and options give the same bytes. */
export function emitFloatOnnx(graph: FloatGraph, options: DialectOptions = {}): Uint8Array {
  const writer = createOnnxWriter();
  const tensors = emitNodes(writer, graph);
  const output = tensors.get(graph.output)!;
  emitDecision(writer, graph, inRank(writer, output, 2).name, 'float', graph.threshold);
  if (options.intermediates === true) for (const [id, tensor] of tensors) emitTensor(writer, id, tensor);
  return writer.finish({
    graphName: graph.name,
    doc: 'The float32 reference of a vetoc network, with its integer preprocessing.',
    producerVersion: options.producerVersion ?? '',
    metadata: {
      ...metadataOf('float', graph, options),
      [PREPROCESS_KEY]: preprocessToJson(graph.nodes.filter(isPreprocess)),
    },
  });
}
