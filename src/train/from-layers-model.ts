/**
 * A user's own network: a TensorFlow.js LayersModel (`model.json` and its weight files) as a float graph.
 *
 * Takes the layers below, each used once, channels last, no dilation. Dropout and its like are left out, since they
 * do nothing at inference; a softmax at the end is left out, since the veto compares logits. Everything else is
 * refused, all of it listed at once.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UnsupportedError, UserError, type UnsupportedReason } from '../core/errors.js';
import type { PreprocessGraph } from '../data/preprocess.js';
import { nodeId, type Shape } from '../ir/common.js';
import { floatShapes, type FloatGraph } from '../ir/graph.js';
import { floatShapeRules, type FloatNode } from '../ir/ops/index.js';
import { verifyFloatGraph } from '../ir/verify.js';
import type { NetworkClasses } from './networks/build.js';
import { plain, rules, type Import, type Layer, type Value } from './layers-model-rules.js';
import { tf } from './tf.js';

/** Loads `model.json` and the weight files beside it. Throws `UserError` naming the file. */
export async function readLayersModel(path: string): Promise<tf.LayersModel> {
  try {
    const json = JSON.parse(await readFile(path, 'utf8')) as tf.io.ModelJSON;
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
    throw new UserError(`is not a LayersModel that can be read: ${(error as Error).message}`, {
      file: path,
      remedy: 'name the model.json of tf.LayersModel.save, with its weight files beside it',
    });
  }
}

function inputsOf(layer: Layer): readonly Layer[] {
  return (layer.inboundNodes[0] as unknown as { readonly inboundLayers: Layer[] }).inboundLayers;
}

/**
 * `model` on top of `preprocess`: its inputs are, in order, the preprocessing's outputs; a single input of several
 * channels is their concatenation. Throws `UnsupportedError` with all layers that cannot be taken.
 */
export function graphFromLayersModel(
  model: tf.LayersModel,
  preprocess: PreprocessGraph,
  classes: NetworkClasses,
): FloatGraph {
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
      shapes.set(node.id, rule(node, inputs));
      nodes.push(node);
      return node.id;
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
    // What follows a layer that was refused would only be refused for that.
    else if (reasons.length === 0) values.set(layer, rule(layer, layer.getConfig(), inputs, into));
    else values.set(layer, plain(preprocess.outputs[0]!));
  }
  if (reasons.length > 0) throw new UnsupportedError('the LayersModel', reasons);
  const output = values.get(model.outputs[0]!.sourceLayer)!.id;
  return verifyFloatGraph({ ...facts, nodes, output });
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
