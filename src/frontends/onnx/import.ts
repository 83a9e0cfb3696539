/**
 * A float network trained elsewhere as a float graph: ONNX as PyTorch, Keras and tfjs export it, opset 9 to 21.
 *
 * The network is put on top of vetoc's own integer preprocessing: its one input is what that gives, channels joined.
 * A softmax at the end is left out, since the veto compares logits; a network that ends in one sigmoid gets a second
 * logit, 0 for the miss. A file that vetoc wrote brings its preprocessing, classes and threshold itself.
 */
import { InvariantError, UserError } from '../../core/errors.js';
import type { PreprocessGraph } from '../network/preprocess.js';
import { nodeId, type NodeId, type Shape } from '../../ir/common.js';
import { floatShapes, type FloatGraph } from '../../ir/graph.js';
import type { FloatNode } from '../../ir/ops/index.js';
import { verifyFloatGraph } from '../../ir/verify.js';
import { importOwn } from './own-dialect.js';
import type { OnnxModel, OnnxValue } from './model.js';
import type { ExternalReader } from './tensor-data.js';
import { identifier, translateGraph } from './translate.js';
import { activation, extentOf, type Activation, type Axis, type Head } from './values.js';

const LEAST_OPSET = 9;
const MOST_OPSET = 21;

export interface ImportRequest {
  /** Name of the graph. */
  readonly name: string;
  /** From the raw frame to what the network reads. */
  readonly preprocess: PreprocessGraph;
  /** The classes of a network with so many logits; throws `UserError` where that does not fit. */
  readonly classes: (logits: number) => NetworkClasses;
}

export interface NetworkClasses {
  readonly classNames: readonly string[];
  readonly hitClasses: readonly boolean[];
}

/** How the file's own input and output relate to the graph: what a comparison needs to know. */
export interface ImportedOnnx {
  readonly graph: FloatGraph;
  readonly input: string;
  readonly output: string;
  /** The node that is the file's input, and the order of its axes there. */
  readonly inputNode: NodeId;
  readonly inputAxes: readonly Axis[];
  /** Frames in one call; 1 where the file leaves it open. */
  readonly batch: number;
  readonly head: Head;
}

const userError = (model: OnnxModel, problem: string, remedy: string): UserError =>
  new UserError(problem, { file: model.file, remedy });

function checkOpset(model: OnnxModel): void {
  const opset = model.opsets.get('');
  if (opset === undefined || opset < LEAST_OPSET || opset > MOST_OPSET)
    throw userError(
      model,
      `is of ONNX opset ${opset ?? 'none'}; opsets ${LEAST_OPSET} to ${MOST_OPSET} are taken`,
      'export it again with opset_version=18',
    );
}

/** The one input that is not a weight. */
function frameInput(model: OnnxModel): OnnxValue {
  const inputs = model.inputs.filter(({ name }) => !model.initializers.has(name));
  const [input] = inputs;
  if (input === undefined || inputs.length > 1)
    throw userError(
      model,
      `has ${inputs.length} inputs (${inputs.map(({ name }) => name).join(', ')}); a network of one image is taken`,
      'export the network with its image as the only input',
    );
  return input;
}

const LAYOUTS: readonly (readonly Axis[])[] = [
  ['n', 'c', 'h', 'w'],
  ['n', 'h', 'w', 'c'],
  ['n', 'h', 'w'],
];

/** The layouts in which an image of `shape` `[h, w, c]` fits the input's dims; the usual one first. */
function layoutsFor({ dims }: OnnxValue, shape: Shape): readonly (readonly Axis[])[] {
  if (dims === null) return LAYOUTS.slice(0, 1);
  return LAYOUTS.filter(
    (axes) =>
      axes.length === dims.length &&
      (axes.includes('c') || shape[2] === 1) &&
      axes.every((axis, i) => axis === 'n' || dims[i] === null || dims[i] === extentOf(shape, axis, 1)),
  );
}

/** The images `[height, width, channels]` that `model` takes, null where any extent will do; the usual layout first. */
export function wantedShapes(
  model: OnnxModel,
): readonly (readonly [number | null, number | null, number | null])[] {
  const { dims } = frameInput(model);
  if (dims === null) return [[null, null, null]];
  return LAYOUTS.filter((axes) => axes.length === dims.length).map((axes) => {
    const extent = (axis: Axis): number | null => (axes.includes(axis) ? dims[axes.indexOf(axis)]! : 1);
    return [extent('h'), extent('w'), extent('c')];
  });
}

