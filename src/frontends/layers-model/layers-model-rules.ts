/** The layers of a TensorFlow.js LayersModel as nodes of a float graph, one rule for each class of layer. */
import { elements, NO_PADDING, type NodeId } from '../../ir/common.js';
import { mayBeNegative } from '../../ir/may-be-negative.js';
import type { FloatNode } from '../../ir/ops/index.js';
import {
  ONNX_WAY,
  type Config,
  type Import,
  type Layer,
  type Rule,
  type Value,
  activated,
  atEnd,
  named,
  pairOf,
  plain,
  unpadded,
  windowOf,
} from './rule.js';
import {
  batchNormalization,
  convolution,
  denseLayer,
  prelu,
  rescaling,
  separable,
} from './weighted-layers.js';

const pooling =
  (kind: 'maxPool' | 'avgPool'): Rule =>
  (layer, config, [x], into) => {
    const window = windowOf(layer, config, pairOf(config['poolSize']), x!, into);
    // TensorFlow's average does not count its own padding, and its maximum does not see zeros.
    if (kind === 'avgPool' && config['padding'] === 'same' && window.padding.some((p) => p > 0))
      return plain(
        into.add(layer, { id: named(layer), kind, inputs: [x!.id], ...window, counted: NO_PADDING }),
      );
    if (kind === 'maxPool' && x!.padding.some((p) => p > 0) && mayBeNegative(into.nodes, x!.id))
      return into.refuse(layer, 'maximum pooling of negative values behind a ZeroPadding2D');
    return plain(into.add(layer, { id: named(layer), kind, inputs: [x!.id], ...window }));
  };

const elementwise =
  (make: (id: NodeId, input: NodeId, config: Config) => FloatNode | string): Rule =>
  (layer, config, [x], into) => {
    const node = make(named(layer), unpadded(layer, x!, into), config);
    return typeof node === 'string' ? into.refuse(layer, node) : plain(into.add(layer, node));
  };

const joining =
  (kind: 'add' | 'concat'): Rule =>
  (layer, config, inputs, into) => {
    const axis = config['axis'];
    const last = (layer.outputShape as readonly unknown[]).length - 1;
    if (kind === 'concat' && axis !== -1 && axis !== last) return into.refuse(layer, `axis ${String(axis)}`);
    const ids = inputs.map((x) => unpadded(layer, x, into));
    if (kind === 'concat' || ids.length === 2)
      return plain(into.add(layer, { id: named(layer), kind, inputs: ids }));
    let sum = ids[0]!;
    ids.slice(1).forEach((id, k) => {
      sum = into.add(layer, { id: named(layer, `_${k + 1}`), kind: 'add', inputs: [sum, id] });
    });
    return plain(sum);
  };

/** Whether `gate` is min(max(x/6 + 1/2, 0), 1): a ReLU of maximum 1 behind a Rescaling of `x`. */
function isHardGate(gate: NodeId, x: NodeId, { nodes }: Import): boolean {
  const limits = nodes.find(({ id }) => id === gate);
  if (limits?.kind !== 'clip' || limits.min !== 0 || limits.max !== 1) return false;
  const scaled = nodes.find(({ id }) => id === limits.inputs[0]);
  return (
    scaled?.kind === 'batchNorm' &&
    scaled.inputs[0] === x &&
    scaled.gamma.every((g) => g === Math.fround(1 / 6)) &&
    scaled.beta.every((b) => b === 0.5) &&
    scaled.mean.every((m) => m === 0) &&
    scaled.variance.every((v) => v === 1)
  );
}

/** What multiplies itself by its own hard gate: hard-swish, which has no layer of its own. */
const hardSwished = ([a, b, ...rest]: readonly NodeId[], into: Import): NodeId | null => {
  if (a === undefined || b === undefined || rest.length > 0) return null;
  if (isHardGate(b, a, into)) return a;
  return isHardGate(a, b, into) ? b : null;
};

/** An image by a vector, whichever comes first; several vectors one after the other. */
const multiplied: Rule = (layer, _config, inputs, into) => {
  const ids = inputs.map((x) => unpadded(layer, x, into));
  const swished = hardSwished(ids, into);
  if (swished !== null)
    return plain(into.add(layer, { id: named(layer), kind: 'hardSwish', inputs: [swished] }));
  const isVector = (id: NodeId): boolean => elements(into.shapes.get(id)!) === into.shapes.get(id)![2];
  const images = ids.filter((id) => !isVector(id));
  if (images.length > 1 || new Set(ids).size < ids.length)
    return into.refuse(
      layer,
      'a product of two images, or of something with itself: one factor may be an image',
    );
  const [first, ...factors] = [...images, ...ids.filter(isVector)];
  let product = first!;
  factors.forEach((factor, k) => {
    const suffix = k === factors.length - 1 ? '' : `_${k + 1}`;
    product = into.add(layer, { id: named(layer, suffix), kind: 'multiply', inputs: [product, factor] });
  });
  return plain(product);
};

