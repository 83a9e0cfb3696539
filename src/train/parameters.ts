/**
 * The trainable numbers of a float graph as one flat vector, so that gradients can be summed, optimisers written
 * and checkpoints stored without knowing the layers. Batch-normalisation statistics follow in a vector of their own.
 */
import { invariant } from '../core/errors.js';
import type { NodeId, Shape } from '../ir/common.js';
import { consumers, floatShapes, type FloatGraph } from '../ir/graph.js';
import { dispatch, type Table } from '../ir/dispatch.js';
import { isWeighted, type FloatNode, type FloatNodeOf, type WeightedKind } from '../ir/ops/index.js';

export type ParameterField = 'weights' | 'bias' | 'alpha' | 'gamma' | 'beta' | 'mean' | 'variance';

export interface ParameterSlot {
  readonly node: NodeId;
  readonly field: ParameterField;
  /** First element in the flat vector. */
  readonly offset: number;
  readonly length: number;
  /** As TensorFlow.js wants it: conv `[kh, kw, cin/groups, cout]`, depthwise `[kh, kw, c, 1]`, dense `[cin, cout]`. */
  readonly shape: readonly number[];
  /** Whether weight decay applies: kernels only. */
  readonly decays: boolean;
}

export interface ParameterLayout {
  readonly trainable: readonly ParameterSlot[];
  readonly trainableLength: number;
  /** Running mean and variance of batch normalisation: updated, not trained. */
  readonly statistics: readonly ParameterSlot[];
  readonly statisticsLength: number;
}

type Field = readonly [field: ParameterField, shape: readonly number[]];

type TrainedNode = FloatNodeOf<WeightedKind | 'batchNorm' | 'prelu'>;
const isTrained = (node: FloatNode): node is TrainedNode =>
  isWeighted(node) || node.kind === 'batchNorm' || node.kind === 'prelu';

/** Fields that are trained, with their shapes. */
const trainable: Table<TrainedNode, [input: Shape], readonly Field[]> = {
  conv2d: ({ kernel, groups, bias }, input) => [
    ['weights', [...kernel, input[2] / groups, bias.length]],
    ['bias', [bias.length]],
  ],
  depthwiseConv2d: ({ kernel, bias }) => [
    ['weights', [...kernel, bias.length, 1]],
    ['bias', [bias.length]],
  ],
  dense: ({ bias }, input) => [
    ['weights', [input[2], bias.length]],
    ['bias', [bias.length]],
  ],
  prelu: ({ alpha }) => [['alpha', [alpha.length]]],
  batchNorm: ({ gamma }) => [
    ['gamma', [gamma.length]],
    ['beta', [gamma.length]],
  ],
};

/** A bias of zeros that only batch normalisation reads: its gradient is zero, so it is not a parameter at all. */
const isIdleBias = (graph: FloatGraph, node: FloatNode): boolean =>
  'bias' in node &&
  node.bias.every((b) => b === 0) &&
  node.id !== graph.output &&
  consumers(graph, node.id).every((reader) => reader.kind === 'batchNorm');

function trainableFields(node: FloatNode, input: Shape | undefined, graph: FloatGraph): readonly Field[] {
  const fields = isTrained(node) ? dispatch(trainable, node, input!) : [];
  return isIdleBias(graph, node) ? fields.filter(([field]) => field !== 'bias') : fields;
}

const statisticFields = (node: FloatNode): readonly Field[] =>
  node.kind === 'batchNorm'
    ? [
        ['mean', [node.mean.length]],
        ['variance', [node.variance.length]],
      ]
    : [];

function slots(
  graph: FloatGraph,
  fieldsOf: (node: FloatNode, input: Shape | undefined, graph: FloatGraph) => readonly Field[],
): readonly ParameterSlot[] {
  const shapes = floatShapes(graph);
  const all: ParameterSlot[] = [];
  let offset = 0;
  for (const node of graph.nodes) {
    const input = node.inputs[0] === undefined ? undefined : shapes.get(node.inputs[0]);
    for (const [field, shape] of fieldsOf(node, input, graph)) {
      const length = shape.reduce((a, b) => a * b, 1);
      all.push({ node: node.id, field, offset, length, shape, decays: field === 'weights' });
      offset += length;
    }
  }
  return all;
}

const total = (all: readonly ParameterSlot[]): number => all.reduce((sum, slot) => sum + slot.length, 0);

/** Where every parameter of `graph` stands in the flat vectors. */
export function parameterLayout(graph: FloatGraph): ParameterLayout {
  const trainable = slots(graph, trainableFields);
  const statistics = slots(graph, statisticFields);
  return {
    trainable,
    trainableLength: total(trainable),
    statistics,
    statisticsLength: total(statistics),
  };
}

/** Weights and biases of `graph`, batch-normalisation statistics not counted. */
export const parameterCount = (graph: FloatGraph): number => parameterLayout(graph).trainableLength;

/** Copies the parameters of `slots` out of `graph` into a flat vector. */
export function flattenParameters(
  graph: FloatGraph,
  all: readonly ParameterSlot[],
): Float32Array<ArrayBuffer> {
  const flat = new Float32Array(total(all));
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  for (const { node, field, offset, length } of all) {
    const values = (nodes.get(node) as Partial<Record<ParameterField, Float32Array>> | undefined)?.[field];
    invariant(values?.length === length, `${node} has no ${field} of ${length} values`);
    flat.set(values, offset);
  }
  return flat;
}

/** `graph` with the parameters of the flat vectors in it. */
export function withParameters(
  graph: FloatGraph,
  layout: ParameterLayout,
  trainable: Float32Array,
  statistics: Float32Array,
): FloatGraph {
  const fields = new Map<NodeId, Record<string, Float32Array>>();
  const put = (all: readonly ParameterSlot[], flat: Float32Array): void => {
    for (const { node, field, offset, length } of all)
      // `Float32Array.from` copies out of shared memory, which a graph must not hold.
      fields.set(node, {
        ...fields.get(node),
        [field]: Float32Array.from(flat.subarray(offset, offset + length)),
      });
  };
  put(layout.trainable, trainable);
  put(layout.statistics, statistics);
  return {
    ...graph,
    nodes: graph.nodes.map((node) => ({ ...node, ...fields.get(node.id) }) as FloatNode),
  };
}