/** The preprocessing's outputs as one tensor, joined where there are several. */
function joined({ nodes, outputs }: PreprocessGraph): {
  readonly id: NodeId;
  readonly nodes: readonly FloatNode[];
} {
  if (outputs.length === 1) return { id: outputs[0]!, nodes };
  const id = nodeId('channels');
  return { id, nodes: [...nodes, { id, kind: 'concat', inputs: outputs }] };
}

/** One logit as two: that of the miss is 0, so that the score is the logit. */
function withMiss(nodes: readonly FloatNode[], id: NodeId): readonly FloatNode[] | null {
  const node = nodes.find((n) => n.id === id)!;
  if (node.kind !== 'dense' || node.bias.length !== 1) return null;
  const weights = Float32Array.from({ length: 2 * node.weights.length }, (_, i) =>
    i % 2 === 0 ? 0 : node.weights[(i - 1) / 2]!,
  );
  const bias = Float32Array.of(0, node.bias[0]!);
  return nodes.map((n) => (n.id === id ? { ...node, weights, bias } : n));
}

function finished(
  model: OnnxModel,
  request: ImportRequest,
  nodes: readonly FloatNode[],
  value: Activation,
  shape: Shape,
): FloatGraph {
  const both = shape[2] === 1 ? withMiss(nodes, value.id) : nodes;
  if (shape[0] * shape[1] !== 1 || value.order !== null || both === null)
    throw userError(
      model,
      `puts out ${shape.join('×')} values (height × width × channels), which is no score for each class`,
      'export a network that ends in one value for each class',
    );
  const classes = request.classes(Math.max(2, shape[2]));
  return verifyFloatGraph({ name: request.name, nodes: both, output: value.id, ...classes, threshold: 0 });
}

/** Imports a model that vetoc did not write. */
function importForeign(model: OnnxModel, request: ImportRequest, external: ExternalReader): ImportedOnnx {
  const input = frameInput(model);
  const [output] = model.outputs;
  if (output === undefined || model.outputs.length > 1)
    throw userError(
      model,
      `has ${model.outputs.length} outputs (${model.outputs.map(({ name }) => name).join(', ')})`,
      'export the network with its classes as the only output',
    );
  const start = joined(request.preprocess);
  const shapes = floatShapes({
    name: request.name,
    nodes: start.nodes,
    output: start.id,
    classNames: [],
    hitClasses: [],
    threshold: 0,
  });
  const given = shapes.get(start.id)!;
  const [axes] = layoutsFor(input, given);
  if (axes === undefined)
    throw userError(
      model,
      `takes ${input.dims?.map((n) => n ?? '?').join('×') ?? 'anything'} as ${input.name}; the preprocessing gives ${given.join('×')} (height × width × channels)`,
      'change the crop, the binning factor or the channels in the recipe’s section preprocess',
    );
  const batch = input.dims?.[0] ?? 1;
  const { nodes, value, shape } = translateGraph(
    model,
    output.name,
    {
      nodes: start.nodes,
      shapes,
      values: new Map([[input.name, activation(start.id, axes)]]),
      batch,
      keepsFlatten: () => false,
      nameOf: (node) => identifier(node.name === '' ? (node.outputs[0] ?? node.type) : node.name),
    },
    external,
  );
  if (value?.kind !== 'activation' || value.pad !== null)
    throw userError(model, `computes ${output.name} from no frame`, 'export the network whole');
  return {
    graph: finished(model, request, nodes, value, shape(value.id)),
    input: input.name,
    output: output.name,
    inputNode: start.id,
    inputAxes: axes,
    batch,
    head: value.head,
  };
}

/** What a graph out of a file breaks is the file's fault, not vetoc's. */
function inWords<T>(model: OnnxModel, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof InvariantError)) throw error;
    throw userError(
      model,
      `makes no graph: ${error.message}`,
      'check that the file is whole, or export it again',
    );
  }
}

/** Whether vetoc wrote `model`, which then brings its own preprocessing and classes. */
export const isOwn = (model: OnnxModel): boolean => model.metadata.has('vetoc.dialect');

/**
 * `model` as a float graph. Throws `UnsupportedError` with every operator that cannot be taken, `UserError` where the
 * file, its input or its classes do not fit.
 */
export function importOnnx(model: OnnxModel, request: ImportRequest, external: ExternalReader): ImportedOnnx {
  checkOpset(model);
  return inWords(model, () => importForeign(model, request, external));
}

/** The graph in a `float.onnx` that vetoc wrote. Throws `UserError` where it is another dialect or was changed. */
export function importOwnOnnx(model: OnnxModel, external: ExternalReader): FloatGraph {
  checkOpset(model);
  return inWords(model, () => importOwn(model, external));
}
