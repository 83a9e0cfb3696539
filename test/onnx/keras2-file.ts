/**
 * Files as Keras 2 wrote them with `model.save('name.h5')`, made here without Keras.
 *
 * The recipe, after `keras/engine/saving.py` of Keras 2.2 and `hdf5_format.py` of tf.keras 2.x: the root has the
 * attributes `keras_version`, `backend` and `model_config` (JSON); the group `model_weights` has `layer_names`; each
 * layer's group has `weight_names`, byte strings of one length that end in `:0` and repeat the layer's name, and the
 * weights as float32 under those names. Configurations carry initializers, regularizers and constraints.
 */
import h5wasm, { File as H5File, type Group } from 'h5wasm/node';
import { createRandom } from '../../src/core/random.js';

export interface Keras2Weights {
  readonly [name: string]: { readonly shape: readonly number[]; readonly values: Float32Array };
}

const SIDE = 16;
const FILTERS = 4;
const CLASSES = 2;

const INITIALIZER = { class_name: 'VarianceScaling', config: { scale: 1.0, mode: 'fan_avg', distribution: 'uniform', seed: null } }; // prettier-ignore
const NO_RULES = { kernel_regularizer: null, bias_regularizer: null, activity_regularizer: null, kernel_constraint: null, bias_constraint: null }; // prettier-ignore
const first = { batch_input_shape: [null, SIDE, SIDE, 1], dtype: 'float32' };

const CONFIGS = [
  ['Conv2D', { name: 'conv2d_1', trainable: true, filters: FILTERS, kernel_size: [3, 3], strides: [1, 1], padding: 'same', data_format: 'channels_last', dilation_rate: [1, 1], activation: 'relu', use_bias: true, kernel_initializer: INITIALIZER, bias_initializer: { class_name: 'Zeros', config: {} }, ...NO_RULES }],
  ['BatchNormalization', { name: 'batch_normalization_1', trainable: true, axis: -1, momentum: 0.99, epsilon: 0.001, center: true, scale: true, beta_initializer: { class_name: 'Zeros', config: {} }, gamma_initializer: { class_name: 'Ones', config: {} }, moving_mean_initializer: { class_name: 'Zeros', config: {} }, moving_variance_initializer: { class_name: 'Ones', config: {} }, beta_regularizer: null, gamma_regularizer: null, beta_constraint: null, gamma_constraint: null }],
  ['MaxPooling2D', { name: 'max_pooling2d_1', trainable: true, pool_size: [2, 2], padding: 'valid', strides: [2, 2], data_format: 'channels_last' }],
  ['Dropout', { name: 'dropout_1', trainable: true, rate: 0.25, noise_shape: null, seed: null }],
  ['Flatten', { name: 'flatten_1', trainable: true, data_format: 'channels_last' }],
  ['Dense', { name: 'dense_1', trainable: true, units: CLASSES, activation: 'linear', use_bias: true, kernel_initializer: INITIALIZER, bias_initializer: { class_name: 'Zeros', config: {} }, ...NO_RULES }],
] as const; // prettier-ignore

/** How the description is written: `Sequential` of Keras up to 2.2.2 (a list) or later, or the functional `Model`. */
export const KERAS2_FORMS = [
  'Sequential, a list',
  'Sequential',
  'Sequential that disturbs its images in training',
  'Model',
  'Model with names of any kind',
] as const;
export type Keras2Form = (typeof KERAS2_FORMS)[number];

/** What Keras does in training alone. */
const AUGMENTATION = [
  ['RandomFlip', { name: 'random_flip', trainable: true, mode: 'horizontal_and_vertical', seed: null }],
  ['RandomRotation', { name: 'random_rotation', trainable: true, factor: 0.1, fill_mode: 'reflect', interpolation: 'bilinear', seed: null, fill_value: 0 }],
  ['RandomContrast', { name: 'random_contrast', trainable: true, factor: 0.2, seed: null }],
] as const; // prettier-ignore

const isModel = (form: Keras2Form): boolean => form.startsWith('Model');
/** What the layer `name` is called in the file. */
const nameIn = (form: Keras2Form, name: string): string =>
  form === 'Model with names of any kind' ? `Schicht Nº ${name.length}: ${name.toUpperCase()}?` : name;

function configsOf(form: Keras2Form): readonly (readonly [string, { readonly name: string }])[] {
  const extra = form === 'Sequential that disturbs its images in training' ? AUGMENTATION : [];
  return [...extra, ...CONFIGS].map(([type, config]) => [
    type,
    { ...config, name: nameIn(form, config.name) },
  ]);
}

