/** Convolutions and the end of every summing stage, for the interpreter alone: plain integers, slow and obvious. */
import { castNumber } from '../fixed/cast.js';
import { fractionBits, type Format } from '../fixed/format.js';
import type { Activation } from '../ir/activations.js';
import type { Shape } from '../ir/common.js';
import { moduleShape } from '../ir/modules.js';
import type { FixedNodeOf } from '../ir/ops/index.js';

/** A tensor of mantissas, `[height, width, channels]` row-major. */
export interface Value {
  readonly shape: Shape;
  readonly format: Format;
  readonly data: Int32Array;
}

/** Part `k` of `parts` of the rows of `value`: a module of several. */
export function partOf({ shape, format, data }: Value, k: number, parts: number): Value {
  const length = data.length / parts;
  return { shape: moduleShape(shape, parts), format, data: data.subarray(k * length, (k + 1) * length) };
}

/** Activation, then the one rounding of the stage. `fraction` is the accumulator's. */
export function requantize(
  accumulator: number,
  fraction: number,
  activation: Activation,
  to: Format,
  channel: number,
): number {
  switch (activation.kind) {
    case 'none':
      return castNumber(accumulator, fraction, to);
    case 'relu':
      return castNumber(Math.max(accumulator, 0), fraction, to);
    case 'clip':
      return Math.min(Math.max(castNumber(accumulator, fraction, to), activation.min), activation.max);
    case 'leakyRelu': {
      const slope = accumulator < 0 ? activation.alphaMantissa : 2 ** activation.alphaFraction;
      return castNumber(accumulator * slope, fraction + activation.alphaFraction, to);
    }
    case 'prelu': {
      const { alphaMantissas, alphaFraction } = activation;
      const slope = accumulator < 0 ? alphaMantissas[channel]! : 2 ** alphaFraction;
      return castNumber(accumulator * slope, fraction + alphaFraction, to);
    }
  }
}

/** Sets every element of `output` from its row, column and channel. */
export function fill(
  output: Int32Array,
  shape: Shape,
  element: (y: number, x: number, c: number) => number,
): void {
  let i = 0;
  for (let y = 0; y < shape[0]; y++)
    for (let x = 0; x < shape[1]; x++) for (let c = 0; c < shape[2]; c++) output[i++] = element(y, x, c);
}

export function convolve(
  op: FixedNodeOf<'conv2d'> | FixedNodeOf<'depthwiseConv2d'>,
  input: Value,
  output: Int32Array,
  shape: Shape,
): void {
  const { mantissas, fraction, bias } = op.weights;
  const channels = shape[2];
  const groups = op.kind === 'conv2d' ? op.groups : channels;
  const [height, width, inputChannels] = input.shape;
  const { data } = input;
  const [kernelHeight, kernelWidth] = op.kernel;
  const [strideY, strideX] = op.strides;
  const [top, left] = op.padding;
  const perGroup = inputChannels / groups;
  const inputFraction = fractionBits(input.format);
  // The loops stand written out, not as calls to `overWindow`: nearly all the time of an interpretation is spent here.
  fill(output, shape, (y, x, c) => {
    const firstChannel = Math.floor(c / (channels / groups)) * perGroup;
    let accumulator = bias[c]!;
    for (let ky = 0; ky < kernelHeight; ky++) {
      const iy = y * strideY + ky - top;
      if (iy < 0 || iy >= height) continue;
      for (let kx = 0; kx < kernelWidth; kx++) {
        const ix = x * strideX + kx - left;
        if (ix < 0 || ix >= width) continue;
        const pixel = (iy * width + ix) * inputChannels + firstChannel;
        const tap = (ky * kernelWidth + kx) * perGroup * channels + c;
        for (let k = 0; k < perGroup; k++) accumulator += mantissas[tap + k * channels]! * data[pixel + k]!;
      }
    }
    return requantize(accumulator, inputFraction + fraction[c]!, op.activation, op.format, c);
  });
}
