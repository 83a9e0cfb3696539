/** Pooling: the largest or the mean of a window, or of the whole image. */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { fractionBits } from '../../fixed/format.js';
import {
  fixedBase,
  nodeBase,
  NO_PADDING,
  only,
  paddingSchema,
  proofSchema,
  windowFields,
  windowShape,
  type Padding,
  type Shape,
  type Window,
} from '../common.js';
import {
  checkCounts,
  countMap,
  countsOf,
  reciprocalOf,
  type Averaging,
  type Reciprocals,
} from './counted.js';
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

/** Padded positions count as zeros (ONNX: `count_include_pad = 1`), or those alone that are `counted`. */
const avgFields = { kind: z.literal('avgPool'), ...windowFields, counted: paddingSchema.optional() };
const floatAvgPool = z.strictObject({ ...nodeBase, ...avgFields }).readonly();
const fixedAvgPool = z
  .strictObject({
    ...fixedBase,
    ...avgFields,
    ...reciprocalFields,
    /** The reciprocal of `n` elements at place `n`, where windows differ in what they count. */
    reciprocals: z.instanceof(Int32Array).optional(),
  })
  .readonly();

/** The count whose sum, times its reciprocal, is the largest. */
function widest(
  op: Averaging & Reciprocals,
  input: Shape,
): { readonly count: number; readonly weight: number } {
  const whole = op.kernel[0] * op.kernel[1];
  if (op.reciprocals === undefined) return { count: whole, weight: op.reciprocal };
  const counts = new Set(countMap(op, input, windowShape(input, op, input[2])));
  const all = [...counts].map((count) => ({ count, weight: reciprocalOf(op, count) }));
  return all.reduce((most, one) => (one.count * one.weight > most.count * most.weight ? one : most));
}

export const avgPool = {
  float: floatAvgPool,
  fixed: fixedAvgPool,
  traits: { sums: true, proved: true, keepsChannels: true, keepsSign: true },
  shape(op, inputs) {
    const shape = windowedShape(op, inputs, NO_PADDING);
    checkCounts(op, inputs[0]!, shape);
    if ('reciprocal' in op)
      invariant(
        (op.counted === undefined) === (op.reciprocals === undefined),
        `${op.id}: reciprocals belong to windows that differ in what they count`,
      );
    return shape;
  },
  sum(op, inputs) {
    const { count, weight } = widest(op, inputs[0]!.shape);
    return meanSum({ ...op, reciprocal: weight }, inputs, count);
  },
  reads(op, sources, [y, x, c], shape, read) {
    const { rows, columns } = countsOf(op, sources[0]!.shape, shape);
    const weight = reciprocalOf(op, rows[y]! * columns[x]!);
    overWindow(op, y, x, (iy, ix) => {
      read(0, iy, ix, c, weight);
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
