/**
 * A user's own network: a TensorFlow.js LayersModel (`model.json` and its weight files) as a float graph.
 *
 * Takes the layers of `layers-model-rules.ts`, each used once, channels last, no dilation. Dropout and its like are left out, since they
 * do nothing at inference; a softmax at the end is left out, since the veto compares logits. Everything else is
 * refused, all of it listed at once.
 */
import {
  inFileWords,
  InvariantError,
  UnsupportedError,
  UserError,
  type UnsupportedReason,
} from '../../core/errors.js';
import type { PreprocessGraph } from '../network/preprocess.js';
import { nodeId, type NodeId, type Shape } from '../../ir/common.js';
import { floatShapes, type FloatGraph } from '../../ir/graph.js';
import { floatShape, type FloatNode } from '../../ir/ops/index.js';
import { verifyFloatGraph } from '../../ir/verify.js';
import type { NetworkClasses } from '../network/build.js';
import type { Imported } from '../imported.js';
import { readModelJson } from '../model-json.js';
import { reachedFrom } from '../reached.js';
import { withMiss } from '../single-logit.js';
import { checkConnections } from '../keras/keras-connections.js';
import { isObject, problemsOf } from '../keras/keras-description.js';
import { inputValue } from './layers-input.js';
import { isPassing, RANK_FREE, REUSABLE, rules } from './layers-model-rules.js';
import { ONNX_WAY, plain, type Import, type Layer, type Value } from './rule.js';
import { tf } from '../../tensorflow/tf.js';

/** TensorFlow.js writes the description bare, the converter of Keras writes it one level deeper. */
function checkTopology(topology: Readonly<Record<string, unknown>>, path: string): void {
  const { model_config: inner } = topology;
  const described = isObject(inner) ? inner : topology;
  checkConnections(described, path);
  const reasons = problemsOf(described);
  if (reasons.length > 0) throw new UnsupportedError(path, reasons);
}

/** Loads `model.json` and the weight files beside it. Throws `UserError` naming the file, or `UnsupportedError`. */
export function readLayersModel(path: string): Promise<tf.LayersModel> {
  return inFileWords(
    async () => {
      const model = await readModelJson(path, (topology) => {
        checkTopology(topology, path);
      });
      return tf.loadLayersModel(tf.io.fromMemory(model));
    },
    {
      file: path,
      problem: 'is not a LayersModel that can be read',
      remedy: 'name the model.json of tf.LayersModel.save, with its weight files beside it',
    },
  );
}

/** `wanted`, or with a number behind it where the graph has a node of that name: layers' names differ in more than ids can. */
function freeId(wanted: NodeId, taken: ReadonlyMap<NodeId, Shape>): NodeId {
  let id = wanted;
  for (let n = 2; taken.has(id); n++) id = nodeId(`${wanted.slice(0, 58)}_${n}`);
  return id;
}

/** A function of images to the logits of the classes, and nothing beside it. */
function checkEnds(model: tf.LayersModel, preprocess: PreprocessGraph): void {
  const { inputs, outputs, name } = model;
  if (inputs.length > preprocess.outputs.length)
    throw new UserError(`has ${inputs.length} inputs, the preprocessing gives ${preprocess.outputs.length}`, {
      field: `model ${name}`,
      remedy: 'give it as many channels of preprocessing',
    });
  if (outputs.length !== 1)
    throw new UserError(`has ${outputs.length} outputs`, {
      field: `model ${name}`,
      remedy: 'give a model of one output: the logits of the classes',
    });
}

/** Everything of `model` as nodes; `value` is its output. */
interface Translated {
  readonly nodes: readonly FloatNode[];
  readonly value: Value;
  readonly inputNode: NodeId;
  readonly shape: Shape;
}

