/** Pooling: the largest or the mean of a window, or of the whole image. */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { fractionBits } from '../../fixed/format.js';
import {
  fixedBase,
  nodeBase,
  NO_PADDING,
  only,
  proofSchema,
  windowFields,
  windowShape,
  type Padding,
  type Shape,
  type Window,
} from '../common.js';
import { overWindow, type OpRecord, type Read, type SourceFacts, type Sum } from './record.js';

/** The exact sum times `reciprocal * 2^-reciprocalFraction`, requantized once. */
const reciprocalFields = {
  reciprocal: z
    .int()
    .min(1)
    .max(1 << 20),
  reciprocalFraction: z.int().min(0).max(48),
  proof: proofSchema,
};
interface Reciprocal {
  readonly reciprocal: number;
  readonly reciprocalFraction: number;
}

function windowedShape(
  op: Window & { readonly id: string },
  inputs: readonly Shape[],
  [top, left, bottom, right]: Padding,
): Shape {
  const input = only(inputs, op.id);
  invariant(
    Math.max(top, bottom) < op.kernel[0] && Math.max(left, right) < op.kernel[1],
    `${op.id}: padding as large as the window leaves windows with nothing in them`,
  );
  return windowShape(input, op, input[2]);
}

const vectorShape = (op: { readonly id: string }, inputs: readonly Shape[]): Shape => [
  1,
  1,
  only(inputs, op.id)[2],
];

function readWhole([source]: readonly SourceFacts[], c: number, weight: number, read: Read): void {
  const [height, width] = source!.shape;
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) read(0, y, x, c, weight);
}

const meanSum = (op: Reciprocal, [x]: readonly SourceFacts[], count: number): Sum => ({
  channels: x!.shape[2],
  parts: [{ source: 0, weights: op.reciprocal, repeat: count }],
  bias: null,
  fraction: () => fractionBits(x!.format) + op.reciprocalFraction,
});

/** Padded positions never win. */
const maxFields = { kind: z.literal('maxPool'), ...windowFields };
const floatMaxPool = z.strictObject({ ...nodeBase, ...maxFields }).readonly();
const fixedMaxPool = z.strictObject({ ...fixedBase, ...maxFields }).readonly();

export const maxPool = {
  float: floatMaxPool,
  fixed: fixedMaxPool,
  traits: { keepsFormat: true, keepsChannels: true, keepsSign: true },
  shape: (op, inputs) => windowedShape(op, inputs, op.padding),
  range: (_op, [x]) => x!.range,
  reads(op, _sources, [y, x, c], _shape, read) {
    overWindow(op, y, x, (iy, ix) => {
      read(0, iy, ix, c, 1);
    });
  },
} satisfies OpRecord<typeof floatMaxPool, typeof fixedMaxPool>;

/** Padded positions count as zeros (ONNX: `count_include_pad = 1`). */
const avgFields = { kind: z.literal('avgPool'), ...windowFields };
const floatAvgPool = z.strictObject({ ...nodeBase, ...avgFields }).readonly();
const fixedAvgPool = z.strictObject({ ...fixedBase, ...avgFields, ...reciprocalFields }).readonly();

export const avgPool = {
  float: floatAvgPool,
  fixed: fixedAvgPool,
  traits: { sums: true, proved: true, keepsChannels: true, keepsSign: true },
  shape: (op, inputs) => windowedShape(op, inputs, NO_PADDING),
  sum: (op, inputs) => meanSum(op, inputs, op.kernel[0] * op.kernel[1]),
  reads(op, _sources, [y, x, c], _shape, read) {
    overWindow(op, y, x, (iy, ix) => {
      read(0, iy, ix, c, op.reciprocal);
    });
  },
} satisfies OpRecord<typeof floatAvgPool, typeof fixedAvgPool>;

const globalAvgFields = { kind: z.literal('globalAvgPool') };
const floatGlobalAvgPool = z.strictObject({ ...nodeBase, ...globalAvgFields }).readonly();
const fixedGlobalAvgPool = z
  .strictObject({ ...fixedBase, ...globalAvgFields, ...reciprocalFields })
  .readonly();

export const globalAvgPool = {
  float: floatGlobalAvgPool,
  fixed: fixedGlobalAvgPool,
  traits: { sums: true, proved: true, keepsChannels: true, keepsSign: true },
  shape: vectorShape,
  sum: (op, inputs) => meanSum(op, inputs, inputs[0]!.shape[0] * inputs[0]!.shape[1]),
  reads: (op, sources, [, , c], _shape, read) => {
    readWhole(sources, c, op.reciprocal, read);
  },
} satisfies OpRecord<typeof floatGlobalAvgPool, typeof fixedGlobalAvgPool>;

const globalMaxFields = { kind: z.literal('globalMaxPool') };
const floatGlobalMaxPool = z.strictObject({ ...nodeBase, ...globalMaxFields }).readonly();
const fixedGlobalMaxPool = z.strictObject({ ...fixedBase, ...globalMaxFields }).readonly();

export const globalMaxPool = {
  float: floatGlobalMaxPool,
  fixed: fixedGlobalMaxPool,
  traits: { keepsFormat: true, keepsChannels: true, keepsSign: true },
  shape: vectorShape,
  range: (_op, [x]) => x!.range,
  reads: (_op, sources, [, , c], _shape, read) => {
    readWhole(sources, c, 1, read);
  },
} satisfies OpRecord<typeof floatGlobalMaxPool, typeof fixedGlobalMaxPool>;
