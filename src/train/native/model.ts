/**
 * A step of training as a graph of ONNX operators: the forward pass, the loss, and the way back to every parameter, for shares of one
 * size.
 */
import { createOnnxWriter } from '../../backends/onnx/writer.js';
import { invariant, UserError } from '../../core/errors.js';
import type { NodeId } from '../../ir/common.js';
import { floatShapes, type FloatGraph } from '../../ir/graph.js';
import { isPreprocess, partsOf, type FloatNode, type FloatNodeOf } from '../../ir/ops/index.js';
import type { LossOptions } from '../gradient.js';
import { parameterLayout, type ParameterField } from '../parameters.js';
import { binary, createBuilder, reshaped, transposed, type Builder, type Value } from './builder.js';
import { lossNodes } from './loss.js';
import { RULES, type NativeKind, type Site, type Step } from './rules.js';

type Trained = FloatNodeOf<NativeKind>;
const isTrained = (node: FloatNode): node is Trained => node.kind in RULES;

/** The first node whose gradient is not known here. */
export const foreignNode = (graph: FloatGraph): FloatNode | undefined =>
  graph.nodes.find(
    (node) =>
      !isPreprocess(node) &&
      (!isTrained(node) || partsOf(node) > 1 || (node.kind === 'conv2d' && node.groups > 1)),
  );

/** Throws `UserError` for a network with a node whose gradient is not known here. */
export function checkNative(graph: FloatGraph): void {
  const foreign = foreignNode(graph);
  if (foreign === undefined) return;
  throw new UserError(`${foreign.id} (${foreign.kind}) cannot be trained by ONNX Runtime`, {
    field: 'backend',
    remedy: 'use --backend wasm',
  });
}

const stepOf = (node: Trained, site: Site): Step =>
  (RULES[node.kind] as (node: Trained, site: Site) => Step)(node, site);

/** Names of the model's inputs and outputs. */
export const imageName = (id: NodeId): string => `in/${id}`;
export const fieldName = (node: NodeId, field: ParameterField): string => `${node}/${field}`;
export const gradientName = (node: NodeId, field: ParameterField): string => `d/${fieldName(node, field)}`;

/** A value that comes from outside. */
const input = ({ writer }: Builder, name: string, dims: readonly number[]): Value => ({
  name: writer.input(name, 'float', dims),
  dims,
});

/** A value that is asked for. */
function output({ writer }: Builder, name: string, value: Value): void {
  writer.node('Identity', name, [value.name]);
  writer.output(name, 'float', value.dims);
}

/** What `network` reads of the preprocessing, channels first. */
function images(b: Builder, graph: FloatGraph, network: readonly FloatNode[], n: number): Map<NodeId, Value> {
  const shapes = floatShapes(graph);
  const inside = new Set(network.map(({ id }) => id));
  const outside = new Set(network.flatMap(({ inputs }) => inputs.filter((id) => !inside.has(id))));
  return new Map(
    [...outside].map((id) => {
      const [height, width, channels] = shapes.get(id)!;
      const given = input(b, imageName(id), [n, height, width, channels]);
      const first =
        channels === 1 ? reshaped(b, given, [n, 1, height, width]) : transposed(b, given, [0, 3, 1, 2]);
      return [id, first] as const;
    }),
  );
}

/** The nodes that hold parameters, or lie behind such: as far as gradients go back. */
function learning(network: readonly FloatNode[], trained: ReadonlySet<NodeId>): ReadonlySet<NodeId> {
  const found = new Set<NodeId>();
  for (const { id, inputs } of network)
    if (trained.has(id) || inputs.some((one) => found.has(one))) found.add(id);
  return found;
}

/** The graph for shares of `n` frames. `checkNative` must have passed. */
export function trainingModel(graph: FloatGraph, options: LossOptions, n: number): Uint8Array {
  const writer = createOnnxWriter();
  const b = createBuilder(writer);
  const { trainable } = parameterLayout(graph);
  const network = graph.nodes.filter((node) => !isPreprocess(node));
  const values = images(b, graph, network, n);
  const learns = learning(network, new Set(trainable.map(({ node }) => node)));
  const parameters = new Map<string, Value>();
  for (const { node, field, shape } of trainable) {
    const name = fieldName(node, field);
    parameters.set(name, input(b, name, shape));
  }
  const steps = network.map((node) => {
    invariant(isTrained(node), `${node.id} has no rule`);
    const { id, inputs } = node;
    const step = stepOf(node, {
      b,
      inputs: inputs.map((one) => values.get(one)!),
      wanted: (k) => learns.has(inputs[k]!),
      parameter: (field) => parameters.get(fieldName(id, field)) ?? null,
      setGradient: (field, gradient) => {
        output(b, gradientName(id, field), gradient);
      },
      setStatistics: (mean, variance) => {
        output(b, fieldName(id, 'mean'), mean);
        output(b, fieldName(id, 'variance'), variance);
      },
    });
    values.set(id, step.value);
    return { node, step };
  });

  const classes = graph.classNames.length;
  const logits = reshaped(b, values.get(graph.output)!, [n, classes]);
  const given = {
    logits,
    truth: input(b, 'truth', [n, classes]),
    weights: input(b, 'weights', [n, 1]),
    opinion: options.teacher === null ? null : input(b, 'opinion', [n, classes]),
  };
  const { loss, gradient } = lossNodes(b, given, graph.hitClasses, options);
  output(b, 'logits', logits);
  output(b, 'loss', loss);

  const gradients = new Map<NodeId, Value>([[graph.output, reshaped(b, gradient, [n, classes, 1, 1])]]);
  for (const { node, step } of steps.toReversed()) {
    const from = gradients.get(node.id);
    if (from === undefined || !learns.has(node.id)) continue;
    step.back(from).forEach((one, k) => {
      const id = node.inputs[k]!;
      if (one === null || !learns.has(id)) return;
      const before = gradients.get(id);
      gradients.set(id, before === undefined ? one : binary(b, 'Add', before, one));
    });
  }
  return writer.finish({
    graphName: graph.name,
    doc: 'a step of training',
    producerVersion: '',
    metadata: {},
  });
}