function translate(model: tf.LayersModel, preprocess: PreprocessGraph): Translated {
  checkEnds(model, preprocess);
  const nodes: FloatNode[] = [...preprocess.nodes];
  const facts = { name: model.name, classNames: [], hitClasses: [], threshold: 0 };
  const shapes = new Map(floatShapes({ ...facts, nodes, output: preprocess.outputs[0]! }));
  const reasons: UnsupportedReason[] = [];
  const into: Import = {
    nodes,
    shapes,
    isEnd: isEndOf(model),
    add(layer, node) {
      const inputs = node.inputs.map((id) => shapes.get(id)!);
      const id = freeId(node.id, shapes);
      try {
        shapes.set(id, floatShape(node, inputs));
      } catch (error) {
        if (!(error instanceof InvariantError)) throw error;
        return into.refuse(layer, `does not fit what it reads (${error.message})`).id;
      }
      nodes.push({ ...node, id });
      return id;
    },
    refuse(layer, why) {
      const what = `${layer.name} (${layer.getClassName()})`;
      if (!reasons.some((known) => known.what === what && known.why === why)) reasons.push({ what, why });
      return plain(preprocess.outputs[0]!);
    },
  };
  const given = model.inputs.map(({ sourceLayer }, k) => inputValue(model, sourceLayer, k, preprocess, into));
  const values = given.map(({ value }) => value);
  const value = walk(model, values, into, () => reasons.length > 0);
  if (reasons.length > 0) throw new UnsupportedError('the LayersModel', reasons);
  // A gate that became part of what it multiplies is read by nobody.
  const own = new Set(preprocess.nodes.map(({ id }) => id));
  return {
    nodes: reachedFrom(nodes, value.id, own),
    value,
    inputNode: given[0]!.image,
    shape: shapes.get(value.id)!,
  };
}

const isModel = (layer: Layer | tf.LayersModel): layer is tf.LayersModel => 'layers' in layer;

/** A call of a layer: what it reads, and which call of it. */
interface Call {
  readonly inboundLayers: readonly Layer[];
  readonly nodeIndices: readonly number[];
  readonly inputTensors: readonly tf.SymbolicTensor[];
}

/** Every call of `layer` in its model. A model that is a layer has one without any input, its own making. */
const callsOf = (layer: Layer): readonly (readonly [Call, index: number])[] =>
  (layer.inboundNodes as readonly object[])
    .map((node, index) => [node as Call, index] as const)
    .filter(([{ inboundLayers }]) => !isModel(layer) || inboundLayers.length > 0);

/** Whether nothing follows a layer, in its model and in those around it, but what changes no value. */
function isEndOf(model: tf.LayersModel): (layer: Layer) => boolean {
  const ends = new Set<Layer>();
  for (let layer: Layer | undefined = model.outputs[0]?.sourceLayer; layer !== undefined;) {
    const calls = callsOf(layer);
    if (calls.length > 1) break;
    if (isModel(layer)) layer = layer.outputs[0]?.sourceLayer;
    else {
      ends.add(layer);
      layer = isPassing(layer) ? calls[0]?.[0].inboundLayers[0] : undefined;
    }
  }
  return (layer) => ends.has(layer);
}

/** Whether the last axis of what `call` reads is the columns of an image without channels, where the graph's is the channels. */
const readsRows = ({ inputTensors }: Call, read: readonly Value[], { shapes }: Import): boolean =>
  inputTensors.some(({ shape }, k) => {
    const last = shape.at(-1);
    return last !== null && last !== shapes.get(read[k]!.id)![2];
  });

/** Why `layer` cannot be called as it is, reading `read`; null where it can. */
function against(layer: Layer, call: Call, read: readonly Value[], into: Import): string | null {
  const name = layer.getClassName();
  if (callsOf(layer).length > 1 && !REUSABLE.has(name))
    return layer.weights.length > 0
      ? `is used more than once: its weights would be shared${ONNX_WAY}`
      : `is used more than once${ONNX_WAY}`;
  if (isModel(layer)) return null;
  if (rules[name] === undefined) return 'there is no such layer in vetoc';
  if (!RANK_FREE.has(name) && readsRows(call, read, into))
    return `reads rows of an image without channels: put a Reshape to height × width × 1 before it${ONNX_WAY}`;
  const last = read.find((x) => x.head !== 'logits');
  return last === undefined || isPassing(layer)
    ? null
    : `follows a ${last.head}, which is taken at the end of a network only`;
}

