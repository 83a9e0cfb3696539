/** Layers with weights: convolutions of every form, dense layers, normalisation, rescaling, PReLU. */
import { NO_PADDING, type NodeId } from '../../ir/common.js';
import type { tf } from '../../tensorflow/tf.js';
import {
  ONNX_WAY,
  type Config,
  type Import,
  type Layer,
  type Rule,
  type Value,
  activated,
  named,
  pairOf,
  plain,
  unpadded,
  weightsOf,
  windowOf,
} from './rule.js';

/** Weights `[kh, kw, rest]` with zeros between those of a dilated window, and the extents that it covers. */
function dilated(
  weights: Float32Array<ArrayBuffer>,
  kernel: readonly [number, number],
  rate: readonly [number, number],
): { readonly weights: Float32Array<ArrayBuffer>; readonly covers: readonly [number, number] } {
  const covers = [(kernel[0] - 1) * rate[0] + 1, (kernel[1] - 1) * rate[1] + 1] as const;
  const rest = weights.length / (kernel[0] * kernel[1]);
  const spread = new Float32Array(covers[0] * covers[1] * rest);
  for (let y = 0; y < kernel[0]; y++)
    for (let x = 0; x < kernel[1]; x++) {
      const from = (y * kernel[1] + x) * rest;
      spread.set(weights.subarray(from, from + rest), (y * rate[0] * covers[1] + x * rate[1]) * rest);
    }
  return { weights: spread, covers };
}

/** A convolution of every channel by itself, `depthMultiplier` outputs each, neighbours of one channel together. */
function depthwise(
  layer: Layer,
  config: Config,
  x: Value,
  given: Float32Array<ArrayBuffer>,
  bias: Float32Array<ArrayBuffer> | undefined,
  into: Import,
  suffix = '',
): NodeId {
  const kernel = pairOf(config['kernelSize']);
  const { weights, covers } = dilated(given, kernel, pairOf(config['dilationRate'] ?? 1));
  const window = windowOf(layer, config, covers, x, into);
  const channels = into.shapes.get(x.id)![2];
  // As many weights as outputs at every place of the window; the configuration does not always say it.
  const outputs = given.length / (kernel[0] * kernel[1]);
  const base = { id: named(layer, suffix), inputs: [x.id], ...window, weights };
  const node = { ...base, bias: bias ?? new Float32Array(outputs) };
  return into.add(
    layer,
    outputs === channels
      ? { ...node, kind: 'depthwiseConv2d' }
      : { ...node, kind: 'conv2d', groups: channels },
  );
}

export const convolution: Rule = (layer, config, [x], into) => {
  const [given, bias] = weightsOf(layer, into);
  if (layer.getClassName() === 'DepthwiseConv2D')
    return activated(layer, config, depthwise(layer, config, x!, given!, bias, into), into);
  const kernel = pairOf(config['kernelSize']);
  const { weights, covers } = dilated(given!, kernel, pairOf(config['dilationRate'] ?? 1));
  const window = windowOf(layer, config, covers, x!, into);
  const node = { id: named(layer), kind: 'conv2d' as const, inputs: [x!.id], ...window, groups: 1 };
  const filters = Number(config['filters']);
  const id = into.add(layer, { ...node, weights, bias: bias ?? new Float32Array(filters) });
  return activated(layer, config, id, into);
};

const ONE = { kernel: [1, 1], strides: [1, 1], padding: NO_PADDING, groups: 1 } as const;

/** A depthwise convolution and a 1×1 convolution behind it. */
export const separable: Rule = (layer, config, [x], into) => {
  const [spatial, pointwise, bias] = weightsOf(layer, into);
  const between = depthwise(layer, config, x!, spatial!, undefined, into, '_depthwise');
  const node = { id: named(layer), kind: 'conv2d' as const, inputs: [between], ...ONE };
  const filters = Number(config['filters']);
  const id = into.add(layer, { ...node, weights: pointwise!, bias: bias ?? new Float32Array(filters) });
  return activated(layer, config, id, into);
};

/** `scale · x + offset`. */
export const rescaling: Rule = (layer, config, [x], into) => {
  const input = unpadded(layer, x!, into);
  const [scale, offset] = [Number(config['scale']), Number(config['offset'] ?? 0)];
  if (!Number.isFinite(scale) || !Number.isFinite(offset))
    return into.refuse(layer, `a scale or offset that is not one number${ONNX_WAY}`);
  const channels = into.shapes.get(input)![2];
  const filled = (v: number): Float32Array<ArrayBuffer> => new Float32Array(channels).fill(v);
  return plain(
    into.add(layer, {
      id: named(layer),
      kind: 'batchNorm',
      inputs: [input],
      gamma: filled(scale),
      beta: filled(offset),
      mean: filled(0),
      variance: filled(1),
      // Adds nothing to a variance of 1.
      epsilon: 1e-30,
    }),
  );
};

export const denseLayer: Rule = (layer, config, [x], into) => {
  const [weights, bias] = weightsOf(layer, into);
  const units = Number(config['units']);
  const input = unpadded(layer, x!, into);
  const [height, width] = into.shapes.get(input)!;
  const base = {
    id: named(layer),
    inputs: [input],
    weights: weights!,
    bias: bias ?? new Float32Array(units),
  };
  // Of an image it is one of every pixel.
  const isVector = height * width === 1;
  const id = into.add(layer, isVector ? { ...base, kind: 'dense' } : { ...base, kind: 'conv2d', ...ONE });
  return activated(layer, config, id, into);
};

export const batchNormalization: Rule = (layer, config, [x], into) => {
  const input = unpadded(layer, x!, into);
  const rank = (layer.input as tf.SymbolicTensor).shape.length;
  if ((Number(config['axis'] ?? -1) + rank) % rank !== rank - 1)
    return into.refuse(layer, 'an axis that is not the channels');
  const channels = into.shapes.get(input)![2];
  const arrays = weightsOf(layer, into);
  const gamma = config['scale'] === false ? new Float32Array(channels).fill(1) : arrays.shift()!;
  const beta = config['center'] === false ? new Float32Array(channels) : arrays.shift()!;
  const [mean, variance] = arrays;
  const epsilon = Number(config['epsilon'] ?? 1e-3);
  const node = { id: named(layer), kind: 'batchNorm' as const, inputs: [input] };
  return plain(into.add(layer, { ...node, gamma, beta, mean: mean!, variance: variance!, epsilon }));
};

/** A slope for each channel; slopes that differ from pixel to pixel are refused. */
export const prelu: Rule = (layer, _config, [x], into) => {
  const input = unpadded(layer, x!, into);
  const channels = into.shapes.get(input)![2];
  const [given] = weightsOf(layer, into);
  const alpha = given!.slice(0, channels);
  if (given!.some((slope, i) => slope !== alpha[i % channels]))
    return into.refuse(layer, 'slopes that differ from pixel to pixel: make it with shared_axes=[1, 2]');
  return plain(into.add(layer, { id: named(layer), kind: 'prelu', inputs: [input], alpha }));
};
