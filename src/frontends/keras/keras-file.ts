/**
 * A Keras network in HDF5 (`model.save('name.h5')` of Keras 2 and 3) as a TensorFlow.js LayersModel: its own
 * description and weights, through h5wasm. Keras 3 writes the same facts in other words, which are translated.
 *
 * Refuses files with weights alone and, all of them listed at once, layers that a float graph does not have.
 */
import { resolve } from 'node:path';
import { UnsupportedError, UserError } from '../../core/errors.js';
import { openHdf5, type Hdf5File } from '../../data/hdf5/file.js';
import { Hdf5Failure } from '../../data/hdf5/library.js';
import { isObject, layersOf, lostSettings, unknownLayers, type Json } from './keras-description.js';
import { tf } from '../../tensorflow/tf.js';

/** The attribute `name` as strings; null where it holds none. */
function strings(file: Hdf5File, path: string, name: string): readonly string[] | null {
  const value = file.attribute(path, name);
  return Array.isArray(value) ? (value as readonly string[]) : null;
}

/** `[layer, node, tensor]` of every tensor that `value` (Keras 3's arguments of a call) names. */
function histories(value: unknown): readonly (readonly unknown[])[] {
  if (Array.isArray(value)) return value.flatMap(histories);
  if (!isObject(value)) return [];
  const history = isObject(value['config']) ? value['config']['keras_history'] : undefined;
  return Array.isArray(history) ? [history as readonly unknown[]] : [];
}

/** Keras 3's calls of a layer as Keras 2's `[[layer, node, tensor, {}], …]`. */
const oldCalls = (nodes: unknown): unknown =>
  Array.isArray(nodes)
    ? nodes.map((call: unknown) =>
        isObject(call) && 'args' in call ? histories(call['args']).map((history) => [...history, {}]) : call,
      )
    : nodes;

/** Names that changed between the versions, in a layer's configuration. */
const RENAMED: Readonly<Record<string, string>> = {
  batch_shape: 'batch_input_shape',
  negative_slope: 'alpha',
};

/** A layer's configuration in Keras 2's words; what only training asks for is left out. */
function oldConfig(config: Json): Json {
  return Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) => {
      if (/_(initializer|regularizer|constraint)$/.test(key)) return [];
      if (key === 'dtype') return [['dtype', 'float32']];
      return [[RENAMED[key] ?? key, value]];
    }),
  );
}

/** The description in Keras 2's words, which TensorFlow.js reads. */
function oldModel(model: Json): Json {
  const layers = layersOf(model).map(({ json }) => ({
    ...json,
    config: oldConfig(isObject(json['config']) ? json['config'] : {}),
    ...('inbound_nodes' in json ? { inbound_nodes: oldCalls(json['inbound_nodes']) } : {}),
  }));
  const config = isObject(model['config']) ? model['config'] : {};
  // Keras 3 writes a single input or output without the list around it.
  const listed = (value: unknown): unknown =>
    Array.isArray(value) && !Array.isArray(value[0]) ? [value] : value;
  return {
    class_name: model['class_name'],
    config: {
      ...config,
      layers,
      ...('input_layers' in config ? { input_layers: listed(config['input_layers']) } : {}),
      ...('output_layers' in config ? { output_layers: listed(config['output_layers']) } : {}),
    },
  };
}

/** The weights of `layer` in Keras' order. */
function weightsOf(file: Hdf5File, layer: string): tf.Tensor[] {
  const group = `/model_weights/${layer}`;
  if (file.node(group).kind !== 'group') return [];
  return (strings(file, group, 'weight_names') ?? []).map((name) => {
    const dataset = file.info(`${group}/${name}`);
    if (dataset.pixelType === null) throw new Hdf5Failure(`${dataset.path} holds no numbers`);
    const values = file.read(
      dataset,
      dataset.shape.map(() => 0),
      dataset.shape,
    );
    return tf.tensor(Float32Array.from(values, Number), [...dataset.shape]);
  });
}

function description(file: Hdf5File, path: string): Json {
  const [text] = strings(file, '/', 'model_config') ?? [];
  if (text === undefined)
    throw new UserError('holds no Keras model (it has no attribute model_config)', {
      file: path,
      remedy: "save the whole model: model.save('name.h5'), not its weights alone",
    });
  const parsed: unknown = JSON.parse(text);
  if (!isObject(parsed)) return {};
  // Keras up to 2.2.2 writes a Sequential's layers without anything around them.
  const { config } = parsed;
  return Array.isArray(config) ? { ...parsed, config: { name: 'sequential', layers: config } } : parsed;
}

/** Loads a Keras `.h5` file. Throws `UserError` naming the file, `UnsupportedError` with all layers it cannot take. */
export async function readKerasModel(path: string): Promise<tf.LayersModel> {
  let file: Hdf5File | undefined;
  try {
    file = await openHdf5(resolve(path), path);
    const described = description(file, path);
    const reasons = [...unknownLayers(described), ...lostSettings(described)];
    if (reasons.length > 0) throw new UnsupportedError(path, reasons);
    const model = await tf.models.modelFromJSON(oldModel(described) as never);
    for (const layer of model.layers) {
      const weights = weightsOf(file, layer.name);
      if (weights.length > 0 || layer.weights.length > 0) layer.setWeights(weights);
      weights.forEach((tensor) => {
        tensor.dispose();
      });
    }
    return model;
  } catch (error) {
    if (error instanceof UserError || error instanceof UnsupportedError) throw error;
    throw new UserError(
      `is not a Keras model that can be read: ${error instanceof Error ? error.message : String(error)}`,
      {
        file: path,
        remedy: "save it with model.save('name.h5'), or export it to ONNX",
      },
    );
  } finally {
    file?.close();
  }
}
