/**
 * What every op file shares: ids, shapes, padding, windows, quantized weights and proofs.
 *
 * Every tensor of a graph is `[height, width, channels]` of one frame, channels last, row-major; a vector is
 * `[1, 1, channels]`. The batch never appears in the IR.
 */
import { z } from 'zod';
import { invariant } from '../core/errors.js';
import { formatSchema } from '../fixed/format.js';

/** A node's name: it becomes a C++ identifier, an ONNX tensor name and a heading, hence the strict alphabet. */
export const nodeIdSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,62}$/, 'a node name is lower-case letters, digits and _, starting with a letter')
  .brand<'NodeId'>();
export type NodeId = z.infer<typeof nodeIdSchema>;
export const nodeId = (text: string): NodeId => nodeIdSchema.parse(text);

export type Shape = readonly [height: number, width: number, channels: number];
export const elements = (shape: Shape): number => shape[0] * shape[1] * shape[2];
export const sameShape = (a: Shape, b: Shape): boolean => a.every((extent, i) => extent === b[i]);

const extent = z
  .int()
  .min(1)
  .max(1 << 20);
/** `[vertical, horizontal]`. */
export const pairSchema = z.tuple([extent, extent]).readonly();
const pad = z
  .int()
  .min(0)
  .max(1 << 12);
/** `[top, left, bottom, right]` rows and columns of zeros (max pooling: of nothing). */
export const paddingSchema = z.tuple([pad, pad, pad, pad]).readonly();
export type Padding = z.infer<typeof paddingSchema>;
export const NO_PADDING: Padding = [0, 0, 0, 0];

/** A detector has at most as many modules. */
export const MOST_MODULES = 1024;

/** Fields of every node, before `kind`. */
export const nodeBase = {
  id: nodeIdSchema,
  inputs: z.array(nodeIdSchema).readonly(),
  /** It acts on the pictures of so many modules, stacked along rows, each by itself (`modules.ts`); absent: on one picture. */
  modules: z.int().min(2).max(MOST_MODULES).optional(),
};

export const windowFields = {
  /** `[rows, columns]` of the window. */
  kernel: pairSchema,
  strides: pairSchema,
  padding: paddingSchema,
};

/** Weights as mantissas of one width, a power-of-two scale for each output channel. */
export const weightsSchema = z
  .strictObject({
    /** conv2d `[kh, kw, cin/groups, cout]`, depthwise `[kh, kw, channels, 1]`, dense `[cin, cout]`. */
    mantissas: z.instanceof(Int32Array),
    /** Bits, sign included. */
    width: z.int().min(2).max(16),
    /** Per output channel: the least significant bit weighs `2^-fraction`. */
    fraction: z.instanceof(Int32Array),
    /** Per output channel, integers at the accumulator's resolution `2^-(inputFraction + fraction)`. */
    bias: z.instanceof(Float64Array),
  })
  .readonly();
export type QuantizedWeights = z.infer<typeof weightsSchema>;

/** What was proved of a stage's accumulators; recomputed and compared whenever a graph is read. */
export const proofSchema = z
  .strictObject({
    /** Per output channel: bounds of every partial sum, in any order of summation. */
    accumulatorMin: z.instanceof(Float64Array),
    accumulatorMax: z.instanceof(Float64Array),
    /** Per output channel: the accumulator's least significant bit weighs `2^-fraction`. */
    accumulatorFraction: z.instanceof(Int32Array),
    /** Signed bits that hold every partial sum of every channel. */
    accumulatorWidth: z.int().min(1).max(53),
    /** Every partial sum is below 2^24: exact in float32 in any order. */
    float32Exact: z.boolean(),
    /** From the worst case of the weight format (reloadable weights) rather than the weights themselves. */
    worstCase: z.boolean(),
  })
  .readonly();
export type Proof = z.infer<typeof proofSchema>;

/** Fields of every fixed node: where its output lives. */
export const fixedBase = { ...nodeBase, format: formatSchema };

/** Rows (or columns) that a window yields. */
export function windowExtent(
  input: number,
  kernel: number,
  stride: number,
  before: number,
  after: number,
): number {
  const padded = input + before + after;
  invariant(padded >= kernel, `a window of ${kernel} does not fit into ${padded}`);
  return Math.floor((padded - kernel) / stride) + 1;
}

export interface Window {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: Padding;
}

/** The output shape of a sliding window with `channels` output channels. */
export function windowShape(input: Shape, w: Window, channels: number): Shape {
  const [top, left, bottom, right] = w.padding;
  return [
    windowExtent(input[0], w.kernel[0], w.strides[0], top, bottom),
    windowExtent(input[1], w.kernel[1], w.strides[1], left, right),
    channels,
  ];
}

/** Exactly one input shape. */
export function only(inputs: readonly Shape[], id: string): Shape {
  invariant(inputs.length === 1, `${id} takes one input, not ${inputs.length}`);
  return inputs[0]!;
}
