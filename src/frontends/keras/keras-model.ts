/** A Keras description, of version 2 or 3, as a TensorFlow.js LayersModel without weights. */
import { UnsupportedError } from '../../core/errors.js';
import { tf } from '../../tensorflow/tf.js';
import {
  checkConnections,
  histories,
  isIdentityClass,
  isModelClass,
  isObject,
  layersOf,
  problemsOf,
  type Json,
} from './keras-description.js';

/** `[layer, node, tensor]` of Keras 3 in Keras 2's count of calls: there a model's own making is its first one. */
const oldHistory = (history: readonly unknown[], models: ReadonlySet<string>): readonly unknown[] => {
  const [name, node, tensor] = history;
  return [name, Number(node) + (models.has(String(name)) ? 1 : 0), tensor];
};

/** Keras 3's calls of a layer as Keras 2's `[[layer, node, tensor, {}], …]`. */
const oldCalls = (nodes: unknown, models: ReadonlySet<string>): unknown =>
  Array.isArray(nodes)
    ? nodes.map((call: unknown) =>
        isObject(call) && 'args' in call
          ? histories([call['args'], call['kwargs']]).map((history) => [...oldHistory(history, models), {}])
          : call,
      )
    : nodes;

/** Whether calls stand as Keras 3 writes them. */
const isNew = (nodes: unknown): boolean =>
  Array.isArray(nodes) && nodes.some((call: unknown) => isObject(call) && 'args' in call);

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
  const all = layersOf(model);
  const isNewer = all.some(({ json }) => isNew(json['inbound_nodes']));
  const inside = all.filter(({ className }) => isNewer && isModelClass(className));
  const models = new Set(inside.map(({ name }) => name));
  const layers = all.map(({ json, className, name, config }) => {
    const calls = 'inbound_nodes' in json ? { inbound_nodes: oldCalls(json['inbound_nodes'], models) } : {};
    if (isModelClass(className)) return { ...json, ...oldModel(json), name, ...calls };
    if (isIdentityClass(className))
      return { class_name: 'Dropout', name, config: { name, rate: 0 }, ...calls };
    return { ...json, config: oldConfig(config), ...calls };
  });
  const config = isObject(model['config']) ? model['config'] : {};
  // Keras 3 writes a single input or output without the list around it.
  const listed = (value: unknown): unknown => {
    if (!Array.isArray(value)) return value;
    const list = (Array.isArray(value[0]) ? value : [value]) as readonly (readonly unknown[])[];
    return list.map((history) => oldHistory(history, models));
  };
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

/** Keras up to 2.2.2 writes a Sequential's layers without anything around them. */
export function parseDescription(text: string): Json {
  const parsed: unknown = JSON.parse(text);
  if (!isObject(parsed)) return {};
  const { config } = parsed;
  return Array.isArray(config) ? { ...parsed, config: { name: 'sequential', layers: config } } : parsed;
}

/** Checks `described`, out of `file`, and makes the model. Throws `UserError` and `UnsupportedError`. */
export async function modelOf(described: Json, file: string): Promise<tf.LayersModel> {
  checkConnections(described, file);
  const reasons = problemsOf(described);
  if (reasons.length > 0) throw new UnsupportedError(file, reasons);
  return tf.models.modelFromJSON(oldModel(described) as Parameters<typeof tf.models.modelFromJSON>[0]);
}
