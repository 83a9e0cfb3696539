/**
 * A user's own network: a TensorFlow.js LayersModel (`model.json` and its weight files) as a float graph.
 *
 * Takes the layers of `layers-model-rules.ts`, each used once, channels last, no dilation. Dropout and its like are left out, since they
 * do nothing at inference; a softmax at the end is left out, since the veto compares logits. Everything else is
 * refused, all of it listed at once.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InvariantError, UnsupportedError, UserError, type UnsupportedReason } from '../../core/errors.js';
import type { PreprocessGraph } from '../network/preprocess.js';
import { nodeId, type NodeId, type Shape } from '../../ir/common.js';
import { floatShapes, type FloatGraph } from '../../ir/graph.js';
import { floatShape, type FloatNode } from '../../ir/ops/index.js';
import { verifyFloatGraph } from '../../ir/verify.js';
import type { NetworkClasses } from '../network/build.js';
import type { Imported } from '../imported.js';
import { withMiss } from '../single-logit.js';
import { checkConnections, isObject, problemsOf } from '../keras/keras-description.js';
import { PASSING, rules } from './layers-model-rules.js';
import { plain, type Import, type Layer, type Value } from './rule.js';
import { tf } from '../../tensorflow/tf.js';

/** TensorFlow.js writes the description bare, the converter of Keras writes it one level deeper. */
function checkTopology(topology: unknown, path: string): void {
  if (!isObject(topology)) return;
  const { model_config: inner } = topology;
  const described = isObject(inner) ? inner : topology;
  checkConnections(described, path);
  const reasons = problemsOf(described);
  if (reasons.length > 0) throw new UnsupportedError(path, reasons);
}

/** A GraphModel holds TensorFlow's operators, no layers. */
function refuseGraphModel(json: unknown, path: string): void {
  if (isObject(json) && json['format'] === 'graph-model')
    throw new UserError('is a TensorFlow.js graph model, which holds operators and no layers', {
      file: path,
      remedy: 'convert it to ONNX: python -m tf2onnx.convert --tfjs model.json --output model.onnx',
    });
}

/** Loads `model.json` and the weight files beside it. Throws `UserError` naming the file, or `UnsupportedError`. */
export async function readLayersModel(path: string): Promise<tf.LayersModel> {
  try {
    const json = JSON.parse(await readFile(path, 'utf8')) as tf.io.ModelJSON;
    refuseGraphModel(json, path);
    checkTopology(json.modelTopology, path);
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
    if (error instanceof UnsupportedError || error instanceof UserError) throw error;
    throw new UserError(`is not a LayersModel that can be read: ${(error as Error).message}`, {
      file: path,
      remedy: 'name the model.json of tf.LayersModel.save, with its weight files beside it',
    });
  }
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
    add(_layer, node) {
      const inputs = node.inputs.map((id) => shapes.get(id)!);
      const id = freeId(node.id, shapes);
      shapes.set(id, floatShape(node, inputs));
      nodes.push({ ...node, id });
      return id;
    },
    refuse(layer, why) {
      reasons.push({ what: `${layer.name} (${layer.getClassName()})`, why });
      return plain(preprocess.outputs[0]!);
    },
  };
  const given = model.inputs.map(({ sourceLayer }, k) => inputValue(model, sourceLayer, k, preprocess, into));
  const value = walk(model, given, into, () => reasons.length > 0);
  if (reasons.length > 0) throw new UnsupportedError('the LayersModel', reasons);
  return { nodes, value, inputNode: given[0]!.id, shape: shapes.get(value.id)! };
}

/** The output of `model` on `inputs`; a model that is a layer of another one is walked in its turn. */
function walk(
  model: tf.LayersModel,
  inputs: readonly Value[],
  into: Import,
  isRefused: () => boolean,
): Value {
  const values = new Map<Layer, Value>();
  // A Sequential keeps its layers' graph inside: inputs and outputs are what every model has.
  model.inputs.forEach(({ sourceLayer }, k) => values.set(sourceLayer, inputs[k]!));
  for (const layer of model.layers) {
    if (values.has(layer)) continue;
    const rule = rules[layer.getClassName()];
    const calls = callsOf(layer);
    const read = (calls[0] ?? []).map((from) => values.get(from)!);
    // What follows a layer that was refused would only be refused for that.
    if (isRefused() && rule !== undefined) values.set(layer, inputs[0]!);
    else if (calls.length > 1)
      values.set(layer, into.refuse(layer, 'is used more than once: its weights would be shared'));
    else if (isModel(layer)) values.set(layer, walk(layer, read, into, isRefused));
    else if (rule === undefined) values.set(layer, into.refuse(layer, 'there is no such layer in vetoc'));
    else {
      const last = read.find((x) => x.head !== 'logits');
      values.set(
        layer,
        last === undefined || PASSING.has(layer.getClassName())
          ? rule(layer, layer.getConfig(), read, into)
          : into.refuse(layer, `follows a ${last.head}, which is taken at the end of a network only`),
      );
    }
  }
  return values.get(model.outputs[0]!.sourceLayer) ?? inputs[0]!;
}

const isModel = (layer: Layer | tf.LayersModel): layer is tf.LayersModel => 'layers' in layer;

/** Which layers every call of `layer` in its model reads. A model that is a layer has a call without any, its own making. */
function callsOf(layer: Layer): readonly (readonly Layer[])[] {
  const calls = (layer.inboundNodes as unknown as readonly { readonly inboundLayers: Layer[] }[]).map(
    ({ inboundLayers }) => inboundLayers,
  );
  return isModel(layer) ? calls.filter((read) => read.length > 0) : calls;
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
  const exact = { precision: 'float32', quantizers: new Map() } as const;
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
