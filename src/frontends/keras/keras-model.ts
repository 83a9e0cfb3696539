/** A Keras description, of version 2 or 3, as a TensorFlow.js LayersModel without weights. */
import { UnsupportedError } from '../../core/errors.js';
import { HARD_SIGMOID_3 } from '../layers-model/activation-names.js';
import { checkConnections, histories } from './keras-connections.js';
import { registerActivations } from '../layers-model/registered-activations.js';
import { tf } from '../../tensorflow/tf.js';
import {
  activationName,
  isIdentityClass,
  isModelClass,
  isObject,
  layersOf,
  problemsOf,
  safeName,
  type Json,
  type LayerJson,
} from './keras-description.js';

/**
 * `[layer, node, tensor, …]` of Keras 3 in Keras 2's count of calls: there a model's own making is its first one. The name
 * is one that TensorFlow.js takes.
 */
const oldHistory = (history: readonly unknown[], models: ReadonlySet<string>): readonly unknown[] => {
  const [name, node, ...rest] = history;
  return [safeName(String(name)), Number(node) + (models.has(String(name)) ? 1 : 0), ...rest];
};

/** A call as Keras 2 writes it, with names that TensorFlow.js takes. */
const renamedCall = (call: unknown): unknown =>
  Array.isArray(call)
    ? call.map((history: unknown) => (Array.isArray(history) ? oldHistory(history, new Set()) : history))
    : call;

/** Keras 3's calls of a layer as Keras 2's `[[layer, node, tensor, {}], …]`. */
const oldCalls = (nodes: unknown, models: ReadonlySet<string>): unknown =>
  Array.isArray(nodes)
    ? nodes.map((call: unknown) =>
        isObject(call) && 'args' in call
          ? histories([call['args'], call['kwargs']]).map((history) => [...oldHistory(history, models), {}])
          : renamedCall(call),
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
function oldConfig(config: Json, isVersion3: boolean): Json {
  return Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) => {
      if (/_(initializer|regularizer|constraint)$/.test(key)) return [];
      if (key === 'dtype') return [['dtype', 'float32']];
      if (key === 'activation' && isVersion3 && activationName(value) === 'hard_sigmoid')
        return [[key, HARD_SIGMOID_3]];
      return [[RENAMED[key] ?? key, value]];
    }),
  );
}

/** The shape of the image where the first layer of a Sequential states it. */
function inputShape(config: Json): Json {
  const shape = config['batch_input_shape'] ?? config['batch_shape'];
  return shape === undefined ? {} : { batch_input_shape: shape };
}

/** The shape of the first tensor that `value`, arguments of a call of Keras 3, names. */
function shapeIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeIn).find((shape) => shape !== undefined);
  return isObject(value) && isObject(value['config']) ? value['config']['shape'] : undefined;
}

/** The extents behind the batch that a layer of Keras 3 reads; null where they are not stated. */
function readExtents(json: Json): readonly number[] | null {
  const calls: readonly unknown[] = Array.isArray(json['inbound_nodes']) ? json['inbound_nodes'] : [];
  const built = json['build_config'];
  const read = calls.map((call) => (isObject(call) ? shapeIn(call['args']) : undefined));
  const shape = read[0] ?? (isObject(built) ? built['input_shape'] : undefined);
  if (!Array.isArray(shape)) return null;
  const extents: readonly unknown[] = shape.slice(1);
  return extents.every((n) => typeof n === 'number') ? extents : null;
}

/** What TensorFlow.js does not do for a layer of Keras, said with the shape that it reads; null where it does all. */
function changedByShape({
  className,
  config,
  json,
}: LayerJson): { readonly class_name: string; readonly config: Json } | null {
  const extents = readExtents(json);
  if (extents === null) return null;
  // It flattens no vector.
  if (className === 'Flatten' && extents.length === 1) return { class_name: 'Dropout', config: { rate: 0 } };
  const target = config['target_shape'];
  if (className !== 'Reshape' || !Array.isArray(target)) return null;
  // It leaves open what −1 stands for.
  const product = (all: readonly number[]): number => all.reduce((a, b) => a * b, 1);
  const rest = product((target as readonly number[]).filter((n) => n !== -1));
  const whole = (target as readonly number[]).map((n) => (n === -1 ? product(extents) / rest : n));
  return { class_name: className, config: { ...config, target_shape: whole } };
}

/** The description in Keras 2's words, which TensorFlow.js reads. */
function oldModel(model: Json, isVersion3: boolean): Json {
  const all = layersOf(model);
  const isNewer = all.some(({ json }) => isNew(json['inbound_nodes']));
  const inside = all.filter(({ className }) => isNewer && isModelClass(className));
  const models = new Set(inside.map(({ name }) => name));
  const layers = all.map(({ json, className, name: given, config }) => {
    const name = safeName(given);
    const calls = 'inbound_nodes' in json ? { inbound_nodes: oldCalls(json['inbound_nodes'], models) } : {};
    if (isModelClass(className)) return { ...json, ...oldModel(json, isVersion3), name, ...calls };
    if (isIdentityClass(className))
      return { class_name: 'Dropout', name, config: { name, rate: 0, ...inputShape(config) }, ...calls };
    const changed = changedByShape({ className, config, json, name: given });
    if (changed !== null)
      return { ...changed, name, config: { ...changed.config, ...inputShape(config), name }, ...calls };
    return { ...json, name, config: { ...oldConfig(config, isVersion3), name }, ...calls };
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

/** Checks `described`, which `version` of Keras wrote into `file`, and makes the model. Throws `UserError` and `UnsupportedError`. */
export async function modelOf(described: Json, version: string, file: string): Promise<tf.LayersModel> {
  checkConnections(described, file);
  const reasons = problemsOf(described);
  if (reasons.length > 0) throw new UnsupportedError(file, reasons);
  registerActivations();
  return tf.models.modelFromJSON(
    oldModel(described, !/^[012]\./.test(version)) as Parameters<typeof tf.models.modelFromJSON>[0],
  );
}
