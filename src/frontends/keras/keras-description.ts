/**
 * The description of a Keras network as JSON, as it stands in `.h5` and `.keras` files and in the `model.json` of a
 * LayersModel, and what in it cannot be taken. A model may be a layer of another.
 *
 * Everything is looked at before TensorFlow.js is: it drops settings in silence, names the wrong causes, and loops for
 * ever on a name that nothing has.
 */
import { UserError, type UnsupportedReason } from '../../core/errors.js';
import { ACTIVATION_NAMES } from '../layers-model/activation-names.js';
import { LAYER_CLASSES } from '../layers-model/layers-model-rules.js';

export type Json = Readonly<Record<string, unknown>>;
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export interface LayerJson {
  readonly className: string;
  readonly name: string;
  readonly config: Json;
  readonly json: Json;
}

/** Classes of models, which may be layers too. */
const MODEL_CLASSES: ReadonlySet<string> = new Set(['Functional', 'Model', 'Sequential']);
export const isModelClass = (className: string): boolean => MODEL_CLASSES.has(className);

/** Layers that change nothing at inference. */
const IDENTITIES: ReadonlySet<string> = new Set([
  'ActivityRegularization',
  'AlphaDropout',
  'RandomBrightness',
  'RandomContrast',
  'RandomFlip',
  'RandomRotation',
  'RandomTranslation',
  'RandomZoom',
  'SpatialDropout2D',
]);
export const isIdentityClass = (className: string): boolean => IDENTITIES.has(className);

/** The layers of a Functional or Sequential description. */
export function layersOf(model: Json): readonly LayerJson[] {
  const config = model['config'];
  const layers = isObject(config) ? config['layers'] : undefined;
  if (!Array.isArray(layers)) return [];
  return layers.filter(isObject).map((json) => {
    const own = isObject(json['config']) ? json['config'] : {};
    return {
      className: String(json['class_name']),
      name: String(json['name'] ?? own['name'] ?? ''),
      config: own,
      json,
    };
  });
}

/** All layers, those of models inside included. */
const allLayers = (model: Json): readonly LayerJson[] =>
  layersOf(model).flatMap((layer) => (isModelClass(layer.className) ? allLayers(layer.json) : [layer]));

const ONNX_WAY = 'the ONNX way takes it: model.export("model.onnx", format="onnx")';

/** Layers that a float graph does not have. */
const unknownLayers = (layers: readonly LayerJson[]): readonly UnsupportedReason[] =>
  layers
    .filter(
      ({ className }) =>
        className !== 'InputLayer' && !isIdentityClass(className) && !LAYER_CLASSES.includes(className),
    )
    .map(({ name, className }) => ({
      what: `${name} (${className})`,
      why: 'there is no such layer in vetoc',
    }));

/** Settings of `ReLU` that TensorFlow.js drops in silence. */
const DROPPED = ['negative_slope', 'threshold'];

/** What an activation is called, by name or as an object of Keras 3. */
function activationName(value: unknown): string {
  if (typeof value === 'string') return value;
  if (!isObject(value)) return 'linear';
  return typeof value['config'] === 'string' ? value['config'] : String(value['class_name']);
}

/** Why the settings of one layer cannot be taken. */
function settings({ className, config }: LayerJson): readonly string[] {
  const why: string[] = [];
  const activation = activationName(config['activation']);
  if (!ACTIVATION_NAMES.includes(activation))
    why.push(`activation ${activation}, which vetoc does not take here`);
  if (Number(config['groups'] ?? 1) !== 1)
    why.push(`groups ${String(config['groups'])}: TensorFlow.js has no grouped convolution; ${ONNX_WAY}`);
  if (config['keepdims'] === true) why.push(`keepdims, which TensorFlow.js does not have; ${ONNX_WAY}`);
  if (config['data_format'] === 'channels_first') why.push('channels first (data_format)');
  if (className === 'ReLU')
    for (const key of DROPPED)
      if (Number(config[key] ?? 0) !== 0) why.push(`TensorFlow.js does not read its ${key}; ${ONNX_WAY}`);
  return why;
}

/** All that cannot be taken of `model`, layer by layer. */
export function problemsOf(model: Json): readonly UnsupportedReason[] {
  const layers = allLayers(model);
  const lost = layers.flatMap((layer) =>
    settings(layer).map((why) => ({ what: `${layer.name} (${layer.className})`, why })),
  );
  return [...unknownLayers(layers), ...lost];
}

/** `[layer, node, tensor]` of every tensor that `value` (Keras 3's arguments of a call) names. */
export function histories(value: unknown): readonly (readonly unknown[])[] {
  if (Array.isArray(value)) return value.flatMap(histories);
  if (!isObject(value)) return [];
  const config = value['config'];
  const history = isObject(config) ? config['keras_history'] : undefined;
  return Array.isArray(history) ? [history as readonly unknown[]] : Object.values(value).flatMap(histories);
}

/** The names that the calls of a layer read, of Keras 2 (`[[[name, node, tensor, {}], …], …]`) and 3. */
function readNames(nodes: unknown): readonly string[] {
  if (!Array.isArray(nodes)) return [];
  return nodes.flatMap((call: unknown) => {
    if (isObject(call)) return histories([call['args'], call['kwargs']]).map(([name]) => String(name));
    return Array.isArray(call) ? call.filter(Array.isArray).map(([name]) => String(name)) : [];
  });
}

/** Throws `UserError` where layers have one name, read what is not there, or read each other in a circle. */
export function checkConnections(model: Json, file: string): void {
  const layers = layersOf(model);
  const remedy = 'check that the file is whole, or save the model again';
  const reads = new Map(layers.map(({ name, json }) => [name, readNames(json['inbound_nodes'])] as const));
  if (reads.size !== layers.length) throw new UserError('has two layers of one name', { file, remedy });
  for (const [name, inputs] of reads) {
    const stray = inputs.find((input) => !reads.has(input));
    if (stray !== undefined)
      throw new UserError(`layer ${name} reads ${stray}, and there is no such layer`, { file, remedy });
  }
  // What reads only what is known is known: what is left in the end reads itself.
  const known = new Set<string>();
  for (let before = -1; before !== known.size;) {
    before = known.size;
    for (const [name, inputs] of reads) if (inputs.every((input) => known.has(input))) known.add(name);
  }
  const circle = layers.filter(({ name }) => !known.has(name)).map(({ name }) => name);
  if (circle.length > 0)
    throw new UserError(`its layers ${circle.slice(0, 8).join(', ')} read each other in a cycle`, {
      file,
      remedy,
    });
  for (const { className, json } of layers) if (isModelClass(className)) checkConnections(json, file);
}