const upsampling: Rule = (layer, { size, interpolation }, [x], into) => {
  const input = unpadded(layer, x!, into);
  const factor = pairOf(size);
  if ((interpolation ?? 'nearest') !== 'nearest')
    return into.refuse(
      layer,
      `interpolation ${JSON.stringify(interpolation)}: only the nearest pixel is taken`,
    );
  // A block of one pixel is the pixel.
  if (factor[0] * factor[1] === 1) return plain(input);
  return plain(into.add(layer, { id: named(layer), kind: 'upsample', inputs: [input], factor }));
};

/** All values in a row; of a vector they are. */
function flattened(layer: Layer, x: Value, into: Import): Value {
  const input = unpadded(layer, x, into);
  const [height, width] = into.shapes.get(input)!;
  return height * width === 1
    ? x
    : plain(into.add(layer, { id: named(layer), kind: 'flatten', inputs: [input] }));
}

/** To a vector, as itself or as the image `[1, 1, n]`; or to the image that it is, or that was flattened. */
const reshaped: Rule = (layer, _config, [x], into) => {
  const input = unpadded(layer, x!, into);
  const target = (layer.outputShape as readonly (number | null)[]).slice(1);
  const isVector = target.slice(0, -1).every((n) => n === 1);
  if (isVector && target.at(-1) === elements(into.shapes.get(input)!)) return flattened(layer, x!, into);
  const node = into.nodes.find(({ id }) => id === input);
  const image = node?.kind === 'flatten' ? node.inputs[0]! : input;
  const shape = into.shapes.get(image)!;
  const isSame = target.length === 3 && shape.every((n, i) => n === target[i]);
  return isSame ? plain(image) : into.refuse(layer, `a reshape to something else than a vector${ONNX_WAY}`);
};

const passing: Rule = (_layer, _config, [x]) => x!;

const zeroPadding: Rule = (_layer, config, [x]) => {
  const raw = config['padding'] as [[number, number], [number, number]];
  const [[top, bottom], [left, right]] = raw;
  const [t, l, b, r] = x!.padding;
  return { ...x!, padding: [t + top, l + left, b + bottom, r + right] };
};

/** By the layer's class name. */
export const rules: Readonly<Record<string, Rule>> = {
  Conv2D: convolution,
  DepthwiseConv2D: convolution,
  SeparableConv2D: separable,
  Rescaling: rescaling,
  Dense: denseLayer,
  BatchNormalization: batchNormalization,
  ZeroPadding2D: zeroPadding,
  MaxPooling2D: pooling('maxPool'),
  AveragePooling2D: pooling('avgPool'),
  GlobalAveragePooling2D: elementwise((id, input) => ({ id, kind: 'globalAvgPool', inputs: [input] })),
  GlobalMaxPooling2D: elementwise((id, input) => ({ id, kind: 'globalMaxPool', inputs: [input] })),
  UpSampling2D: upsampling,
  Flatten: (layer, _config, [x], into) => flattened(layer, x!, into),
  ReLU: elementwise((id, input, { maxValue }) =>
    typeof maxValue === 'number'
      ? { id, kind: 'clip', inputs: [input], min: 0, max: maxValue }
      : { id, kind: 'relu', inputs: [input] },
  ),
  LeakyReLU: elementwise((id, input, { alpha }) => ({
    id,
    kind: 'leakyRelu',
    inputs: [input],
    alpha: Number(alpha),
  })),
  PReLU: prelu,
  ELU: elementwise((id, input, { alpha }) => ({
    id,
    kind: 'elu',
    inputs: [input],
    alpha: Number(alpha ?? 1),
  })),
  Activation: (layer, config, [x], into) =>
    isPassing(layer) ? x! : activated(layer, config, unpadded(layer, x!, into), into),
  Softmax: (layer, _config, [x], into) => atEnd('softmax', layer, unpadded(layer, x!, into), into),
  Dropout: passing,
  GaussianNoise: passing,
  GaussianDropout: passing,
  Add: joining('add'),
  Concatenate: joining('concat'),
  Multiply: multiplied,
  Reshape: reshaped,
};

/** Layers that may follow the end of a network: they change no value. */
const PASSING: ReadonlySet<string> = new Set(['Dropout', 'Flatten', 'Reshape']);
export const isPassing = (layer: Layer): boolean =>
  PASSING.has(layer.getClassName()) ||
  (layer.getClassName() === 'Activation' && layer.getConfig()['activation'] === 'linear');

/** Layers that may be called again: they have no weights, and their rules ask nothing of a certain call. */
export const REUSABLE: ReadonlySet<string> = new Set([
  'Activation',
  'Add',
  'AveragePooling2D',
  'Dropout',
  'ELU',
  'Flatten',
  'GaussianDropout',
  'GaussianNoise',
  'GlobalAveragePooling2D',
  'GlobalMaxPooling2D',
  'LeakyReLU',
  'MaxPooling2D',
  'Multiply',
  'ReLU',
  'Rescaling',
  'UpSampling2D',
  'ZeroPadding2D',
]);

/** Layers that take an image without channels, too: no axis of it means anything to them. */
export const RANK_FREE: ReadonlySet<string> = new Set([
  'Dropout',
  'Flatten',
  'GaussianDropout',
  'GaussianNoise',
  'ReLU',
  'Rescaling',
  'Reshape',
]);

/** The layers that can be taken. */
export const LAYER_CLASSES: readonly string[] = Object.keys(rules);
