/**
 * A float network trained elsewhere as a float graph: ONNX as PyTorch, Keras and tfjs export it, opset 7 to 23.
 *
 * The network is put on top of vetoc's own integer preprocessing: its one input is what that gives, channels joined.
 * A softmax at the end is left out, since the veto compares logits; a network that ends in one value, with a sigmoid or
 * without, gets a second logit, 0 for the miss. A file that vetoc wrote brings its preprocessing, classes and
 * threshold itself.
 */
import { InvariantError, UserError } from '../../core/errors.js';
import type { PreprocessGraph } from '../network/preprocess.js';
import { elements, nodeId, type NodeId, type Shape } from '../../ir/common.js';
import { floatShapes, type FloatGraph } from '../../ir/graph.js';
import type { FloatNode } from '../../ir/ops/index.js';
import { verifyFloatGraph } from '../../ir/verify.js';
import { withMiss } from '../single-logit.js';
import { frameInput, inputType, inputView, joined, misfit, type InputType } from './input.js';
import { importOwn } from './own-dialect.js';
import type { OnnxModel, OnnxValue } from './model.js';
import type { ExternalReader } from './tensor-data.js';
import { identifier, translateGraph, type Translated } from './translate.js';
import { DATA_TYPE } from '../../onnx-file/proto.js';
import type { Imported, Precision } from '../imported.js';
import { activation, type Activation } from './values.js';
import { allPlaces, type View } from './view.js';

const LEAST_OPSET = 7;
const MOST_OPSET = 23;

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

/** How the file's own input and output relate to the graph: what running the file needs to know. */
export interface ImportedOnnx extends Imported {
  readonly input: string;
  readonly inputType: InputType;
  readonly output: string;
  /** How the file sees the input node behind the batch. */
  readonly inputView: View;
  /** Frames in one call; 1 where the file leaves it open. */
  readonly batch: number;
  /** The types of the file's operators. */
  readonly operators: ReadonlySet<string>;
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

/** The coarsest element type of floats that `model` computes in: of its input, or what it casts to. */
function precisionOf({ inputs, nodes }: OnnxModel): Precision {
  const types = new Set([
    ...inputs.map(({ elementType }) => elementType),
    ...nodes.flatMap(({ type, attributes }) => (type === 'Cast' ? [attributes.get('to')?.int ?? 0] : [])),
  ]);
  if (types.has(DATA_TYPE.bfloat16)) return 'bfloat16';
  return types.has(DATA_TYPE.float16) ? 'float16' : 'float32';
}

/** The one output: the logits, or what becomes of them. */
function logitsOutput(model: OnnxModel): OnnxValue {
  const [output] = model.outputs;
  if (output === undefined || model.outputs.length > 1)
    throw userError(
      model,
      `has ${model.outputs.length} outputs (${model.outputs.map(({ name }) => name).join(', ')})`,
      'export the network with its classes as the only output',
    );
  return output;
}

/** The nodes and the one that holds the logits, in the order of the file's output. */
function logitsOf(
  model: OnnxModel,
  nodes: readonly FloatNode[],
  value: Activation,
  shape: Shape,
): { readonly nodes: readonly FloatNode[]; readonly id: NodeId } {
  const places = allPlaces(value.view);
  const isOrdered = places.length === elements(shape) && places.every((place, i) => place === i);
  if (shape[0] * shape[1] !== 1 || value.codes !== null)
    throw userError(
      model,
      `puts out ${shape.join('×')} values (height × width × channels), which is no score for each class`,
      'export a network that ends in one value for each class',
    );
  if (isOrdered) return { nodes, id: value.id };
  const id = nodeId(nodes.some((node) => node.id === 'logits') ? 'logits_in_order' : 'logits');
  const weights = new Float32Array(shape[2] * places.length);
  places.forEach((place, k) => (weights[place * places.length + k] = 1));
  const bias = new Float32Array(places.length);
  return { nodes: [...nodes, { id, kind: 'dense', inputs: [value.id], weights, bias }], id };
}

function finished(
  model: OnnxModel,
  request: ImportRequest,
  { nodes, shape, ...translated }: Translated,
): { readonly graph: FloatGraph; readonly outputs: number } {
  const value = translated.value as Activation;
  const logits = logitsOf(model, nodes, value, shape(value.id));
  const outputs = allPlaces(value.view).length;
  const last = outputs === 1 ? withMiss(logits.nodes, logits.id) : logits;
  const classes = request.classes(Math.max(2, outputs));
  const { quantizers } = translated;
  const graph = {
    name: request.name,
    nodes: last.nodes,
    output: last.id,
    ...classes,
    threshold: 0,
    ...(quantizers.size > 0 && { quantizers: Object.fromEntries(quantizers) }),
  };
  return { graph: verifyFloatGraph(graph), outputs };
}

/** Imports a model that vetoc did not write. */
function importForeign(model: OnnxModel, request: ImportRequest, external: ExternalReader): ImportedOnnx {
  const input = frameInput(model);
  const output = logitsOutput(model);
  const { type, values } = inputType(model, input);
  const start = joined(request.preprocess, values);
  const facts = { name: request.name, classNames: [], hitClasses: [], threshold: 0 };
  const shapes = floatShapes({ ...facts, nodes: start.nodes, output: start.id });
  const given = shapes.get(start.id)!;
  const view = inputView(input, given);
  if (view === null) throw misfit(model, input, given);
  const batch = input.dims?.[0] ?? 1;
  const translated = translateGraph(
    model,
    output.name,
    {
      nodes: start.nodes,
      shapes,
      values: new Map([[input.name, activation(start.id, view)]]),
      batch,
      isOwn: false,
      keepsFlatten: () => false,
      nameOf: (node) => identifier(node.name === '' ? (node.outputs[0] ?? node.type) : node.name),
    },
    external,
  );
  const { value } = translated;
  if (value?.kind !== 'activation' || value.pad !== null || value.spread !== null)
    throw userError(model, `computes ${output.name} from no frame`, 'export the network whole');
  return {
    ...finished(model, request, translated),
    input: input.name,
    inputType: type,
    output: output.name,
    inputNode: start.id,
    inputView: view,
    batch,
    operators: new Set(model.nodes.map(({ type }) => type)),
    head: value.head,
    headQuantizer: value.headQuantizer,
    precision: precisionOf(model),
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
