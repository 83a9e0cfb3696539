/**
 * The description of a Keras network as JSON, as it stands in `.h5` and `.keras` files and in the `model.json` of a
 * LayersModel, and what in it cannot be taken. A model may be a layer of another.
 *
 * Everything is looked at before TensorFlow.js is: it drops settings in silence, names the wrong causes, and loops for
 * ever on a name that nothing has.
 */
import type { UnsupportedReason } from '../../core/errors.js';
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
  'Identity',
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

/** `name` with letters that TensorFlow.js takes: others stand as their numbers, so that two names stay two. */
export const safeName = (name: string): string =>
  name.replace(/[^-A-Za-z0-9_./]|^[-_/]/gu, (letter) => `x${letter.codePointAt(0)!.toString(16)}.`);

/** All layers, those of models inside included. */
const allLayers = (model: Json): readonly LayerJson[] =>
  layersOf(model).flatMap((layer) => (isModelClass(layer.className) ? allLayers(layer.json) : [layer]));

const ONNX_WAY = 'the ONNX way takes it: model.export("model.onnx", format="onnx")';

/** Classes that come as operators of ONNX that are taken. */
const BY_ONNX: ReadonlySet<string> = new Set([
  'Average',
  'Conv1D',
  'Cropping2D',
  'Normalization',
  'Permute',
  'Subtract',
]);

/** Activations that are layers of their own inside a layer, which TensorFlow.js has no name for. */
const LAYERS_AS_ACTIVATIONS: ReadonlySet<string> = new Set(['ELU', 'LeakyReLU', 'PReLU', 'ReLU']);

/**
 * Whether it is a function of keras.ops on tensors; some have the name of a layer. An `.h5` file does not say so, but every
 * layer says whether it is trained or what its numbers are.
 */
function isFunction({ className, config, json }: LayerJson): boolean {
  if (typeof json['module'] === 'string') return json['module'].startsWith('keras.src.ops');
  const calls = json['inbound_nodes'];
  const isNew = Array.isArray(calls) && calls.some((call) => isObject(call) && 'args' in call);
  const isLayer = 'trainable' in config || 'dtype' in config || isIdentityClass(className);
  return className !== 'InputLayer' && isNew && !isLayer;
}

/** Layers that a float graph does not have. */
const unknownLayers = (layers: readonly LayerJson[]): readonly UnsupportedReason[] =>
  layers
    .filter(
      (layer) =>
        layer.className !== 'InputLayer' &&
        !isFunction(layer) &&
        !isIdentityClass(layer.className) &&
        !LAYER_CLASSES.includes(layer.className),
    )
    .map(({ name, className }) => ({
      what: `${name} (${className})`,
      why: `there is no such layer in vetoc${BY_ONNX.has(className) ? `; ${ONNX_WAY}` : ''}`,
    }));

/** Settings of `ReLU` that TensorFlow.js drops in silence. */
const DROPPED = ['negative_slope', 'threshold'];

/** What an activation is called, by name or as an object of Keras 3. */
export function activationName(value: unknown): string {
  if (typeof value === 'string') return value;
  if (!isObject(value)) return 'linear';
  return typeof value['config'] === 'string' ? value['config'] : String(value['class_name']);
}

/** What Keras 3 quantized a layer to, by the policy of its numbers: `int8`, `int4`, `float8`, …; null where it did not. */
function quantizedBy({ dtype }: Json): string | null {
  const config = isObject(dtype) ? dtype['config'] : undefined;
  return isObject(config) && typeof config['mode'] === 'string' ? config['mode'] : null;
}

/** Functions of keras.ops that are what the layer of their name is, of tensors alone. */
const OPS_AS_LAYERS: ReadonlySet<string> = new Set(['Add', 'Concatenate', 'Multiply', 'Softmax']);

/** Why a function cannot be taken as a layer; null where it can, or is one. */
function functionProblem(layer: LayerJson): string | null {
  const { className, json } = layer;
  if (!isFunction(layer)) return null;
  const calls = Array.isArray(json['inbound_nodes']) ? json['inbound_nodes'].filter(isObject) : [];
  const isConstant = (value: unknown): boolean =>
    Array.isArray(value)
      ? value.some(isConstant)
      : !isObject(value) || value['class_name'] !== '__keras_tensor__';
  if (!OPS_AS_LAYERS.has(className))
    return `a function of keras.ops and no layer; its operators may be taken from ONNX: model.export("model.onnx", format="onnx")`;
  return calls.some(({ args }) => isConstant(args)) ? `a constant among what it reads; ${ONNX_WAY}` : null;
}

/** Why the settings of one layer cannot be taken. */
function settings(layer: LayerJson): readonly string[] {
  const { className, config } = layer;
  const why = [functionProblem(layer)].filter((problem) => problem !== null);
  const activation = activationName(config['activation']);
  if (!ACTIVATION_NAMES.includes(activation))
    why.push(
      LAYERS_AS_ACTIVATIONS.has(activation)
        ? `the layer ${activation} as an activation inside it: put it behind, as a layer`
        : `activation ${activation}, which vetoc does not take here`,
    );
  const quantized = quantizedBy(config);
  if (quantized !== null)
    why.push(`its weights are ${quantized} of Keras's own quantization: save the model before quantize()`);
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
  // Of a layer that is refused as a whole its settings say nothing.
  const known = layers.filter(
    (layer) =>
      isFunction(layer) || isIdentityClass(layer.className) || LAYER_CLASSES.includes(layer.className),
  );
  const lost = known.flatMap((layer) =>
    settings(layer).map((why) => ({ what: `${layer.name} (${layer.className})`, why })),
  );
  return [...unknownLayers(layers), ...lost];
}
