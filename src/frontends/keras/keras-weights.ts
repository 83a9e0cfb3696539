/** The weights of Keras files, put into the layers of a TensorFlow.js model. */
import type { Hdf5File } from '../../data/hdf5/file.js';
import { Hdf5Failure } from '../../data/hdf5/library.js';
import { tf } from '../../tensorflow/tf.js';
import { isModelClass, layersOf, safeName, type Json } from './keras-description.js';

/** The attribute `name` as strings; null where it holds none. */
export function strings(file: Hdf5File, path: string, name: string): readonly string[] | null {
  const value = file.attribute(path, name);
  return Array.isArray(value) ? (value as readonly string[]) : null;
}

function tensorAt(file: Hdf5File, path: string): tf.Tensor {
  const dataset = file.info(path);
  if (dataset.pixelType === null) throw new Hdf5Failure(`${dataset.path} holds no numbers`);
  const values = file.read(
    dataset,
    dataset.shape.map(() => 0),
    dataset.shape,
  );
  return tf.tensor(Float32Array.from(values, Number), [...dataset.shape]);
}

/** What a weight is: the last part of its name, without TensorFlow's `:0` and numbers; Keras 3 calls a depthwise kernel a kernel. */
const roleOf = (name: string): string =>
  (name.split('/').at(-1) ?? '')
    .replace(/:\d+$/, '')
    .replace(/_\d+$/, '')
    .replace(/^depthwise_/, '');

/** Gives `layer` the tensors at `paths`. Throws where there are others than it has. */
function give(file: Hdf5File, layer: tf.layers.Layer, paths: readonly string[]): void {
  if (paths.length === 0 && layer.weights.length === 0) return;
  if (paths.length !== layer.weights.length)
    throw new Hdf5Failure(
      `${layer.name} (${layer.getClassName()}) has ${paths.length} weights where such a layer has ${layer.weights.length}`,
    );
  const tensors = paths.map((path) => tensorAt(file, path));
  layer.setWeights(tensors);
  tensors.forEach((tensor) => {
    tensor.dispose();
  });
}

/** From `/model_weights` of an `.h5` file: a group for each layer, whose attribute lists the weights in order. */
export function giveLegacyWeights(file: Hdf5File, described: Json, model: tf.LayersModel): void {
  const names = new Map(layersOf(described).map(({ name }) => [safeName(name), name]));
  for (const layer of model.layers) {
    const group = `/model_weights/${names.get(layer.name) ?? layer.name}`;
    const own = file.node(group).kind === 'group' ? (strings(file, group, 'weight_names') ?? []) : [];
    const roles = layer.weights.map(({ originalName }) => roleOf(originalName));
    const stray = own.findIndex((name, i) => roleOf(name) !== roles[i]);
    if (stray >= 0 && own.length === roles.length)
      throw new Hdf5Failure(`${own[stray]!} stands where ${roles[stray]!} of ${layer.name} is expected`);
    give(
      file,
      layer,
      own.map((name) => `${group}/${name}`),
    );
  }
}

/** A class as Keras 3 names groups: `BatchNormalization` is `batch_normalization`. */
const snakeCase = (name: string): string =>
  name
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();

/**
 * From `model.weights.h5` of a `.keras` file: below `group`, layers are numbered class by class in the order of the
 * description (`conv2d`, `conv2d_1`, …), weights by their place in the layer.
 */
export function giveArchivedWeights(
  file: Hdf5File,
  group: string,
  described: Json,
  model: tf.LayersModel,
): void {
  const counts = new Map<string, number>();
  for (const { className, name, json } of layersOf(described)) {
    const key = snakeCase(className === 'Model' ? 'Functional' : className);
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    const own = `${group}/layers/${count === 0 ? key : `${key}_${count}`}`;
    // A Sequential has no layer for its input in TensorFlow.js, and an input no weights.
    if (className === 'InputLayer') continue;
    const layer = model.getLayer(safeName(name));
    if (isModelClass(className)) {
      giveArchivedWeights(file, own, json, layer as tf.LayersModel);
      continue;
    }
    const vars = `${own}/vars`;
    const places = file.node(vars).kind === 'group' ? file.children(vars) : [];
    const sorted = [...places].sort((a, b) => Number(a) - Number(b));
    // Random layers keep the state of their generator here.
    if (layer.weights.length === 0) continue;
    give(
      file,
      layer,
      sorted.map((place) => `${vars}/${place}`),
    );
  }
}
