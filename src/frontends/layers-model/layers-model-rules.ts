/** The layers of a TensorFlow.js LayersModel as nodes of a float graph, one rule for each class of layer. */
import { elements, type NodeId } from '../../ir/common.js';
import { mayBeNegative } from '../../ir/may-be-negative.js';
import type { FloatNode } from '../../ir/ops/index.js';
import {
  type Config,
  type Rule,
  activated,
  atEnd,
  named,
  pairOf,
  plain,
  unpadded,
  windowOf,
} from './rule.js';
import { batchNormalization, convolution, denseLayer, rescaling, separable } from './weighted-layers.js';

const pooling =
  (kind: 'maxPool' | 'avgPool'): Rule =>
  (layer, config, [x], into) => {
    const window = windowOf(layer, config, pairOf(config['poolSize']), x!, into);
    // TensorFlow's average does not count its own padding, and its maximum does not see zeros: nor is it written here.
    if (kind === 'avgPool' && config['padding'] === 'same' && window.padding.some((p) => p > 0))
      return into.refuse(layer, 'average pooling that does not count its padding');
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
  Flatten: elementwise((id, input) => ({ id, kind: 'flatten', inputs: [input] })),
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
  Activation: (layer, config, [x], into) => activated(layer, config, unpadded(layer, x!, into), into),
  Softmax: (layer, _config, [x], into) => atEnd('softmax', layer, unpadded(layer, x!, into), into),
  Dropout: passing,
  GaussianNoise: passing,
  GaussianDropout: passing,
  Add: joining('add'),
  Concatenate: joining('concat'),
  // Only to a vector, as itself or as the image `[1, 1, n]`: of an image it is a flatten, of a vector nothing.
  Reshape: (layer, config, [x], into) => {
    const input = unpadded(layer, x!, into);
    const shape = into.shapes.get(input)!;
    const target = [...(config['targetShape'] as (number | null)[])];
    const last = target.pop();
    if (target.some((n) => n !== 1) || last !== elements(shape))
      return into.refuse(layer, 'a reshape to something else than a vector');
    return shape[0] * shape[1] === 1
      ? x!
      : plain(into.add(layer, { id: named(layer), kind: 'flatten', inputs: [input] }));
  },
};

/** Layers that may follow the end of a network: they change no value. */
export const PASSING: ReadonlySet<string> = new Set(['Dropout', 'Reshape']);

/** The layers that can be taken. */
export const LAYER_CLASSES: readonly string[] = Object.keys(rules);
