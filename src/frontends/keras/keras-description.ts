/**
 * The description of a Keras network as JSON, as it stands in `.h5` files and in the `model.json` of a LayersModel, and what
 * in it cannot be taken.
 */
import type { UnsupportedReason } from '../../core/errors.js';
import { LAYER_CLASSES } from '../layers-model/layers-model-rules.js';

export type Json = Readonly<Record<string, unknown>>;
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

interface LayerJson {
  readonly className: string;
  readonly name: string;
  readonly json: Json;
}

/** The layers of a Functional or Sequential description. */
export function layersOf(model: Json): readonly LayerJson[] {
  const config = model['config'];
  const layers = isObject(config) ? config['layers'] : undefined;
  if (!Array.isArray(layers)) return [];
  return layers.filter(isObject).map((json) => ({
    className: String(json['class_name']),
    name: String(json['name'] ?? (isObject(json['config']) ? json['config']['name'] : '')),
    json,
  }));
}

/** Layers that a float graph does not have. */
export const unknownLayers = (model: Json): readonly UnsupportedReason[] =>
  layersOf(model)
    .filter(({ className }) => className !== 'InputLayer' && !LAYER_CLASSES.includes(className))
    .map(({ name, className }) => ({
      what: `${name} (${className})`,
      why: 'there is no such layer in vetoc',
    }));

/** Settings of `ReLU` that TensorFlow.js drops in silence. */
const DROPPED = ['negative_slope', 'threshold'];

/** Layers that TensorFlow.js would read as another function. */
export const lostSettings = (model: Json): readonly UnsupportedReason[] =>
  layersOf(model).flatMap(({ name, className, json }) => {
    const config = isObject(json['config']) ? json['config'] : {};
    if (className !== 'ReLU') return [];
    return DROPPED.filter((key) => Number(config[key] ?? 0) !== 0).map((key) => ({
      what: `${name} (ReLU)`,
      why: `TensorFlow.js does not read its ${key}`,
    }));
  });
