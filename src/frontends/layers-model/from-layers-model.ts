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
import { floatShapeRules, type FloatNode } from '../../ir/ops/index.js';
import { verifyFloatGraph } from '../../ir/verify.js';
import type { NetworkClasses } from '../network/build.js';
import { isObject, lostSettings } from '../keras/keras-description.js';
import { plain, rules, type Import, type Layer, type Value } from './layers-model-rules.js';
import { tf } from '../../tensorflow/tf.js';

/** TensorFlow.js writes the description bare, the converter of Keras writes it one level deeper. */
function refuseLostSettings(topology: unknown, path: string): void {
  if (!isObject(topology)) return;
  const { model_config: inner } = topology;
  const reasons = lostSettings(isObject(inner) ? inner : topology);
  if (reasons.length > 0) throw new UnsupportedError(path, reasons);
}

/** Loads `model.json` and the weight files beside it. Throws `UserError` naming the file, or `UnsupportedError`. */
export async function readLayersModel(path: string): Promise<tf.LayersModel> {
  try {
    const json = JSON.parse(await readFile(path, 'utf8')) as tf.io.ModelJSON;
    refuseLostSettings(json.modelTopology, path);
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
    if (error instanceof UnsupportedError) throw error;
    throw new UserError(`is not a LayersModel that can be read: ${(error as Error).message}`, {
      file: path,
      remedy: 'name the model.json of tf.LayersModel.save, with its weight files beside it',
    });
  }
}

function inputsOf(layer: Layer): readonly Layer[] {
  return (layer.inboundNodes[0] as unknown as { readonly inboundLayers: Layer[] }).inboundLayers;
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

/**
 * `model` on top of `preprocess`: its inputs are, in order, the preprocessing's outputs; a single input of several
 * channels is their concatenation. Throws `UnsupportedError` with all layers that cannot be taken, `UserError` for a model
 * that does not fit the preprocessing or the classes.
 */
export function graphFromLayersModel(
  model: tf.LayersModel,
  preprocess: PreprocessGraph,
  classes: NetworkClasses,
): FloatGraph {
  checkEnds(model, preprocess);
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
      const id = freeId(node.id, shapes);
      shapes.set(id, rule(node, inputs));
      nodes.push({ ...node, id });
      return id;
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
    else if (layer.inboundNodes.length > 1)
      values.set(layer, into.refuse(layer, 'is used more than once: its weights would be shared'));
    // What follows a layer that was refused would only be refused for that.
    else if (reasons.length === 0) values.set(layer, rule(layer, layer.getConfig(), inputs, into));
    else values.set(layer, plain(preprocess.outputs[0]!));
  }
  if (reasons.length > 0) throw new UnsupportedError('the LayersModel', reasons);
  const output = values.get(model.outputs[0]!.sourceLayer)!.id;
  try {
    return verifyFloatGraph({ ...facts, nodes, output });
  } catch (error) {
    if (!(error instanceof InvariantError)) throw error;
    throw new UserError(`does not fit: ${error.message}`, {
      field: `model ${model.name}`,
      remedy: 'give a model with one logit for each class of the frames',
    });
  }
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
