/** Ops on one value at a time that are no activation, and the one that only renames positions. */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { castNumber } from '../../fixed/cast.js';
import { fractionBits, keepsOrder, maxMantissa, minMantissa } from '../../fixed/format.js';
import { elements, fixedBase, nodeBase, only } from '../common.js';
import type { OpRecord } from './record.js';

/** `y = scale * x + offset` per channel: what batch normalisation is at inference. */
const batchNormSchema = z
  .strictObject({
    ...nodeBase,
    kind: z.literal('batchNorm'),
    gamma: z.instanceof(Float32Array),
    beta: z.instanceof(Float32Array),
    mean: z.instanceof(Float32Array),
    variance: z.instanceof(Float32Array),
    epsilon: z.number().positive(),
  })
  .readonly();

export const batchNorm = {
  float: batchNormSchema,
  fixed: null,
  traits: { pointwise: true },
  shape(op, inputs) {
    const shape = only(inputs, op.id);
    for (const values of [op.gamma, op.beta, op.mean, op.variance])
      invariant(values.length === shape[2], `${op.id}: ${values.length} parameters for ${shape[2]} channels`);
    return shape;
  },
} satisfies OpRecord<typeof batchNormSchema, null>;

/** `[h, w, c]` to `[1, 1, h*w*c]`, row-major. */
const floatFlatten = z.strictObject({ ...nodeBase, kind: z.literal('flatten') }).readonly();
const fixedFlatten = z.strictObject({ ...fixedBase, kind: z.literal('flatten') }).readonly();

export const flatten = {
  float: floatFlatten,
  fixed: fixedFlatten,
  traits: { keepsFormat: true, keepsChannels: true, keepsSign: true },
  shape: (op, inputs) => [1, 1, elements(only(inputs, op.id))],
  range: (_op, [x]) => x!.range,
  reads(_op, [source], [, , c], _shape, read) {
    const [, width, channels] = source!.shape;
    const pixel = Math.floor(c / channels);
    read(0, Math.floor(pixel / width), pixel % width, c % channels, 1);
  },
} satisfies OpRecord<typeof floatFlatten, typeof fixedFlatten>;

/** A change of format without arithmetic: rounds and saturates as the new format says. */
const requantizeSchema = z.strictObject({ ...fixedBase, kind: z.literal('requantize') }).readonly();

export const requantize = {
  float: null,
  fixed: requantizeSchema,
  traits: { sums: true, pointwise: true },
  shape: (op, inputs) => only(inputs, op.id),
  sum: (_op, [x]) => ({
    channels: x!.shape[2],
    parts: [{ source: 0, weights: 1, repeat: 1 }],
    bias: null,
    fraction: () => fractionBits(x!.format),
  }),
  range({ format }, [x]) {
    if (!keepsOrder(format)) return { low: minMantissa(format), high: maxMantissa(format) };
    const fraction = fractionBits(x!.format);
    return {
      low: castNumber(x!.range.low, fraction, format),
      high: castNumber(x!.range.high, fraction, format),
    };
  },
  reads: (_op, _sources, [y, x, c], _shape, read) => {
    read(0, y, x, c, 1);
  },
} satisfies OpRecord<null, typeof requantizeSchema>;