/** The output of `model` on `inputs`; a model that is a layer of another one is walked in its turn. */
function walk(
  model: tf.LayersModel,
  inputs: readonly Value[],
  into: Import,
  isRefused: () => boolean,
): Value {
  const values = new Map<string, Value>();
  const keyOf = (layer: Layer, call: number): string => `${call} ${layer.name}`;
  const given = new Set(model.inputs.map(({ sourceLayer }) => sourceLayer));
  // A Sequential keeps its layers' graph inside: inputs and outputs are what every model has.
  model.inputs.forEach(({ sourceLayer, nodeIndex }, k) =>
    values.set(keyOf(sourceLayer, nodeIndex), inputs[k]!),
  );
  let pending = model.layers
    .filter((layer) => !given.has(layer))
    .flatMap((layer) => callsOf(layer).map(([call, index]) => ({ layer, call, index })));
  // In the order of the layers; a layer that is called again waits for what its later calls read.
  while (pending.length > 0) {
    const waiting = pending.filter(({ layer, call, index }) => {
      const read = call.inboundLayers.map((from, k) => values.get(keyOf(from, call.nodeIndices[k]!)));
      if (!read.every((value) => value !== undefined)) return true;
      const why = against(layer, call, read, into);
      // What follows a layer that was refused would only be refused for that.
      const value =
        isRefused() && rules[layer.getClassName()] !== undefined
          ? inputs[0]!
          : why !== null
            ? into.refuse(layer, why)
            : isModel(layer)
              ? walk(layer, read, into, isRefused)
              : rules[layer.getClassName()]!(layer, layer.getConfig(), read, into);
      values.set(keyOf(layer, index), value);
      return false;
    });
    if (waiting.length === pending.length) break;
    pending = waiting;
  }
  const output = model.outputs[0]!;
  return values.get(keyOf(output.sourceLayer, output.nodeIndex)) ?? inputs[0]!;
}

/**
 * `model` on top of `preprocess`: its inputs are, in order, the preprocessing's outputs; a single input of several
 * channels is their concatenation. Throws `UnsupportedError` with all layers that cannot be taken, `UserError` for a model
 * that does not fit the preprocessing or the classes.
 */
export function importLayersModel(
  model: tf.LayersModel,
  preprocess: PreprocessGraph,
  classesFor: (logits: number) => NetworkClasses,
): Imported {
  const { nodes, value, inputNode, shape } = translate(model, preprocess);
  const [height, width, outputs] = shape;
  if (height * width !== 1)
    throw new UserError(`puts out ${shape.join('×')} values, which is no score for each class`, {
      field: `model ${model.name}`,
      remedy: 'give a model that ends in one value for each class',
    });
  const last = outputs === 1 ? withMiss(nodes, value.id) : { nodes, id: value.id };
  const classes = classesFor(Math.max(2, outputs));
  const facts = { name: model.name, ...classes, threshold: 0 };
  const exact = { precision: 'float32', headQuantizer: null } as const;
  try {
    const graph = verifyFloatGraph({ ...facts, nodes: last.nodes, output: last.id });
    return { graph, inputNode, head: value.head, outputs, ...exact };
  } catch (error) {
    if (!(error instanceof InvariantError)) throw error;
    throw new UserError(`does not fit: ${error.message}`, {
      field: `model ${model.name}`,
      remedy: 'give a model with one logit for each class of the frames',
    });
  }
}

/** The graph of `importLayersModel` for classes that are known. */
export const graphFromLayersModel = (
  model: tf.LayersModel,
  preprocess: PreprocessGraph,
  classes: NetworkClasses,
): FloatGraph => importLayersModel(model, preprocess, () => classes).graph;