function description(form: Keras2Form): unknown {
  const configs = configsOf(form);
  if (isModel(form)) {
    const layers = configs.map(([class_name, config], i) => ({
      name: config.name,
      class_name,
      config,
      inbound_nodes: [[[i === 0 ? 'input_1' : configs[i - 1]![1].name, 0, 0, {}]]],
    }));
    const input = { name: 'input_1', class_name: 'InputLayer', config: { ...first, sparse: false, name: 'input_1' }, inbound_nodes: [] }; // prettier-ignore
    return {
      class_name: 'Model',
      config: {
        name: 'model_1',
        layers: [input, ...layers],
        input_layers: [['input_1', 0, 0]],
        output_layers: [[nameIn(form, 'dense_1'), 0, 0]],
      },
    };
  }
  const layers = configs.map(([class_name, config], i) => ({
    class_name,
    config: i === 0 ? { ...config, ...first } : config,
  }));
  return {
    class_name: 'Sequential',
    config: form === 'Sequential, a list' ? layers : { name: 'sequential_1', layers },
  };
}

/** Seeded weights under Keras' names, in Keras' order. */
function makeWeights(): Keras2Weights {
  const random = createRandom(22);
  const some = (shape: readonly number[], around = 0) => ({
    shape,
    values: Float32Array.from(
      { length: shape.reduce((a, b) => a * b, 1) },
      () => around + 0.3 * random.normal(),
    ),
  });
  const { values: spread } = some([FILTERS]);
  return {
    'conv2d_1/kernel:0': some([3, 3, 1, FILTERS]),
    'conv2d_1/bias:0': some([FILTERS]),
    'batch_normalization_1/gamma:0': some([FILTERS], 1),
    'batch_normalization_1/beta:0': some([FILTERS]),
    'batch_normalization_1/moving_mean:0': some([FILTERS]),
    'batch_normalization_1/moving_variance:0': { shape: [FILTERS], values: spread.map((v) => 0.5 + v * v) },
    'dense_1/kernel:0': some([(SIDE / 2) ** 2 * FILTERS, CLASSES]),
    'dense_1/bias:0': some([CLASSES]),
  };
}

/** Byte strings of one length, as NumPy's `S` arrays are. */
function byteStrings(group: Group, name: string, texts: readonly string[]): void {
  const length = Math.max(1, ...texts.map((text) => text.length));
  group.create_attribute(name, [...texts], [texts.length], `S${length}`);
}

/** Writes the network as Keras 2 would; returns its weights. */
export async function writeKeras2(path: string, form: Keras2Form): Promise<Keras2Weights> {
  await h5wasm.ready;
  const weights = makeWeights();
  const file = new H5File(path, 'w');
  file.create_attribute('keras_version', '2.2.4');
  file.create_attribute('backend', 'tensorflow');
  file.create_attribute('model_config', JSON.stringify(description(form)));
  const root = file.create_group('model_weights');
  const layers = configsOf(form).map(([, { name }]) => name);
  const names = [...(isModel(form) ? ['input_1'] : []), ...layers];
  byteStrings(root, 'layer_names', names);
  const plain = new Map(CONFIGS.map(([, { name }]) => [nameIn(form, name), name]));
  for (const name of names) {
    const group = root.create_group(name);
    const layer = plain.get(name) ?? name;
    const own = Object.keys(weights).filter((name) => name.startsWith(`${layer}/`));
    if (own.length > 0) {
      byteStrings(group, 'weight_names', own);
      const inner = group.create_group(layer);
      for (const name of own) {
        const { shape, values } = weights[name]!;
        inner.create_dataset({ name: name.split('/')[1]!, data: values, shape: [...shape], dtype: '<f4' });
      }
    }
  }
  file.close();
  return weights;
}

/** The logits of the network for one image `SIDE`×`SIDE`, computed as it reads. */
export function keras2Logits(weights: Keras2Weights, image: ArrayLike<number>): readonly number[] {
  const w = (name: string): Float32Array => weights[`${name}:0`]!.values;
  const normalised = (y: number, x: number, c: number): number => {
    let sum = w('conv2d_1/bias')[c]!;
    for (let ky = 0; ky < 3; ky++)
      for (let kx = 0; kx < 3; kx++) {
        const [py, px] = [y + ky - 1, x + kx - 1];
        if (py >= 0 && py < SIDE && px >= 0 && px < SIDE)
          sum += w('conv2d_1/kernel')[(ky * 3 + kx) * FILTERS + c]! * image[py * SIDE + px]!;
      }
    const of = (name: string): number => w(`batch_normalization_1/${name}`)[c]!;
    return ((Math.max(0, sum) - of('moving_mean')) / Math.sqrt(of('moving_variance') + 0.001)) * of('gamma') + of('beta'); // prettier-ignore
  };
  const half = SIDE / 2;
  const logits = [...w('dense_1/bias')];
  for (let y = 0; y < half; y++)
    for (let x = 0; x < half; x++)
      for (let c = 0; c < FILTERS; c++) {
        const pooled = Math.max(
          ...[0, 1].flatMap((dy) => [0, 1].map((dx) => normalised(2 * y + dy, 2 * x + dx, c))),
        );
        const row = ((y * half + x) * FILTERS + c) * CLASSES;
        for (let k = 0; k < CLASSES; k++) logits[k] = logits[k]! + w('dense_1/kernel')[row + k]! * pooled;
      }
  return logits;
}
